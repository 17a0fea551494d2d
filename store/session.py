"""Transactions: short, retried as a whole, the same on every database."""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session, sessionmaker

from store.engine import make_engine
from store.errors import StoreUnavailable, may_retry, translated

T = TypeVar("T")

ATTEMPTS = 4
"""A transaction that met a deadlock is run again, three times."""

_RETRY_PAUSE_SECONDS = 0.02

ASKED_AT_ONCE = 1000
"""Values in one query: databases bound how many, SQLite at 32,766."""


class Store:
    """One database, reached through short transactions.

    `write` and `read` take a function rather than open a block, because a transaction that meets a
    deadlock is run again from its first statement; so the function must have no other effect than through
    its session.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        # SQLite has one writer at a time; queueing in Python is fair, queueing in SQLite is a busy loop.
        self._turn: contextlib.AbstractContextManager[Any] = (
            threading.Lock() if engine.dialect.name == "sqlite" else contextlib.nullcontext()
        )
        self._thread = threading.local()

    @property
    def url(self) -> str:
        """Where the database is, without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction and commit it, all of it or nothing.

        Raises:
            StoreUnavailable: the database is away, or the transaction met a deadlock four times.
            RuntimeError: called from inside another `write` of this thread, which would wait for itself.
            Exception: whatever `work` raises; then nothing is written.
        """
        if getattr(self._thread, "writing", False):
            raise RuntimeError("a write inside a write would wait for itself: pass the session on instead")
        self._thread.writing = True
        try:
            return self._write(work)
        finally:
            self._thread.writing = False

    def _write(self, work: Callable[[Session], T]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._turn, self._sessions() as session:
                    if self.engine.dialect.name == "sqlite":
                        session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
                    result = work(session)
                    session.commit()
                    return result
            except DBAPIError as error:
                if attempt == ATTEMPTS or not may_retry(error):
                    raise translated(error) from error
            except NoConnectionFree as error:
                raise StoreUnavailable(f"no connection to the database is free: {error}") from error
            time.sleep(random.uniform(0, _RETRY_PAUSE_SECONDS * attempt))  # noqa: S311 - jitter, no secret
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction that is never committed and takes no lock.

        Raises:
            StoreUnavailable: the database is away.
        """
        try:
            with self._sessions() as session:
                return work(session)
        except DBAPIError as error:
            raise translated(error) from error
        except NoConnectionFree as error:
            raise StoreUnavailable(f"no connection to the database is free: {error}") from error

    def ping(self) -> None:
        """Return if the database answers.

        Raises:
            StoreUnavailable: it does not.
        """
        self.read(lambda session: session.execute(text("SELECT 1")))

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_store(url: str | URL, *, patient: bool = False) -> Store:
    """The store behind a database URL; nothing is connected to yet.

    `sqlite:////var/lib/pathservice/pathservice.db`, `postgresql://user:password@host/name` or
    `mariadb://user:password@host/name`. READ COMMITTED everywhere; SQLite in WAL mode with foreign keys
    checked, its writers queued. `patient` waits for a statement for as long as it takes, for migrations.

    Raises:
        StoreUnavailable: the URL is malformed, names a database whose driver is not installed, or one in
            memory, of which every connection would have its own.
    """
    return Store(make_engine(url, patient=patient))


def database_clock(session: Session) -> datetime:
    """The database's own clock, aware UTC, to the millisecond or better: the one that all processes share."""
    dialect = session.get_bind().dialect.name
    if dialect == "sqlite":
        told = session.scalar(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"))
        return datetime.fromisoformat(str(told)).replace(tzinfo=UTC)
    if dialect == "postgresql":
        # Not now(): that is when the transaction began, which may have waited for a lock since.
        return cast("datetime", session.scalar(text("SELECT clock_timestamp()"))).astimezone(UTC)
    return cast("datetime", session.scalar(text("SELECT UTC_TIMESTAMP(6)"))).replace(tzinfo=UTC)
