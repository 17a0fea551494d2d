"""Moving a reservation on once its parts are in sync: the last of the three passes.

Going up, stage n+1 is wanted when stage n is in sync; going down, stage n-1 is wanted no more when stage n
is gone. After the last the reservation is ACTIVE, or RELEASED.
"""

from datetime import datetime

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from activation.log import logger
from activation.tick import WORKER, release_next_stage
from reservation import calendar, parts
from reservation.errors import NotFound
from reservation.lifecycle import Cause, Outcome, State
from reservation.moves import lock_reservation, move
from reservation.tables import PartRow, ReservationRow
from store import Store, StoreUnavailable

log = logger("settle")


def settle(store: Store, now: datetime) -> None:
    """Move every reservation on whose parts allow it, whoever brought them so far.

    A reservation that cannot be moved is logged and tried again at the next pass; the others go on.
    """
    for reservation_id in store.read(ready):
        try:
            moved = store.write(lambda session, id_=reservation_id: _settle_one(session, id_, now))  # type: ignore[misc]
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("reservation not moved", reservation=reservation_id)
            continue
        if moved is not None:
            log.info("reservation moved", reservation=reservation_id, to=moved)


def ready(session: Session) -> tuple[int, ...]:
    """The reservations on their way up or down that wait for no part any more."""
    behind = exists().where(
        PartRow.reservation_id == ReservationRow.id, PartRow.synced_generation < PartRow.generation
    )
    going_up = and_(
        ReservationRow.state == State.ACTIVATING,
        ReservationRow.wish.is_(None),
        ~behind.where(PartRow.wanted),
    )
    going_down = and_(ReservationRow.state == State.RELEASING, ~behind.where(~PartRow.wanted))
    query = select(ReservationRow.id).where(or_(going_up, going_down)).order_by(ReservationRow.id)
    return tuple(session.scalars(query))


def _settle_one(session: Session, reservation_id: int, now: datetime) -> State | None:
    try:
        row = lock_reservation(session, reservation_id)
    except NotFound:
        return None
    before = row.state
    if before is State.ACTIVATING and row.wish is None:
        _go_up(session, row, now)
    elif before is State.RELEASING:
        _go_down(session, row, now)
    return None if row.state is before else row.state


def _go_up(session: Session, row: ReservationRow, now: datetime) -> None:
    of_reservation = parts.parts_of(session, row.id)
    if not all(parts.in_sync(part) for part in of_reservation if part.wanted):
        return
    ahead = [part for part in of_reservation if not part.wanted]
    if ahead:
        parts.switch(session, [part for part in ahead if part.stage == ahead[0].stage], wanted=True)
        return
    move(session, row, Cause.IN_SYNC, now=now, actor=WORKER)
    row.activated_at = now
    row.next_action_at = row.end


def _go_down(session: Session, row: ReservationRow, now: datetime) -> None:
    of_reservation = parts.parts_of(session, row.id)
    if not all(parts.in_sync(part) for part in of_reservation if not part.wanted):
        return
    if release_next_stage(session, of_reservation):
        return
    row.outcome = _outcome(row)
    move(session, row, Cause.GONE, now=now, actor=WORKER, reason=row.reason)
    calendar.free_claims(session, row.id)


def _outcome(row: ReservationRow) -> Outcome:
    if row.release_cause is Cause.CANCEL:
        return Outcome.CANCELLED
    # What was never verified on a device did not complete, whatever the reason.
    if row.release_cause is Cause.REJECTED or row.activated_at is None:
        return Outcome.FAILED
    return Outcome.COMPLETED
