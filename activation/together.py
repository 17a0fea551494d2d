"""Many reservations moved in one transaction, and one by one where that fails: docs/adr/0035."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from store import Store, StoreUnavailable

TOGETHER = 50
"""Reservations moved in one transaction: it should not keep who wants to book waiting."""

Moved = TypeVar("Moved")


def batches(reservation_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """These in the same order, as many at a time as one transaction should move."""
    for begin in range(0, len(reservation_ids), TOGETHER):
        yield reservation_ids[begin : begin + TOGETHER]


def try_together(
    store: Store,
    work: Callable[[Session, Sequence[int], datetime], Moved],
    reservation_ids: Sequence[int],
    now: datetime,
    *,
    alone: Callable[[Store, int, datetime], None],
    log: Any,
) -> Moved | None:
    """What `work` moved of these in one transaction; None where it failed and each was tried `alone`.

    Raises:
        StoreUnavailable: the database is away: nothing was moved.
    """
    try:
        return store.write(lambda session: work(session, reservation_ids, now))
    except StoreUnavailable:
        raise
    except Exception:
        log.exception("reservations not moved together", reservations=list(reservation_ids))
    for reservation_id in reservation_ids:
        alone(store, reservation_id, now)
    return None
