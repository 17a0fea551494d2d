"""kill -9 before and after every commit and every line to the router: the next pass repairs whatever is left.

Each case has a router, a database and two processes of its own: one that is killed, and one that is started
afterwards and comes to rest. How many commits and lines there are is counted in a life without a kill.
"""

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import count
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from sqlalchemy import Table, func, select

import examples
from activation.devices import register_devices, view_changes, view_devices
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
from reservation import offering, service
from reservation.identity import database_identity
from reservation.lifecycle import MOVES, Outcome, State
from reservation.model import ClaimRequest, PartRequest, Request, TimeSlot
from reservation.tables import ClaimRow
from store import Base, Store
from tests.conftest import make_database
from tests.databases import drop_database
from tests.functional.activation.victim import Moment, Orders, serve, work
from tests.processes import Forked, forking

pytestmark = pytest.mark.one_database(
    "what dies here is the worker, between commits: one kind gets the hundreds of cases, the others some"
)

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

Rows = dict[Table, list[dict[str, Any]]]
Databases = Queue[Store]


@dataclass(frozen=True)
class Phase:
    """Half a life: what the router and the database are before it, and what they must be after it."""

    name: str
    now: datetime
    rows: Rows
    before: str
    after: str
    state: State


@dataclass(frozen=True)
class Kill:
    """Where a process dies: at a commit, or at a line of configuration.

    A line is lost with its connection, and all that was sent after it, or taken while the answer is lost.
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

    def __init__(self, directory: Path, loop: SimulatorLoop, store: Store, running: str) -> None:
        self.database = store.engine.url.render_as_string(hide_password=False)
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

    def run(
        self, now: datetime, kill: Kill | None = None, *, target: Callable[..., None] = work
    ) -> tuple[int, Told]:
        """Let a process work until it is done or killed. Returns its exit code and what it did."""
        dies = {"before commit": Moment.BEFORE, "after commit": Moment.AFTER}.get(kill.what if kill else "")
        orders = Orders(self.database, self.device, now, dies, kill.number if kill else 0)
        commits = forking.Value("i", 0)
        started: Future[Forked] = Future()
        lines = count(1)
        self.router.before_line = lambda _session, _line: self._at_line(next(lines), kill, started, "before")
        self.router.after_line = lambda _session, _line: self._at_line(0, kill, started, "after")
        if kill and kill.what == "line lost":
            self.router.faults.add(Fault(Action.DROP_BEFORE, number=kill.number))
        if kill and kill.what == "line taken":
            self.router.faults.add(Fault(Action.DROP_AFTER, number=kill.number))
        process = Forked(target, orders, commits)
        started.set_result(process)
        code = process.wait(PATIENCE)
        self.router.before_line = self.router.after_line = None
        return code, Told(commits.value, next(lines) - 1)

    def _at_line(self, number: int, kill: Kill | None, started: Future[Forked], side: str) -> None:
        if side == "before":
            self._line = number
        if kill is None or self._line != kill.number:
            return
        if (side, kill.what) in {("before", "line lost"), ("after", "line taken")}:
            started.result().kill()


def all_rows(store: Store) -> Rows:
    """All there is in a database, in an order in which it can be put back."""
    with store.engine.connect() as connection:
        return {
            table: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in Base.metadata.sorted_tables
        }


def put_rows(store: Store, rows: Rows) -> None:
    """Let a database hold these rows and no others; what comes next is numbered above them."""
    with store.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        for table, values in rows.items():
            if values:
                connection.execute(table.insert(), values)
            numbered = table.autoincrement_column
            if numbered is not None and store.engine.dialect.name == "postgresql":
                # It alone does not notice that numbers were taken.
                sequence = func.pg_get_serial_sequence(table.name, numbered.name)
                free = select(func.coalesce(func.max(numbered), 0) + 1).scalar_subquery()
                connection.execute(select(func.setval(sequence, free, False)))


def book(store: Store, device: Device, *, now: datetime = NOON, tickets: int = 1) -> None:
    """Tickets for an hour from now, each with a permit first and then a route."""
    request = Request(
        kind=KIND,
        owner="CN=Someone",
        slot=TimeSlot(now, now + HOUR),
        hold_until=now + HOUR,
        claims=(ClaimRequest(PATH, 1),),
        parts=(
            PartRequest(device.name, 0, dump_intent(PERMIT)),
            PartRequest(device.name, 1, dump_intent(ROUTE)),
        ),
    )
    store.write(database_identity)
    store.write(lambda s: register_devices(s, [device]))
    store.write(lambda s: offering.offer(s, PATH, capacity=tickets, unit="bit/s", now=now))
    for _ in range(tickets):
        held = store.write(lambda s: service.hold(s, request, now=now))
        store.write(lambda s, id_=held.id: service.confirm(s, id_, kind=KIND, now=now, actor="x"))  # type: ignore[misc]


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Databases]]:
    """A few databases of each kind, made when they are first asked for: making one takes a while."""
    made: dict[str, list[Store]] = {}
    free: dict[str, Databases] = {}

    def of_kind(kind: str) -> Databases:
        if kind not in free:
            folder = tmp_path_factory.mktemp(kind)
            made[kind] = [make_database(kind, folder / str(number)) for number in range(AT_ONCE)]
            free[kind] = Queue()
            for store in made[kind]:
                free[kind].put(store)
        return free[kind]

    yield of_kind
    for store in (store for stores in made.values() for store in stores):
        store.close()
        drop_database(store.engine.url)


@pytest.fixture(scope="module")
def phases(
    tmp_path_factory: pytest.TempPathFactory,
    loop: SimulatorLoop,
    databases: Callable[[str], Databases],
    database_kind: str,
) -> dict[str, Phase]:
    """The two halves of one ticket's life, lived once without a kill."""
    store = databases(database_kind).get()
    with Site(tmp_path_factory.mktemp("whole-life"), loop, store, ORIGINAL) as site:
        book(store, site.device)
        booked, original = all_rows(store), site.router.running_config()
        assert site.run(NOON)[0] == 0
        active, configured = all_rows(store), site.router.running_config()
    databases(database_kind).put(store)
    return {
        "activation": Phase("activation", NOON, booked, original, configured, State.ACTIVE),
        "release": Phase("release", NOON + HOUR, active, configured, original, State.RELEASED),
    }


