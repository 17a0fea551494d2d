"""A server that is away, goes away in the middle or turns us away: one error, and well again afterwards."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from store import LongText, Store, StoreUnavailable, open_store
from tests.databases import SERVERS, drop_database, server
from tests.servers import Server


class OwnBase(DeclarativeBase):
    """Apart from the house's tables, which the migrations are held against."""


class NoteRow(OwnBase):
    """A table of this module's own."""

    __tablename__ = "tests_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[str] = mapped_column(LongText)


@pytest.fixture(params=sorted(SERVERS))
def running(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Each kind of server, in turn; it runs again afterwards, whatever a test has done."""
    used = server(request.param)
    yield used
    if not used.runs:
        used.start()


@pytest.fixture
def notes(running: Server) -> Iterator[Store]:
    """A database with two notes in it; connections to it have been used and are waiting in the pool."""
    opened = open_store(running.new_database())
    OwnBase.metadata.create_all(opened.engine)
    opened.write(lambda session: session.add_all([NoteRow(words="one"), NoteRow(words="two")]))
    yield opened
    opened.close()
    drop_database(opened.engine.url)


def words(store: Store) -> list[str]:
    return store.read(lambda session: list(session.scalars(select(NoteRow.words).order_by(NoteRow.id))))


def overwrite(session: Session) -> None:
    session.get_one(NoteRow, 1, with_for_update=True).words = "other"
    session.flush()


def test_server_that_is_down_is_unavailable_until_it_is_up_again(notes: Store, running: Server) -> None:
    with running.down():
        with pytest.raises(StoreUnavailable):
            notes.ping()
        with pytest.raises(StoreUnavailable):
            words(notes)
        with pytest.raises(StoreUnavailable):
            notes.write(overwrite)
    assert words(notes) == ["one", "two"]
    notes.write(overwrite)
    assert words(notes) == ["other", "two"]


def test_connections_that_died_in_the_pool_are_not_noticed(notes: Store, running: Server) -> None:
    with running.down():
        pass
    assert words(notes) == ["one", "two"]


@pytest.mark.parametrize("by", ["shut_down", "crash"])
def test_server_that_goes_away_in_a_transaction_has_written_nothing(
    notes: Store, running: Server, by: str
) -> None:
    number: signal.Signals = getattr(running, by)

    def work(session: Session) -> None:
        overwrite(session)
        running.stop(number)

    with pytest.raises(StoreUnavailable):
        notes.write(work)
    running.start()
    assert words(notes) == ["one", "two"]
    notes.write(overwrite)
    assert words(notes) == ["other", "two"]


def test_server_that_hangs_with_its_connections_open_is_given_up(
    running: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.engine.ANSWER_SECONDS", 1)
    hangs = open_store(running.new_database())
    stopped: list[int] = []

    def work(session: Session) -> None:
        told = session.scalar(text("SELECT pg_backend_pid()")) if running.program == "postgres" else None
        stopped.append(told or running.process_id)
        os.kill(stopped[0], signal.SIGSTOP)
        # Its machine still takes what is sent to it.
        session.execute(text("SELECT 1"))

    try:
        with pytest.raises(StoreUnavailable):
            hangs.write(work)
    finally:
        os.kill(stopped[0], signal.SIGCONT)
    hangs.ping()
    hangs.close()
    drop_database(hangs.engine.url)


def test_slow_answer_that_keeps_coming_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # Longer than any pause of a busy machine between two rows, and shorter than all of them take.
    monkeypatch.setattr("store.engine.ANSWER_SECONDS", 3)
    store = open_store(server("postgresql").new_database())
    rows = "SELECT repeat('x', 100000), pg_sleep(0.011) FROM generate_series(1, 300)"
    assert len(store.read(lambda session: session.execute(text(rows)).all())) == 300
    store.close()
    drop_database(store.engine.url)


def test_what_was_committed_before_a_crash_is_there_after_it(notes: Store, running: Server) -> None:
    notes.write(overwrite)
    with running.down(running.crash):
        pass
    assert words(notes) == ["other", "two"]


def test_number_given_out_and_deleted_is_not_given_out_again_after_a_restart(
    notes: Store, running: Server
) -> None:
    def add(session: Session) -> int:
        row = NoteRow(words="new")
        session.add(row)
        session.flush()
        return row.id

    last = notes.write(add)
    notes.write(lambda session: session.delete(session.get_one(NoteRow, last)))
    with running.down():
        pass
    assert notes.write(add) > last


def test_wrong_password_and_unknown_database_are_told_without_the_password(running: Server) -> None:
    url = make_url(running.new_database())
    for wrong in (url.set(password="n0t.it"), url.set(database="nowhere"), url.set(username="nobody")):
        store = open_store(wrong)
        with pytest.raises(StoreUnavailable) as told:
            store.ping()
        assert "n0t.it" not in str(told.value)
        assert str(url.password) not in str(told.value)
        store.close()
    drop_database(url)


def test_port_nobody_listens_at_is_unavailable(running: Server) -> None:
    with socket.socket() as taken:
        # Bound and not listening: it stays nobody's for as long as this lasts.
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        store = open_store(f"{make_url(running.url('x')).get_backend_name()}://a:b@127.0.0.1:{port}/x")
        with pytest.raises(StoreUnavailable):
            store.ping()
        store.close()


def test_real_deadlock_is_run_again_and_both_get_through(notes: Store) -> None:
    both_have_one = threading.Barrier(2)
    runs: list[int] = []
    errors: list[object] = []

    def cross(first: int) -> None:
        def work(session: Session) -> None:
            runs.append(first)
            session.get_one(NoteRow, first, with_for_update=True).words += "!"
            if runs.count(first) == 1:
                both_have_one.wait(60)
            session.get_one(NoteRow, 3 - first, with_for_update=True).words += "!"

        notes.write(work)

    event.listen(notes.engine, "handle_error", lambda context: errors.append(context.original_exception))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(cross, (1, 2)))
    assert words(notes) == ["one!!", "two!!"]
    assert len(errors) == 1
    assert len(runs) == 3


def test_whatever_a_device_has_said_is_kept(notes: Store) -> None:
    said = "% Invalid input \x1b[0m \U0001f600\r\n" * 10_000
    notes.write(lambda session: session.add(NoteRow(words=said)))
    assert words(notes)[-1] == said
    notes.write(lambda session: session.add(NoteRow(words="nul \x00, half a pair \ud83d")))
    assert words(notes)[-1] == "nul \u2400, half a pair ?"
