"""The earliest slot that fits is found, what would fit is told if none does, and hold takes either."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from netconfig.intent import FlowMatch, PortRange, Protocol
from reservation import calendar, conflicts, labels, offering, service
from reservation.errors import FlowConflict, SlotInThePast, UnknownResource
from reservation.flows import FlowSpec
from reservation.lifecycle import State
from reservation.model import ClaimRequest, FlowRequest, LabelRequest, TimeSlot
from reservation.tables import ClaimRow
from reservation.window import find_window
from reservation.window_values import LabelledFlows, Transfer, Window, WindowAnswer, WindowRequest
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

BACK = "path:blue-back"
SITE = "Fermilab"
CAPACITY = 6
MICROSECOND = timedelta(microseconds=1)
GIGABIT = 1000 * MEGABIT


def to_port(first: int, last: int) -> FlowSpec:
    ports = PortRange(first, last)
    return FlowSpec.of(
        [FlowMatch(ip_network("10.0.0.0/8"), ip_network("0.0.0.0/0"), Protocol.TCP, destination_ports=ports)]
    )


MINE = FlowRequest(site=SITE, path="blue", flows=to_port(5000, 6000))
RIVAL = FlowRequest(site=SITE, path="green", flows=to_port(6000, 7000))


def find(
    bookings: Calendar,
    within: TimeSlot,
    wanted: timedelta | Transfer,
    *claims: tuple[str, int],
    flows: FlowRequest | None = None,
) -> WindowAnswer:
    request = WindowRequest(
        within, wanted, flows=flows, claims=tuple(ClaimRequest(name, amount) for name, amount in claims)
    )
    return bookings.store.read(lambda session: find_window(session, request, now=bookings.now))


def window(slot: TimeSlot, *claims: tuple[str, int]) -> Window:
    return Window(slot, tuple(ClaimRequest(name, amount) for name, amount in claims))


def take(bookings: Calendar, found: Window | None, flows: FlowRequest | None = None) -> None:
    """Really book it."""
    assert found is not None
    request = a_request(found.slot, *((claim.resource, claim.amount) for claim in found.claims))
    held = bookings.hold(replace(request, flows=flows))
    assert (held.state, held.slot) == (State.HELD, found.slot)


def test_an_empty_calendar_has_room_at_once(bookings: Calendar) -> None:
    answer = find(bookings, hours(0, 10), HOUR, (PATH, GIGABIT))
    assert answer == WindowAnswer(window(hours(0, 1), (PATH, GIGABIT)))


def test_the_first_gap_that_is_long_enough_is_taken_to_the_microsecond(bookings: Calendar) -> None:
    bookings.book(0, 1, 600 * MEGABIT)
    bookings.book(1.5, 3, 600 * MEGABIT)
    bookings.book(4, 9, 600 * MEGABIT)
    answer = find(bookings, hours(0, 10), HOUR, (PATH, 500 * MEGABIT))
    assert answer.found == window(hours(3, 4), (PATH, 500 * MEGABIT))
    answer = find(bookings, hours(0, 10), HOUR + MICROSECOND, (PATH, 500 * MEGABIT))
    assert answer == WindowAnswer(
        None, window(TimeSlot(NOON, NOON + HOUR + MICROSECOND), (PATH, 400 * MEGABIT))
    )
    take(bookings, answer.instead)


def test_back_to_back_bookings_leave_no_gap_and_their_join_is_none(bookings: Calendar) -> None:
    bookings.book(0, 1, GIGABIT)
    bookings.book(1, 2, 400 * MEGABIT)
    bookings.book(2, 3, GIGABIT)
    assert find(bookings, hours(0, 3), HOUR, (PATH, 600 * MEGABIT)).found == window(
        hours(1, 2), (PATH, 600 * MEGABIT)
    )
    assert find(bookings, hours(0, 3), HOUR, (PATH, 601 * MEGABIT)).found is None


def test_what_began_before_and_ends_after_counts(bookings: Calendar) -> None:
    bookings.book(0, 1000, 700 * MEGABIT)
    answer = find(bookings, hours(500, 510), HOUR, (PATH, 400 * MEGABIT))
    assert answer == WindowAnswer(None, window(hours(500, 501), (PATH, 300 * MEGABIT)))


def test_where_nothing_at_all_is_free_nothing_is_told(bookings: Calendar) -> None:
    bookings.book(0, 3, GIGABIT)
    assert find(bookings, hours(0, 3), HOUR, (PATH, 1)) == WindowAnswer(None)
    assert find(bookings, hours(0, 3), Transfer(1, PATH), (PATH, 1)) == WindowAnswer(None)
    assert find(bookings, hours(5, 6), 2 * HOUR, (PATH, 1)) == WindowAnswer(None), "no room for the length"


def test_each_way_is_looked_at_and_the_scarcer_decides_what_would_fit(bookings: Calendar) -> None:
    bookings.offer(BACK, GIGABIT)
    bookings.book(0, 2, 500 * MEGABIT)
    bookings.book(1, 3, 900 * MEGABIT, of=BACK)
    asked = ((PATH, 800 * MEGABIT), (BACK, 200 * MEGABIT))
    assert find(bookings, hours(0, 9), HOUR, *asked).found == window(hours(3, 4), *asked)
    # From 0: 500 of 800 out. From 2: 100 of 200 back. The first is nearer.
    answer = find(bookings, hours(0, 3), HOUR, *asked)
    assert answer == WindowAnswer(None, window(hours(0, 1), (PATH, 500 * MEGABIT), (BACK, 200 * MEGABIT)))
    take(bookings, answer.instead)


def test_a_transfer_ends_earliest_though_it_starts_later_and_faster(bookings: Calendar) -> None:
    bookings.book(0, 2, 900 * MEGABIT)
    volume = 3600 * 1000 * MEGABIT
    answer = find(bookings, hours(0, 24), Transfer(volume, PATH), (PATH, GIGABIT))
    assert answer == WindowAnswer(window(hours(2, 3), (PATH, GIGABIT)))
    # At most 100 Mbit/s: then nothing is gained by waiting.
    answer = find(bookings, hours(0, 24), Transfer(volume, PATH), (PATH, 100 * MEGABIT))
    assert answer == WindowAnswer(window(hours(0, 10), (PATH, 100 * MEGABIT)))
    take(bookings, answer.found)


def test_a_transfer_takes_whole_seconds_rounded_up(bookings: Calendar) -> None:
    answer = find(bookings, hours(0, 1), Transfer(10, PATH), (PATH, 4))
    assert answer.found == window(TimeSlot(NOON, NOON + timedelta(seconds=3)), (PATH, 4))


def test_a_transfer_that_is_too_large_is_told_the_most_that_would_be_moved(bookings: Calendar) -> None:
    bookings.book(0, 2, 900 * MEGABIT)
    answer = find(bookings, hours(0, 4), Transfer(10**18, PATH), (PATH, GIGABIT))
    assert answer == WindowAnswer(None, window(hours(2, 4), (PATH, GIGABIT)))
    take(bookings, answer.instead)


def test_a_transfer_never_lasts_longer_than_it_may(bookings: Calendar) -> None:
    bookings.book(0, 2, 900 * MEGABIT)
    volume = 3600 * 200 * MEGABIT
    slow = find(bookings, hours(0, 2), Transfer(volume, PATH), (PATH, GIGABIT))
    assert slow == WindowAnswer(window(hours(0, 2), (PATH, 100 * MEGABIT)))
    bound = find(bookings, hours(0, 2), Transfer(volume, PATH, longest=3600), (PATH, GIGABIT))
    assert bound == WindowAnswer(None, window(hours(0, 1), (PATH, 100 * MEGABIT)))


def test_what_else_a_transfer_needs_is_there_all_the_time(bookings: Calendar) -> None:
    bookings.offer(BACK, 10)
    bookings.book(1, 2, 1, of=BACK)
    answer = find(bookings, hours(0, 9), Transfer(2 * 3600 * GIGABIT, PATH), (PATH, GIGABIT), (BACK, 10))
    assert answer.found == window(hours(2, 4), (PATH, GIGABIT), (BACK, 10))


@pytest.fixture
def steered(bookings: Calendar) -> Calendar:
    """The calendar, with the site's flows in it and some of them on another path from one to two."""
    bookings.store.write(lambda session: conflicts.offer_flows(session, SITE, now=bookings.now))
    bookings.hold(replace(a_request(hours(1, 2), (PATH, 1)), flows=RIVAL))
    return bookings


