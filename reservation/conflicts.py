"""Two reservations that steer the same packets different ways at the same time: the second is refused.

A site's flows are a resource of the calendar that has room for everybody: its row is the lock under which
flows are compared, and the claims on it say when each flow is steered, kept and freed with all the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from reservation import calendar, offering
from reservation.errors import FlowConflict
from reservation.flows import FlowSpec, dump_flows, load_flows
from reservation.model import Changed, ClaimRequest, FlowRequest, TimeSlot
from reservation.new_rows import add_rows
from reservation.overlap import overlapping
from reservation.tables import ClaimRow, FlowRow, ResourceRow


def flow_resource(site: str) -> str:
    """Name of a site's flows in the calendar; it sorts before pools and paths, so it is locked first."""
    return f"flows:{site}"


def offer_flows(session: Session, site: str, *, now: datetime) -> None:
    """Make the site's flows known to the calendar."""
    offering.offer(session, flow_resource(site), capacity=calendar.UNLIMITED, unit="flow", now=now)


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
    row = {"reservation_id": reservation_id, "path": request.path, "boxes": dump_flows(request.flows)}
    add_rows(session, FlowRow, [row])


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
        _refuse_rivals(session, resource, load_flows(flow.boxes), flow.path, added, without=reservation_id)


def change_flows(
    session: Session,
    reservation_id: int,
    resource: ResourceRow,
    request: FlowRequest | None,
    *,
    checked: Changed,
    leaves: bool,
) -> None:
    """Steer these packets instead (None: the same ones), in a slot that may be another one.

    The site's flows are locked by the caller, who moves the claim on them. Where the reservation `leaves`
    what devices may carry, the packets of before stay known until `forget_leaving`.

    Raises:
        FlowConflict: as `add_flows`, of packets or times that the reservation did not have before.
    """
    row = session.get_one(FlowRow, reservation_id)
    was = load_flows(row.boxes)
    flows, path = (was, row.path) if request is None else (request.flows, request.path)
    for slot in checked.added:
        _refuse_rivals(session, resource, flows, path, slot, without=reservation_id)
    news = flows if path != row.path else flows.without(was)
    if checked.common is not None and news.boxes:
        _refuse_rivals(session, resource, news, path, checked.common, without=reservation_id)
    if leaves:
        row.leaving = [*(row.leaving or ()), (row.path, row.boxes)]
    row.path, row.boxes = path, dump_flows(flows)


def forget_leaving(session: Session, reservation_id: int) -> None:
    """The packets of before are steered by no device any more."""
    flow = session.get(FlowRow, reservation_id)
    if flow is not None:
        flow.leaving = None


def contradicted_spans(session: Session, request: FlowRequest, within: TimeSlot) -> list[TimeSlot]:
    """When within the slot some of these packets are promised another path, so that nobody may claim them.

    The spans are whole and may overlap. Nothing is locked.

    Raises:
        UnknownResource: the site's flows are not in the calendar.
    """
    resource = calendar.known_resource(session, flow_resource(request.site))
    return [rival.during for rival in _rivals(session, resource, request.flows, request.path, within)]


def _refuse_rivals(
    session: Session,
    resource: ResourceRow,
    flows: FlowSpec,
    path: str,
    slot: TimeSlot,
    *,
    without: int | None = None,
) -> None:
    for rival in _rivals(session, resource, flows, path, slot, without=without):
        raise FlowConflict(rival.reservation_id, rival.path)


@dataclass(frozen=True, slots=True)
class _Rival:
    """Who steers some of the packets elsewhere, where to, and when."""

    reservation_id: int
    path: str
    during: TimeSlot


def _rivals(
    session: Session,
    resource: ResourceRow,
    flows: FlowSpec,
    path: str,
    slot: TimeSlot,
    *,
    without: int | None = None,
) -> Iterator[_Rival]:
    """Those who contradict at some instant of the slot, the lowest number first."""
    claimed = (ClaimRow.leaving, ClaimRow.start, ClaimRow.end)
    query = (
        select(FlowRow.reservation_id, FlowRow.path, FlowRow.boxes, FlowRow.leaving, *claimed)
        .join(ClaimRow, ClaimRow.reservation_id == FlowRow.reservation_id)
        .where(overlapping(resource, slot), or_(FlowRow.path != path, FlowRow.leaving.is_not(None)))
        .order_by(FlowRow.reservation_id)
    )
    if without is not None:
        query = query.where(FlowRow.reservation_id != without)
    # The same flow is booked again and again.
    judged: dict[str, bool] = {}
    for number, their_path, boxes, former, is_former, start, end in session.execute(query):
        for rival, theirs in (former or ()) if is_former else ((their_path, boxes),):
            written = str(theirs)
            if rival != path and written not in judged:
                judged[written] = flows.overlaps(load_flows(theirs))
            if rival != path and judged[written]:
                yield _Rival(number, rival, TimeSlot(start, end))
