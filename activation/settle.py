"""Moving a reservation on once its parts are in sync: the last of the three passes.

Going up, stage n+1 is wanted when stage n is in sync; going down, stage n-1 is wanted no more when stage n
is gone. After the last the reservation is ACTIVE, or RELEASED, or SCHEDULED again for a later slot. What was
modified while active goes up with the new, then down with the old, and is ACTIVE all the time.
"""

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from activation.log import logger
from activation.succession import (
    WORKER,
    Standing,
    forget_former,
    go_on,
    release_next_stage,
    standing,
    standings,
)
from activation.tick import LOOK_AGAIN
from activation.together import batches, try_together
from reservation import calendar, labels, parts
from reservation.errors import NotFound
from reservation.lifecycle import Cause, Outcome, State
from reservation.moves import lock_reservation, lock_reservations, move
from reservation.tables import PartRow, ReservationRow
from store import Store, StoreUnavailable

log = logger("settle")


def settle(store: Store, now: datetime) -> bool:
    """Move every reservation on whose parts allow it, whoever brought them so far.

    A reservation that cannot be moved is logged and tried again at the next pass; the others go on. Returns
    whether some are due now that waited for what was given back.
    """
    going_up, others = store.read(_ready)
    for work, ready in ((_go_up_together, going_up), (_go_together, others)):
        for together in batches(ready):
            moved = try_together(store, work, together, now, alone=_try_one, log=log)
            for reservation_id, to in (moved or {}).items():
                _log_moved(reservation_id, to)
    return bool(others) and _wake(store, now)


def _wake(store: Store, now: datetime) -> bool:
    waiting = store.read(lambda session: labels.free_to_start(session, now=now, within=LOOK_AGAIN))
    if waiting:
        store.write(lambda session: labels.look_now(session, waiting, now=now))
    return bool(waiting)


def _go_up_together(
    session: Session, reservation_ids: Sequence[int], now: datetime
) -> Mapping[int, State | None]:
    """Only those that are on their way up for the first time: no claims are to be locked for them."""
    found = lock_reservations(session, reservation_ids)
    up = [row.id for row in found if row.state is State.ACTIVATING and row.modifying_since is None]
    parts.lock_devices_of(session, up)
    # Every row is written once, at the end, and not for each question to the database in between.
    with session.no_autoflush:
        how = standings(session, up)
        return {number: _settle_one(session, number, now, stands=how[number]) for number in up}


def _go_together(
    session: Session, reservation_ids: Sequence[int], now: datetime
) -> Mapping[int, State | None]:
    found = [row.id for row in lock_reservations(session, reservation_ids)]
    calendar.lock_resources_of(session, found)
    parts.lock_devices_of(session, found)
    return {number: _settle_one(session, number, now) for number in found}


def _try_one(store: Store, reservation_id: int, now: datetime) -> None:
    try:
        moved = store.write(lambda session: _settle_one(session, reservation_id, now))
    except StoreUnavailable:
        raise
    except Exception:
        log.exception("reservation not moved", reservation=reservation_id)
    else:
        _log_moved(reservation_id, moved)


def _log_moved(reservation_id: int, to: State | None) -> None:
    if to is not None:
        log.info("reservation moved", reservation=reservation_id, to=to)


def _ready(session: Session) -> tuple[list[int], list[int]]:
    """The reservations on their way that wait for no part any more: simply up, and all the others."""
    going_up: list[int] = []
    others: list[int] = []
    for row in session.execute(_reservations_ready()):
        is_simple = row.state is State.ACTIVATING and row.modifying_since is None
        (going_up if is_simple else others).append(row.id)
    return going_up, others


@functools.cache
def _reservations_ready() -> Select[int, State, datetime | None]:
    # Built once: it is asked at every strike.
    behind = exists().where(
        PartRow.reservation_id == ReservationRow.id, PartRow.synced_generation < PartRow.generation
    )
    new_behind = behind.where(PartRow.wanted, ~PartRow.superseded)
    old_behind = behind.where(~PartRow.wanted, PartRow.superseded)
    ahead = exists().where(PartRow.reservation_id == ReservationRow.id, ~PartRow.wanted, ~PartRow.superseded)
    going_up = and_(ReservationRow.state == State.ACTIVATING, ReservationRow.wish.is_(None), ~new_behind)
    changing = and_(
        ReservationRow.state == State.ACTIVE,
        ReservationRow.modifying_since.is_not(None),
        ReservationRow.wish.is_(None),
        ~new_behind,
        or_(ahead, ~old_behind),
    )
    going_down = and_(ReservationRow.state == State.RELEASING, ~behind.where(~PartRow.wanted))
    return (
        select(ReservationRow.id, ReservationRow.state, ReservationRow.modifying_since)
        .where(or_(going_up, changing, going_down))
        .order_by(ReservationRow.id)
    )


def _settle_one(
    session: Session, reservation_id: int, now: datetime, *, stands: Standing | None = None
) -> State | None:
    try:
        row = lock_reservation(session, reservation_id)
    except NotFound:
        return None
    before = row.state
    changing = before is State.ACTIVE and row.modifying_since is not None
    if (before is State.ACTIVATING or changing) and row.wish is None:
        go_on(session, row, stands or standing(session, row.id), now)
    elif before is State.RELEASING:
        _go_down(session, row, now)
    return None if row.state is before else row.state


def _go_down(session: Session, row: ReservationRow, now: datetime) -> None:
    of_reservation = parts.parts_of(session, row.id)
    if not all(parts.in_sync(part) for part in of_reservation if not part.wanted):
        return
    if release_next_stage(session, of_reservation):
        return
    if row.release_cause is Cause.MOVED_LATER and row.wish is None:
        _go_back(session, row, now)
        return
    finish(session, row, Cause.GONE, now=now, actor=row.wish_actor or WORKER)


def finish(session: Session, row: ReservationRow, cause: Cause, *, now: datetime, actor: str) -> None:
    """Release a reservation that is on no device any more, and what it took."""
    row.outcome = _outcome(row)
    move(session, row, cause, now=now, actor=actor, reason=row.reason)
    calendar.free_claims(session, row.id)


def _go_back(session: Session, row: ReservationRow, now: datetime) -> None:
    move(session, row, Cause.GONE_FOR_NOW, now=now, actor=WORKER)
    row.next_action_at = row.start
    # As if it had never been started: how it goes in its new slot is judged by that alone.
    row.release_cause = row.activated_at = None
    forget_former(session, row)


def _outcome(row: ReservationRow) -> Outcome:
    if Cause.CANCEL in {row.release_cause, row.wish}:
        return Outcome.CANCELLED
    # What was never verified on a device did not complete, whatever the reason.
    if row.release_cause is Cause.REJECTED or row.activated_at is None:
        return Outcome.FAILED
    return Outcome.COMPLETED
