"""One island for all tests of a file: real switches, controllers, agent, service, in a network of their own.

Each test leaves the island as it found it; nothing of it is left at the end.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from lab.processes import wait_for
from pathservice.demo.island.experimenter import Refused, Wish
from pathservice.demo.island.island import Guest, Island

NETWORK = Path("/proc/thread-self/ns/net")
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Booked:
    """What two experimenters have to do with an island."""

    island: Island
    alice: Guest
    bob: Guest

    def book(
        self,
        guest: Guest,
        start: datetime,
        seconds: int,
        vlans: dict[str, str],
        *,
        controller: str | None = None,
    ) -> Wish:
        """From then on, and for so long; with the guest's own controller if no other is said."""
        wish = Wish(start, start + seconds * SECOND, vlans, controller or guest.controller.url)
        wait_for("what the slice had to be off", lambda: self._allocated(guest, wish))
        guest.calls.provision()
        return wish

    def _allocated(self, guest: Guest, wish: Wish) -> bool:
        """Whether it is the guest's now; not while the service has yet to hear that the gateway is free."""
        try:
            guest.calls.allocate(wish)
        except Refused as refused:
            if not str(refused).startswith("Allocate: 17: "):
                raise
            return False
        return True


def soon() -> datetime:
    """A whole second, the next but one."""
    return datetime.now(UTC).replace(microsecond=0) + 2 * SECOND


def is_gone(guest: Guest) -> bool:
    """Whether the experimenter has no sliver any more."""
    try:
        guest.calls.status()
    except Refused:
        return True
    return False


@pytest.fixture(scope="module")
def shared() -> Iterator[Booked]:
    home = NETWORK.readlink()
    # Short: the name of a socket has room for 107 characters.
    with tempfile.TemporaryDirectory(prefix="island-") as scratch:
        with Island(Path(scratch)) as island:
            yield Booked(island, island.guest("alice"), island.guest("bob"))
            processes = island.processes()
            switch = island.wires.switch.folder
        assert NETWORK.readlink() == home
        assert len(processes) == 7
        assert not [number for number in processes if Path(f"/proc/{number}").exists()]
        assert not switch.exists()


@pytest.fixture
def booked(shared: Booked) -> Iterator[Booked]:
    """Nobody has it, before and after."""
    wait_for("a free island", shared.island.has_default)
    yield shared
    for guest in (shared.alice, shared.bob):
        if not is_gone(guest):
            guest.calls.delete()
            wait_for("the sliver to go", partial(is_gone, guest))
    wait_for("a free island", shared.island.has_default)
