"""A transfer whose rate is taken of several resources at once, since it may go by another one instead."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservation.model import ClaimRequest, TimeSlot
from reservation.window_values import Transfer, WindowRequest
from tests.contract.reservation.conftest import HOUR, NOON, PATH, Calendar, examples, hours
from tests.contract.reservation.windows import find

OTHER = "path:green"
CAPACITY = 6
QUARTERS = st.integers(0, 15).map(lambda quarter: quarter / 4)
Booked = list[tuple[int, str, TimeSlot, int]]
"""Number, resource, slot and amount of each."""
TAKEN = st.lists(st.tuples(st.sampled_from([PATH, OTHER]), QUARTERS, st.integers(1, 6), st.integers(1, 3)))


def test_rate_is_asked_of_everything_it_is_taken_of() -> None:
    with pytest.raises(ValueError, match="nothing is asked of path:green, which is to be the rate"):
        WindowRequest(hours(0, 1), Transfer(1, PATH, beside=(OTHER,)), claims=(ClaimRequest(PATH, CAPACITY),))


def test_rate_is_what_all_of_them_have_from_start_to_end(bookings: Calendar) -> None:
    """As one resource would answer of which all is taken that is taken of either, at its worst."""
    bookings.offer(OTHER, CAPACITY)
    bookings.offer(PATH, CAPACITY)

    @examples(bookings.store, 25)
    @given(TAKEN, st.integers(1, CAPACITY * 4 * 3600))
    def holds(taken: list[tuple[str, float, int, int]], volume: int) -> None:
        booked: Booked = []
        for name, start, quarters, amount in taken:
            slot = TimeSlot(NOON + start * HOUR, NOON + (start + quarters / 4) * HOUR)
            if all(free(booked, name, at) >= amount for at in steps(slot)):
                booked.append(
                    (bookings.book(start, start + quarters / 4, amount, of=name), name, slot, amount)
                )
        transfer = Transfer(volume, PATH, beside=(OTHER,))
        answer = find(bookings, hours(0, 4), transfer, (PATH, CAPACITY), (OTHER, CAPACITY))
        if (nearest := answer.found or answer.instead) is not None:
            rate = nearest.amount(PATH)
            assert nearest.amount(OTHER) == rate
            assert all(free(booked, name, at) >= rate for name in (PATH, OTHER) for at in steps(nearest.slot))
            moved = rate * (nearest.slot.length // timedelta(seconds=1))
            assert (moved >= volume) == (answer.found is not None)
        best = earliest_end(booked, volume)
        assert (answer.found and answer.found.slot.end) == best
        for number, *_ in booked:
            bookings.cancel(number)

    holds()


def steps(slot: TimeSlot) -> list[float]:
    """The quarters of an hour after noon that some instant of the slot falls into."""
    quarter = HOUR / 4
    return [n / 4 for n in range(40) if slot.overlaps(TimeSlot(NOON + n * quarter, NOON + (n + 1) * quarter))]


def free(booked: Booked, name: str, at: float) -> int:
    instant = NOON + at * HOUR
    taken = (amount for _, of, slot, amount in booked if of == name and slot.start <= instant < slot.end)
    return CAPACITY - sum(taken)


def earliest_end(booked: Booked, volume: int) -> object:
    """By trying every start and every rate."""
    ends = []
    for start in range(16):
        for rate in range(1, CAPACITY + 1):
            slot = TimeSlot(
                NOON + start * HOUR / 4, NOON + start * HOUR / 4 + timedelta(seconds=-(-volume // rate))
            )
            if slot.end <= NOON + 4 * HOUR and all(
                free(booked, name, at) >= rate for name in (PATH, OTHER) for at in steps(slot)
            ):
                ends.append(slot.end)
    return min(ends, default=None)
