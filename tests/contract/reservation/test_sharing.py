"""Participants: a reservation several want is kept until the last of them leaves or its slot ends."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netconfig.intent import FlowMatch, PortRange, Protocol
from reservation import calendar, conflicts, sharing
from reservation.errors import NotFound, NotJoined, TooLate, UnknownResource, WrongState
from reservation.flows import FlowSpec
from reservation.lifecycle import Cause, State
from reservation.model import FlowRequest, Participant, ParticipantView, ReservationView
from reservation.moves import lock_reservation, move
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

SITE = "Fermilab"


def a_participant(key: str) -> Participant:
    return Participant(key=key, subject=f"CN={key}", issuer="CN=Authority")


def join(bookings: Calendar, number: int, key: str) -> ReservationView:
    return bookings.store.write(
        lambda session: sharing.join(session, number, a_participant(key), kind=KIND, now=bookings.now)
    )


def leave(bookings: Calendar, number: int, key: str) -> ReservationView:
    return bookings.store.write(
        lambda session: sharing.leave(session, number, key, kind=KIND, now=bookings.now, actor=f"CN={key}")
    )


def joined(bookings: Calendar, number: int) -> dict[str, ParticipantView]:
    found = bookings.store.read(lambda session: sharing.participants(session, number))
    return {one.participant.key: one for one in found}


def go(bookings: Calendar, number: int, *causes: Cause) -> None:
    for cause in causes:
        bookings.store.write(
            lambda session, cause=cause: move(  # type: ignore[misc]
                session, lock_reservation(session, number), cause, now=bookings.now, actor="worker"
            )
        )


@pytest.fixture
def number(bookings: Calendar) -> int:
    """A reservation that is scheduled."""
    booked = bookings.book(1, 2, 5)
    bookings.confirm(booked)
    return booked


def test_joining_again_changes_nothing(bookings: Calendar, number: int) -> None:
    first = join(bookings, number, "a")
    before = joined(bookings, number)
    bookings.now += HOUR
    assert join(bookings, number, "a") == first
    assert joined(bookings, number) == before
    assert before["a"] == ParticipantView(a_participant("a"), NOON - HOUR, None)


def test_it_stays_until_the_last_has_left(bookings: Calendar, number: int) -> None:
    for key in "abc":
        join(bookings, number, key)
    assert leave(bookings, number, "b").state is State.SCHEDULED
    assert leave(bookings, number, "a").state is State.SCHEDULED
    assert leave(bookings, number, "c").state is State.CANCELLED
    assert {one.left_at for one in joined(bookings, number).values()} == {bookings.now}


def test_when_the_last_leaves_a_running_one_the_worker_is_asked_to_take_it_off(
    bookings: Calendar, number: int
) -> None:
    join(bookings, number, "a")
    go(bookings, number, Cause.START)
    wished = leave(bookings, number, "a")
    assert (wished.state, wished.cancel_requested) == (State.ACTIVATING, True)


def test_leaving_again_changes_nothing(bookings: Calendar, number: int) -> None:
    join(bookings, number, "a")
    join(bookings, number, "b")
    leave(bookings, number, "a")
    before = joined(bookings, number)
    bookings.now += HOUR / 2
    assert leave(bookings, number, "a").state is State.SCHEDULED
    assert joined(bookings, number) == before


def test_who_left_may_join_anew(bookings: Calendar, number: int) -> None:
    join(bookings, number, "a")
    join(bookings, number, "b")
    leave(bookings, number, "a")
    bookings.now += HOUR / 2
    join(bookings, number, "a")
    assert joined(bookings, number)["a"] == ParticipantView(a_participant("a"), bookings.now, None)
    assert leave(bookings, number, "b").state is State.SCHEDULED


def test_who_never_joined_cannot_leave(bookings: Calendar, number: int) -> None:
    join(bookings, number, "a")
    with pytest.raises(NotJoined):
        leave(bookings, number, "b")
    assert bookings.get(number).state is State.SCHEDULED


def test_a_hold_is_not_joined(bookings: Calendar) -> None:
    held = bookings.book(1, 2, 5)
    with pytest.raises(WrongState):
        join(bookings, held, "a")


@pytest.mark.parametrize(
    "causes", [(Cause.CANCEL,), (Cause.START, Cause.END)], ids=["cancelled", "releasing"]
)
def test_what_is_over_or_being_released_is_too_late(
    bookings: Calendar, number: int, causes: tuple[Cause, ...]
) -> None:
    join(bookings, number, "a")
    go(bookings, number, *causes)
    with pytest.raises(TooLate):
        join(bookings, number, "b")
    assert set(joined(bookings, number)) == {"a"}


def test_leaving_what_ends_by_itself_is_refused_like_cancelling_it(bookings: Calendar, number: int) -> None:
    join(bookings, number, "a")
    join(bookings, number, "b")
    go(bookings, number, Cause.START, Cause.END)
    with pytest.raises(WrongState):
        leave(bookings, number, "a")


def test_what_is_not_there_is_not_found(bookings: Calendar, number: int) -> None:
    for verb in (join, leave):
        with pytest.raises(NotFound):
            verb(bookings, 4711, "a")


def test_of_joining_and_the_last_leaving_at_once_nobody_is_left_in_what_was_cancelled(
    bookings: Calendar,
) -> None:
    for _ in range(10):
        booked = bookings.book(1, 2, 5)
        bookings.confirm(booked)
        join(bookings, booked, "a")
        gate = threading.Barrier(2)

        def ask(key: str, booked: int = booked, gate: threading.Barrier = gate) -> bool:
            gate.wait(60)
            try:
                (leave if key == "a" else join)(bookings, booked, key)
            except TooLate:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            left, came = pool.map(ask, "ab")
        assert left
        assert bookings.get(booked).state is (State.SCHEDULED if came else State.CANCELLED)
        if came:
            bookings.cancel(booked)


STEPS = st.lists(st.tuples(st.sampled_from(["join", "leave"]), st.sampled_from("abc")), max_size=12)


def test_it_lives_as_long_as_a_set_of_participants_that_was_ever_filled(bookings: Calendar) -> None:
    @examples(bookings.store, 40)
    @given(steps=STEPS)
    def holds(steps: list[tuple[str, str]]) -> None:
        booked = bookings.book(1, 2, 1)
        bookings.confirm(booked)
        inside: set[str] = set()
        ever: set[str] = set()
        over = False
        for step, key in steps:
            try:
                (join if step == "join" else leave)(bookings, booked, key)
            except TooLate:
                assert over
            except NotJoined:
                assert key not in ever
            else:
                (inside.add if step == "join" else inside.discard)(key)
                ever.add(key)
                over = over or not inside
            assert (bookings.get(booked).state is State.CANCELLED) is over
        if not over:
            bookings.cancel(booked)

    holds()


def flows(first: int = 0, last: int = 65535) -> FlowSpec:
    ports = PortRange(first, last)
    return FlowSpec.of(
        [FlowMatch(ip_network("10.0.0.0/8"), ip_network("0.0.0.0/0"), Protocol.TCP, destination_ports=ports)]
    )


def book(bookings: Calendar, path: str, spec: FlowSpec, start: float, end: float) -> int:
    request = a_request(hours(start, end), (PATH, MEGABIT))
    held = bookings.hold(replace(request, flows=FlowRequest(site=SITE, path=path, flows=spec)))
    bookings.confirm(held.id)
    return held.id


def find(bookings: Calendar, path: str, spec: FlowSpec, at: float) -> list[int]:
    request = FlowRequest(site=SITE, path=path, flows=spec)
    found = bookings.store.read(lambda s: sharing.find_flows(s, request, at=NOON + at * HOUR))
    return [view.id for view in found]


@pytest.fixture
def steered(bookings: Calendar) -> Calendar:
    bookings.store.write(lambda session: conflicts.offer_flows(session, SITE, now=bookings.now))
    return bookings


def test_the_same_packets_are_found_however_they_are_written(steered: Calendar) -> None:
    number = book(steered, "red", flows(5000, 6000), 1, 2)
    halves = FlowSpec((*flows(5500, 6000).boxes, *flows(5000, 5499).boxes))
    assert find(steered, "red", halves, 1) == [number]


@pytest.mark.parametrize(
    ("path", "ports", "at"),
    [
        ("green", (5000, 6000), 1.5),
        ("red", (5000, 5999), 1.5),
        ("red", (4999, 6000), 1.5),
        ("red", (5000, 6000), 2),
        ("red", (5000, 6000), 0.999),
    ],
    ids=["another path", "fewer", "more", "at its end", "before its start"],
)
def test_what_is_not_the_same_then_is_not_found(
    steered: Calendar, path: str, ports: tuple[int, int], at: float
) -> None:
    book(steered, "red", flows(5000, 6000), 1, 2)
    assert find(steered, path, flows(*ports), at) == []


def test_the_one_that_lasts_longest_is_told_first(steered: Calendar) -> None:
    short, long, also_short = (book(steered, "red", flows(), 1, end) for end in (2, 4, 2))
    assert find(steered, "red", flows(), 1.5) == [long, short, also_short]
    assert find(steered, "red", flows(), 3) == [long]


def test_one_that_is_being_released_is_told_and_may_not_be_joined(steered: Calendar) -> None:
    number = book(steered, "red", flows(), 1, 2)
    steered.now = NOON + 2 * HOUR
    go(steered, number, Cause.START, Cause.END)
    steered.store.write(
        lambda session: calendar.keep_claims(session, number, until=NOON + 3 * HOUR),
    )
    request = FlowRequest(site=SITE, path="red", flows=flows())
    (found,) = steered.store.read(lambda s: sharing.find_flows(s, request, at=NOON + 2.5 * HOUR))
    assert found.state is State.RELEASING
    assert not sharing.may_be_joined(found)


def test_a_cancelled_one_is_not_found(steered: Calendar) -> None:
    number = book(steered, "red", flows(), 1, 2)
    steered.cancel(number)
    assert find(steered, "red", flows(), 1) == []


def test_a_site_that_is_not_in_the_calendar_is_refused(bookings: Calendar) -> None:
    with pytest.raises(UnknownResource):
        find(bookings, "red", flows(), 1)
