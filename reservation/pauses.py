"""Why nothing is pushed now: everywhere, or to one device.

An operator freezes all pushes, a worker that suspects its database starts to observe, a device is in
maintenance: one mechanism. Requests are booked and slots begin and end meanwhile; what devices should carry
is made true when the last pause over them is lifted.

A pause begins and ends under the locks of the devices it is over. Whoever holds a device's lock sees it as
it will be until the lock is let go.
"""

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from reservation.lifecycle import State
from reservation.moves import lock_reservation, lock_reservations
from reservation.parts import lock_devices
from reservation.tables import DeviceRow, PauseRow, ReservationRow

EVERYWHERE = ""
"""The device of a pause that is over all of them."""


class PauseCause(StrEnum):
    """What a pause is for."""

    FREEZE = "freeze"
    OBSERVE = "observe"
    MAINTENANCE = "maintenance"


_SAID = {
    PauseCause.FREEZE: "all pushes are frozen",
    PauseCause.OBSERVE: "all devices are only observed",
    PauseCause.MAINTENANCE: "the device is in maintenance",
}


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that stands.

    Attributes:
        device: which one it is over; None for all.
        actor: who began it.
    """

    cause: PauseCause
    device: str | None
    since: datetime
    actor: str
    reason: str

    def __str__(self) -> str:
        return f"{_SAID[self.cause]} since {self.since:%Y-%m-%d %H:%M:%S} UTC, by {self.actor}: {self.reason}"


def begin_pause(
    session: Session, cause: PauseCause, *, device: str | None = None, now: datetime, actor: str, reason: str
) -> bool:
    """Let nothing be pushed there from now on. False where that cause stands already, which then stays.

    A push that was written down before goes on to its end.

    Raises:
        UnknownDevice: the database does not know the device.
    """
    _lock(session, device)
    if session.get(PauseRow, (cause, device or EVERYWHERE)) is not None:
        return False
    row = PauseRow(cause=cause, device=device or EVERYWHERE, since=now, actor=actor, reason=reason)
    session.add(row)
    session.flush()
    return True


def observe(session: Session, *, now: datetime, actor: str, reason: str) -> bool:
    """Only observe from now on; False where that is so already, and then the reason is added to those."""
    if begin_pause(session, PauseCause.OBSERVE, now=now, actor=actor, reason=reason):
        return True
    row = session.get_one(PauseRow, (PauseCause.OBSERVE, EVERYWHERE))
    if reason not in row.reason:
        row.reason = f"{row.reason}; {reason}"
    return False


def end_pauses(
    session: Session, causes: Collection[PauseCause], *, device: str | None = None
) -> tuple[Pause, ...]:
    """Lift the pauses of these causes that stand exactly there; their devices are tried at once.

    Returns those that were lifted. `stop_waiting` is for a transaction after this one.

    Raises:
        UnknownDevice: the database does not know the device.
    """
    devices = _lock(session, device)
    found = session.scalars(
        select(PauseRow)
        .where(PauseRow.device == (device or EVERYWHERE), PauseRow.cause.in_(sorted(causes)))
        .order_by(PauseRow.since, PauseRow.cause)
    ).all()
    for row in found:
        session.delete(row)
    if found:
        for known in devices:
            known.next_attempt_at = None
            if known.evictions:
                # What was ordered meanwhile is no difference that a pass would see.
                known.generation += 1
    session.flush()
    return tuple(_view(row) for row in found)


def list_pauses(session: Session) -> tuple[Pause, ...]:
    """Every pause that stands, those over all devices first."""
    return tuple(
        _view(row) for row in session.scalars(select(PauseRow).order_by(PauseRow.device, PauseRow.since))
    )


def pause_over(session: Session, device: str, *, but: Collection[PauseCause] = ()) -> Pause | None:
    """What keeps pushes from a device, causes in `but` not counted: the oldest; None where nothing does."""
    over = session.scalars(_pauses_over(), {"devices": [EVERYWHERE, device]})
    return next((_view(row) for row in over if row.cause not in but), None)


@functools.cache
def _pauses_over() -> Select[PauseRow]:
    # Built once: it is asked before every push.
    return (
        select(PauseRow)
        .where(PauseRow.device.in_(bindparam("devices", expanding=True)))
        .order_by(PauseRow.since, PauseRow.cause)
    )


def in_maintenance(session: Session, devices: Collection[str]) -> Pause | None:
    """The maintenance of one of these devices; None where none of them is in any.

    Nothing is locked: with the devices locked the answer holds to the end of the transaction.
    """
    rows = session.scalars(
        select(PauseRow)
        .where(PauseRow.device.in_(sorted(devices)), PauseRow.cause == PauseCause.MAINTENANCE)
        .order_by(PauseRow.device)
        .execution_options(populate_existing=True)
    )
    return next((_view(row) for row in rows), None)


def wait_for(session: Session, reservation_id: int, pause: Pause) -> str:
    """Have a reservation that is taken all the same say what it waits for, until that is over; the words.

    The caller has locked the devices, and the pause stands.
    """
    row = lock_reservation(session, reservation_id)
    row.waiting_for = _awaited(pause)
    session.flush()
    return row.waiting_for


def stop_waiting(session: Session) -> None:
    """Have no reservation say that it waits for a pause that has ended.

    After the transaction that ended it: one that was taken meanwhile is only then to be seen.
    """
    waiting = select(ReservationRow.id, ReservationRow.waiting_for).where(
        ReservationRow.state.in_(sorted([State.HELD, State.SCHEDULED])),
        ReservationRow.waiting_for.startswith(_AWAITED, autoescape=True),
    )
    said = {row.id: row.waiting_for for row in session.execute(waiting)}
    # Read after the words: what was said before stands among these, or has ended.
    standing = {_awaited(pause) for pause in list_pauses(session)}
    over = [number for number, words in said.items() if words not in standing]
    for reservation in lock_reservations(session, over):
        if reservation.waiting_for == said[reservation.id]:
            reservation.waiting_for = None


_AWAITED = "the end of a device's "


def _awaited(pause: Pause) -> str:
    return f"{_AWAITED}{pause.cause}, since {pause.since:%Y-%m-%d %H:%M:%S} UTC"


def _lock(session: Session, device: str | None) -> Sequence[DeviceRow]:
    names = [device] if device is not None else list(session.scalars(select(DeviceRow.name)))
    return list(lock_devices(session, names).values())


def _view(row: PauseRow) -> Pause:
    return Pause(
        cause=PauseCause(row.cause),
        device=row.device or None,
        since=row.since,
        actor=row.actor,
        reason=row.reason,
    )