Lives = Callable[..., Told]


@pytest.fixture
def live_through(loop: SimulatorLoop, databases: Callable[[str], Databases], tmp_path: Path) -> Lives:
    """One case: half a life with a kill in it, then a process without, and all as if nothing had been."""

    def live(phase: Phase, kill: Kill | None, kind: str = "sqlite") -> Told:
        directory = tmp_path / str(kill)
        directory.mkdir()
        store = databases(kind).get()
        try:
            put_rows(store, phase.rows)
            with Site(directory, loop, store, phase.before) as site:
                code, told = site.run(phase.now, kill)
                if kill is not None:
                    assert code == -signal.SIGKILL
                    code, _ = site.run(phase.now)
                assert code == 0
                check(store, phase, site.router)
        finally:
            databases(kind).put(store)
        return told

    return live


def check(store: Store, phase: Phase, router: IosRouter) -> None:
    assert router.running_config() == phase.after
    assert router.startup_config() == phase.after
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


def failures(lives: Lives, phase: Phase, kills: Iterable[Kill], kind: str = "sqlite") -> list[str]:
    """What went wrong, case by case."""

    def attempt(kill: Kill) -> str | None:
        try:
            lives(phase, kill, kind)
        except AssertionError as error:
            return f"killed {kill}: {error}"
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [told for told in pool.map(attempt, kills) if told]


@pytest.mark.parametrize("half", ["activation", "release"])
@pytest.mark.parametrize(
    ("what", "before", "after"),
    [("commits", "before commit", "after commit"), ("lines", "line lost", "line taken")],
)
def test_kill_at_any_moment_is_repaired_by_the_next_pass(
    half: str, what: str, before: str, after: str, phases: dict[str, Phase], live_through: Lives
) -> None:
    """Between a commit or a line and what comes next, be it a line or a commit, nothing changes that lasts.

    So a kill before each of them and one after the last have met every state there is.
    """
    last: int = getattr(live_through(phases[half], None), what)
    assert last > 10
    kills = [*(Kill(before, n + 1) for n in range(last)), Kill(after, last)]
    assert failures(live_through, phases[half], kills) == []


@pytest.mark.parametrize(("kind", "first"), [("mariadb", 0), ("postgresql", 1)])
@pytest.mark.parametrize("half", ["activation", "release"])
def test_kill_at_some_of_these_moments_is_repaired_on_a_server_too(
    half: str, kind: str, first: int, phases: dict[str, Phase], live_through: Lives
) -> None:
    told = live_through(phases[half], None, kind)
    commits = [Kill(f"{side} commit", n + 1) for n in range(told.commits) for side in ("before", "after")]
    lines = [Kill(f"line {fate}", n + 1) for n in range(told.lines) for fate in ("lost", "taken")]
    # The servers take turns, so that together they see more of them.
    some = [*commits[first :: len(commits) // 4 | 1], *lines[first :: len(lines) // 2 | 1]]
    assert len({kill.what for kill in some}) == 4
    assert failures(live_through, phases[half], some, kind) == []


def test_real_worker_killed_again_and_again_gets_there_and_back(
    loop: SimulatorLoop, own_store: Store, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    with Site(tmp_path, loop, own_store, ORIGINAL) as site:
        original = site.router.running_config()
        book(own_store, site.device, now=now)
        for state in (State.ACTIVE, State.RELEASED):
            for kill in (Kill("line taken", 2), Kill("line lost", 3), Kill("line taken", 1)):
                assert site.run(now, kill, target=serve)[0] == -signal.SIGKILL
            assert site.run(now, target=serve)[0] == 0
            (view,) = own_store.read(service.list_reservations)
            assert view.state is state
            if state is State.ACTIVE:
                assert site.router.running_config() != original
                own_store.write(
                    lambda s, id_=view.id: service.cancel(s, id_, kind=KIND, now=now, actor="x")  # type: ignore[misc]
                )
        assert site.router.running_config() == site.router.startup_config() == original
        (view,) = own_store.read(service.list_reservations)
        assert view.outcome is Outcome.CANCELLED


def test_forty_that_start_in_one_second_are_one_push_per_stage_and_leave_the_router_as_it_was(
    loop: SimulatorLoop, own_store: Store, tmp_path: Path
) -> None:
    store = own_store
    with Site(tmp_path, loop, store, ORIGINAL) as site:
        original = site.router.running_config()
        book(store, site.device, tickets=40)
        assert site.run(NOON)[0] == 0
        states = {view.state for view in store.read(service.list_reservations)}
        assert states == {State.ACTIVE}
        assert site.router.pushes == 2
        theirs = [line for line in original.splitlines() if line != "!"]
        configured = [line for line in site.router.running_config().splitlines() if line != "!"]
        assert [line for line in configured if line in theirs] == theirs
        assert sum(line.startswith("ip access-list extended LS-FNAL-") for line in configured) == 40
        assert site.run(NOON + HOUR)[0] == 0
        assert {view.state for view in store.read(service.list_reservations)} == {State.RELEASED}
        assert site.router.pushes == 4
        assert site.router.running_config() == original
        changes = store.read(lambda s: view_changes(s, ROUTER))
        assert [len(change.reservations) for change in changes] == [40] * 4
