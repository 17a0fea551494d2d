"""The verbs every door speaks.

Each takes a session inside a write transaction of the caller's (`Store.write`), so that a door's own rows
are written with the core's or not at all, and `now`. A verb never touches a device: it writes a state or a
wish, and when the worker shall look at it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from reservation import calendar, conflicts, numbers, parts
from reservation.admission import admit
from reservation.errors import NotFound, NumberTaken, SlotInThePast, TooLate, WrongState
from reservation.lifecycle import FINAL, FIRM, ON_DEVICES, Cause, State
from reservation.model import PartView, Request, ReservationView, TimeSlot, TransitionView
from reservation.moves import HIGHEST_ID, lock_reservation, move
from reservation.part_views import view_part
from reservation.tables import PartRow, ReservationRow, TransitionRow

CLOCKS_MAY_DIFFER_BY = timedelta(seconds=60)
"""A start this far back is taken as now: the asker's clock and ours are not the same."""


def hold(session: Session, request: Request, *, now: datetime) -> ReservationView:
    """Take everything the request asks for, until `request.hold_until`; then confirm it or it expires.

    A start up to a minute back is moved to `now`.

    Raises:
        SlotInThePast: the slot has ended, or started more than a minute ago.
        UnknownResource: a claim names a resource that is not in the calendar.
        CapacityExceeded: as `calendar.claim`.
        LabelsTaken: as `labels.claim_labels`.
        FlowConflict: as `conflicts.add_flows`.
        UnknownDevice: a part names a device the database does not know.
    """
    return admit(session, request, clamped(request.slot, now), now=now, made_by=request.owner)


def book(session: Session, request: Request, *, now: datetime, actor: str) -> ReservationView:
    """Hold and confirm at once, for a door that has nobody else to ask; `hold_until` plays no part.

    Raises:
        SlotInThePast, CapacityExceeded, LabelsTaken, UnknownResource, FlowConflict, UnknownDevice: as `hold`.
    """
    slot = clamped(request.slot, now)
    return admit(session, request, slot, now=now, made_by=request.owner, confirmed_by=actor)


def adopt(
    session: Session, number: int, request: Request, *, now: datetime, actor: str, reason: str
) -> ReservationView:
    """Make a reservation that devices carry already and this database does not know, under the number it had.

    As `book`; whoever asks starts it in the same transaction, or a pass would take off what it has.

    Raises:
        NumberTaken: there is, or was, a reservation of that number, or none can have it.
        SlotInThePast, CapacityExceeded, LabelsTaken, UnknownResource, FlowConflict, UnknownDevice: as `hold`.
    """
    if not 0 < number <= numbers.HIGHEST_TO_PASS:
        raise NumberTaken(f"reservations have numbers from 1 to {numbers.HIGHEST_TO_PASS}, not {number}")
    # The identity's lock, which that takes, is the first of all.
    numbers.pass_by(session, number)
    if session.get(ReservationRow, number) is not None:
        raise NumberTaken(f"this database has a reservation {number} of its own")
    slot = clamped(request.slot, now)
    return admit(
        session, request, slot, now=now, made_by=actor, confirmed_by=actor, number=number, reason=reason
    )


def confirm(
    session: Session, reservation_id: int, *, kind: str, now: datetime, actor: str
) -> ReservationView:
    """Make a hold firm: it will start when its slot does.

    Raises:
        NotFound: there is no such reservation.
        WrongState: it is not held, or its hold or slot is over.
    """
    row = lock_reservation(session, reservation_id, kind=kind)
    if row.hold_until is not None and row.hold_until <= now:
        raise WrongState(
            f"{kind} {reservation_id} was held until {row.hold_until.isoformat()}, which is over"
        )
    if row.end <= now:
        raise WrongState(f"{kind} {reservation_id}: its slot ended at {row.end.isoformat()}")
    move(session, row, Cause.CONFIRM, now=now, actor=actor)
    row.next_action_at = row.start
    session.flush()
    return view(row)


def extend(
    session: Session, reservation_id: int, *, kind: str, end: datetime, now: datetime
) -> ReservationView:
    """Let a reservation last until `end`. An end that is not later changes nothing.

    What its devices carry stays as it is; one that ends slots by itself is told the new end by the worker.

    Raises:
        NotFound: there is no such reservation.
        TooLate: it is over or on its way out.
        CapacityExceeded, LabelsTaken: as `calendar.extend_claims`.
        FlowConflict: as `conflicts.add_flows`, for the added time.
    """
    row = lock_reservation(session, reservation_id, kind=kind)
    require_going(row, now)
    if end <= row.end:
        return view(row)
    conflicts.recheck_flows(session, row.id, TimeSlot(row.end, end))
    calendar.extend_claims(session, row.id, until=end)
    row.end = end
    if row.state in ON_DEVICES:
        # The worker sees to it that those devices learn the end which end a slot by themselves.
        row.next_action_at = now
    session.flush()
    return view(row)


def require_going(row: ReservationRow, now: datetime) -> None:
    """Return if a reservation is held or promised, and neither over nor on its way out.

    Raises:
        TooLate: it is.
    """
    lapsed = row.hold_until is not None and row.hold_until <= now
    if row.state not in FIRM | {State.HELD} or row.wish is not None or lapsed:
        raise TooLate(f"{row.kind} {row.id} is {row.state} and on its way out")
    if row.end <= now:
        raise TooLate(f"{row.kind} {row.id} ended at {row.end.isoformat()}")


