"""Which path a flow takes now, and why: by the tickets that a station has."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from hosttools.flow import Address, Flow
from hosttools.record import On
from hosttools.station import Surroundings
from lambdastation.client import Client, State, Ticket, TicketQuery

LIVE = (State.SCHEDULED, State.ACTIVATING, State.ACTIVE, State.RELEASING)
"""States in which a ticket has to do with packets, now or later."""
_WORD = re.compile(r"(?P<protocol>tcp|udp)(?: (?P<how>eq|range|le|ge) (?P<low>\d+)(?:[- ](?P<high>\d+))?)?")
_ON = {State.ACTIVE: On.ALTERNATE, State.ACTIVATING: On.CHANGING, State.RELEASING: On.CHANGING}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a flow's packets go.

    Attributes:
        name: the path's, None where it is not known.
        path: its name and colour, or what it is.
        why: a sentence.
    """

    on: On
    name: str | None
    path: str
    why: str


def standing_now(client: Client, flow: Flow, dscp: int | None, around: Surroundings) -> Standing:
    """Where a flow goes by the tickets that the station has now.

    Raises:
        ClientError: it does not tell.
    """
    return standing(flow, dscp, client.every_ticket(TicketQuery(states=LIVE)), around)


def standing(flow: Flow, dscp: int | None, tickets: Iterable[Ticket], around: Surroundings) -> Standing:
    """Where a flow goes, whose packets carry a code point (None for 0)."""
    covering = [ticket for ticket in tickets if covers(ticket, flow)]
    marked = [ticket for ticket in covering if ticket.dscp_out in {None, dscp or 0}]
    for ticket in sorted(marked, key=lambda each: (each.state not in _ON, each.start_at)):
        number = f"ticket {ticket.ticket_id}"
        if ticket.state not in _ON:
            return _production(around, f"{number} begins at {ticket.start_at:%Y-%m-%d %H:%M:%S} UTC")
        why = f"{number} is {ticket.state.value}, until {ticket.end_at:%Y-%m-%d %H:%M:%S} UTC"
        if ticket.dry_run:
            return _production(around, f"{why}; its routers are only rehearsed on")
        name = ticket.local_path
        return Standing(_ON[ticket.state], name, _words(around, name), why)
    for ticket in covering:
        needed = f"ticket {ticket.ticket_id} is for packets with DSCP {ticket.dscp_out} alone"
        return _production(around, f"{needed}, these carry {dscp or 0}")
    return _production(around, "no ticket is for these packets")


def covers(ticket: Ticket, flow: Flow) -> bool:
    """Whether a ticket is for all packets of a flow, their DSCP aside, whichever end it calls source."""
    there = (ticket.src_ip, ticket.src_port, ticket.dst_ip, ticket.dst_port)
    back = (ticket.dst_ip, ticket.dst_port, ticket.src_ip, ticket.src_port)
    return any(
        _holds(near_ip, flow.local)
        and _holds(far_ip, flow.remote)
        and _takes(near_port, flow.protocol, flow.local_ports)
        and _takes(far_port, flow.protocol, flow.remote_ports)
        for near_ip, near_port, far_ip, far_port in (there, back)
    )


def _holds(blocks: str, address: Address) -> bool:
    return any(address in ip_network(block) for block in re.split(r"[,\s]+", blocks) if block)


def _takes(words: str | None, protocol: str, ports: tuple[int, ...]) -> bool:
    """Whether port words, as a station writes them, are for all of these ports; for none given, any."""
    if words is None:
        return True
    ranges = [_range(found) for found in _WORD.finditer(words) if found["protocol"] == protocol]
    wanted = [(port, port) for port in ports] or [(0, 65535)]
    return all(any(low <= first and last <= high for low, high in ranges) for first, last in wanted)


def _range(word: re.Match[str]) -> tuple[int, int]:
    low = int(word["low"] or 0)
    match word["how"]:
        case "eq":
            return low, low
        case "range":
            return low, int(word["high"] or low)
        case "le":
            return 0, low
        case "ge":
            return low, 65535
        case _:
            return 0, 65535


def _production(around: Surroundings, why: str) -> Standing:
    name = None if around.production is None else around.production.name
    return Standing(On.PRODUCTION, name, _words(around, name), why)


def _words(around: Surroundings, name: str | None) -> str:
    path = around.named(name)
    return name or "the production path" if path is None else f"{path.name} ({path.topology})"
