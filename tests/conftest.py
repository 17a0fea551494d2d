"""Fixtures that every folder of tests may use."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import event

import reservation.tables  # noqa: F401 - its tables are made below
from store import Base, Store, open_store
from tests import figures, rootless
from tests.budget import pytest_terminal_summary  # noqa: F401 - a hook, called by its name
from tests.databases import drop_database, server, stop_servers

# Hypothesis would fail an example that takes longer than 200 ms: nothing is asserted about time here. And it
# tries the same ones every time, so that a failure belongs to the change that is being tested;
# `--hypothesis-profile=curious` looks for what was never tried.
settings.register_profile("patient", deadline=None, derandomize=True)
settings.register_profile("curious", deadline=None, derandomize=False)
settings.load_profile("patient")

# As the service has it; the pretty tracebacks of structlog's own settings take seconds each.
structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

LONG = {
    "test_any_life.py",
    "test_bad_input.py",
    "test_crashes.py",
    "test_faults.py",
    "test_faults_over_the_wire.py",
    "test_faults_with_traffic.py",
    "test_soak.py",
    "test_ost2.py",
    "test_demo.py",
    "test_island.py",
    "test_worker.py",
}
"""Files that take long with few tests: begun first, so that none is left to one process at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; all others stay in their order."""
    items.sort(key=lambda item: item.path.name not in LONG)


DATABASES: dict[str, Callable[[Path], str]] = {
    "mariadb": lambda _directory: server("mariadb").new_database(),
    "postgresql": lambda _directory: server("postgresql").new_database(),
    "sqlite": lambda directory: f"sqlite:///{directory / 'reservations.db'}",
}
"""How to get the URL of a new, empty database of each kind: one line each."""


def make_database(kind: str, directory: Path) -> Store:
    """A new database of that kind with every table in it that is known by now."""
    directory.mkdir(exist_ok=True)
    store = open_store(DATABASES[kind](directory))
    if kind == "sqlite":
        # Every commit would wait for the disk. What is behind it is there for all processes all the same.
        event.listen(
            store.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF")
        )
    # Without looking for each table first, which takes as long as making it.
    Base.metadata.create_all(store.engine, checkfirst=False)
    return store


def emptied(store: Store) -> Store:
    """The same store, without a row in it."""
    with store.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
    return store


def pytest_configure(config: pytest.Config) -> None:
    """Say which marks there are for what runs on databases, and have figures and what takes root told."""
    config.pluginmanager.register(figures)
    config.pluginmanager.register(rootless)
    config.addinivalue_line("markers", "one_database(why): on SQLite only: the database decides nothing here")
    config.addinivalue_line("markers", "any_database(why): on every database, whatever the module says")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses a database on every kind, unless it names some or says why one is enough."""
    marks = list(metafunc.definition.iter_markers())
    named = any(mark.name == "parametrize" and "database_kind" in mark.args[0] for mark in marks)
    if "database_kind" in metafunc.fixturenames and not named:
        names = {mark.name for mark in marks}
        one = "one_database" in names and "any_database" not in names
        kinds = ["sqlite"] if one else sorted(DATABASES)
        metafunc.parametrize("database_kind", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database this test is run on."""
    return str(request.param)


@pytest.fixture(scope="session")
def shared_store(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One database for all tests that leave it as usable as they found it: making one takes a while."""
    store = make_database(database_kind, tmp_path_factory.mktemp("database"))
    yield store
    store.close()


@pytest.fixture
def store(shared_store: Store) -> Store:
    """A store without a row in it. Numbers go on where the last test ended."""
    return emptied(shared_store)


@pytest.fixture
def database(store: Store) -> str:
    """The URL of the same database, for opening it once more."""
    return store.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def own_store(database_kind: str, tmp_path: Path) -> Iterator[Store]:
    """A store on a database of its own, for tests that meddle with it."""
    store = make_database(database_kind, tmp_path / "own")
    yield store
    store.close()
    drop_database(store.engine.url)


def pytest_unconfigure() -> None:
    """After the last test, or when the run was interrupted."""
    stop_servers()
