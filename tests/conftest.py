"""Fixtures that every folder of tests may use."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import reservation.tables  # noqa: F401 - its tables are made below
from store import Base, Store, open_store

DATABASES: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda directory: f"sqlite:///{directory / 'reservations.db'}",
}
"""How to get an empty database of each kind: one line each."""


@pytest.fixture(params=sorted(DATABASES))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of its own with the core's tables in it, once for every kind there is."""
    url = DATABASES[request.param](tmp_path)
    opened = open_store(url)
    Base.metadata.create_all(opened.engine)
    opened.close()
    return url


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """A store on that database."""
    opened = open_store(database)
    yield opened
    opened.close()
