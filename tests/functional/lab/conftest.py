"""Two sites for all tests of a file, one router of each simulated kind."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.sites import EAST, WEST


@pytest.fixture(scope="module")
def two_sites() -> Iterator[Lab]:
    """West has an IOS, east a Junos."""
    with (
        tempfile.TemporaryDirectory(prefix="lab-") as scratch,
        Lab(Path(scratch), {WEST.name: "cisco_ios", EAST.name: "juniper_junos"}) as lab,
    ):
        yield lab
