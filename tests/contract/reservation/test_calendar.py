"""Whether something fits is decided by the peak, and nothing is ever promised twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from reservation import calendar, offering, overlap
from reservation.errors import CapacityBooked, CapacityExceeded, UnknownResource
from reservation.model import TimeSlot
from reservation.tables import ClaimRow, ReservationRow, ResourceRow, TransitionRow
from store import Store
from tests.contract.reservation.conftest import (
    HOUR,
    MEGABIT,
    NOON,
    PATH,
    Calendar,
    a_request,
    examples,
    hours,
)

CAPACITY = 10


@dataclass(frozen=True)
class Taken:
    """A claim as the oracle remembers it."""

    slot: TimeSlot
    amount: int


def brute_peak(claims: Iterable[Taken], slot: TimeSlot) -> int:
    """The peak, instant by instant: it can only change where a claim starts."""
    known = list(claims)
    instants = [slot.start, *(claim.slot.start for claim in known)]
    return max(
        sum(claim.amount for claim in known if claim.slot.start <= at < claim.slot.end)
        for at in instants
        if slot.start <= at < slot.end
    )


def found_peak(store: Store, slot: TimeSlot, *, without: int | None = None, of: str = PATH) -> int:
    return store.read(
        lambda session: overlap.peak(
            session,
            session.scalars(select(ResourceRow).where(ResourceRow.name == of)).one(),
            slot,
            without=without,
        )
    )


def longest(store: Store, name: str = PATH) -> int:
    return store.read(
        lambda session: session.scalars(
            select(ResourceRow.longest_seconds).where(ResourceRow.name == name)
        ).one()
    )


def count(store: Store, table: type) -> int:
    return store.read(lambda session: session.scalar(select(func.count()).select_from(table)) or 0)


def test_two_claims_that_do_not_meet_leave_room_for_a_third_across_both(bookings: Calendar) -> None:
    bookings.book(1, 2, 600 * MEGABIT)
    bookings.book(3, 4, 600 * MEGABIT)
    bookings.book(0.5, 4.5, 300 * MEGABIT)
    with pytest.raises(CapacityExceeded) as told:
        bookings.book(0.5, 4.5, 101 * MEGABIT)
    assert (told.value.resource, told.value.asked, told.value.free) == (PATH, 101 * MEGABIT, 100 * MEGABIT)
    bookings.book(0.5, 4.5, 100 * MEGABIT)
    assert found_peak(bookings.store, hours(0, 5)) == 1000 * MEGABIT


def test_back_to_back_slots_each_take_it_all(bookings: Calendar) -> None:
    for start in range(4):
        bookings.book(start, start + 1, 1000 * MEGABIT)
    assert found_peak(bookings.store, hours(0, 4)) == 1000 * MEGABIT


def test_slot_after_a_short_claim_is_free_whatever_longer_claims_there_are(bookings: Calendar) -> None:
    bookings.book(0, 1, 1000 * MEGABIT)
    bookings.book(2, 10, 1)
    assert found_peak(bookings.store, hours(1, 2)) == 0
    bookings.book(1, 2, 1000 * MEGABIT)


def test_one_microsecond_together_is_together(bookings: Calendar) -> None:
    bookings.book(0, 1, 1000 * MEGABIT)
    early = TimeSlot(NOON + HOUR - timedelta(microseconds=1), NOON + 2 * HOUR)
    with pytest.raises(CapacityExceeded):
        bookings.hold(a_request(early, (PATH, 1)))


def test_same_resource_named_twice_is_asked_for_its_sum(bookings: Calendar) -> None:
    with pytest.raises(CapacityExceeded) as told:
        bookings.hold(a_request(hours(0, 1), (PATH, 600 * MEGABIT), (PATH, 600 * MEGABIT)))
    assert told.value.asked == 1200 * MEGABIT
    bookings.hold(a_request(hours(0, 1), (PATH, 600 * MEGABIT), (PATH, 400 * MEGABIT)))
    assert found_peak(bookings.store, hours(0, 1)) == 1000 * MEGABIT


def test_terabits_are_counted_to_the_bit(bookings: Calendar) -> None:
    bookings.offer("path:red", 400 * 10**12)
    bookings.book(0, 1, 400 * 10**12 - 1, of="path:red")
    bookings.book(0, 1, 1, of="path:red")
    with pytest.raises(CapacityExceeded):
        bookings.book(0, 1, 1, of="path:red")


def test_resource_that_is_not_there_is_told_by_name(bookings: Calendar) -> None:
    with pytest.raises(UnknownResource, match="path:green"):
        bookings.hold(a_request(hours(0, 1), (PATH, 1), ("path:green", 1)))
    assert count(bookings.store, ClaimRow) == 0


def test_full_second_resource_leaves_nothing_of_the_first_and_no_reservation(bookings: Calendar) -> None:
    bookings.offer("path:zinc", 1)
    bookings.book(0, 1, 1, of="path:zinc")
    before = [count(bookings.store, table) for table in (ReservationRow, ClaimRow, TransitionRow)]
    with pytest.raises(CapacityExceeded, match="path:zinc"):
        bookings.hold(a_request(hours(0, 1), (PATH, 1), ("path:zinc", 1)))
    assert [count(bookings.store, table) for table in (ReservationRow, ClaimRow, TransitionRow)] == before
    assert found_peak(bookings.store, hours(0, 1)) == 0
    assert longest(bookings.store) == 0


def test_own_claims_can_be_left_out(bookings: Calendar) -> None:
    mine = bookings.book(0, 2, 700 * MEGABIT)
    bookings.book(1, 3, 200 * MEGABIT)
    assert found_peak(bookings.store, hours(0, 3)) == 900 * MEGABIT
    assert found_peak(bookings.store, hours(0, 3), without=mine) == 200 * MEGABIT


def test_claim_that_began_long_ago_is_seen_at_its_very_end(bookings: Calendar) -> None:
    bookings.book(0, 10_000, 400 * MEGABIT)
    for start in range(50):
        bookings.book(start, start + 1, 1)
    assert found_peak(bookings.store, hours(9_999.999, 10_001)) == 400 * MEGABIT
    assert found_peak(bookings.store, hours(10_000, 10_001)) == 0


def test_bound_follows_the_longest_claim_as_long_claims_come_and_go(bookings: Calendar) -> None:
    bookings.book(0, 2, 1)
    hundred = bookings.book(0, 100, 1)
    assert longest(bookings.store) == 100 * 3600
    fifty = bookings.book(0, 50, 1)
    bookings.cancel(hundred)
    assert longest(bookings.store) == 50 * 3600
    bookings.cancel(fifty)
    assert longest(bookings.store) == 2 * 3600


def test_bound_is_never_shorter_than_a_claim_of_odd_microseconds(bookings: Calendar) -> None:
    slot = TimeSlot(NOON, NOON + HOUR + timedelta(microseconds=1))
    bookings.hold(a_request(slot, (PATH, 7)))
    assert longest(bookings.store) == 3601
    last = TimeSlot(slot.end - timedelta(microseconds=1), slot.end)
    assert found_peak(bookings.store, last) == 7


def keep(bookings: Calendar, number: int, until: float) -> None:
    bookings.store.write(lambda session: calendar.keep_claims(session, number, until=NOON + until * HOUR))


def free(bookings: Calendar, number: int) -> None:
    bookings.store.write(lambda session: calendar.free_claims(session, number))


def test_kept_claim_is_taken_beyond_its_slot(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 1000 * MEGABIT)
    keep(bookings, number, 1.5)
    with pytest.raises(CapacityExceeded):
        bookings.book(1, 2, 1)
    bookings.book(1.5, 2, 1)
    assert longest(bookings.store) == 1.5 * 3600


def test_claim_kept_shorter_than_its_slot_gives_back_the_rest_and_the_bound(bookings: Calendar) -> None:
    bookings.book(0, 2, 1)
    number = bookings.book(0, 100, 1)
    keep(bookings, number, 1)
    assert found_peak(bookings.store, hours(2, 100)) == 0
    assert longest(bookings.store) == 2 * 3600
    free(bookings, number)
    assert longest(bookings.store) == 2 * 3600


def test_claim_kept_until_before_its_start_is_still_a_claim(bookings: Calendar) -> None:
    number = bookings.book(1, 2, 1)
    keep(bookings, number, 0.5)
    assert found_peak(bookings.store, hours(0, 3)) == 1


def test_freed_claims_of_several_resources_are_all_gone(bookings: Calendar) -> None:
    bookings.offer("path:red", 1)
    number = bookings.hold(a_request(hours(0, 1), (PATH, 5), ("path:red", 1))).id
    free(bookings, number)
    assert count(bookings.store, ClaimRow) == 0
    assert (longest(bookings.store), longest(bookings.store, "path:red")) == (0, 0)
    free(bookings, number)


def test_booking_for_thousands_of_years_does_not_end_all_bookings(bookings: Calendar) -> None:
    for_ever = TimeSlot(NOON, datetime(9999, 12, 31, tzinfo=UTC))
    bookings.hold(a_request(for_ever, (PATH, 300 * MEGABIT)))
    bookings.book(0, 1, 700 * MEGABIT)
    with pytest.raises(CapacityExceeded):
        bookings.book(0, 1, 1)


def test_capacity_may_grow_and_shrink_down_to_what_is_booked(bookings: Calendar) -> None:
    bookings.book(0, 1, 600 * MEGABIT)
    bookings.book(1, 2, 500 * MEGABIT)
    bookings.offer(PATH, 600 * MEGABIT)
    with pytest.raises(CapacityBooked) as told:
        bookings.offer(PATH, 600 * MEGABIT - 1)
    assert (told.value.resource, told.value.booked) == (PATH, 600 * MEGABIT)
    bookings.offer(PATH, 2000 * MEGABIT)
    bookings.book(0, 1, 1400 * MEGABIT)


def test_what_was_booked_in_the_past_does_not_keep_a_capacity_up(bookings: Calendar) -> None:
    bookings.book(0, 1, 600 * MEGABIT)
    bookings.now = NOON + HOUR
    bookings.offer(PATH, 1)
    with pytest.raises(CapacityExceeded):
        bookings.book(2, 3, 2)


def book_or_refusal(bookings: Calendar, slot: TimeSlot, amount: int) -> int | CapacityExceeded:
    try:
        return bookings.hold(a_request(slot, (PATH, amount))).id
    except CapacityExceeded as error:
        return error


SLOTS = st.tuples(st.integers(0, 8), st.integers(1, 6)).map(lambda pair: hours(pair[0], pair[0] + pair[1]))
HOURS = [hours(n, n + 1) for n in range(14)]
STEPS = st.one_of(
    st.tuples(st.just("book"), SLOTS, st.integers(1, CAPACITY)),
    st.tuples(st.just("free"), SLOTS, st.integers(0, 30)),
    st.tuples(st.just("keep"), SLOTS, st.integers(0, 30)),
)


def test_answers_are_those_of_counting_every_instant(bookings: Calendar) -> None:
    @examples(bookings.store, 60)
    @given(st.lists(STEPS, min_size=1, max_size=25), SLOTS)
    def holds(steps: Sequence[tuple[str, TimeSlot, int]], window: TimeSlot) -> None:
        for leftover in bookings.store.read(lambda s: s.scalars(select(ClaimRow.reservation_id)).all()):
            free(bookings, leftover)
        bookings.offer(PATH, CAPACITY)
        oracle: dict[int, Taken] = {}
        for what, slot, number in steps:
            if what == "book":
                free_then = CAPACITY - brute_peak(oracle.values(), slot)
                answer = book_or_refusal(bookings, slot, number)
                if number <= free_then:
                    assert isinstance(answer, int)
                    oracle[answer] = Taken(slot, number)
                else:
                    assert isinstance(answer, CapacityExceeded)
                    assert answer.free == max(free_then, 0)
            elif number < len(oracle):
                which = list(oracle)[number]
                if what == "free":
                    free(bookings, which)
                    del oracle[which]
                else:
                    keep(bookings, which, (slot.end - NOON) / HOUR)
                    old = oracle[which]
                    end = max(slot.end, old.slot.start + timedelta(seconds=1))
                    oracle[which] = Taken(TimeSlot(old.slot.start, end), old.amount)
            assert found_peak(bookings.store, window) == brute_peak(oracle.values(), window)
        for hour in HOURS:
            assert found_peak(bookings.store, hour) == brute_peak(oracle.values(), hour)
        lengths = [claim.slot.length.total_seconds() for claim in oracle.values()]
        assert longest(bookings.store) == max(lengths, default=0)

    holds()


def test_claim_kept_into_the_next_slot_is_in_nobodys_way_who_takes_nothing_back(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 1000 * MEGABIT)
    bookings.book(1, 2, 1000 * MEGABIT)
    keep(bookings, number, 1.2)

    def overbooked(capacity: int) -> list[tuple[str, int]]:
        offered = {PATH: capacity} if capacity else {}
        found = bookings.store.read(
            lambda session: offering.overbooked(session, offered, prefix="path:", now=bookings.now)
        )
        return [(one.resource, one.booked) for one in found]

    assert overbooked(1000 * MEGABIT) == overbooked(1500 * MEGABIT) == []
    assert overbooked(999 * MEGABIT) == overbooked(0) == [(PATH, 2000 * MEGABIT)]
