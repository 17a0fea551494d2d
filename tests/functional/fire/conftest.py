"""The real worker, the real driver and a database, over SSH to a router that everything happens to.

Tests wait for facts, never for time to pass; where hours must pass, the worker's clock is put forward. Every
line that reaches the router is looked at afterwards: what would each packet have met between it and the next?
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from activation.devices import ChangeView, DeviceView, register_devices, view_changes, view_devices
from activation.due import WorkerSettings
from activation.worker import Worker
from netconfig.driver import DeviceDriver, Ownership
from netconfig.drivers.cisco_ios import CiscoIos
from netconfig.intent import dump_intent
from netconfig.inventory import Device
from netconfig.simulator import IosRouter, Packet, RunningSimulator, SimulatorLoop, admitted, forwarding
from reservation import modification, offering, service
from reservation.identity import database_identity
from reservation.lifecycle import State
from reservation.model import (
    ClaimRequest,
    Modification,
    PartRequest,
    PartView,
    Request,
    ReservationView,
    TimeSlot,
)
from reservation.tables import ClaimRow
from store import Store, open_store
from tests.conftest import make_database
from tests.contract.drivers.bench import Ticket
from tests.contract.drivers.cisco_ios_bench import CONFIG, STRANGERS, TEN_ONE, TEN_TWO, IosRig
from tests.contract.drivers.cli_rig import HASTY, PASSWORD, PATIENT, wait_so_long
from tests.databases import drop_database

KIND = "ticket"
PATH = "path:red"
STATION = "FNAL"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DRIFT = timedelta(minutes=5)
QUICK = timedelta(milliseconds=100)
PATIENCE = 60.0
"""Seconds after which a test gives up waiting; nothing should ever take so long."""


class BorderClock:
    """Stands still until it is put ahead, so that nothing is tried again meanwhile; or runs."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        self.runs = False
        self._began = datetime.now(UTC)

    def now(self) -> datetime:
        return (datetime.now(UTC) if self.runs else self._began) + self.ahead


@dataclass(frozen=True)
class Moment:
    """The router right after a line, and the tickets that must not notice it."""

    line: str
    state: Any
    staying: tuple[Ticket, ...]


