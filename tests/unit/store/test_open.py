"""Opening a store: what is set up, and what a database that cannot be used is called."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from reservation.lifecycle import State
from reservation.tables import TransitionRow
from store import Store, StoreUnavailable, open_store


@pytest.mark.parametrize(
    "url",
    ["", "no url", "oracle9://host/x", "sqlite+nothing:////tmp/x", "sqlite://", "sqlite:///:memory:"],
)
def test_url_that_names_no_usable_database_is_refused(url: str) -> None:
    with pytest.raises(StoreUnavailable) as told:
        open_store(url)
    assert told.value.code == "store-unavailable"


def test_directory_that_is_not_there_is_no_database(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'missing' / 'x.db'}")
    with pytest.raises(StoreUnavailable):
        store.ping()
    with pytest.raises(StoreUnavailable):
        store.write(lambda session: session.execute(text("CREATE TABLE t (x)")))
    store.close()


def test_path_that_cannot_be_read_as_a_file_is_no_database(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}")
    with pytest.raises(StoreUnavailable):
        store.ping()
    store.close()


def test_file_that_is_something_else_is_no_database_and_is_left_as_it_is(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear database, " * 500)
    store = open_store(f"sqlite:///{letter}")
    with pytest.raises(StoreUnavailable):
        store.ping()
    with pytest.raises(StoreUnavailable):
        store.write(lambda session: session.execute(text("CREATE TABLE t (x)")))
    store.close()
    assert letter.read_text() == "Dear database, " * 500


def test_opening_touches_no_file(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'x.db'}").close()
    assert list(tmp_path.iterdir()) == []


def test_password_is_not_shown() -> None:
    # Any DBAPI will do: nothing is connected to.
    store = Store(create_engine("mysql+pymysql://someone:s3cret@host/db", module=sqlite3))
    assert store.url == "mysql+pymysql://someone:***@host/db"


def test_password_is_not_told_by_the_refusal_of_its_url() -> None:
    with pytest.raises(StoreUnavailable) as told:
        open_store("postgresql+nothing://someone:s3cret@host/db")
    assert "s3cret" not in str(told.value)


def test_sqlite_writes_ahead_syncs_and_checks_foreign_keys(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    asked = ("journal_mode", "synchronous", "foreign_keys")
    found = store.read(lambda session: [session.scalar(text(f"PRAGMA {name}")) for name in asked])
    assert found == ["wal", 2, 1]
    store.close()


def test_row_that_points_nowhere_is_refused(store: Store) -> None:
    row = TransitionRow(reservation_id=4711, at=datetime.now(UTC), to_state=State.HELD, actor="x")
    with pytest.raises(IntegrityError):
        store.write(lambda session: session.add(row))


def test_sqlite_table_made_in_a_failed_transaction_is_not_there(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'x.db'}")

    def work(session: Session) -> None:
        session.execute(text("CREATE TABLE made_in_vain (x INTEGER)"))
        raise KeyError

    with pytest.raises(KeyError):
        store.write(work)
    with pytest.raises(StoreUnavailable, match="made_in_vain"):
        store.read(lambda session: session.execute(text("SELECT * FROM made_in_vain")))
    store.close()
