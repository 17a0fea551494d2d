"""What the tests of the earliest slot ask for, and how."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

from netconfig.intent import FlowMatch, PortRange, Protocol
from reservation.flows import FlowSpec
from reservation.lifecycle import State
from reservation.model import ClaimRequest, FlowRequest, TimeSlot
from reservation.window import find_window
from reservation.window_values import Transfer, Window, WindowAnswer, WindowRequest
from tests.contract.reservation.conftest import (
    MEGABIT,
    Calendar,
    a_request,
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
