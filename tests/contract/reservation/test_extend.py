"""extend: a later end, or nothing at all."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from netconfig.intent import FlowMatch
from reservation import conflicts, service
from reservation.errors import CapacityExceeded, FlowConflict, NotFound, TooLate
from reservation.flows import FlowSpec
from reservation.lifecycle import Cause, State
from reservation.model import FlowRequest, PartRequest, ReservationView, TimeSlot
from reservation.moves import lock_reservation, move
from reservation.tables import ClaimRow, DeviceRow, PartRow, ReservationRow, ResourceRow
from store import Base
from tests.contract.reservation.conftest import (
    HOUR,
    KIND,
    MEGABIT,
    NOON,
    PATH,
    Calendar,
    a_request,
    examples,
    hours,
)


def extend(bookings: Calendar, number: int, end: float) -> ReservationView:
    return bookings.store.write(
        lambda session: service.extend(session, number, kind=KIND, end=NOON + end * HOUR, now=bookings.now)
    )


def go(bookings: Calendar, number: int, *causes: Cause) -> None:
    """Take a reservation through moves that are the worker's."""
    for cause in causes:
        bookings.store.write(
            lambda session, cause=cause: move(  # type: ignore[misc]
                session, lock_reservation(session, number), cause, now=bookings.now, actor="worker"
            )
        )


def ends(bookings: Calendar, number: int) -> set[object]:
    query = select(ClaimRow.end).where(ClaimRow.reservation_id == number)
    return bookings.store.read(lambda session: set(session.scalars(query)))


def due_at(bookings: Calendar, number: int) -> object:
    return bookings.store.read(lambda session: session.get_one(ReservationRow, number).next_action_at)


def test_a_scheduled_one_lasts_longer_and_still_starts_when_it_did(bookings: Calendar) -> None:
    number = bookings.book(1, 2, 5)
    bookings.confirm(number)
    extended = extend(bookings, number, 4)
    assert (extended.slot, extended.state) == (hours(1, 4), State.SCHEDULED)
    assert ends(bookings, number) == {NOON + 4 * HOUR}
    assert due_at(bookings, number) == NOON + HOUR


@pytest.mark.parametrize("causes", [(Cause.START,), (Cause.START, Cause.IN_SYNC)])
def test_a_running_one_is_looked_at_at_once(bookings: Calendar, causes: tuple[Cause, ...]) -> None:
    number = bookings.book(1, 2, 5)
    bookings.confirm(number)
    go(bookings, number, *causes)
    assert extend(bookings, number, 4).slot == hours(1, 4)
    assert due_at(bookings, number) == bookings.now


def test_a_held_one_may_be_extended_and_lapses_as_before(bookings: Calendar) -> None:
    until = NOON
    number = bookings.hold(a_request(hours(1, 2), (PATH, 5), hold_until=until)).id
    assert extend(bookings, number, 3).hold_until == until
    assert due_at(bookings, number) == until


@pytest.mark.parametrize("end", [1.5, 2])
def test_an_end_that_is_not_later_changes_nothing(bookings: Calendar, end: float) -> None:
    number = bookings.book(1, 2, 5)
    before = bookings.get(number)
    assert extend(bookings, number, end) == before == bookings.get(number)


def test_no_device_is_bumped_and_no_part_changes(bookings: Calendar) -> None:
    part = PartRequest(device="border-1", stage=0, intent={"kind": "x"})
    number = bookings.hold(a_request(hours(1, 2), (PATH, 5), parts=(part,))).id
    bookings.confirm(number)

    def generations() -> list[object]:
        read = (select(DeviceRow.generation), select(PartRow.generation), select(PartRow.wanted))
        return [bookings.store.read(lambda session, one=one: list(session.scalars(one))) for one in read]  # type: ignore[misc]

    before = generations()
    extend(bookings, number, 4)
    assert generations() == before


def test_what_the_added_time_has_no_room_for_is_refused_whole(bookings: Calendar) -> None:
    bookings.offer("path:red", 10)
    number = bookings.hold(a_request(hours(1, 2), (PATH, 600 * MEGABIT), ("path:red", 1))).id
    bookings.book(3, 4, 500 * MEGABIT)
    before = bookings.get(number)
    with pytest.raises(CapacityExceeded) as refusal:
        extend(bookings, number, 3.5)
    assert (refusal.value.resource, refusal.value.free) == (PATH, 500 * MEGABIT)
    assert bookings.get(number) == before
    assert ends(bookings, number) == {NOON + 2 * HOUR}
    assert extend(bookings, number, 3).slot == hours(1, 3), "up to the other, it fits"


def test_its_own_claims_are_not_in_its_way(bookings: Calendar) -> None:
    number = bookings.book(1, 2, 1000 * MEGABIT)
    assert extend(bookings, number, 5).slot == hours(1, 5)


