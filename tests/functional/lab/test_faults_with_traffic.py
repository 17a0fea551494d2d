"""Faults while numbered packets flow: in the end they go where the database says.

On the big path while the ticket is active, on production after its end. How long that took is told at the end
of the run, and decides nothing.
"""

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.processes import wait_for
from lab.routers.simulated import RunningRouter
from lab.sites import ALTERNATES, EAST, PRODUCTION, SIDES, WEST
from netconfig.simulator import Action, Fault, IosRouter
from netconfig.simulator.journal import JournalEntry
from pathservice.pki import init_pki
from reservation.lifecycle import State
from tests.databases import server
from tests.figures import FIGURE
from tests.functional.lab.flow import PORT, Flow, flow
from tests.functional.lab.station import LOOKS_EVERY, Station, station

BIG = ALTERNATES[0]
STEERS = r"^ *set ip next-hop "
"""A line in the middle of a push that puts a ticket there."""
FORGETS = r"^ *no "
"""A line in a push that takes it away."""

A_WHILE = timedelta(seconds=1)
DATABASE = "postgresql"

Tell = Callable[[str, float], None]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with (
        tempfile.TemporaryDirectory(prefix="lab-") as scratch,
        Lab(Path(scratch), {WEST.name: "cisco_ios", EAST.name: "linux_nft"}) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def west(lab: Lab) -> IosRouter:
    running = lab.routers[WEST.name]
    assert isinstance(running, RunningRouter)
    assert isinstance(running.router, IosRouter)
    return running.router


@pytest.fixture(scope="module")
def service(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    folder = tmp_path_factory.mktemp("station")
    pki = init_pki(folder / "pki", host_names=[], now=datetime.now(UTC)).ca.parent
    with station(lab, folder, pki, server(DATABASE).new_database()) as running:
        yield running


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """A figure for the end of the run: what it is of, and since when it has taken."""

    def told(what: str, seconds: float) -> None:
        record_property(FIGURE, f"{seconds:7.2f} s  {what}")

    return told


@pytest.fixture
def packets(lab: Lab) -> Iterator[Flow]:
    with flow(lab, BIG) as flowing:
        flowing.settles_on(PRODUCTION)
        yield flowing


def opened(service: Station) -> int:
    return service.open_ticket((PORT, PORT), BIG.name)


def carried(service: Station, packets: Flow, ticket: int, since: float) -> float:
    """See the ticket active and the flow on its path; seconds from an instant until it came there."""
    service.reaches(ticket, State.ACTIVE)
    packets.settles_on(BIG)
    return packets.came(since) - since


def released(service: Station, packets: Flow, ticket: int, since: float) -> float:
    """See the ticket released and the flow on production; seconds until it was there alone."""
    service.reaches(ticket, State.RELEASED)
    packets.settles_on(PRODUCTION)
    return packets.went(since) - since


class Lines:
    """What is configured on a router from now on, line by line as it takes effect."""

    def __init__(self, router: IosRouter) -> None:
        self._router = router
        self._before = len(router.journal)

    def wait_for(self, pattern: str) -> float:
        """Wait until such a line is there; when it was seen."""
        wait_for(f"a line {pattern}", lambda: any(re.search(pattern, line.line) for line in self._new()))
        return time.monotonic()

    @property
    def sessions(self) -> int:
        """In how many sessions."""
        return len({line.session for line in self._new()})

    def _new(self) -> Sequence[JournalEntry]:
        return self._router.journal[self._before :]


def test_routers_that_reboot_to_their_startup_configuration_carry_the_ticket_again(
    service: Station, west: IosRouter, lab: Lab, packets: Flow, tell: Tell
) -> None:
    ticket = opened(service)
    carried(service, packets, ticket, time.monotonic())
    lines = Lines(west)
    assert "LS-LAB" not in west.startup_config()
    for side in SIDES:
        lab.routers[side.name].reboot()
    rebooted = time.monotonic()
    lines.wait_for(STEERS)
    again = carried(service, packets, ticket, rebooted)
    tell(f"both routers rebooted, looked at every {LOOKS_EVERY} s: on the big path again", again)
    service.cancel(ticket)
    released(service, packets, ticket, rebooted)


def test_session_that_breaks_in_mid_push_is_followed_by_one_that_does_the_rest(
    service: Station, west: IosRouter, packets: Flow, tell: Tell
) -> None:
    west.faults.add(Fault(Action.DROP_AFTER, line=STEERS))
    lines = Lines(west)
    ticket = opened(service)
    broken = lines.wait_for(STEERS)
    tell("session broken in mid-push: on the big path", carried(service, packets, ticket, broken))
    assert lines.sessions > 1
    west.faults.add(Fault(Action.DROP_AFTER, line=FORGETS))
    lines = Lines(west)
    service.cancel(ticket)
    broken = lines.wait_for(FORGETS)
    tell("session broken in mid-push: on production again", released(service, packets, ticket, broken))
    assert lines.sessions > 1


def test_worker_that_is_killed_in_mid_push_is_followed_by_one_that_does_the_rest(
    service: Station, west: IosRouter, packets: Flow, tell: Tell
) -> None:
    # The router hangs, so that the push is not over when the worker is.
    west.faults.add(Fault(Action.HANG_AFTER, line=STEERS))
    lines = Lines(west)
    ticket = opened(service)
    lines.wait_for(STEERS)
    service.kill_worker()
    killed = time.monotonic()
    service.start_worker()
    tell("worker killed in mid-push, and started: on the big path", carried(service, packets, ticket, killed))
    assert lines.sessions > 1
    west.faults.add(Fault(Action.HANG_AFTER, line=FORGETS))
    lines = Lines(west)
    service.cancel(ticket)
    lines.wait_for(FORGETS)
    service.kill_worker()
    killed = time.monotonic()
    service.start_worker()
    back = released(service, packets, ticket, killed)
    tell("worker killed in mid-push, and started: on production again", back)
    assert lines.sessions > 1


def test_database_that_crashes_in_mid_push_and_comes_back_is_what_the_flow_goes_by(
    service: Station, west: IosRouter, packets: Flow, tell: Tell
) -> None:
    # The router takes its time, so that the push is not over when the database is.
    west.faults.add(Fault(Action.SLOW, line=STEERS, delay=A_WHILE))
    lines = Lines(west)
    ticket = opened(service)
    lines.wait_for(STEERS)
    back = crashed(service)
    there = carried(service, packets, ticket, back)
    tell("database crashed in mid-push and was started: on the big path", there)
    west.faults.add(Fault(Action.SLOW, line=FORGETS, delay=A_WHILE))
    lines = Lines(west)
    service.cancel(ticket)
    lines.wait_for(FORGETS)
    back = crashed(service)
    again = released(service, packets, ticket, back)
    tell("database crashed in mid-push and was started: on production again", again)


def crashed(service: Station) -> float:
    """Have the database crash, the worker notice, and the database back; since when it is."""
    wait_for("the worker to miss nothing", lambda: not service.misses_database)
    database = server(DATABASE)
    with database.down(database.crash):
        wait_for("the worker to miss the database", lambda: service.misses_database)
    return time.monotonic()
