"""kill -9 before and after every commit and every line to the router: the next pass repairs whatever is left.

Each case has a router, a database and two processes of its own: one that is killed, and one that is started
afterwards and comes to rest. How many commits and lines there are is counted in a life without a kill.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import examples
from activation.devices import database_identity, register_devices, view_changes, view_devices
from netconfig.intent import (
    AccessPermit,
    FlowMatch,
    PolicyRoute,
    PortRange,
    Protocol,
    SequenceRange,
    dump_intent,
)
from netconfig.inventory import Device
from netconfig.simulator import Action, Fault, IosRouter, RunningSimulator, SimulatorLoop
from reservation import calendar, service
from reservation.lifecycle import MOVES, Outcome, State
from reservation.model import ClaimRequest, PartRequest, Request, TimeSlot
from reservation.tables import ClaimRow
from store import Base, Store, open_store
from tests.conftest import DATABASES
from tests.functional.activation.victim import Moment, Orders, work

ORIGINAL = (Path(examples.__path__[0]) / "fermilab-border-1.txt").read_text(encoding="utf-8")
NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PASSWORD = "correct horse battery staple"
ROUTER = "border-1"
KIND = "ticket"
PATH = "path:red"
PATIENCE = 120.0
AT_ONCE = 2
"""Cases run side by side."""

BULK = FlowMatch(
    source=ip_network("131.225.204.0/24"),
    destination=ip_network("192.84.86.0/24"),
    protocol=Protocol.TCP,
    destination_ports=PortRange(5000, 6000),
    dscp=32,
)
CMS = FlowMatch(source=ip_network("131.225.205.0/24"), destination=ip_network("192.84.86.0/24"))
PERMIT = AccessPermit("EDGE-IN", (BULK.reversed(), CMS.reversed()), SequenceRange(100, 8999))
ROUTE = PolicyRoute("TenGigabitEthernet1/1", ip_address("192.0.2.1"), (BULK, CMS))

server = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Phase:
    """Half a life: what the router and the database are before it, and what they must be after it."""

    name: str
    now: datetime
    database: str
    before: str
    after: str
    state: State


@dataclass(frozen=True)
class Kill:
    """Where a process dies: at a commit, or at a line of configuration.

    A line is lost with its connection, or taken while the answer is lost, or is the first of those that were
    on their way when the process died, all of which the router takes.
    """

    what: str
    number: int

    def __str__(self) -> str:
        return f"{self.what} {self.number}"


@dataclass(frozen=True)
class Told:
    """What came of a run without a kill."""

    commits: int
    lines: int


class Site:
    """One router, one database, and processes that work on them."""

    def __init__(self, directory: Path, loop: SimulatorLoop, database: str, running: str) -> None:
        self.database = database
        self.router = IosRouter(running, hostname=ROUTER, clock=lambda: NOON)
        self._secret = directory / "password"
        self._secret.write_text(PASSWORD)
        self._secret.chmod(0o600)
        self._simulator = RunningSimulator(self.router, username="pathservice", password=PASSWORD, loop=loop)

    def __enter__(self) -> "Site":
        self._simulator.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._simulator.__exit__(*error)

    @property
    def device(self) -> Device:
        return Device(
            name=ROUTER,
            platform="cisco_ios",
            host=self._simulator.host,
            port=self._simulator.port,
            username="pathservice",
            password=f"file:{self._secret}",
            host_key=self._simulator.host_key_line.split(" ", 1)[1].strip(),
        )

    def run(self, now: datetime, kill: Kill | None = None) -> tuple[int | None, Told]:
        """Let a process work until it is done or killed. Returns its exit code and what it did."""
        dies = {"before commit": Moment.BEFORE, "after commit": Moment.AFTER}.get(kill.what if kill else "")
        orders = Orders(self.database, self.device, now, dies, kill.number if kill else 0)
        commits = server.Value("i", 0)
        process = server.Process(target=work, args=(orders, commits))
        lines = count(1)
        self.router.before_line = lambda _session, _line: self._at_line(next(lines), kill, process, "before")
        self.router.after_line = lambda _session, _line: self._at_line(0, kill, process, "after")
        if kill and kill.what == "line lost":
            self.router.faults.add(Fault(Action.DROP_BEFORE, number=kill.number))
        if kill and kill.what == "line taken":
            self.router.faults.add(Fault(Action.DROP_AFTER, number=kill.number))
        process.start()
        process.join(PATIENCE)
        self.router.before_line = self.router.after_line = None
        code = process.exitcode
        process.close()
        return code, Told(commits.value, next(lines) - 1)

    def _at_line(self, number: int, kill: Kill | None, process: Any, side: str) -> None:
        if side == "before":
            self._line = number
        if kill is None or self._line != kill.number:
            return
        if (side, kill.what) in {
            ("before", "line lost"),
            ("before", "line on its way"),
            ("after", "line taken"),
        }:
            os.kill(process.pid, signal.SIGKILL)


def empty_database(directory: Path, kind: str) -> str:
    directory.mkdir(exist_ok=True)
    url = DATABASES[kind](directory)
    store = open_store(url)
    Base.metadata.create_all(store.engine)
    store.close()
    return url


def copy_database(source: str, target: str) -> None:
    """Row by row, which every kind of database can."""
    old, new = open_store(source), open_store(target)
    with old.engine.connect() as reading, new.engine.begin() as writing:
        for table in Base.metadata.sorted_tables:
            if rows := [dict(row) for row in reading.execute(select(table)).mappings()]:
                writing.execute(table.insert(), rows)
    old.close()
    new.close()


def book(store: Store, device: Device, *, tickets: int = 1) -> None:
    """Tickets for the hour after noon, each with a permit first and then a route."""
    request = Request(
        kind=KIND,
        owner="CN=Someone",
        slot=TimeSlot(NOON, NOON + HOUR),
        hold_until=NOON + HOUR,
        claims=(ClaimRequest(PATH, 1),),
        parts=(
            PartRequest(device.name, 0, dump_intent(PERMIT)),
            PartRequest(device.name, 1, dump_intent(ROUTE)),
        ),
    )
    store.write(database_identity)
    store.write(lambda s: register_devices(s, [device]))
    store.write(lambda s: calendar.offer(s, PATH, capacity=tickets, unit="bit/s", now=NOON))
    for _ in range(tickets):
        held = store.write(lambda s: service.hold(s, request, now=NOON))
        store.write(lambda s, id_=held.id: service.confirm(s, id_, kind=KIND, now=NOON, actor="x"))  # type: ignore[misc]


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    server.set_forkserver_preload([work.__module__, "netconfig.drivers.cisco_ios"])
    with SimulatorLoop() as running:
        yield running


@pytest.fixture(scope="module", params=sorted(DATABASES))
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of database."""
    return str(request.param)


