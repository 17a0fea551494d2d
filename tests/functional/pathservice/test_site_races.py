"""Several processes that set up a database, book on it and change its site at once, on each database."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from lambdastation.admission import admit
from lambdastation.booking import book
from lambdastation.caller import Caller
from lambdastation.ticket import TicketRequest
from pathservice.assembly import Assembly
from pathservice.settings import Settings
from pathservice.site_apply import SiteRefused, apply_site, served_version
from pathservice.site_versions import Served, read_versions
from pathservice.sitefile import SiteText, parse_site
from reservation.errors import SiteReplaced
from reservation.tables import DeviceRow, IdentityRow
from store import Store, open_store
from tests.conftest import DATABASES
from tests.databases import drop_database

FILE = Path(__file__).parents[3] / "examples" / "fermilab.yaml"
FERMILAB = FILE.read_text(encoding="utf-8")
WITHOUT_RED = FERMILAB.replace("    default_topology: red\n", "").replace("topology: red", "topology: green")
MANY = 4
PATIENCE = 60.0


@pytest.fixture
def url(database_kind: str, tmp_path: Path) -> Iterator[URL]:
    """A database with nothing in it."""
    opened = open_store(DATABASES[database_kind](tmp_path))
    yield opened.engine.url
    opened.close()
    drop_database(opened.engine.url)


def sized(capacity: str) -> str:
    return FERMILAB.replace("capacity: 622M", f"capacity: {capacity}")


def begin(url: URL, folder: Path, text: str) -> tuple[Served, str]:
    """Start as a process of its own would; what it serves, and whose it takes itself for."""
    folder.mkdir()
    (folder / "fermilab-border-1.txt").write_text("hostname x\n", encoding="utf-8")
    file = folder / "site.yaml"
    file.write_text(text, encoding="utf-8")
    database = url.render_as_string(hide_password=False)
    with Assembly(Settings(state=folder / "state", site=file, database=database)) as assembly:
        return assembly.served, assembly.ownership.database


def together(work: Callable[[int], object]) -> list[object]:
    gate = threading.Barrier(MANY)

    def run(number: int) -> object:
        gate.wait(PATIENCE)
        return work(number)

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(run, range(MANY)))


def counts(store: Store) -> list[int]:
    def count(session: Session) -> list[int]:
        tables = (IdentityRow, DeviceRow)
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]

    return store.read(count)


def test_several_that_start_at_once_on_an_empty_database_serve_one_site(url: URL, tmp_path: Path) -> None:
    # With files that differ, of which one becomes the first version.
    answers = together(lambda n: begin(url, tmp_path / str(n), sized(f"{600 + n}M")))
    assert len({repr(answer) for answer in answers}) == 1
    store = open_store(url)
    assert [version.number for version in store.read(lambda s: read_versions(s, limit=9))] == [1]
    assert counts(store) == [1, 1]
    store.close()


@pytest.fixture
def store(url: URL, tmp_path: Path) -> Iterator[Store]:
    """A database with the example's first version in force."""
    begin(url, tmp_path / "first", FERMILAB)
    opened = open_store(url)
    yield opened
    opened.close()


def apply(store: Store, text: str) -> None:
    apply_site(store, SiteText(text.encode(), FILE, FILE), by="tests", now=datetime.now(UTC))


def test_of_several_that_are_applied_at_once_each_is_a_version(store: Store) -> None:
    together(lambda n: apply(store, sized(f"{700 + n}M")))
    versions = store.read(lambda session: read_versions(session, limit=9))
    assert [version.number for version in versions] == [5, 4, 3, 2, 1]
    assert len({version.sha256 for version in versions}) == 5
    served = store.read(served_version)
    assert served is not None
    assert served.version == 5


def book_on_red(session: Session, version: int) -> int:
    site, now = parse_site(SiteText(FERMILAB.encode(), FILE, FILE)).site, datetime.now(UTC)
    request = TicketRequest(dst_site="Caltech", local_path="red", travel_seconds=600)
    ticket = book(
        session,
        request,
        admit(request, site, now=now),
        site=site,
        caller=Caller("CN=Ann", "CN=Authority"),
        now=now,
        hold_for=now - now,
        site_version=version,
    )
    return ticket.ticket_id


def test_what_is_booked_while_a_version_is_being_applied_is_seen_by_it(store: Store, url: URL) -> None:
    booked, may_end = threading.Event(), threading.Event()

    def book_slowly(session: Session) -> None:
        book_on_red(session, 1)
        booked.set()
        may_end.wait(PATIENCE)

    other = open_store(url)
    with ThreadPoolExecutor(2) as pool:
        booking = pool.submit(store.write, book_slowly)
        assert booked.wait(PATIENCE)
        applying = pool.submit(apply, other, WITHOUT_RED.replace("name: red", "name: violet"))
        may_end.set()
        booking.result()
        with pytest.raises(SiteRefused, match="topology red, in: 100M of it are booked"):
            applying.result()
    other.close()


def test_what_would_be_booked_under_a_version_that_is_replaced_is_not(store: Store) -> None:
    apply(store, WITHOUT_RED.replace("name: red", "name: violet"))
    with pytest.raises(SiteReplaced, match="version 2 of the site is in force, not 1"):
        store.write(lambda session: book_on_red(session, 1))
    with pytest.raises(SiteReplaced, match="version 2"):
        store.write(lambda session: book_on_red(session, 3))
