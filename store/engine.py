"""An engine for each kind of database, set up so that all of them behave alike.

READ COMMITTED, times in UTC, text in UTF-8, nothing cut off silently, and no wait without an end: for a
connection, for a lock, for a network that is gone, for a process that stalls with a transaction open.
"""

import importlib
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from store.errors import StoreUnavailable

CONNECT_SECONDS = 5
LOCK_SECONDS = 10
ANSWER_SECONDS = 60
"""After so long without an answer, or with a transaction open and nothing said, a connection is given up."""

_POOL: dict[str, Any] = {"pool_size": 15, "max_overflow": 0}
"""Connections that were needed once are kept: opening one costs more than a booking."""


def make_engine(url: str | URL, *, patient: bool = False) -> Engine:
    """The engine for a database URL; `patient` waits for a statement for as long as it takes (a migration).

    Nothing is connected to. What the URL says in its query goes before what is set here.

    Raises:
        StoreUnavailable: the URL is malformed, or names a database that we do not know or whose driver is not
            installed.
    """
    try:
        parsed = make_url(url)
        kind, _, driver = parsed.drivername.partition("+")
        if kind not in _MAKERS:
            raise StoreUnavailable(f"database URL: {kind} is none of {', '.join(_MAKERS)}")
        if driver not in {"", _DRIVERS[kind]}:
            raise StoreUnavailable(f"database URL: write {kind}://, not {parsed.drivername}://")
        return _MAKERS[kind](parsed.set(drivername=f"{kind}+{_DRIVERS[kind]}"), patient)
    except ModuleNotFoundError as error:
        raise StoreUnavailable(
            f"database URL: {error}; install it with `pip install pathservice[{kind}]`"
        ) from error
    except (SQLAlchemyError, ValueError) as error:
        raise StoreUnavailable(f"database URL: {error}") from error


def _sqlite(url: URL, _patient: bool) -> Engine:
    if url.database in {None, "", ":memory:"}:
        raise StoreUnavailable("database URL: SQLite needs a file, sqlite:////path/to/file.db")
    engine = create_engine(url, poolclass=QueuePool, connect_args={"timeout": LOCK_SECONDS}, **_POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction control would commit before DDL and begin too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    # Of several that open a new file at once SQLite refuses all but one, without waiting for that one.
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Any) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _postgresql(url: URL, patient: bool) -> Engine:
    # A server whose machine is gone says nothing at all: it is given up after the last of the probes.
    arguments = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": ANSWER_SECONDS // 4,
        "keepalives_interval": ANSWER_SECONDS // 4,
        "keepalives_count": 3,
        "tcp_user_timeout": ANSWER_SECONDS * 1000,
        "application_name": "pathservice",
        "client_encoding": "UTF8",
    }
    engine = _networked(url, arguments)
    if not patient:
        # The driver has no such time-out of its own, as MariaDB's has.
        bound_answers = importlib.import_module("store.postgresql").bound_answers
        bound_answers(engine, ANSWER_SECONDS)
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # What is set in a transaction that is rolled back is as it was before.
    connection.autocommit = True
    connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
    connection.execute(f"SET idle_in_transaction_session_timeout = '{ANSWER_SECONDS}s'")
    connection.execute("SET TIME ZONE 'UTC'")
    connection.autocommit = False


def _mariadb(url: URL, patient: bool) -> Engine:
    arguments = {"connect_timeout": CONNECT_SECONDS, "charset": "utf8mb4"}
    if not patient:
        arguments |= {"read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}
    engine = _networked(url, arguments)
    event.listen(engine, "connect", _prepare_mariadb)
    return engine


def _prepare_mariadb(connection: Any, _record: object) -> None:
    told = connection.get_server_info()
    if "MariaDB" not in told:
        raise StoreUnavailable(f"database URL: the server is no MariaDB, it says {told}")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET SESSION time_zone = '+00:00', sql_mode = 'TRADITIONAL', "
            f"innodb_lock_wait_timeout = {LOCK_SECONDS}, idle_transaction_timeout = {ANSWER_SECONDS}"
        )


def _networked(url: URL, arguments: Mapping[str, object]) -> Engine:
    ours = {name: value for name, value in arguments.items() if name not in url.query}
    return create_engine(
        url, connect_args=ours, isolation_level="READ COMMITTED", pool_pre_ping=True, **_POOL
    )


_DRIVERS = {"sqlite": "pysqlite", "postgresql": "psycopg", "mariadb": "pymysql"}
_MAKERS: dict[str, Callable[[URL, bool], Engine]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mariadb": _mariadb,
}
