"""What the worker's clock does for slivers: those that expire are deleted, those that restart go on again.

A chore in the sense of `activation.chores`, which this door does not know.
"""

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from reservation import service
from reservation.lifecycle import State
from reservation.moves import lock_reservation
from reservation.tables import ReservationRow
from store import Store, StoreUnavailable
from tbam.lifetime import delete, go_on_restarting, schedule
from tbam.slivers import KIND, Found
from tbam.tables import ShutSliceRow, SliverRow

FOUND_AT_ONCE = 1000
AT_ONCE = 25
"""Slivers that are looked at in one run, beside those whose slot would start: all other slots wait for it."""

CLOCK = "tbam"
"""Who deletes a sliver that expires, in the log of its moves."""

log = structlog.get_logger("tbam")


class Expiry:
    """Slivers that are due; any number of workers may run it at once."""

    name = "slivers"

    def next_at(self, session: Session) -> datetime | None:
        """When the next sliver is to be looked at."""
        return session.scalar(
            select(SliverRow.due_at).where(SliverRow.due_at.is_not(None)).order_by(SliverRow.due_at).limit(1)
        )

    def run(self, store: Store, now: datetime) -> bool:
        """Delete what has expired or was shut down, and switch on again what is restarting.

        What lasts as long as its slot the core ends by itself. Each in a transaction of its own; one that
        cannot be is logged and comes again, the others go on. First those that would start, all of them, or
        they would be on for a moment; then some of the others. Returns whether some were left.
        """
        starting, others = store.read(lambda session: _due(session, now))
        for number in starting:
            _try_one(store, number, now)
        looked_at = 0
        for number in others:
            if looked_at == AT_ONCE:
                return True
            looked_at += _try_one(store, number, now)
        return False


def _due(session: Session, now: datetime) -> tuple[list[int], list[int]]:
    """Those to look at: those that would start, and the others."""
    due = select(SliverRow.reservation_id).where(SliverRow.due_at <= now).order_by(SliverRow.due_at)
    would_start = due.join(ReservationRow, ReservationRow.id == SliverRow.reservation_id).where(
        ReservationRow.state == State.SCHEDULED, ReservationRow.next_action_at <= now
    )
    starting = list(session.scalars(would_start.limit(FOUND_AT_ONCE)))
    found = session.scalars(due.limit(FOUND_AT_ONCE))
    return starting, [number for number in found if number not in starting]


def _try_one(store: Store, number: int, now: datetime) -> bool:
    """Whether it could be looked at."""
    try:
        store.write(lambda session: _look(session, number, now))
    except StoreUnavailable:
        raise
    except Exception:
        log.exception("sliver not looked at", reservation=number)
        return False
    return True


def _look(session: Session, number: int, now: datetime) -> None:
    lock_reservation(session, number, kind=KIND)
    row = session.get_one(SliverRow, number, populate_existing=True)
    if row.due_at is None or row.due_at > now:
        # Renewed, or looked at by another worker, while this one waited for the lock.
        return
    found = Found(row, service.get(session, number, kind=KIND))
    if session.get(ShutSliceRow, row.slice_key) is not None:
        delete(session, found, now=now, actor=CLOCK, reason="its slice was shut down")
    elif row.expires_at <= now and row.expires_at < found.view.slot.end:
        delete(session, found, now=now, actor=CLOCK, reason=f"it expired at {row.expires_at.isoformat()}")
        log.info("sliver expired", sliver=row.sliver_urn)
    elif row.restarting:
        go_on_restarting(session, found, now=now, actor=CLOCK)
    else:
        schedule(row, found.view, row.expires_at)
