"""What another version of the site would mean for the tickets there are.

Nothing of it happens to them: a ticket keeps what was written down when it was opened.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from lambdastation.admission import admit
from lambdastation.authorization import authorize
from lambdastation.caller import Caller, Operation
from lambdastation.errors import Refused
from lambdastation.extent import Extent
from lambdastation.records import KIND, read_tickets
from lambdastation.site import Site
from lambdastation.steering import parse_resource
from lambdastation.ticket import Ticket, TicketQuery, TicketRequest
from netconfig.intent import AccessPermit, PolicyRoute, load_intent
from reservation.calendar import amounts_of
from reservation.lifecycle import FIRM, State
from reservation.model import PartRequest
from reservation.parts import requested_parts

MOST_TICKETS = 10_000
"""Tickets that are asked about, the newest first."""


@dataclass(frozen=True, slots=True)
class TicketEffect:
    """A ticket that would not be the same if it were opened under another version of the site.

    Attributes:
        sentence: what it has, and what it would get or why it would be refused.
    """

    ticket_id: int
    state: State
    sentence: str


def find_effects(session: Session, site: Site, *, now: datetime) -> tuple[TicketEffect, ...]:
    """Every ticket, booked or on devices, that the site would place otherwise or refuse now; by number."""
    states = FIRM | {State.HELD}
    tickets = read_tickets(session, TicketQuery(states=tuple(states), limit=MOST_TICKETS)).tickets
    parts = requested_parts(session, kind=KIND, states=states)
    taken = amounts_of(session, [ticket.ticket_id for ticket in tickets])
    effects = []
    for ticket in sorted(tickets, key=lambda ticket: ticket.ticket_id):
        has = parts.get(ticket.ticket_id, ())
        sentence = _effect(ticket, has, _fallbacks(ticket, taken[ticket.ticket_id]), site, now)
        if sentence is not None:
            effects.append(TicketEffect(ticket.ticket_id, ticket.state, sentence))
    return tuple(effects)


def _fallbacks(ticket: Ticket, taken: Iterable[str]) -> frozenset[str]:
    """Colours of the paths beside its own on which a ticket has bandwidth."""
    found = filter(None, map(parse_resource, taken))
    return frozenset(colour for colour, _ in found if colour != ticket.topology)


def _effect(
    ticket: Ticket, has: tuple[PartRequest, ...], falls_back: frozenset[str], site: Site, now: datetime
) -> str | None:
    caller = Caller(ticket.credential_subject, ticket.credential_issuer)
    try:
        admission = admit(_asked_again(ticket), site, now=now)
        authorize(
            site,
            caller,
            Operation.OPEN_TICKET,
            client=admission.ends.client.name,
            topology=admission.topology.name,
            extent=Extent(
                out_bits_per_second=admission.out_bits_per_second,
                in_bits_per_second=admission.in_bits_per_second,
                duration=admission.slot.length,
                horizon=admission.slot.end - now,
            ),
        )
    except Refused as error:
        return f"keeps what it has; opened now it would be refused: {error.code}: {error}"
    would = tuple(placed.part() for placed in admission.placed)
    would_fall_back = frozenset(path.name for path in admission.fallbacks)
    if _counted(has) == _counted(would) and falls_back == would_fall_back:
        return None
    gone, come = _words(has, falls_back), _words(would, would_fall_back)
    if gone == come:
        return "keeps the packets it has; opened now it would be for others"
    return f"keeps {_told(gone - come)}; opened now it would get {_told(come - gone)}"


def _asked_again(ticket: Ticket) -> TicketRequest:
    """The request that a ticket answers: for the very packets, path and time it has."""
    return TicketRequest(
        src_site=ticket.src_site,
        src_client=ticket.src_client,
        src_ip=ticket.src_ip,
        src_port=ticket.src_port,
        dst_site=ticket.dst_site,
        dst_client=ticket.dst_client,
        dst_ip=ticket.dst_ip,
        dst_port=ticket.dst_port,
        local_path=ticket.topology,
        remote_path=ticket.remote_path,
        out_bandwidth=str(ticket.out_bits_per_second),
        in_bandwidth=str(ticket.in_bits_per_second),
        dscp_request_out=ticket.dscp_request_out,
        dscp_request_in=ticket.dscp_request_in,
        dscp_out=ticket.dscp_out,
        dscp_in=ticket.dscp_in,
        start_at=ticket.start_at,
        end_at=ticket.end_at,
    )


def _counted(parts: Iterable[PartRequest]) -> Counter[str]:
    return Counter(json.dumps([part.device, part.stage, dict(part.intent)], sort_keys=True) for part in parts)


def _words(parts: Iterable[PartRequest], fallbacks: Iterable[str]) -> Counter[str]:
    return Counter([*map(_word, parts), *(f"its bandwidth on {colour} too" for colour in fallbacks)])


def _word(part: PartRequest) -> str:
    try:
        intent = load_intent(part.intent)
    except ValueError:
        return f"something on {part.device} that this release cannot read"
    match intent:
        case PolicyRoute():
            policy = f" by {intent.policy}" if intent.policy else ""
            return f"{intent.next_hop} from {intent.interface}{policy} on {part.device}{_down(intent)}"
        case AccessPermit():
            span = f"{intent.sequences.first}-{intent.sequences.last}"
            return f"entries {span} of {intent.access_list} on {part.device}"
        case _:
            return f"{intent.kind} on {part.device}"


def _down(intent: PolicyRoute) -> str:
    if intent.next_hop_down is None:
        return ""
    fallback = intent.next_hop_down.fallback
    instead = "withdrawn" if fallback is None else f"{fallback} instead"
    return f" ({instead} while that does not answer)"


def _told(words: Counter[str]) -> str:
    return " and ".join(sorted(words.elements())) or "nothing"
