"""Labels: each is one reservation's at any instant, and the lowest that is free is taken."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from reservation import calendar, labels, offering, service
from reservation.conflicts import flow_resource
from reservation.errors import CapacityBooked, LabelsBooked, LabelsTaken, UnknownResource
from reservation.lifecycle import Cause
from reservation.model import LabelRequest, TimeSlot
from reservation.moves import lock_reservation, move
from reservation.tables import ClaimRow, ResourceRow
from store import Base
from tests.contract.reservation.conftest import HOUR, KIND, NOON, PATH, Calendar, a_request, examples, hours
from tests.contract.reservation.test_races import together

POOL = labels.pool_resource("Fermilab", "dscp")


def offer(bookings: Calendar, offered: Sequence[int], *, name: str = POOL) -> None:
    bookings.store.write(lambda session: labels.offer_labels(session, name, offered, now=bookings.now))


@pytest.fixture
def pool(bookings: Calendar) -> Calendar:
    """The calendar, with a pool of three labels, which are not offered in order."""
    offer(bookings, [10, 2, 48])
    return bookings


def book(
    pool: Calendar, start: float, end: float, *, among: Sequence[int] | None = None, amount: int = 1
) -> int:
    request = LabelRequest(POOL, None if among is None else frozenset(among))
    return pool.hold(replace(a_request(hours(start, end), (PATH, amount)), labels=(request,))).id


def label_of(pool: Calendar, number: int) -> int | None:
    query = select(ClaimRow.label).where(ClaimRow.reservation_id == number, ClaimRow.label.is_not(None))
    return pool.store.read(lambda session: session.scalars(query).one_or_none())


def extend(pool: Calendar, number: int, end: float) -> None:
    pool.store.write(
        lambda session: service.extend(session, number, kind=KIND, end=NOON + end * HOUR, now=pool.now)
    )


def test_lowest_by_number_is_taken_first(pool: Calendar) -> None:
    assert [label_of(pool, book(pool, 0, 1)) for _ in range(3)] == [2, 10, 48]


def test_label_is_free_again_where_the_slot_ends(pool: Calendar) -> None:
    first = book(pool, 0, 1)
    assert label_of(pool, book(pool, 1, 2)) == label_of(pool, first) == 2
    assert label_of(pool, book(pool, 0.5, 1.5)) == 10


def test_only_labels_that_will_do_are_given(pool: Calendar) -> None:
    assert label_of(pool, book(pool, 0, 1, among=[48, 10, 63])) == 10
    assert label_of(pool, book(pool, 0, 1, among=[10, 48])) == 48
    with pytest.raises(LabelsTaken) as told:
        book(pool, 0, 2, among=[10, 48])
    assert (told.value.pool, told.value.labels) == (POOL, frozenset({10, 48}))
    assert told.value.free_at == NOON + HOUR


def test_label_the_pool_does_not_have_is_never_free(pool: Calendar) -> None:
    with pytest.raises(LabelsTaken, match="has none of the labels 63") as told:
        book(pool, 0, 1, among=[63])
    assert told.value.free_at is None


def test_refusal_says_which_and_when_the_first_is_given_back_and_leaves_nothing(pool: Calendar) -> None:
    for end in (3, 2, 4):
        book(pool, 0, end)
    before = pool.store.read(lambda session: session.scalars(select(ClaimRow.id)).all())
    with pytest.raises(LabelsTaken, match="of 2, 10, 48 none is free") as told:
        book(pool, 1, 5)
    assert told.value.free_at == NOON + 2 * HOUR
    assert pool.store.read(lambda session: session.scalars(select(ClaimRow.id)).all()) == before


def test_two_labels_of_one_pool_are_two(pool: Calendar) -> None:
    asked = (LabelRequest(POOL), LabelRequest(POOL))
    number = pool.hold(replace(a_request(hours(0, 1)), labels=asked)).id
    query = select(ClaimRow.label).where(ClaimRow.reservation_id == number).order_by(ClaimRow.label)
    assert pool.store.read(lambda session: session.scalars(query).all()) == [2, 10]


def test_pool_gives_no_amounts_and_a_path_no_labels(pool: Calendar) -> None:
    with pytest.raises(UnknownResource, match="ask for one of its labels"):
        pool.hold(a_request(hours(0, 1), (POOL, 1)))
    with pytest.raises(UnknownResource, match="is no pool"):
        pool.hold(replace(a_request(hours(0, 1)), labels=(LabelRequest(PATH),)))
    with pytest.raises(UnknownResource, match="labels:x"):
        pool.hold(replace(a_request(hours(0, 1)), labels=(LabelRequest("labels:x"),)))


def test_picked_label_is_the_one_that_is_held(pool: Calendar) -> None:
    book(pool, 0, 1)
    picked = pool.store.write(lambda session: labels.pick_label(session, LabelRequest(POOL), hours(0.5, 2)))
    assert picked == label_of(pool, book(pool, 0.5, 2, among=[picked])) == 10


def test_extending_needs_the_same_label(pool: Calendar) -> None:
    first, second = book(pool, 0, 1), book(pool, 2, 3)
    assert label_of(pool, first) == label_of(pool, second)
    extend(pool, first, 2)
    with pytest.raises(LabelsTaken) as told:
        extend(pool, first, 2.5)
    assert (told.value.labels, told.value.free_at) == (frozenset({2}), NOON + 3 * HOUR)
    assert pool.get(first).slot == hours(0, 2)


def test_label_stays_taken_until_the_device_has_said_it_is_gone(pool: Calendar) -> None:
    number = book(pool, 0, 1)
    until = NOON + 3 * HOUR

    def release(session: object) -> None:
        row = lock_reservation(session, number)  # type: ignore[arg-type]
        for cause in (Cause.CONFIRM, Cause.START, Cause.END):
            move(session, row, cause, now=NOON, actor="worker")  # type: ignore[arg-type]
        calendar.keep_claims(session, number, until=until)  # type: ignore[arg-type]

    pool.store.write(release)
    assert label_of(pool, book(pool, 2, 4)) == 10
    pool.store.write(lambda session: calendar.free_claims(session, number))
    assert label_of(pool, book(pool, 2, 4)) == 2


def test_cancelled_gives_its_label_back(pool: Calendar) -> None:
    pool.cancel(book(pool, 0, 1))
    assert label_of(pool, book(pool, 0, 1)) == 2


def test_who_has_which_label_is_told(pool: Calendar) -> None:
    first, second = book(pool, 0, 1), book(pool, 0.5, 2)

    def told(start: float, end: float) -> dict[int, int]:
        return pool.store.read(lambda session: labels.labels_of(session, POOL, hours(start, end)))

    assert told(0, 2) == {first: 2, second: 10}
    assert told(1, 2) == {second: 10}


def test_pool_may_change_but_for_what_is_promised(pool: Calendar) -> None:
    book(pool, 0, 1)
    offer(pool, [2, 3])
    assert label_of(pool, book(pool, 0, 1)) == 3
    with pytest.raises(LabelsBooked, match="2, 3 booked") as told:
        offer(pool, [4])
    assert isinstance(told.value, CapacityBooked)
    assert (told.value.resource, told.value.labels) == (POOL, frozenset({2, 3}))
    pool.now = NOON + HOUR
    offer(pool, [4])
    assert label_of(pool, book(pool, 1, 2)) == 4


def test_pool_that_is_offered_no_more_is_missed_while_something_is_promised(pool: Calendar) -> None:
    def withdraw() -> None:
        pool.store.write(
            lambda session: offering.withdraw_others(session, [], prefix=labels.POOL_PREFIX, now=pool.now)
        )

    withdraw()
    number = book(pool, 0, 1)
    with pytest.raises(CapacityBooked, match=POOL):
        withdraw()
    pool.cancel(number)
    withdraw()


def test_pool_is_locked_after_flows_and_before_paths() -> None:
    assert flow_resource("Z") < labels.pool_resource("A", "dscp") < "path:A"


def test_last_label_goes_to_one_of_many_every_time(pool: Calendar) -> None:
    for start in range(4):
        answers = together(lambda _, start=start: book(pool, start, start + 1), threads=8)  # type: ignore[misc]
        won = [answer for answer in answers if isinstance(answer, int)]
        assert sorted(label_of(pool, number) or 0 for number in won) == [2, 10, 48]
        assert sum(isinstance(answer, LabelsTaken) for answer in answers) == 5


@dataclass
class Oracle:
    """Who has which label when, hour by hour, beside the calendar that is asked the same."""

    bookings: Calendar
    held: dict[int, tuple[TimeSlot, int]] = field(default_factory=dict)

    def free(self, slot: TimeSlot, asked: frozenset[int], *, but: int | None = None) -> list[int]:
        others = [held for number, held in self.held.items() if number != but]
        return sorted((LABELS & asked) - {label for taken, label in others if taken.overlaps(slot)})

    def book(self, slot: TimeSlot, among: frozenset[int] | None) -> None:
        fitting = self.free(slot, LABELS if among is None else among)
        request = replace(a_request(slot), labels=(LabelRequest(POOL, among),))
        if not fitting:
            with pytest.raises(LabelsTaken):
                self.bookings.hold(request)
            return
        number = self.bookings.hold(request).id
        self.held[number] = slot, fitting[0]
        assert label_of(self.bookings, number) == fitting[0]

    def cancel(self, number: int) -> None:
        self.bookings.cancel(number)
        del self.held[number]

    def keep(self, number: int, until: datetime) -> None:
        self.bookings.store.write(lambda session: calendar.keep_claims(session, number, until=until))
        slot, label = self.held[number]
        self.held[number] = TimeSlot(slot.start, max(until, slot.start + timedelta(seconds=1))), label

    def extend(self, number: int, end: datetime) -> None:
        slot, label = self.held[number]
        if not end > slot.end == self.bookings.get(number).slot.end:
            return
        if self.free(TimeSlot(slot.end, end), frozenset({label}), but=number):
            extend(self.bookings, number, (end - NOON) / HOUR)
            self.held[number] = TimeSlot(slot.start, end), label
        else:
            with pytest.raises(LabelsTaken):
                extend(self.bookings, number, (end - NOON) / HOUR)


LABELS = frozenset(range(4))
SLOTS = st.tuples(st.integers(0, 8), st.integers(1, 5)).map(lambda pair: hours(pair[0], pair[0] + pair[1]))
AMONG = st.none() | st.frozensets(st.integers(0, 4), min_size=1, max_size=4)
STEPS = st.tuples(
    st.sampled_from(["book", "book", "cancel", "keep", "extend"]), SLOTS, AMONG, st.integers(0, 9)
)


def test_labels_are_those_of_looking_at_every_hour(bookings: Calendar) -> None:
    @examples(bookings.store, 50)
    @given(steps=st.lists(STEPS, min_size=1, max_size=20))
    def holds(steps: list[tuple[str, TimeSlot, frozenset[int] | None, int]]) -> None:
        with bookings.store.engine.begin() as connection:
            for table in ("transition", "claim", "reservation", "resource"):
                connection.execute(delete(Base.metadata.tables[table]))
        offer(bookings, sorted(LABELS))
        oracle = Oracle(bookings)
        for what, slot, among, which in steps:
            if what == "book":
                oracle.book(slot, among)
            elif which < len(oracle.held):
                number = list(oracle.held)[which]
                if what == "cancel":
                    oracle.cancel(number)
                else:
                    {"keep": oracle.keep, "extend": oracle.extend}[what](number, slot.end)
        query = select(ResourceRow.longest_seconds).where(ResourceRow.name == POOL)
        lengths = [slot.length.total_seconds() for slot, _ in oracle.held.values()]
        assert bookings.store.read(lambda session: session.scalar(query)) == max(lengths, default=0)

    holds()
