"""Making a move: the lifecycle's table applied to a row, with its line in the log."""

import functools
from collections.abc import Iterable
from datetime import datetime
from typing import cast

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from reservation.errors import NotFound, WrongState
from reservation.lifecycle import FINAL, MOVES, Cause, State
from reservation.model import TransitionView
from reservation.new_rows import add_rows
from reservation.tables import ReservationRow, TransitionRow

HIGHEST_ID = 2**31 - 1
"""No reservation has a higher number; not every database can even be asked for one."""


def lock_reservation(session: Session, reservation_id: int, *, kind: str | None = None) -> ReservationRow:
    """The row, locked to the end of the transaction: the first lock of the house's order.

    What the transaction has locked before is not read again, as in `row_locks`.

    Raises:
        NotFound: there is none of that number (and kind).
    """
    row = _locked(session).get(reservation_id)
    if row is None and reservation_id <= HIGHEST_ID:
        row = session.get(ReservationRow, reservation_id, with_for_update=True, populate_existing=True)
        if row is not None:
            _locked(session)[reservation_id] = row
    if row is None or (kind is not None and row.kind != kind):
        raise NotFound(f"there is no {kind or 'reservation'} {reservation_id}")
    return row


def lock_reservations(session: Session, reservation_ids: Iterable[int]) -> list[ReservationRow]:
    """Those of these that there are, locked in the order of their numbers."""
    wanted = sorted(set(reservation_ids))
    if not wanted:
        return []
    rows = list(session.scalars(_locking(), {"reservations": wanted}))
    _locked(session).update({row.id: row for row in rows})
    return rows


@functools.cache
def _locking() -> Select[ReservationRow]:
    # Built once: every pass locks some.
    return (
        select(ReservationRow)
        .where(ReservationRow.id.in_(bindparam("reservations", expanding=True)))
        .order_by(ReservationRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _locked(session: Session) -> dict[int, ReservationRow]:
    return cast("dict[int, ReservationRow]", session.info.setdefault(("locked", ReservationRow), {}))


def move(
    session: Session,
    row: ReservationRow,
    cause: Cause,
    *,
    now: datetime,
    actor: str,
    reason: str | None = None,
) -> None:
    """Take the row where the table of moves says and write the move down.

    Raises:
        WrongState: the table has no such move from where the row is.
    """
    to = MOVES[row.state].get(cause)
    if to is None:
        raise WrongState(f"{row.kind} {row.id} is {row.state}: {cause} is not possible")
    line = transition(row.state, cause, now=now, actor=actor, reason=reason)
    log_transitions(session, row.id, [line])
    row.state = to
    row.wish = row.wish_actor = None
    row.hold_until = None
    row.waiting_for = None
    row.next_action_at = None
    if to in FINAL:
        row.ended_at = now


def making(*, now: datetime, actor: str, reason: str | None = None) -> TransitionView:
    """The first line of a reservation's log: it is made, and held."""
    return TransitionView(
        at=now, from_state=None, to_state=State.HELD, cause=None, actor=actor, reason=reason
    )


def transition(
    was: State, cause: Cause, *, now: datetime, actor: str, reason: str | None = None
) -> TransitionView:
    """The line of a move that the table has from that state."""
    to = MOVES[was][cause]
    return TransitionView(at=now, from_state=was, to_state=to, cause=cause, actor=actor, reason=reason)


def log_transitions(session: Session, reservation_id: int, lines: Iterable[TransitionView]) -> None:
    """Write these lines, in order, into the log of a reservation that the database has."""
    rows = [
        {
            "reservation_id": reservation_id,
            "at": line.at,
            "from_state": line.from_state,
            "to_state": line.to_state,
            "cause": line.cause,
            "actor": line.actor,
            "reason": line.reason,
        }
        for line in lines
    ]
    add_rows(session, TransitionRow, rows)
