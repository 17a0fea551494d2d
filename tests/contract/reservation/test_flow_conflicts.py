"""The same packets are never promised two paths at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from sqlalchemy.orm import Session

from netconfig.intent import FlowMatch, PortRange, Protocol
from reservation import calendar, conflicts
from reservation.errors import FlowConflict, UnknownResource
from reservation.flows import FlowSpec
from reservation.lifecycle import Cause
from reservation.model import FlowRequest
from reservation.moves import lock_reservation, move
from tests.contract.reservation.conftest import MEGABIT, PATH, Calendar, a_request, hours

SITE = "Fermilab"
THREADS, ROUNDS = 16, 10


def to_port(first: int, last: int) -> FlowSpec:
    ports = PortRange(first, last)
    return FlowSpec.of(
        [FlowMatch(ip_network("10.0.0.0/8"), ip_network("0.0.0.0/0"), Protocol.TCP, destination_ports=ports)]
    )


@pytest.fixture
def steered(bookings: Calendar) -> Calendar:
    """The calendar, with the site's flows in it."""
    bookings.store.write(lambda session: conflicts.offer_flows(session, SITE, now=bookings.now))
    return bookings


def book(steered: Calendar, path: str, spec: FlowSpec, start: float, end: float, *, site: str = SITE) -> int:
    request = a_request(hours(start, end), (PATH, MEGABIT))
    return steered.hold(replace(request, flows=FlowRequest(site=site, path=path, flows=spec))).id


def test_overlapping_packets_on_another_path_are_refused_and_the_other_is_named(steered: Calendar) -> None:
    first = book(steered, "red", to_port(5000, 6000), 1, 2)
    with pytest.raises(FlowConflict) as refusal:
        book(steered, "green", to_port(6000, 7000), 1.5, 3)
    assert (refusal.value.other, refusal.value.path) == (first, "red")


def test_nothing_of_the_refused_one_is_left(steered: Calendar) -> None:
    book(steered, "red", to_port(5000, 6000), 1, 2)
    for _ in range(3):
        with pytest.raises(FlowConflict):
            book(steered, "green", to_port(5000, 6000), 1, 2)
    assert steered.book(1, 2, 999 * MEGABIT)


@pytest.mark.parametrize(
    ("path", "ports", "slot"),
    [
        ("green", (6001, 7000), (1, 2)),
        ("red", (5500, 5600), (1, 2)),
        ("green", (5000, 6000), (2, 3)),
        ("green", (5000, 6000), (0, 1)),
    ],
    ids=["other packets", "the same path", "back to back after", "back to back before"],
)
def test_what_does_not_contradict_gets_in(
    steered: Calendar, path: str, ports: tuple[int, int], slot: tuple[float, float]
) -> None:
    book(steered, "red", to_port(5000, 6000), 1, 2)
    assert book(steered, path, to_port(*ports), *slot)


def test_another_sites_flows_do_not_matter(steered: Calendar) -> None:
    steered.store.write(lambda session: conflicts.offer_flows(session, "Caltech", now=steered.now))
    book(steered, "red", to_port(5000, 6000), 1, 2)
    assert book(steered, "green", to_port(5000, 6000), 1, 2, site="Caltech")


def test_a_cancelled_one_stands_in_nobodys_way(steered: Calendar) -> None:
    first = book(steered, "red", to_port(5000, 6000), 1, 2)
    steered.cancel(first)
    assert book(steered, "green", to_port(5000, 6000), 1, 2)


def test_packets_belong_to_their_reservation_until_the_device_has_let_them_go(steered: Calendar) -> None:
    first = book(steered, "red", to_port(5000, 6000), 1, 2)
    late = steered.now + timedelta(hours=3)

    def release(session: Session) -> None:
        row = lock_reservation(session, first)
        for cause in (Cause.CONFIRM, Cause.START, Cause.END):
            move(session, row, cause, now=late, actor="worker")
        calendar.keep_claims(session, first, until=late + timedelta(minutes=10))

    steered.store.write(release)
    with pytest.raises(FlowConflict):
        book(steered, "green", to_port(5000, 6000), 2, 3)
    steered.store.write(lambda session: calendar.free_claims(session, first))
    assert book(steered, "green", to_port(5000, 6000), 2, 3)


def test_a_site_that_is_not_in_the_calendar_is_refused(bookings: Calendar) -> None:
    with pytest.raises(UnknownResource):
        book(bookings, "red", to_port(5000, 6000), 1, 2)


def test_of_many_that_contradict_each_other_one_gets_in_every_time(steered: Calendar) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for round_number in range(ROUNDS):
            gate = threading.Barrier(THREADS)

            def ask(number: int, gate: threading.Barrier = gate, start: int = round_number) -> int | None:
                gate.wait(60)
                try:
                    return book(steered, f"path-{number}", to_port(5000, 5000 + number), start, start + 1)
                except FlowConflict:
                    return None

            answers = list(pool.map(ask, range(THREADS)))
            assert len([answer for answer in answers if answer is not None]) == 1
