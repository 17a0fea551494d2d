"""A router and a database that the processes of `test_crashes` work on, and die at."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select

import examples
from activation.devices import register_devices
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
from reservation.lifecycle import State
from reservation.model import ClaimRequest, PartRequest, Request, TimeSlot
from store import Base, Store
from tests.functional.activation.victim import Moment, Orders, work
from tests.processes import Forked, forking

ORIGINAL = (Path(examples.__path__[0]) / "fermilab-border-1.txt").read_text(encoding="utf-8")
NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PASSWORD = "correct horse battery staple"
ROUTER = "border-1"
KIND = "ticket"
PATH = "path:red"
PATIENCE = 120.0

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