@pytest.fixture(scope="module")
def phases(tmp_path_factory: pytest.TempPathFactory, loop: SimulatorLoop, kind: str) -> dict[str, Phase]:
    """The two halves of one ticket's life, lived once without a kill."""
    directory = tmp_path_factory.mktemp("whole-life")
    url = empty_database(directory, kind)
    store = open_store(url)
    with Site(directory, loop, url, ORIGINAL) as site:
        book(store, site.device)
        booked = empty_database(directory / "booked", kind)
        copy_database(url, booked)
        original = site.router.running_config()
        assert site.run(NOON)[0] == 0
        active = empty_database(directory / "active", kind)
        copy_database(url, active)
        configured = site.router.running_config()
    store.close()
    return {
        "activation": Phase("activation", NOON, booked, original, configured, State.ACTIVE),
        "release": Phase("release", NOON + HOUR, active, configured, original, State.RELEASED),
    }


def live_through(phase: Phase, kill: Kill | None, directory: Path, loop: SimulatorLoop, kind: str) -> Told:
    """One case: half a life with a kill in it, then a process without, and all as if nothing had been."""
    url = empty_database(directory, kind)
    copy_database(phase.database, url)
    store = open_store(url)
    with Site(directory, loop, url, phase.before) as site:
        code, told = site.run(phase.now, kill)
        if kill is not None:
            assert code == -signal.SIGKILL
            code, _ = site.run(phase.now)
        assert code == 0
        check(store, phase, site.router)
    store.close()
    return told


