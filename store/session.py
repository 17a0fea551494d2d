"""Transactions: short, retried as a whole, the same on every database."""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool

T = TypeVar("T")

ATTEMPTS = 4
"""A transaction that met a deadlock is run again, three times."""

BUSY_TIMEOUT_SECONDS = 10
_RETRY_PAUSE_SECONDS = 0.02

# What a database says when the very same transaction may succeed a moment later.
_RETRYABLE_SQLSTATES = {"40001", "40P01", "55P03"}
_RETRYABLE_MARIADB_CODES = {1020, 1205, 1213}


class StoreUnavailable(Exception):
    """The database cannot be reached or does not answer; nothing was written."""

    code = "store-unavailable"


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
                if attempt == ATTEMPTS or not _may_retry(error):
                    raise _translated(error) from error
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
            raise _translated(error) from error
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


def _may_retry(error: DBAPIError) -> bool:
    original = error.orig
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    if state in _RETRYABLE_SQLSTATES:
        return True
    arguments = getattr(original, "args", ())
    if arguments and arguments[0] in _RETRYABLE_MARIADB_CODES:
        return True
    return "database is locked" in str(original)


def _translated(error: DBAPIError) -> Exception:
    away = isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated
    # No finer class: what SQLite raises for a file that is damaged or no database at all.
    if away or type(error) is DatabaseError:
        # The driver's words may hold the address but never the statement's values.
        return StoreUnavailable(f"the database did not do it: {str(error.orig).strip()}")
    return error


def open_store(url: str | URL) -> Store:
    """The store behind a database URL (`sqlite:////var/lib/pathservice/pathservice.db`).

    READ COMMITTED everywhere; SQLite in WAL mode with foreign keys checked, its writers queued.

    Raises:
        StoreUnavailable: the URL is malformed, names a database whose driver is not installed, or one in
            memory, of which every connection would have its own.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            if parsed.database in {None, "", ":memory:"}:
                raise StoreUnavailable("database URL: SQLite needs a file, sqlite:////path/to/file.db")
            engine = create_engine(
                parsed, poolclass=QueuePool, connect_args={"timeout": BUSY_TIMEOUT_SECONDS}
            )
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            engine = create_engine(parsed, isolation_level="READ COMMITTED", pool_pre_ping=True)
    except (ImportError, SQLAlchemyError) as error:
        raise StoreUnavailable(f"database URL: {error}") from error
    return Store(engine)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction control would commit before DDL and begin too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


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