def test_a_slot_in_which_the_packets_go_elsewhere_is_passed_over(steered: Calendar) -> None:
    asked = (PATH, MEGABIT)
    answer = find(steered, hours(0.5, 9), HOUR, asked, flows=MINE)
    assert answer.found == window(hours(2, 3), asked)
    take(steered, answer.found, MINE)
    with pytest.raises(FlowConflict):
        take(steered, window(hours(1.5, 2.5), asked), MINE)
    for harmless in (None, RIVAL, replace(MINE, flows=to_port(1, 2))):
        assert find(steered, hours(0.5, 9), HOUR, asked, flows=harmless).found == window(
            hours(0.5, 1.5), asked
        )
    assert find(steered, hours(1, 2), HOUR, asked, flows=MINE) == WindowAnswer(None)
    moved = find(steered, hours(0.5, 9), Transfer(3600 * MEGABIT, PATH), asked, flows=MINE)
    assert moved.found == window(hours(2, 3), asked)


def test_a_start_a_little_back_is_now(bookings: Calendar) -> None:
    bookings.now = NOON + timedelta(seconds=60)
    answer = find(bookings, hours(0, 2), HOUR, (PATH, 1))
    assert answer.found == window(TimeSlot(bookings.now, bookings.now + HOUR), (PATH, 1))
    take(bookings, answer.found)
    bookings.now += MICROSECOND
    with pytest.raises(SlotInThePast):
        find(bookings, hours(0, 2), HOUR, (PATH, 1))


def test_what_is_not_in_the_calendar_is_told(bookings: Calendar) -> None:
    with pytest.raises(UnknownResource, match="path:green"):
        find(bookings, hours(0, 1), HOUR, ("path:green", 1))
    with pytest.raises(UnknownResource, match="flows:Fermilab"):
        find(bookings, hours(0, 1), HOUR, (PATH, 1), flows=MINE)


def test_looking_writes_and_locks_nothing(steered: Calendar) -> None:
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(steered.store.engine, "before_cursor_execute", listen)
    find(steered, hours(0, 9), HOUR, (PATH, 1), flows=MINE)
    event.remove(steered.store.engine, "before_cursor_execute", listen)
    selects = [statement for statement in said if statement.startswith("SELECT")]
    assert len(selects) == 4, "a resource and its claims, the flows and theirs"
    assert not any("FOR UPDATE" in statement or statement.startswith("INSERT") for statement in said)


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
