"""Two reservations that steer the same packets different ways at the same time: the second is refused.

A site's flows are a resource of the calendar that has room for everybody: its row is the lock under which
flows are compared, and the claims on it say when each flow is steered, kept and freed with all the others.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from reservation import calendar
from reservation.errors import FlowConflict
from reservation.flows import FlowSpec, dump_flows, load_flows
from reservation.model import ClaimRequest, FlowRequest, TimeSlot
from reservation.tables import ClaimRow, FlowRow, ResourceRow


def flow_resource(site: str) -> str:
    """Name of a site's flows in the calendar; it sorts before pools and paths, so it is locked first."""
    return f"flows:{site}"


def offer_flows(session: Session, site: str, *, now: datetime) -> None:
    """Make the site's flows known to the calendar."""
    calendar.offer(session, flow_resource(site), capacity=calendar.UNLIMITED, unit="flow", now=now)


def lock_flows(session: Session, site: str) -> None:
    """Let nobody else claim, extend or free flows of the site to the end of the transaction.

    Raises:
        UnknownResource: the site's flows are not in the calendar.
    """
    calendar.lock_resources(session, [flow_resource(site)])


def flow_claim(request: FlowRequest) -> ClaimRequest:
    """What steering these packets takes of the site's flows."""
    return ClaimRequest(flow_resource(request.site), 1)


def add_flows(
    session: Session, reservation_id: int, request: FlowRequest, slot: TimeSlot, site: ResourceRow
) -> None:
    """Steer these packets for the slot, unless some of them are promised another path then.

    The same packets onto the same path are no contradiction. The caller has locked the site's flows, and
    claims one of them.

    Raises:
        FlowConflict: a reservation steers some of them elsewhere; the one of the lowest number is told.
    """
    _refuse_rivals(session, site, request.flows, request.path, slot)
    session.add(FlowRow(reservation_id=reservation_id, path=request.path, boxes=dump_flows(request.flows)))


def recheck_flows(session: Session, reservation_id: int, added: TimeSlot) -> None:
    """Return if a reservation that steers packets may go on steering them for the added time.

    Raises:
        FlowConflict: as `add_flows`.
    """
    flow = session.get(FlowRow, reservation_id)
    if flow is None:
        return
    names = session.scalars(
        select(ResourceRow.name)
        .join(ClaimRow, ClaimRow.resource_id == ResourceRow.id)
        .where(ClaimRow.reservation_id == reservation_id, ResourceRow.name.startswith(flow_resource("")))
    )
    for resource in calendar.lock_resources(session, names).values():
        _refuse_rivals(session, resource, load_flows(flow.boxes), flow.path, added)


def _refuse_rivals(
    session: Session, resource: ResourceRow, flows: FlowSpec, path: str, slot: TimeSlot
) -> None:
    rivals = session.execute(
        select(FlowRow.reservation_id, FlowRow.path, FlowRow.boxes)
        .join(ClaimRow, ClaimRow.reservation_id == FlowRow.reservation_id)
        .where(calendar.overlapping(resource, slot), FlowRow.path != path)
        .order_by(FlowRow.reservation_id)
    )
    for rival in rivals:
        if flows.overlaps(load_flows(rival.boxes)):
            raise FlowConflict(rival.reservation_id, rival.path)
