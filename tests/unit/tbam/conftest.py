"""A house with two islands at noon."""

import pytest

from store import Store
from tests.unit.tbam.island_house import Islands


@pytest.fixture
def house(store: Store) -> Islands:
    return Islands(store)
