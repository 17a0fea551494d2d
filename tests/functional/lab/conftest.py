"""Two sites for all tests of a file, with every kind of router at one of them."""

import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.routers import KINDS
from lab.sites import EAST, WEST

ROUTERS = sorted(KINDS)
PAIRS = list(zip_longest(ROUTERS[::2], ROUTERS[1::2], fillvalue=ROUTERS[0]))


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def two_sites(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """West has the one, east the other."""
    with (
        tempfile.TemporaryDirectory(prefix="lab-") as scratch,
        Lab(Path(scratch), dict(zip((WEST.name, EAST.name), request.param, strict=True))) as lab,
    ):
        yield lab
