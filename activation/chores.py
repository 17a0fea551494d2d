"""What doors have done on the worker's clock: each says itself when there is something to do.

A chore is run by every worker there is, so it does what it does once however many come, and begins with
reading what is due. It runs between ticks: nothing that waits for anybody but the database.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from activation.log import logger
from activation.tick import next_action_at
from store import Store, StoreUnavailable

log = logger("chores")


class Chore(Protocol):
    """Something of a door's that is due at times that stand in its own rows."""

    @property
    def name(self) -> str:
        """What it is called in the log."""
        ...

    def next_at(self, session: Session) -> datetime | None:
        """When there is something to do next, None when nothing ever is: a question asked often."""
        ...

    def run(self, store: Store, now: datetime) -> bool:
        """Do what is due, in short transactions: all that must not start with the tick that follows.

        Of the rest so much that no slot waits for it; returns whether it left some.
        """
        ...


def run_due(store: Store, chores: Sequence[Chore], now: datetime) -> bool:
    """Run those that have something to do; one that fails is logged and comes again, the others go on.

    Returns whether one of them left something that is due.

    Raises:
        StoreUnavailable: the database is away.
    """
    more = False
    for chore in chores:
        try:
            due = store.read(chore.next_at)
            if due is not None and due <= now:
                more = chore.run(store, now) or more
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("chore failed", chore=chore.name)
    return more


def next_due(session: Session, chores: Sequence[Chore]) -> datetime | None:
    """When the next reservation or chore is due, None when nothing ever is."""
    instants = (next_action_at(session), *(chore.next_at(session) for chore in chores))
    return min((instant for instant in instants if instant is not None), default=None)