def test_the_calendar_looks_back_as_far_as_the_longest_claim_has_become(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 800 * MEGABIT)
    extend(bookings, number, 50)
    longest = select(ResourceRow.longest_seconds).where(ResourceRow.name == PATH)
    assert bookings.store.read(lambda session: session.scalar(longest)) == 50 * 3600
    with pytest.raises(CapacityExceeded):
        bookings.book(49, 50, 300 * MEGABIT)


@pytest.mark.parametrize(
    "causes",
    [
        (Cause.TIMEOUT,),
        (Cause.CANCEL,),
        (Cause.CONFIRM, Cause.START, Cause.END),
        (Cause.CONFIRM, Cause.START, Cause.END, Cause.GONE),
    ],
    ids=["expired", "cancelled", "releasing", "released"],
)
def test_what_is_over_or_being_released_is_too_late(bookings: Calendar, causes: tuple[Cause, ...]) -> None:
    number = bookings.book(1, 2, 5)
    go(bookings, number, *causes)
    before = bookings.get(number)
    with pytest.raises(TooLate):
        extend(bookings, number, 3)
    assert bookings.get(number) == before


def test_what_is_called_off_and_not_released_yet_is_too_late(bookings: Calendar) -> None:
    number = bookings.book(1, 2, 5)
    bookings.confirm(number)
    go(bookings, number, Cause.START)
    bookings.cancel(number)
    with pytest.raises(TooLate):
        extend(bookings, number, 3)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=1)])
def test_what_has_ended_is_too_late_though_nobody_has_released_it(
    bookings: Calendar, late: timedelta
) -> None:
    number = bookings.book(1, 2, 5)
    bookings.confirm(number)
    go(bookings, number, Cause.START)
    bookings.now = NOON + 2 * HOUR + late
    with pytest.raises(TooLate):
        extend(bookings, number, 9)


def test_another_kind_is_not_found(bookings: Calendar) -> None:
    number = bookings.book(1, 2, 5)
    with pytest.raises(NotFound):
        bookings.store.write(
            lambda session: service.extend(
                session, number, kind="slice", end=NOON + 9 * HOUR, now=bookings.now
            )
        )


def test_packets_promised_another_path_in_the_added_time_are_a_conflict(bookings: Calendar) -> None:
    bookings.store.write(lambda session: conflicts.offer_flows(session, "Fermilab", now=bookings.now))

    def book(path: str, start: float, end: float) -> int:
        flows = FlowSpec.of([FlowMatch(ip_network("10.0.0.0/8"), ip_network("0.0.0.0/0"))])
        request = a_request(hours(start, end), (PATH, MEGABIT))
        return bookings.hold(replace(request, flows=FlowRequest("Fermilab", path, flows))).id

    number, other = book("red", 1, 2), book("green", 3, 4)
    with pytest.raises(FlowConflict) as refusal:
        extend(bookings, number, 3.5)
    assert refusal.value.other == other
    assert bookings.get(number).slot == hours(1, 2)
    assert extend(bookings, number, 3).slot == hours(1, 3)
    with pytest.raises(FlowConflict):
        book("green", 2.5, 3)


WHEN = st.integers(0, 8)
BOOKING = st.tuples(WHEN, st.integers(1, 4), st.integers(1, 600)).map(lambda b: (b[0], b[0] + b[1], b[2]))


def test_extending_fits_exactly_when_the_whole_could_have_been_booked_at_once(bookings: Calendar) -> None:
    @examples(bookings.store, 60)
    @given(others=st.lists(BOOKING, max_size=5), own=BOOKING, until=st.integers(1, 14))
    def holds(others: list[tuple[int, int, int]], own: tuple[int, int, int], until: int) -> None:
        with bookings.store.engine.begin() as connection:
            for table in ("transition", "claim", "reservation"):
                connection.execute(delete(Base.metadata.tables[table]))

        def book(start: int, end: int, megabits: int) -> int | None:
            try:
                return bookings.book(start, end, megabits * MEGABIT)
            except CapacityExceeded:
                return None

        for other in others:
            book(*other)
        number = book(*own)
        if number is None:
            return
        try:
            extended = extend(bookings, number, until).slot
        except CapacityExceeded:
            extended = None
        fresh = hours(own[0], max(own[1], until))
        if extended is None:
            bookings.cancel(number)
            assert book(own[0], until, own[2]) is None
        else:
            assert extended == fresh == TimeSlot(NOON + own[0] * HOUR, NOON + max(own[1], until) * HOUR)
            bookings.cancel(number)
            assert book(own[0], max(own[1], until), own[2]) is not None

    holds()
