"""A house with two islands at noon, on SQLite; tests/contract/tbam is for every database."""

from collections.abc import Iterator

import pytest

from store import Store
from tests.conftest import emptied, make_database
from tests.unit.tbam.island_house import Islands


@pytest.fixture(scope="module")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = make_database("sqlite", tmp_path_factory.mktemp("islands"))
    yield made
    made.close()


@pytest.fixture
def house(sqlite_store: Store) -> Islands:
    return Islands(emptied(sqlite_store))
