"""Two sites for all tests of a file, with every simulated kind of router at one of them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.sites import EAST, WEST


@pytest.fixture(scope="module", params=[("cisco_ios", "juniper_junos"), ("cisco_nxos", "dell_force10")])
def two_sites(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """West has the one, east the other."""
    with (
        tempfile.TemporaryDirectory(prefix="lab-") as scratch,
        Lab(Path(scratch), dict(zip((WEST.name, EAST.name), request.param, strict=True))) as lab,
    ):
        yield lab
