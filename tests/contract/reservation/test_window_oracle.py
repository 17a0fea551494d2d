"""The earliest slot that fits is the one that trying everything finds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from reservation import calendar, conflicts, labels, offering, service
from reservation.model import LabelRequest, TimeSlot
from reservation.tables import ClaimRow
from reservation.window import find_window
from reservation.window_values import LabelledFlows, Transfer, WindowAnswer, WindowRequest
from tests.contract.reservation.conftest import (
    HOUR,
    NOON,
    PATH,
    Calendar,
    a_request,
    examples,
    hours,
)
from tests.contract.reservation.windows import (
    BACK,
    CAPACITY,
    MINE,
    RIVAL,
    SITE,
    find,
    take,
    to_port,
    window,
)


@dataclass(frozen=True)
class Taken:
    """A claim, or a rival's flow, as the oracle remembers it."""

    of: str
    slot: TimeSlot
    amount: int


class Oracle:
    """Every start at which anything changes is tried, and every rate; instant by instant."""

    def __init__(self, taken: Iterable[Taken], within: TimeSlot) -> None:
        self.taken = list(taken)
        self.within = within
        changes = {edge for one in self.taken for edge in (one.slot.start, one.slot.end)}
        self.starts = sorted({within.start, *(at for at in changes if within.start < at < within.end)})
        self.ends = [*self.starts, within.end]

    def free(self, of: str, slot: TimeSlot) -> int:
        instants = [at for at in self.starts if slot.start <= at < slot.end] + [slot.start]
        return CAPACITY - max(
            sum(one.amount for one in self.taken if one.of == of and one.slot.start <= at < one.slot.end)
            for at in instants
        )

    def contradicted(self, slot: TimeSlot) -> bool:
        return any(one.of == SITE and one.slot.overlaps(slot) for one in self.taken)

    def slots(self, length: timedelta) -> Iterator[TimeSlot]:
        for start in self.starts:
            if start + length <= self.within.end and not self.contradicted(TimeSlot(start, start + length)):
                yield TimeSlot(start, start + length)

    def share(self, slot: TimeSlot, asked: Sequence[tuple[str, int]]) -> Fraction:
        return min(Fraction(min(self.free(name, slot), amount), amount) for name, amount in asked)

    def for_length(self, length: timedelta, asked: Sequence[tuple[str, int]]) -> WindowAnswer:
        best = max(
            self.slots(length), key=lambda slot: (self.share(slot, asked), NOON - slot.start), default=None
        )
        if best is None or self.share(best, asked) <= 0:
            return WindowAnswer(None)
        given = window(best, *((name, min(amount, self.free(name, best))) for name, amount in asked))
        return WindowAnswer(given) if self.share(best, asked) == 1 else WindowAnswer(None, given)

    def fits(self, slot: TimeSlot, rate: int, other: int) -> bool:
        return (
            slot.end <= self.within.end
            and not self.contradicted(slot)
            and self.free(PATH, slot) >= rate
            and self.free(BACK, slot) >= other
        )

    def earliest_end(self, transfer: Transfer, most: int, other: int) -> datetime | None:
        ends: list[datetime] = []
        for rate in range(1, most + 1):
            seconds = -(-transfer.volume // rate)
            if transfer.longest is None or seconds <= transfer.longest:
                slots = self.slots(timedelta(seconds=seconds))
                ends += [slot.end for slot in slots if self.fits(slot, rate, other)]
        return min(ends, default=None)

    def most_moved(self, transfer: Transfer, most: int, other: int) -> int:
        moved = [0]
        for start in self.starts:
            for end in self.ends:
                seconds = (end - start) // timedelta(seconds=1)
                seconds = seconds if transfer.longest is None else min(seconds, transfer.longest)
                if seconds > 0:
                    slot = TimeSlot(start, start + timedelta(seconds=seconds))
                    moved += [rate * seconds for rate in range(1, most + 1) if self.fits(slot, rate, other)]
        return max(moved)


SLOTS = st.tuples(st.integers(0, 10), st.integers(1, 6)).map(lambda pair: hours(pair[0], pair[0] + pair[1]))
WITHIN = st.tuples(st.sampled_from([0, 0.25, 1, 2.5, 4]), st.sampled_from([1, 3, 5.75, 9, 12])).map(
    lambda pair: hours(pair[0], pair[0] + pair[1])
)
CLAIMS = st.lists(
    st.builds(Taken, st.sampled_from([PATH, BACK, SITE]), SLOTS, st.integers(1, CAPACITY)), max_size=9
)
AMOUNT = st.integers(1, CAPACITY)


def booked(bookings: Calendar, wanted: Iterable[Taken]) -> list[Taken]:
    """Those of the claims that fit into an empty calendar, booked."""
    taken: list[Taken] = []
    for one in wanted:
        if one.of == SITE or Oracle(taken, one.slot).free(one.of, one.slot) >= one.amount:
            taken.append(one)

    def book(session: Session) -> None:
        for number in session.scalars(select(ClaimRow.reservation_id).distinct()).all():
            calendar.free_claims(session, number)
        for name in (PATH, BACK):
            offering.offer(session, name, capacity=CAPACITY, unit="bit/s", now=bookings.now)
        conflicts.offer_flows(session, SITE, now=bookings.now)
        for one in taken:
            claims = () if one.of == SITE else ((one.of, one.amount),)
            flows = RIVAL if one.of == SITE else None
            service.hold(session, replace(a_request(one.slot, *claims), flows=flows), now=bookings.now)

    bookings.store.write(book)
    return taken


def test_the_slot_for_a_length_is_the_one_that_trying_all_finds(bookings: Calendar) -> None:
    @examples(bookings.store, 25)
    @given(CLAIMS, WITHIN, st.sampled_from([0.25, 1, 1.5, 2, 4]), AMOUNT, AMOUNT)
    def holds(claims: list[Taken], within: TimeSlot, length: float, out: int, back: int) -> None:
        oracle = Oracle(booked(bookings, claims), within)
        asked = ((PATH, out), (BACK, back))
        answer = find(bookings, within, length * HOUR, *asked, flows=MINE)
        assert answer == oracle.for_length(length * HOUR, asked)
        if nearest := answer.found or answer.instead:
            take(bookings, nearest, MINE)

    holds()


def test_a_transfer_ends_when_trying_all_starts_and_rates_ends_it(bookings: Calendar) -> None:
    @examples(bookings.store, 25)
    @given(
        CLAIMS,
        WITHIN,
        st.integers(1, 3 * CAPACITY * 3600),
        st.none() | st.sampled_from([1800, 7200]),
        AMOUNT,
        AMOUNT,
    )
    def holds(
        claims: list[Taken], within: TimeSlot, volume: int, longest: int | None, most: int, back: int
    ) -> None:
        oracle = Oracle(booked(bookings, claims), within)
        transfer = Transfer(volume, PATH, longest)
        answer = find(bookings, within, transfer, (PATH, most), (BACK, back), flows=MINE)
        end = oracle.earliest_end(transfer, most, back)
        moved = oracle.most_moved(transfer, most, back)
        if nearest := answer.found or answer.instead:
            assert nearest.amount(PATH) <= most
            assert nearest.amount(BACK) == back
            seconds = nearest.slot.length // timedelta(seconds=1)
            assert answer.found is None or nearest.amount(PATH) * seconds >= volume
            assert answer.instead is None or nearest.amount(PATH) * seconds == moved < volume
            take(bookings, nearest, MINE)
        else:
            assert moved == 0
        assert (answer.found and answer.found.slot.end) == end

    holds()


def test_the_label_that_is_free_first_decides_with_the_packets_that_go_with_it(bookings: Calendar) -> None:
    pool = labels.pool_resource(SITE, "dscp")
    bookings.store.write(lambda s: conflicts.offer_flows(s, SITE, now=bookings.now))
    bookings.store.write(lambda s: labels.offer_labels(s, pool, [1, 2, 3], now=bookings.now))

    def take(label: int, start: float, end: float) -> None:
        one = LabelRequest(pool, frozenset({label}))
        bookings.hold(replace(a_request(hours(start, end)), labels=(one,)))

    def asked(*among: int, wanted: timedelta = HOUR, unlabelled: bool = False) -> WindowAnswer:
        label = LabelRequest(pool, frozenset(among) or None)
        # With label 3 these packets are to go another way already.
        labelled = LabelledFlows(label, lambda n: to_port(6000, 6000) if n == 3 else to_port(n, n))
        request = WindowRequest(hours(0, 8), wanted, MINE, labelled=labelled, unlabelled=unlabelled)
        return bookings.store.read(lambda s: find_window(s, request, now=bookings.now))

    def start(answer: WindowAnswer) -> datetime | None:
        return None if answer.found is None else answer.found.slot.start

    bookings.hold(replace(a_request(hours(0, 6)), flows=RIVAL))
    take(1, 0, 2)
    take(1, 3, 4)
    take(2, 0, 3)
    assert start(asked()) == NOON + 2 * HOUR, "label 1, for an hour"
    assert start(asked(wanted=2 * HOUR)) == NOON + 3 * HOUR, "label 2: no two hours are made up of two"
    assert start(asked(3)) == NOON + 6 * HOUR, "label 3, once its packets may go our way"
    assert start(asked(4)) is None, "no label of the pool"
    assert start(asked(4, unlabelled=True)) == NOON + 6 * HOUR, "without one, as its own packets may"
    take(3, 0, 7.5)
    assert start(asked(3)) is None
