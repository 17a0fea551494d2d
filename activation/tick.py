"""Moving the reservations that are due: the first of the three passes.

Ends before starts, so that what one gives back the next can take; many in one transaction, because on the
hour many end and many start. No device is touched: parts are wanted or wanted no more,
and their devices get a new generation. What no device has to hear of comes after all that, and alone.
"""

import functools
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from activation.clock import Clock
from activation.log import logger
from activation.succession import (
    WORKER,
    Standing,
    go_on,
    release_next_stage,
    standing,
    standings,
)
from activation.together import batches, try_together
from netconfig.capability import Capability
from reservation import calendar, parts
from reservation.errors import NotFound
from reservation.lifecycle import Cause, State
from reservation.moves import lock_reservation, lock_reservations, move
from reservation.pauses import pause_over
from reservation.tables import ReservationRow
from store import Store, StoreUnavailable, UtcDateTime

CLAIMS_KEPT_FOR = timedelta(minutes=10)
"""How far ahead of now the claims of a reservation being released are kept; renewed at half of it."""

BEGUN = frozenset({State.ACTIVATING, State.ACTIVE})
WITH_SLOT = BEGUN | {State.SCHEDULED}

LOOK_AGAIN = timedelta(seconds=1)
"""How soon one that waits for another's label is looked at again, where nobody says that it is free."""

log = logger("tick")


def tick(store: Store, now: datetime) -> Sequence[int]:
    """Move every reservation whose slot begins or ends; returns the others that are due, for `expire`.

    A row that cannot be moved is logged and tried again at the next pass; the others go on.
    """
    ending, starting, others = store.read(lambda session: _due(session, now))
    for work, due in ((_end_together, ending), (_start_together, starting)):
        for together in batches(due):
            moved = try_together(store, work, together, now, alone=_try_one, log=log)
            for reservation_id, before, after in moved or ():
                _log_moved(reservation_id, before, after)
    return others


def expire(store: Store, others: Sequence[int], now: datetime, *, clock: Clock) -> bool:
    """Move what a hold or a slot has run out for, and keep what is being released its claims.

    A row that cannot be moved is logged and tried again at the next pass; the others go on. Ends early, with
    False, where a slot has come meanwhile that `tick` should move first.
    """
    for count, together in enumerate(batches(others)):
        if count > 0 and store.read(lambda session: _has_come(session, since=now, now=clock.now())):
            return False
        for reservation_id in together:
            _try_one(store, reservation_id, now)
    return True


def _has_come(session: Session, *, since: datetime, now: datetime) -> bool:
    """Whether a slot begins or ends now that did not before."""
    at = ReservationRow.next_action_at
    come = select(ReservationRow.id).where(at > since, at <= now)
    return session.scalar(come.where(ReservationRow.state.in_(sorted(WITH_SLOT))).limit(1)) is not None


def next_action_at(session: Session) -> datetime | None:
    """When the next reservation is due, or None when nothing ever is."""
    return session.scalar(_next_action_at())


@functools.cache
def _next_action_at() -> Select[datetime | None]:
    # Built once: it is asked ten times a second.
    return (
        select(ReservationRow.next_action_at)
        .where(ReservationRow.next_action_at.is_not(None))
        .order_by(ReservationRow.next_action_at)
        .limit(1)
    )


def _due(session: Session, now: datetime) -> tuple[list[int], list[int], list[int]]:
    """Those that are due: what ends, what starts, and all else."""
    ending: list[int] = []
    starting: list[int] = []
    others: list[int] = []
    for row in session.execute(_reservations_due(), {"now": now}):
        if row.state in BEGUN:
            ending.append(row.id)
        elif row.state is State.SCHEDULED and now < row.end:
            starting.append(row.id)
        else:
            others.append(row.id)
    return ending, starting, others


@functools.cache
def _reservations_due() -> Select[int, State, datetime]:
    # Built once: it is asked at every strike.
    return (
        select(ReservationRow.id, ReservationRow.state, ReservationRow.end)
        .where(ReservationRow.next_action_at <= bindparam("now", type_=UtcDateTime))
        .order_by(ReservationRow.next_action_at, ReservationRow.id)
    )


def _end_together(
    session: Session, reservation_ids: Sequence[int], now: datetime
) -> list[tuple[int, State, State]]:
    found = lock_reservations(session, reservation_ids)
    # They may have moved, or been put off, since they were found.
    due = {row: row.state for row in found if row.state in BEGUN and _is_due(row, now)}
    calendar.lock_resources_of(session, [row.id for row in due])
    parts.lock_devices_of(session, [row.id for row in due])
    for row in due:
        _on_devices(session, row, now)
    return [(row.id, before, row.state) for row, before in due.items()]