def check(store: Store, phase: Phase, router: IosRouter) -> None:
    assert router.running_config() == phase.after
    (view,) = store.read(service.list_reservations)
    assert view.state is phase.state
    (device,) = store.read(view_devices)
    assert (device.in_sync, device.error_code, device.strangers) == (True, None, ())
    history = store.read(lambda s: service.history(s, view.id))
    state = State.HELD
    for move in history[1:]:
        assert move.from_state is state
        assert move.cause is not None
        state = MOVES[state][move.cause]
        assert move.to_state is state
    assert state is phase.state
    assert len({move.to_state for move in history}) == len(history)
    claims = store.read(lambda s: s.scalar(select(func.count()).select_from(ClaimRow)))
    if phase.state is State.RELEASED:
        assert (claims, view.outcome) == (0, Outcome.COMPLETED)
    else:
        assert (claims, view.outcome) == (1, None)
        assert view.degraded_since is None


def live_through_all(cases: Sequence[Kill], run: Callable[[Kill, Path], Told], directory: Path) -> list[str]:
    """What went wrong, case by case."""

    def attempt(case: Kill) -> str | None:
        try:
            run(case, directory / str(case).replace(" ", "-"))
        except AssertionError as error:
            return f"killed {case}: {error}"
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [told for told in pool.map(attempt, cases) if told]


@pytest.mark.parametrize("half", ["activation", "release"])
@pytest.mark.parametrize("at", ["commit", "line"])
def test_kill_anywhere_is_repaired_by_the_next_pass(
    half: str, at: str, phases: dict[str, Phase], loop: SimulatorLoop, kind: str, tmp_path: Path
) -> None:
    phase = phases[half]
    told = live_through(phase, None, tmp_path / "no-kill", loop, kind)
    assert told.commits > 10
    assert told.lines > 5
    if at == "commit":
        cases = [Kill(f"{side} commit", n + 1) for n in range(told.commits) for side in ("before", "after")]
    else:
        sides = ("line lost", "line taken", "line on its way")
        cases = [Kill(side, n + 1) for n in range(told.lines) for side in sides]
    failures = live_through_all(
        cases, lambda case, directory: live_through(phase, case, directory, loop, kind), tmp_path
    )
    assert not failures, "\n\n".join(failures)


def test_forty_that_start_in_one_second_are_one_push_per_stage_and_leave_the_router_as_it_was(
    loop: SimulatorLoop, kind: str, tmp_path: Path
) -> None:
    url = empty_database(tmp_path, kind)
    store = open_store(url)
    with Site(tmp_path, loop, url, ORIGINAL) as site:
        original = site.router.running_config()
        book(store, site.device, tickets=40)
        assert site.run(NOON)[0] == 0
        states = {view.state for view in store.read(service.list_reservations)}
        assert states == {State.ACTIVE}
        assert site.router.pushes == 2
        configured = site.router.running_config().splitlines()
        ours = [line for line in configured if line not in original.splitlines()]
        assert [line for line in configured if line in original.splitlines()] == original.splitlines()
        assert sum("ip access-list extended LS-FNAL-" in line for line in ours) == 40
        assert site.run(NOON + HOUR)[0] == 0
        assert {view.state for view in store.read(service.list_reservations)} == {State.RELEASED}
        assert site.router.pushes == 4
        assert site.router.running_config() == original
        changes = store.read(lambda s: view_changes(s, ROUTER))
        assert [len(change.reservations) for change in changes] == [40] * 4
    store.close()
