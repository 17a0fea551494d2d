"""An island's manager on each kind of database."""

import pytest

from store import Store
from tests.unit.tbam.island_house import Islands


@pytest.fixture
def house(store: Store) -> Islands:
    return Islands(store)