def _start_together(
    session: Session, reservation_ids: Sequence[int], now: datetime
) -> list[tuple[int, State, State]]:
    found = lock_reservations(session, reservation_ids)
    due = [row for row in found if row.state is State.SCHEDULED and _is_due(row, now) and now < row.end]
    parts.lock_devices_of(session, [row.id for row in due])
    # Every row is written once, at the end, and not for each question to the database in between.
    with session.no_autoflush:
        how = standings(session, [row.id for row in due])
        for row in due:
            _start(session, row, how[row.id], now)
    return [(row.id, State.SCHEDULED, row.state) for row in due]


def _is_due(row: ReservationRow, now: datetime) -> bool:
    return row.next_action_at is not None and row.next_action_at <= now


def _try_one(store: Store, reservation_id: int, now: datetime) -> None:
    try:
        _move_one(store, reservation_id, now)
    except StoreUnavailable:
        raise
    except Exception:
        log.exception("reservation not moved", reservation=reservation_id)


def _move_one(store: Store, reservation_id: int, now: datetime) -> None:
    def work(session: Session) -> tuple[State, State]:
        row = lock_reservation(session, reservation_id)
        before = row.state
        # The row may have moved, or been put off, since it was found.
        if _is_due(row, now):
            _STEPS[row.state](session, row, now)
        return before, row.state

    try:
        before, after = store.write(work)
    except NotFound:
        return
    _log_moved(reservation_id, before, after)


def _log_moved(reservation_id: int, before: State, after: State) -> None:
    if before is not after:
        log.info("reservation moved", reservation=reservation_id, **{"from": before, "to": after})


def _held(session: Session, row: ReservationRow, now: datetime) -> None:
    move(session, row, Cause.TIMEOUT, now=now, actor=WORKER)
    row.reason = "the hold was not confirmed in time"
    calendar.free_claims(session, row.id)


def _scheduled(session: Session, row: ReservationRow, now: datetime) -> None:
    _start(session, row, standing(session, row.id), now)


def _start(session: Session, row: ReservationRow, stands: Standing, now: datetime) -> None:
    if row.end <= now:
        reason = "the slot passed before it could be started"
        if row.waiting_for is not None:
            reason += f": it waited for {row.waiting_for}"
        move(session, row, Cause.MISSED, now=now, actor=WORKER, reason=reason)
        row.reason = reason
        calendar.free_claims(session, row.id)
        return
    row.waiting_for = stands.held
    if row.waiting_for is not None:
        row.next_action_at = min(now + LOOK_AGAIN, row.end)
        return
    move(session, row, Cause.START, now=now, actor=WORKER)
    row.next_action_at = row.end
    by_stage = [part for part in stands.parts if not part.superseded]
    parts.switch(session, [part for part in by_stage if part.stage == by_stage[0].stage], wanted=True)


def _on_devices(session: Session, row: ReservationRow, now: datetime) -> None:
    cause = row.wish or Cause.END
    if cause is Cause.END and now < row.end:
        # Woken before its end: it is being modified, or the end was another.
        row.next_action_at = row.end
        parts.tell_end(session, row.id, able=Capability.SLOT_END)
        if row.modifying_since is not None:
            go_on(session, row, standing(session, row.id), now)
        return
    actor = row.wish_actor or WORKER
    if cause is Cause.END and row.activated_at is None:
        row.reason = _why_late(session, row)
    move(session, row, cause, now=now, actor=actor, reason=row.reason)
    row.next_action_at = now + CLAIMS_KEPT_FOR / 2
    row.release_cause = cause
    row.degraded_since = row.modifying_since = None
    _hold_on(session, row, now)
    release_next_stage(session, parts.parts_of(session, row.id))


def _why_late(session: Session, row: ReservationRow) -> str:
    behind = [part for part in parts.parts_of(session, row.id) if not parts.in_sync(part)]
    devices = sorted({part.device.name for part in behind})
    held = next(filter(None, (pause_over(session, device) for device in devices)), None)
    why = held or next((f"{part.device.name}: {part.error}" for part in behind if part.error), None)
    return f"the slot ended before every device carried it{f': {why}' if why else ''}"


def _releasing(session: Session, row: ReservationRow, now: datetime) -> None:
    row.next_action_at = now + CLAIMS_KEPT_FOR / 2
    _hold_on(session, row, now)


def _hold_on(session: Session, row: ReservationRow, now: datetime) -> None:
    # What it has taken for a slot to come stays as it is.
    returns = row.release_cause is Cause.MOVED_LATER
    calendar.keep_claims(session, row.id, until=now + CLAIMS_KEPT_FOR, only_leaving=returns)


_STEPS = {
    State.HELD: _held,
    State.SCHEDULED: _scheduled,
    State.ACTIVATING: _on_devices,
    State.ACTIVE: _on_devices,
    State.RELEASING: _releasing,
}
