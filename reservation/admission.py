"""Letting a request in: its row, the first lines of its log, and all that it asks for; or nothing of it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from reservation import calendar, conflicts, labels, parts
from reservation.lifecycle import Cause, State
from reservation.model import Request, ReservationView, TimeSlot
from reservation.moves import log_transitions, making, transition
from reservation.new_rows import add_row
from reservation.tables import ReservationRow


def admit(
    session: Session,
    request: Request,
    slot: TimeSlot,
    *,
    now: datetime,
    made_by: str,
    confirmed_by: str | None = None,
    number: int | None = None,
    reason: str | None = None,
) -> ReservationView:
    """Make a reservation of everything the request asks for: held, or confirmed at once by `confirmed_by`.

    It is for that slot, whatever the request's; it has the next number, or `number`, which nothing has had;
    `reason` is why it was made.

    Raises:
        UnknownResource, CapacityExceeded, LabelsTaken, FlowConflict, UnknownDevice: as `service.hold`.
    """
    log = [making(now=now, actor=made_by, reason=reason)]
    hold_until: datetime | None = request.hold_until
    next_action_at = request.hold_until
    if confirmed_by is not None:
        log.append(transition(State.HELD, Cause.CONFIRM, now=now, actor=confirmed_by))
        hold_until, next_action_at = None, slot.start
    row: Mapping[str, object] = {
        **({} if number is None else {"id": number}),
        "kind": request.kind,
        "owner": request.owner,
        "start": slot.start,
        "end": slot.end,
        "state": log[-1].to_state,
        "created_at": now,
        "hold_until": hold_until,
        "next_action_at": next_action_at,
    }
    number = add_row(session, ReservationRow, row)
    log_transitions(session, number, log)
    _take(session, number, request, slot)
    return ReservationView(
        id=number,
        kind=request.kind,
        owner=request.owner,
        slot=slot,
        state=log[-1].to_state,
        created_at=now,
        hold_until=hold_until,
    )


def _take(session: Session, reservation_id: int, request: Request, slot: TimeSlot) -> None:
    claims = request.claims
    if request.flows is not None:
        claims = (conflicts.flow_claim(request.flows), *claims)
    names = [*(claim.resource for claim in claims), *(label.pool for label in request.labels)]
    resources = calendar.lock_resources(session, names) if names else {}
    if request.flows is not None:
        site = resources[conflicts.flow_resource(request.flows.site)]
        conflicts.add_flows(session, reservation_id, request.flows, slot, site)
    labels.claim_labels(session, reservation_id, request.labels, slot, resources)
    calendar.claim(session, reservation_id, claims, slot, resources)
    parts.add_parts(session, reservation_id, request.parts)
    session.flush()
