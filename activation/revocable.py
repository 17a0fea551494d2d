"""A store that can be taken away from the threads that have it.

A thread that waits for a hung device cannot be stopped. When its worker is, the thread finds the store shut,
whenever it comes back.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.orm import Session

from store import Store, StoreUnavailable

T = TypeVar("T")


class Revoked(StoreUnavailable):
    """The worker was stopped; nothing was written."""

    code = "worker-stopped"


class RevocableStore(Store):
    """Another store's transactions, until it is shut."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.engine)
        self._inner = store
        # Guards the two below; told when a transaction is over.
        self._over = threading.Condition()
        self._running = 0
        self._shut = False

    def write(self, work: Callable[[Session], T]) -> T:
        """As `Store.write`.

        Raises:
            Revoked: the store is shut, or was before the transaction could be committed.
            StoreUnavailable: as `Store.write`.
        """

        def unless_shut(session: Session) -> T:
            result = work(session)
            self._check()
            return result

        with self._transaction():
            return self._inner.write(unless_shut)

    def read(self, work: Callable[[Session], T]) -> T:
        """As `Store.read`.

        Raises:
            Revoked: the store is shut.
            StoreUnavailable: as `Store.read`.
        """
        with self._transaction():
            return self._inner.read(work)

    def shut(self, *, patience: float) -> None:
        """Begin no transaction any more, commit none that is running; wait so many seconds for those."""
        with self._over:
            self._shut = True
            self._over.wait_for(lambda: not self._running, timeout=patience)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._over:
            self._check()
            self._running += 1
        try:
            yield
        finally:
            with self._over:
                self._running -= 1
                self._over.notify_all()

    def _check(self) -> None:
        if self._shut:
            raise Revoked("the worker was stopped")