class Border:
    """One border router, its site's database, and the workers that look after it."""

    def __init__(self, loop: SimulatorLoop, store: Store) -> None:
        self.router = IosRouter(CONFIG, clock=lambda: datetime(2030, 1, 1, tzinfo=UTC))
        self.simulator = self.listen(loop)
        self.rig = IosRig(self.router, self.simulator)
        self.original = self.router.running_config()
        self.store = store
        self.clock = BorderClock()
        self.staying: tuple[Ticket, ...] = ()
        self.moments: list[Moment] = []
        self.at_line: Callable[[int, str], None] = lambda _session, _line: None
        self._first = self._treatment(self.router.state)
        self._changed = threading.Condition()
        self._workers: list[Worker] = []
        self._drivers: list[CiscoIos] = []
        self._stores: list[Store] = []
        self.router.before_line = self._pass_on
        self.router.after_line = self._remember
        self.set_up(store)
        self._watch(store)

    @property
    def device(self) -> Device:
        return self.rig.device

    def listen(self, loop: SimulatorLoop, *, port: int = 0) -> RunningSimulator:
        """Let the router answer at a port, with a host key it never had before."""
        simulator = RunningSimulator(self.router, username="lambda", password=PASSWORD, loop=loop, port=port)
        return simulator.__enter__()

    def set_up(self, store: Store) -> None:
        """Make the router and a path known to a database."""
        store.write(database_identity)
        store.write(lambda s: register_devices(s, [self.device]))
        store.write(lambda s: offering.offer(s, PATH, capacity=100, unit="bit/s", now=self.clock.now()))

    def another_store(self, store: Store | None = None) -> Store:
        """A database as another process would open it."""
        opened = open_store((store or self.store).engine.url)
        self._stores.append(opened)
        self._watch(opened)
        return opened

    def worker(
        self, owner: str = "first", *, store: Store | None = None, device: Device | None = None, **how: Any
    ) -> Worker:
        """A worker that runs; stopped at the end of the test."""
        store = store or self.store
        ownership = Ownership(STATION, store.write(database_identity))
        make = partial(self.driver, device or self.device, ownership)
        settings = WorkerSettings(owner=owner, **{"poll": QUICK, "drift": DRIFT, **how})
        made = Worker(store, {self.device.name: make}, settings, self.clock)
        self._workers.append(made)
        made.start()
        return made

    def driver(self, device: Device, ownership: Ownership) -> DeviceDriver:
        made = CiscoIos(device, ownership, timeouts=PATIENT)
        self._drivers.append(made)
        return made

    def take_for_hung_soon(self, soon: bool) -> None:
        """Let a router that says nothing be taken for hung after a moment, or only after a long while."""
        wait_so_long(self._drivers, HASTY if soon else PATIENT)

    def book(
        self,
        *tickets: Ticket,
        length: timedelta = 10 * HOUR,
        stages: bool = False,
        store: Store | None = None,
    ) -> int:
        """One reservation from now on with a part for each of these tickets of the bench."""
        now, store = self.clock.now(), store or self.store
        request = Request(
            kind=KIND,
            owner="CN=Someone",
            slot=TimeSlot(now, now + length),
            hold_until=now + length,
            claims=(ClaimRequest(PATH, 1),),
            parts=self._parts(tickets, stages=stages),
        )
        held = store.write(lambda s: service.hold(s, request, now=now))
        store.write(lambda s: service.confirm(s, held.id, kind=KIND, now=now, actor="x"))
        return held.id

    def book_active(self, *tickets: Ticket, **how: Any) -> int:
        """The same, and the worker has brought it up."""
        number = self.book(*tickets, **how)
        self.until_state(number, State.ACTIVE)
        return number

    def modify(self, number: int, *tickets: Ticket) -> None:
        """Let a reservation have the parts of these tickets instead."""
        change = Modification(parts=self._parts(tickets))
        now = self.clock.now()
        self.store.write(lambda s: modification.modify(s, number, change, kind=KIND, now=now, actor="x"))

    def _parts(self, tickets: Sequence[Ticket], *, stages: bool = False) -> tuple[PartRequest, ...]:
        return tuple(
            PartRequest(self.device.name, stage if stages else 0, dump_intent(ticket.part.intent))
            for stage, ticket in enumerate(tickets)
        )

    def cancel(self, number: int) -> None:
        now = self.clock.now()
        self.store.write(lambda s: service.cancel(s, number, kind=KIND, now=now, actor="x"))

    def until(self, fact: Callable[[], bool], *, patience: float = PATIENCE) -> None:
        """Wait for a fact: looked at after our transactions, and often enough for other processes'."""
        with self._changed:
            for _ in range(int(patience * 10)):
                if self._changed.wait_for(fact, 0.1):
                    return
            told = self.store.read(service.list_reservations), self.seen()
            raise AssertionError(f"it never came to be: {told}")

    def until_state(self, number: int, state: State) -> None:
        self.until(lambda: self.view(number).state is state)

    def until_read_again(self) -> None:
        """Let the time pass after which a device is read though nothing changed, and see that it is well."""
        # Twice: a pass may have been under way, that read it before whatever the test has done.
        for _ in range(2):
            before = self.seen().read_at
            self.clock.ahead += DRIFT
            self.until(lambda b=before: self.seen().read_at != b and self.seen().in_sync)  # type: ignore[misc]

    def view(self, number: int) -> ReservationView:
        return self.store.read(lambda s: service.get(s, number))

    def parts(self, number: int) -> tuple[PartView, ...]:
        return self.store.read(lambda s: service.list_parts(s, number))

    def claims(self, number: int) -> int:
        query = select(func.count()).select_from(ClaimRow).where(ClaimRow.reservation_id == number)
        return self.store.read(lambda s: s.scalar(query)) or 0

    def seen(self, store: Store | None = None) -> DeviceView:
        """The router as operators see it."""
        (device,) = (store or self.store).read(view_devices)
        return device

    def changes(self) -> tuple[ChangeView, ...]:
        """The pushes, oldest first."""
        return self.store.read(lambda s: view_changes(s, self.device.name, limit=100))[::-1]

    def wrong_moments(self) -> list[str]:
        """Lines after which something was wrong until the next one."""
        return [f"{what} after {moment.line!r}" for moment in self.moments for what in self._wrong(moment)]

    def close(self) -> None:
        self.at_line = lambda _session, _line: None
        for worker in self._workers:
            worker.stop(patience=timedelta(seconds=PATIENCE))
        self.simulator.__exit__(None, None, None)
        for store in self._stores:
            store.close()

    def _pass_on(self, session: int, line: str) -> None:
        self.at_line(session, line)

    def _remember(self, _session: int, line: str) -> None:
        self.moments.append(Moment(line, self.router.state, self.staying))

    def _wrong(self, moment: Moment) -> Iterator[str]:
        yield from (f"{name} steers everything" for name in loose_entries(moment.state))
        treated = self._treatment(moment.state)
        yield from (f"{packet} went astray" for packet in STRANGERS if treated[packet] != self._first[packet])
        for ticket in moment.staying:
            interface = getattr(ticket.part.intent, "interface", TEN_ONE)
            assert isinstance(ticket.packet, Packet)
            if ticket.next_hop and forwarding(moment.state, interface, ticket.packet) != ticket.next_hop:
                yield f"{ticket.packet} lost its path"
            if not ticket.next_hop and not admitted(moment.state, interface, "in", ticket.packet):
                yield f"{ticket.packet} was turned away"

    def _treatment(self, state: Any) -> dict[Any, Sequence[object]]:
        return {
            packet: [
                (forwarding(state, interface, packet), admitted(state, interface, "in", packet))
                for interface in (TEN_ONE, TEN_TWO)
            ]
            for packet in STRANGERS
        }

    def _watch(self, store: Store) -> None:
        event.listen(store._sessions, "after_commit", self._tell)

    def _tell(self, _session: Session | None = None) -> None:
        with self._changed:
            self._changed.notify_all()