def cancel(
    session: Session, reservation_id: int, *, kind: str, now: datetime, actor: str, reason: str | None = None
) -> ReservationView:
    """End a reservation early. What no device carries yet is cancelled at once; else the worker takes it off.

    Cancelling one that is being cancelled already changes nothing.

    Raises:
        NotFound: there is no such reservation.
        WrongState: it has ended, or is ending by itself.
    """
    row = lock_reservation(session, reservation_id, kind=kind)
    if row.state is State.RELEASING and row.release_cause is Cause.CANCEL:
        return view(row)
    returning = row.state is State.RELEASING and row.release_cause is Cause.MOVED_LATER
    if row.state in FINAL or (row.state is State.RELEASING and not returning):
        raise WrongState(f"{kind} {reservation_id} is {row.state}: it cannot be cancelled any more")
    if row.state in {State.HELD, State.SCHEDULED}:
        move(session, row, Cause.CANCEL, now=now, actor=actor, reason=reason)
        row.reason = reason
        calendar.free_claims(session, row.id)
    elif row.wish in {None, Cause.MOVED_LATER}:
        wish(row, Cause.CANCEL, now=now, actor=actor, reason=reason)
    session.flush()
    return view(row)


def wish(row: ReservationRow, cause: Cause, *, now: datetime, actor: str, reason: str | None) -> None:
    """Ask the worker to make this move at its next look, which is now."""
    row.wish = cause
    row.wish_actor = actor
    row.reason = reason
    row.next_action_at = now


def get(session: Session, reservation_id: int, *, kind: str | None = None) -> ReservationView:
    """One reservation.

    Raises:
        NotFound: there is none of that number and kind.
    """
    row = session.get(ReservationRow, reservation_id) if reservation_id <= HIGHEST_ID else None
    if row is None or (kind is not None and row.kind != kind):
        raise NotFound(f"there is no {kind or 'reservation'} {reservation_id}")
    return view(row)


def list_reservations(
    session: Session,
    *,
    kind: str | None = None,
    states: Iterable[State] = (),
    owner: str | None = None,
    below: int | None = None,
    among: Select[int] | None = None,
    limit: int = 1000,
) -> tuple[ReservationView, ...]:
    """Reservations of a kind and in given states (all where none is given), newest first, at most `limit`.

    `owner` is whose they are, `below` keeps to lower numbers, `among` to those a door selects by its words.
    """
    query = select(ReservationRow).order_by(ReservationRow.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(ReservationRow.kind == kind)
    if wanted := list(states):
        query = query.where(ReservationRow.state.in_(wanted))
    if owner is not None:
        query = query.where(ReservationRow.owner == owner)
    if below is not None:
        query = query.where(ReservationRow.id < below)
    if among is not None:
        query = query.where(ReservationRow.id.in_(among))
    return tuple(view(row) for row in session.scalars(query))


def count_reservations(
    session: Session, *, kind: str, states: Iterable[State], owner: str | None = None
) -> dict[State, int]:
    """How many reservations of a kind are in each of these states; states without any are left out.

    With `owner`, those alone that are its own.
    """
    query = select(ReservationRow.state, func.count().label("number")).where(
        ReservationRow.kind == kind, ReservationRow.state.in_(list(states))
    )
    if owner is not None:
        query = query.where(ReservationRow.owner == owner)
    counted = session.execute(query.group_by(ReservationRow.state))
    return {row.state: row.number for row in counted}


def history(session: Session, reservation_id: int) -> tuple[TransitionView, ...]:
    """Every move of a reservation, oldest first."""
    rows = session.scalars(
        select(TransitionRow).where(TransitionRow.reservation_id == reservation_id).order_by(TransitionRow.id)
    )
    return tuple(
        TransitionView(
            at=row.at,
            from_state=row.from_state,
            to_state=row.to_state,
            cause=row.cause,
            actor=row.actor,
            reason=row.reason,
        )
        for row in rows
    )


def list_parts(session: Session, reservation_id: int) -> tuple[PartView, ...]:
    """What the devices must carry for a reservation, or carry still, far devices first."""
    rows = session.scalars(
        select(PartRow)
        .where(PartRow.reservation_id == reservation_id, ~parts.FORMER)
        .order_by(PartRow.stage, PartRow.id)
    )
    return tuple(view_part(row) for row in rows)


def view(row: ReservationRow) -> ReservationView:
    """The row as a value that may leave the core."""
    return ReservationView(
        id=row.id,
        kind=row.kind,
        owner=row.owner,
        slot=TimeSlot(row.start, row.end),
        state=row.state,
        created_at=row.created_at,
        hold_until=row.hold_until,
        activated_at=row.activated_at,
        ended_at=row.ended_at,
        release_cause=row.release_cause,
        cancel_requested=row.wish is Cause.CANCEL,
        outcome=row.outcome,
        reason=row.reason,
        waiting_for=row.waiting_for,
        modifying_since=row.modifying_since,
        degraded_since=row.degraded_since,
        version=row.version,
    )


def clamped(slot: TimeSlot, now: datetime) -> TimeSlot:
    """The slot as `hold` takes it: a start up to a minute back is moved to `now`.

    Raises:
        SlotInThePast: it has ended, or started more than a minute ago.
    """
    if slot.end <= now:
        raise SlotInThePast(f"the slot ended at {slot.end.isoformat()}; it is {now.isoformat()} here")
    if slot.start >= now:
        return slot
    if now - slot.start > CLOCKS_MAY_DIFFER_BY:
        raise SlotInThePast(f"the slot started at {slot.start.isoformat()}; it is {now.isoformat()} here")
    return TimeSlot(now, slot.end)
