"""A transaction is all or nothing, and is run again as a whole when the database asks for that."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from store import Store, StoreUnavailable, open_store
from store.session import ATTEMPTS


class OwnBase(DeclarativeBase):
    """Apart from the house's tables, which the migrations are held against."""


class TallyRow(OwnBase):
    """A table of this module's own."""

    __tablename__ = "tests_tally"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column()


@pytest.fixture
def tally(own_store: Store) -> Store:
    """A store with one tally, at nought."""
    OwnBase.metadata.create_all(own_store.engine)
    own_store.write(lambda session: session.add(TallyRow(id=1, value=0)))
    return own_store


@pytest.fixture
def other(tally: Store) -> Iterator[Connection]:
    """A connection of somebody else's to the same database."""
    store = open_store(tally.engine.url)
    with store.engine.connect() as connection:
        yield connection
    store.close()


def add_one(session: Session) -> int:
    row = session.get_one(TallyRow, 1, with_for_update=True)
    row.value += 1
    return row.value


def value(store: Store) -> int:
    return store.read(lambda session: session.get_one(TallyRow, 1).value)


def locked() -> OperationalError:
    return OperationalError("UPDATE", {}, sqlite3.OperationalError("database is locked"))


GIVE_UP_AT_ONCE = {
    "sqlite": "PRAGMA busy_timeout = 0",
    "postgresql": "SET lock_timeout = 1",
    "mariadb": "SET SESSION innodb_lock_wait_timeout = 0",
}
"""How each database is told not to wait for other writers."""


def hurry(store: Store) -> None:
    """Let the store be refused at once where it would wait ten seconds for another writer."""

    def tell(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(GIVE_UP_AT_ONCE[store.engine.dialect.name])
        cursor.close()
        connection.commit()

    store.engine.dispose()
    event.listen(store.engine, "connect", tell)


def test_write_returns_what_its_work_returns_and_keeps_it(tally: Store) -> None:
    assert tally.write(add_one) == 1
    assert value(tally) == 1


def test_work_that_raises_leaves_nothing(tally: Store) -> None:
    def work(session: Session) -> None:
        add_one(session)
        session.flush()
        raise KeyError("no")

    with pytest.raises(KeyError):
        tally.write(work)
    assert value(tally) == 0
    assert tally.write(add_one) == 1


def test_read_keeps_nothing_it_was_told(tally: Store) -> None:
    assert tally.read(add_one) == 1
    assert value(tally) == 0


def test_deadlocked_work_is_run_again_from_its_first_statement(tally: Store) -> None:
    runs = []

    def work(session: Session) -> int:
        runs.append(add_one(session))
        session.flush()
        if len(runs) < ATTEMPTS:
            raise locked()
        return runs[-1]

    assert tally.write(work) == 1
    assert runs == [1] * ATTEMPTS
    assert value(tally) == 1


def test_work_deadlocked_every_time_is_given_up_and_leaves_nothing(tally: Store) -> None:
    runs = []

    def work(session: Session) -> None:
        runs.append(add_one(session))
        session.flush()
        raise locked()

    with pytest.raises(StoreUnavailable, match="database is locked"):
        tally.write(work)
    assert len(runs) == ATTEMPTS
    assert value(tally) == 0


@pytest.mark.parametrize(
    "original",
    [
        type("Deadlock", (Exception,), {"sqlstate": "40P01"})(),
        type("Serialization", (Exception,), {"pgcode": "40001"})(),
        Exception(1213, "Deadlock found when trying to get lock"),
        Exception(1020, "Record has changed since last read"),
    ],
    ids=["psycopg", "psycopg2", "mariadb deadlock", "mariadb snapshot"],
)
def test_every_databases_word_for_deadlock_is_understood(tally: Store, original: Exception) -> None:
    runs = []

    def work(session: Session) -> int:
        runs.append(add_one(session))
        if len(runs) == 1:
            raise OperationalError("UPDATE", {}, original)
        return runs[-1]

    assert tally.write(work) == 1
    assert len(runs) == 2


def test_what_a_second_try_would_not_mend_is_not_tried_twice(tally: Store) -> None:
    runs = []

    def work(session: Session) -> None:
        runs.append(1)
        session.add(TallyRow(id=2, value=None))

    with pytest.raises(IntegrityError):
        tally.write(work)
    assert len(runs) == 1
    assert value(tally) == 0


def test_writer_shut_out_by_another_process_gets_in_once_that_one_is_done(
    tally: Store, other: Connection
) -> None:
    hurry(tally)
    blocked = threading.Event()

    event.listen(tally.engine, "handle_error", lambda _context: blocked.set())
    other.execution_options(sqlite_begin="IMMEDIATE")
    other.execute(text("UPDATE tests_tally SET value = value + 10"))
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(tally.write, add_one)
        assert blocked.wait(60)
        other.commit()
        # Refused once at least; whether the last try came before the commit is chance.
        if isinstance(writing.exception(60), StoreUnavailable):
            writing = pool.submit(tally.write, add_one)
        assert writing.result(60) == 11
    assert value(tally) == 11


def test_writer_shut_out_for_good_is_told_so_and_has_written_nothing(tally: Store, other: Connection) -> None:
    hurry(tally)
    other.execution_options(sqlite_begin="IMMEDIATE")
    other.execute(text("UPDATE tests_tally SET value = value + 10"))
    with pytest.raises(StoreUnavailable):
        tally.write(add_one)
    other.rollback()
    assert value(tally) == 0


def test_reader_sees_what_was_committed_while_another_process_writes(tally: Store, other: Connection) -> None:
    other.execution_options(sqlite_begin="IMMEDIATE")
    other.execute(text("UPDATE tests_tally SET value = 10"))
    assert value(tally) == 0
    other.commit()
    assert value(tally) == 10


def test_no_addition_is_lost_among_many_threads(tally: Store) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: tally.write(add_one), range(200)))
    assert sorted(answers) == list(range(1, 201))


def test_readers_see_whole_transactions_while_a_writer_writes(tally: Store) -> None:
    tally.write(lambda session: session.add(TallyRow(id=2, value=0)))
    over = threading.Event()

    def move_both(session: Session) -> None:
        for number in (1, 2):
            session.get_one(TallyRow, number, with_for_update=True).value += 1
            session.flush()

    def write() -> None:
        for _ in range(100):
            tally.write(move_both)
        over.set()

    def read() -> int:
        looks = 0
        while not over.is_set() or not looks:
            values = tally.read(lambda session: session.scalars(select(TallyRow.value)).all())
            assert len(set(values)) == 1
            looks += 1
        return looks

    with ThreadPoolExecutor(9) as pool:
        readers = [pool.submit(read) for _ in range(8)]
        pool.submit(write).result()
        assert all(reader.result() for reader in readers)


def test_write_inside_a_write_is_refused_and_does_not_wait_for_itself(tally: Store) -> None:
    with pytest.raises(RuntimeError, match="pass the session on"):
        tally.write(lambda _session: tally.write(add_one))
    assert tally.write(add_one) == 1


def test_more_readers_than_connections_wait_for_their_turn(tally: Store) -> None:
    gate = threading.Barrier(10)

    def look(session: Session) -> int:
        count = session.scalar(select(func.count()).select_from(TallyRow))
        gate.wait(60)
        return count or 0

    with ThreadPoolExecutor(30) as pool:
        assert list(pool.map(lambda _: tally.read(look), range(30))) == [1] * 30
