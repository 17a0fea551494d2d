"""The values that pass the core's border."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservation.errors import ReservationError
from reservation.model import ClaimRequest, TimeSlot

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
INSTANTS = st.integers(0, 20).map(lambda hours: NOON + hours * HOUR)
SLOTS = st.tuples(INSTANTS, st.integers(1, 10)).map(lambda pair: TimeSlot(pair[0], pair[0] + pair[1] * HOUR))


def errors_of(root: type[Exception]) -> set[type[Exception]]:
    return {root}.union(*(errors_of(child) for child in root.__subclasses__()))


@pytest.mark.parametrize("length", [timedelta(0), -HOUR])
def test_slot_ends_after_it_starts(length: timedelta) -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        TimeSlot(NOON, NOON + length)


@pytest.mark.parametrize(("start", "end"), [(NOON.replace(tzinfo=None), NOON + HOUR), (NOON, datetime.max)])  # noqa: DTZ901
def test_slot_without_zone_is_refused(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="carry their zone"):
        TimeSlot(start, end)


def test_slot_told_in_another_zone_is_the_same_slot() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert TimeSlot(NOON.astimezone(tokyo), (NOON + HOUR).astimezone(tokyo)) == TimeSlot(NOON, NOON + HOUR)


def test_back_to_back_slots_do_not_overlap() -> None:
    first, second = TimeSlot(NOON, NOON + HOUR), TimeSlot(NOON + HOUR, NOON + 2 * HOUR)
    assert not first.overlaps(second)
    assert not second.overlaps(first)


@given(SLOTS, SLOTS)
def test_slots_overlap_exactly_when_some_instant_is_in_both(one: TimeSlot, other: TimeSlot) -> None:
    halves = [NOON + n * HOUR / 2 for n in range(80)]
    shared = any(one.start <= t < one.end and other.start <= t < other.end for t in halves)
    assert one.overlaps(other) == shared == other.overlaps(one)


def test_values_do_not_change() -> None:
    slot = TimeSlot(NOON, NOON + HOUR)
    with pytest.raises(FrozenInstanceError):
        slot.end = NOON  # type: ignore[misc]


@pytest.mark.parametrize("amount", [0, -1])
def test_claim_takes_something(amount: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ClaimRequest("path", amount)


def test_every_error_has_a_code_of_its_own() -> None:
    found = errors_of(ReservationError)
    assert len({error.code for error in found}) == len(found)  # type: ignore[attr-defined]
