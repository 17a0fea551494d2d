"""One reservation for several who want the same: join, leave, and finding what can be joined.

A reservation that somebody has joined ends with its slot or when the last participant leaves. One that
nobody joined knows of no participants and ends as it always did.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from reservation import calendar, labels, service
from reservation.conflicts import flow_resource
from reservation.errors import NotJoined, WrongState
from reservation.flows import load_flows
from reservation.lifecycle import FIRM, State
from reservation.model import FlowRequest, Participant, ParticipantView, ReservationView, TimeSlot
from reservation.moves import lock_reservation
from reservation.overlap import overlapping
from reservation.tables import ClaimRow, FlowRow, ParticipantRow, ReservationRow
from reservation.window_values import LabelledFlows

_INSTANT = timedelta(microseconds=1)


def find_flows(
    session: Session, request: FlowRequest, *, at: datetime, labelled: LabelledFlows | None = None
) -> tuple[ReservationView, ...]:
    """Reservations that steer exactly these packets onto this path at that instant, the latest end first.

    With `labelled`, those that have a label of its pool and steer the packets that go with that label instead
    of the request's.

    Those that are being released are among them. Nothing is locked: after `conflicts.lock_flows` the answer
    holds to the end of the transaction, before it may be old by the time it is read; `join` tells.

    Raises:
        UnknownResource: the site's flows, or the pool, are not in the calendar.
    """
    resource = calendar.known_resource(session, flow_resource(request.site))
    found = session.execute(
        select(ReservationRow, FlowRow.boxes)
        .join(FlowRow, FlowRow.reservation_id == ReservationRow.id)
        .join(ClaimRow, ClaimRow.reservation_id == ReservationRow.id)
        .where(
            overlapping(resource, TimeSlot(at, at + _INSTANT)),
            ~ClaimRow.leaving,
            FlowRow.path == request.path,
        )
        .order_by(ClaimRow.end.desc(), ReservationRow.id)
        .execution_options(populate_existing=True)
    )
    if labelled is None:
        return tuple(service.view(row) for row, boxes in found if request.flows.same_as(load_flows(boxes)))
    has = labels.labels_of(session, labelled.label.pool, TimeSlot(at, at + _INSTANT))
    return tuple(
        service.view(row)
        for row, boxes in found
        if row.id in has and labelled.flows(has[row.id]).same_as(load_flows(boxes))
    )


def may_be_joined(reservation: ReservationView) -> bool:
    """Whether it was promised and not on its way out when it was read."""
    return reservation.state in FIRM and not reservation.cancel_requested


def join(
    session: Session, reservation_id: int, participant: Participant, *, kind: str, now: datetime
) -> ReservationView:
    """Keep a reservation for one more; joining again changes nothing, joining after leaving begins anew.

    Raises:
        NotFound: there is no such reservation.
        TooLate: it is over or on its way out.
        WrongState: it is held and may yet lapse.
    """
    row = lock_reservation(session, reservation_id, kind=kind)
    service.require_going(row, now)
    if row.state is State.HELD:
        raise WrongState(f"{kind} {reservation_id} is only held: it cannot be joined yet")
    known = session.get(ParticipantRow, (reservation_id, participant.key), populate_existing=True)
    if known is None:
        _add(session, reservation_id, participant, now)
    elif known.left_at is not None:
        known.joined_at, known.left_at = now, None
    session.flush()
    return service.view(row)


def begin(session: Session, reservation_id: int, participant: Participant, *, now: datetime) -> None:
    """Keep a reservation for its first participant, in the transaction that has made it."""
    _add(session, reservation_id, participant, now)
    session.flush()


def _add(session: Session, reservation_id: int, participant: Participant, now: datetime) -> None:
    session.add(
        ParticipantRow(
            reservation_id=reservation_id,
            key=participant.key,
            subject=participant.subject,
            issuer=participant.issuer,
            joined_at=now,
        )
    )


def leave(
    session: Session,
    reservation_id: int,
    key: str,
    *,
    kind: str,
    now: datetime,
    actor: str,
    reason: str | None = None,
) -> ReservationView:
    """Keep a reservation for one less; when the last leaves it is cancelled. Leaving again changes nothing.

    Raises:
        NotFound: there is no such reservation.
        NotJoined: nobody of that key ever joined it.
        WrongState: it has ended, or is ending by itself.
    """
    row = lock_reservation(session, reservation_id, kind=kind)
    leaving = session.get(ParticipantRow, (reservation_id, key), populate_existing=True)
    if leaving is None:
        raise NotJoined(f"{kind} {reservation_id} was not joined by that one")
    if leaving.left_at is not None:
        return service.view(row)
    leaving.left_at = now
    session.flush()
    others = any(one.left_at is None for one in participants(session, reservation_id))
    if others and row.state in FIRM:
        return service.view(row)
    return service.cancel(session, reservation_id, kind=kind, now=now, actor=actor, reason=reason)


def participants(session: Session, reservation_id: int) -> tuple[ParticipantView, ...]:
    """Everybody who ever joined a reservation, in the order they did."""
    rows = session.scalars(
        select(ParticipantRow)
        .where(ParticipantRow.reservation_id == reservation_id)
        .order_by(ParticipantRow.joined_at, ParticipantRow.key)
    )
    return tuple(
        ParticipantView(Participant(row.key, row.subject, row.issuer), row.joined_at, row.left_at)
        for row in rows
    )