def loose_entries(state: Any) -> Iterator[str]:
    """Entries in force that send packets somewhere without a condition, or by a list that is not there."""
    for interface in (TEN_ONE, TEN_TWO):
        carried = state.interface(interface)
        for family in (4, 6):
            route_map = state.route_map(carried.route_map(family) or "")
            for entry in route_map.entries if route_map else ():
                names = entry.access_lists(family)
                lists = [state.access_list(family, name) for name in names]
                if entry.next_hops(family) and not (names and all(held and held.entries for held in lists)):
                    yield f"{route_map.name} {entry}"


def steered(ticket: Ticket, **how: Any) -> Ticket:
    """The same ticket to somewhere else."""
    return replace(ticket, part=replace(ticket.part, intent=replace(ticket.part.intent, **how)))


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def border(loop: SimulatorLoop, own_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Border]:
    """A border, and at the end the judgement over every line that was sent to its router."""
    monkeypatch.setenv("BENCH_PASSWORD", PASSWORD)
    made = Border(loop, own_store)
    yield made
    made.close()
    assert made.wrong_moments() == []


@pytest.fixture(params=["mariadb", "postgresql"])
def border_on_server(
    request: pytest.FixtureRequest, loop: SimulatorLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Border]:
    """A border whose database is a server, for what happens to that, or to several workers on it."""
    monkeypatch.setenv("BENCH_PASSWORD", PASSWORD)
    store = make_database(request.param, tmp_path)
    made = Border(loop, store)
    yield made
    made.close()
    store.close()
    drop_database(store.engine.url)
    assert made.wrong_moments() == []


@pytest.fixture
def other_database(database_kind: str, tmp_path: Path, border: Border) -> Iterator[Store]:
    """A database that knows the router and nothing else: new, or the wrong one."""
    store = make_database(database_kind, tmp_path / "other")
    border.set_up(store)
    yield store
    store.close()
