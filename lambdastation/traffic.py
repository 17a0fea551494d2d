"""What passed of tickets' packets, as their devices count them."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from lambdastation.ticket import Traffic
from reservation import parts
from reservation.model import PartCount, PartView
from reservation.part_views import view_part

STEERING = "policy-route"
"""The kind of the parts that steer. What only admits packets may stand in one line with others' tickets."""


def read_traffic(session: Session, ticket_ids: Collection[int]) -> dict[int, Traffic]:
    """What passed of these tickets' packets; those of which nobody can tell are missing."""
    found = parts.parts_of_each(session, ticket_ids)
    traffic = (traffic_of(number, [view_part(part) for part in of]) for number, of in found.items())
    return {one.ticket_id: one for one in traffic if one is not None}


def traffic_of(ticket_id: int, of_ticket: Sequence[PartView]) -> Traffic | None:
    """What passed of a ticket's packets by all its parts, those it had before it was modified too. Pure."""
    counts: dict[str, list[PartCount]] = {}
    for part in of_ticket:
        if part.kind == STEERING and part.count is not None:
            counts.setdefault(part.device, []).append(part.count)
    if not counts:
        return None
    every = [count for of_device in counts.values() for count in of_device]
    return Traffic(
        ticket_id=ticket_id,
        packets=max(sum(count.packets for count in of_device) for of_device in counts.values()),
        octets=_most_octets(counts),
        counted_at=max(count.counted_at for count in every),
        grew_at=max((count.grew_at for count in every if count.grew_at is not None), default=None),
    )


def _most_octets(counts: Mapping[str, Sequence[PartCount]]) -> int | None:
    told = [
        [count.octets for count in of_device if count.octets is not None] for of_device in counts.values()
    ]
    return max((sum(octets) for octets in told if octets), default=None)
