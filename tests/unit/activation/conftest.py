"""A house with boxes in it: simple devices that behave, the passes over them, a clock that only tests move.

A `Box` is the device: it keeps lines whoever speaks to it, and can be made to refuse, forget, ignore, hang
or be away. A `BoxDriver` is one session with it, and all that `activation` ever sees.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import ClassVar

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from activation import leases
from activation.counting import count_device, devices_to_count
from activation.devices import ChangeView, DeviceView, view_changes, view_devices
from activation.due import WorkerSettings, due_devices
from activation.next_hops import ask_device, devices_to_ask
from activation.reconcile import reconcile
from activation.settle import settle
from activation.tick import expire, tick
from netconfig.capability import Capability
from netconfig.driver import (
    Config,
    Count,
    Exchange,
    Ownership,
    PartIntent,
    Placement,
    Plan,
    PlanLine,
    Transcript,
    keep_transcript,
)
from netconfig.errors import DeviceError, Rejected, StateUnknown, Unreachable, Waiting
from netconfig.intent import FlowMatch, Intent, IpAddress, PolicyRoute, Steering, dump_intent
from netconfig.inventory import Way
from reservation import offering, service
from reservation.identity import database_identity
from reservation.lifecycle import State
from reservation.model import ClaimRequest, PartRequest, PartView, Request, ReservationView, TimeSlot
from reservation.parts import register_device
from reservation.tables import ClaimRow, ReservationRow
from store import Store

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
KIND = "ticket"
PATH = "path:blue"
FAR, NEAR = "far-1", "near-1"
PATIENCE = 60.0
"""Seconds after which a test gives up waiting; nothing should ever take so long."""


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Box:
    """A device: lines in order, ours and the site's.

    Attributes:
        lines: what it carries now.
        saved: what it would carry after a reboot.
        pushes: the lines of each push, as far as it came.
        refuses: lines that contain one of these words are refused.
        ignores: lines that contain one of these words are taken and change nothing.
        hinders: lines that contain one of these words wait: what the site has under them is away.
        tells: its answer to a push tells what is there then.
        away: it does not answer at all.
        full: it takes lines but cannot save them.
        bug: something no driver should ever raise, raised at the next push.
        before_line, after_line: called around each line of a push.
        held: a push waits for this event before each line; closing the session sets it off.
        deaf: closing the session does not.
        reading: reading waits for this event.
        entered: released each time a push or a reading begins to wait.
        collisions: how often two sessions were in configuration mode at once.
        room: how many lines of ours fit.
        passed: packets that it has counted, by line.
        mute: what it answers when it is asked what passed, instead of telling.
        asked: how often it was.
        counting: its answer waits for this event.
        silent: next hops that do not answer it.
        asks: which next hops it was asked for, each time.
        dumb: what it answers when it is asked for next hops, instead of telling.
        pinging: its answer to that waits for this event.
    """

    name: str
    lines: list[str] = field(default_factory=lambda: ["hostname box", "banner not ours"])
    saved: list[str] = field(default_factory=list)
    pushes: list[list[str]] = field(default_factory=list)
    reads: int = 0
    closed: int = 0
    refuses: set[str] = field(default_factory=set)
    ignores: set[str] = field(default_factory=set)
    hinders: set[str] = field(default_factory=set)
    tells: bool = False
    away: bool = False
    full: bool = False
    bug: Exception | None = None
    before_line: Callable[[str], None] | None = None
    after_line: Callable[[str], None] | None = None
    held: threading.Event | None = None
    deaf: bool = False
    reading: threading.Event | None = None
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    room: int = 10_000
    passed: dict[str, int] = field(default_factory=dict)
    mute: Exception | None = None
    asked: int = 0
    counting: threading.Event | None = None
    silent: set[str] = field(default_factory=set)
    asks: list[list[str]] = field(default_factory=list)
    dumb: Exception | None = None
    pinging: threading.Event | None = None
    pushing: threading.Lock = field(default_factory=threading.Lock)
    collisions: int = 0

    @property
    def ours(self) -> list[str]:
        return [line for line in self.lines if line.startswith("LS-")]

    def carry(self, packets: int, *, reservation: int) -> None:
        """So many packets of this reservation's pass, by each of its lines."""
        for line in self.ours:
            if line.split("-")[2] == str(reservation):
                self.passed[line] = self.passed.get(line, 0) + packets

    def take(self, line: str) -> None:
        """Change what a line says."""
        if any(word in line for word in self.ignores):
            return
        if line.startswith("no "):
            self.lines.remove(line.removeprefix("no "))
            self.passed.pop(line.removeprefix("no "), None)
        else:
            self.lines.append(line)


class BoxDriver:
    """A session with a box; a part is one line, `LS-<station>-<reservation>-<part> at <n> db <database>`.

    Where its next hop is watched the line says which it has: `... at <n> via <next hop> db <database>`.
    """

    platform: ClassVar[str] = "box"
    ways: ClassVar[frozenset[Way]] = frozenset({Way.SSH})
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability) - {Capability.SLOT_END}

    def __init__(self, box: Box, ownership: Ownership) -> None:
        self.box = box
        self._prefix = f"LS-{ownership.station}-"
        self._database = ownership.database
        self._broken = threading.Event()

    def read(self) -> Config:
        self._broken.clear()
        if hangs := self.box.reading:
            self.box.entered.release()
            hangs.wait(PATIENCE)
        self._reach()
        self.box.reads += 1
        return self._config()

    def _config(self) -> Config:
        found: dict[int, str] = {}
        for line in self.box.ours:
            number = self._reservation(line) if line.startswith(self._prefix) else None
            if number is not None and found.get(number) in {None, self._database}:
                found[number] = line.rpartition(" db ")[2]
        return Config(text="\n".join(self.box.ours), found=found)

    def place(self, actual: Config, parts: Sequence[PartIntent]) -> Mapping[int, Placement]:
        taken = {int(str(part.placement["at"])) for part in parts if part.placement}
        answer: dict[int, Placement] = {}
        for part in parts:
            if part.wanted:
                at = part.placement.get("at") or max(taken, default=0) + 10
                taken.add(int(str(at)))
                answer[part.part_id] = {**part.placement, "at": at}
                if len(answer) > self.box.room:
                    ids = frozenset({part.part_id})
                    raise Rejected(self.box.name, "no room", line=self._line(part, int(str(at))), parts=ids)
        return answer

    def render(self, parts: Sequence[PartIntent]) -> Config:
        wanted = [part for part in parts if part.wanted]
        lines = {self._line(part, int(str(part.placement["at"]))): part.part_id for part in wanted}
        return Config(text="\n".join(lines), serves={(line,): frozenset({n}) for line, n in lines.items()})

    def plan(self, actual: Config, desired: Config, *, known: frozenset[int]) -> Plan:
        has, wants = actual.text.splitlines(), desired.text.splitlines()
        lines, strangers = [], []
        for line in has:
            number = self._reservation(line)
            ours = number in known and line.endswith(f" db {self._database}")
            if line in wants and not ours:
                raise StateUnknown(self.box.name, f"a plan would have touched what is not ours: {line}")
            if line in wants:
                continue
            if ours:
                lines.append(PlanLine(f"no {line}", reservation_id=number, removal=True))
            else:
                strangers.append(f"{line} is not this database's")
        lines += [self._coming(line, desired.serves[(line,)]) for line in wants if line not in has]
        return Plan(tuple(lines), tuple(strangers))

    def _coming(self, line: str, parts: frozenset[int]) -> PlanLine:
        if any(word in line for word in self.box.hinders):
            return PlanLine("! waiting: no card", parts=parts, waits="the card is out")
        return PlanLine(line, parts=parts, reservation_id=self._reservation(line))

    def imagine(self, actual: Config, carried: str) -> Config:
        return Config(text=carried)

    def evict(self, actual: Config, reservation_id: int, *, database: str) -> Plan:
        return Plan(
            tuple(
                PlanLine(f"no {line}", reservation_id=reservation_id, removal=True)
                for line in self._lines_of(actual, reservation_id, database)
            )
        )

    def recover(self, actual: Config, reservation_id: int, *, database: str) -> tuple[Steering, ...]:
        theirs = self._lines_of(actual, reservation_id, database)
        return tuple(Steering((ROUTE.interface,), ROUTE.next_hop, ROUTE.flows) for _ in theirs)

    def take_over(
        self, actual: Config, reservation_id: int, intents: Sequence[Intent], *, database: str
    ) -> tuple[Placement, ...]:
        theirs = self._lines_of(actual, reservation_id, database)
        placed = [{"at": int(line.split()[2])} for line in theirs]
        return tuple([*placed, *({} for _ in intents)][: len(intents)])

    def _lines_of(self, actual: Config, reservation_id: int, database: str) -> list[str]:
        return [
            line
            for line in actual.text.splitlines()
            if self._reservation(line) == reservation_id and line.endswith(f" db {database}")
        ]

    def push(self, plan: Plan, *, may_go_on: Callable[[], bool] = lambda: True) -> Transcript:
        if not plan.due:
            raise Waiting(self.box.name, "nothing to send")
        if not self.box.pushing.acquire(blocking=False):
            self.box.collisions += 1
            raise Unreachable(self.box.name, "somebody else is in configuration mode")
        exchanges: list[Exchange] = []
        self.box.pushes.append([])
        try:
            for line in plan.due:
                if not may_go_on():
                    raise Unreachable(self.box.name, "the lease ran out")
                self._send(line, exchanges)
            self._save()
        except DeviceError as error:
            keep_transcript(error, Transcript(tuple(exchanges)))
            raise
        finally:
            self.box.pushing.release()
        return Transcript(tuple(exchanges), read_back=self._config() if self.box.tells else None)

    def save(self) -> Transcript:
        self._save()
        return Transcript((Exchange("save", ""),))

    def count(self, parts: Sequence[PartIntent]) -> Mapping[int, Count]:
        self._reach()
        self.box.asked += 1
        if hangs := self.box.counting:
            self.box.entered.release()
            hangs.wait(PATIENCE)
        if self.box.mute is not None:
            raise self.box.mute
        lines = {part.part_id: self._line(part, int(str(part.placement["at"]))) for part in parts}
        passed = {
            number: self.box.passed.get(line, 0) for number, line in lines.items() if line in self.box.lines
        }
        return {number: Count(packets, 1500 * packets) for number, packets in passed.items()}

    def answering(self, next_hops: Collection[IpAddress]) -> frozenset[IpAddress]:
        self._broken.clear()
        self._reach()
        self.box.asks.append(sorted(map(str, next_hops)))
        if hangs := self.box.pinging:
            self.box.entered.release()
            hangs.wait(PATIENCE)
            self._reach()
        if self.box.dumb is not None:
            raise self.box.dumb
        return frozenset(hop for hop in next_hops if str(hop) not in self.box.silent)

    def close(self) -> None:
        self.box.closed += 1
        self._broken.set()
        if self.box.held and not self.box.deaf:
            self.box.held.set()

    def _save(self) -> None:
        self._reach()
        if self.box.full:
            raise Unreachable(self.box.name, "could not save")
        self.box.saved = list(self.box.lines)

    def _send(self, line: PlanLine, exchanges: list[Exchange]) -> None:
        if hangs := self.box.held:
            self.box.entered.release()
            hangs.wait(PATIENCE)
        self._reach()
        if self.box.before_line:
            self.box.before_line(line.text)
        self._reach()
        if self.box.bug is not None:
            raise self.box.bug
        if any(word in line.text for word in self.box.refuses):
            exchanges.append(Exchange(line.text, "% Invalid input"))
            if line.removal:
                raise StateUnknown(self.box.name, f"% Invalid input (at {line.text!r})")
            raise Rejected(self.box.name, "% Invalid input", line=line.text, parts=line.parts)
        exchanges.append(Exchange(line.text, ""))
        self.box.take(line.text)
        self.box.pushes[-1].append(line.text)
        if self.box.after_line:
            self.box.after_line(line.text)
        self._reach()

    def _reach(self) -> None:
        if self.box.away or self._broken.is_set():
            raise Unreachable(self.box.name, "no answer")

    def _line(self, part: PartIntent, at: int) -> str:
        route = part.intent
        watched = isinstance(route, PolicyRoute) and route.next_hop_down is not None
        via = f" via {route.next_hop}" if isinstance(route, PolicyRoute) and watched else ""
        return f"{self._prefix}{part.reservation_id}-{part.part_id} at {at}{via} db {self._database}"

    def _reservation(self, line: str) -> int:
        return int(line.removeprefix(self._prefix).partition("-")[0])


def whose(line: str) -> str:
    """The line without the number of its part, which no test knows: `no LS-FNAL-<reservation>`."""
    return line.partition(" at ")[0].rpartition("-")[0]


ROUTE = PolicyRoute(
    interface="TenGigabitEthernet1/1",
    next_hop=ip_address("192.0.2.1"),
    flows=(FlowMatch(source=ip_network("10.0.0.0/24"), destination=ip_network("10.1.0.0/24")),),
)
INTENT = dump_intent(ROUTE)


class House:
    """A store, some boxes and the three passes, one at a time, as a single worker would make them."""

    def __init__(self, store: Store, *names: str) -> None:
        self.store = store
        self.clock = HandClock()
        self.boxes = {name: Box(name) for name in names}
        self.settings = WorkerSettings(owner="tests")
        database = store.write(database_identity)
        self.ownership = Ownership(station="FNAL", database=database)
        store.write(self._set_up)

    def _set_up(self, session: Session) -> None:
        offering.offer(session, PATH, capacity=1000, unit="bit/s", now=self.clock.now())
        for name in self.boxes:
            register_device(session, name, platform="box", capabilities=BoxDriver.capabilities)

    @property
    def far(self) -> Box:
        return self.boxes[FAR]

    @property
    def near(self) -> Box:
        return self.boxes[NEAR]

    def driver(self, name: str) -> BoxDriver:
        return BoxDriver(self.boxes[name], self.ownership)

    def hold(
        self,
        *,
        start: timedelta = timedelta(0),
        length: timedelta = HOUR,
        amount: int = 1,
        stages: Sequence[tuple[str, int]] = ((FAR, 0), (NEAR, 1)),
        intent: Mapping[str, object] = INTENT,
        hold_for: timedelta | None = None,
    ) -> int:
        begin = self.clock.now() + start
        request = Request(
            kind=KIND,
            owner="CN=Someone",
            slot=TimeSlot(begin, begin + length),
            hold_until=begin + length if hold_for is None else self.clock.now() + hold_for,
            claims=(ClaimRequest(PATH, amount),),
            parts=tuple(PartRequest(device, stage, intent) for device, stage in stages),
        )
        return self.store.write(lambda session: service.hold(session, request, now=self.clock.now())).id

    def confirm(self, number: int) -> int:
        self.store.write(
            lambda s: service.confirm(s, number, kind=KIND, now=self.clock.now(), actor="CN=Someone")
        )
        return number

    def book(
        self,
        *,
        start: timedelta = timedelta(0),
        length: timedelta = HOUR,
        amount: int = 1,
        stages: Sequence[tuple[str, int]] = ((FAR, 0), (NEAR, 1)),
        intent: Mapping[str, object] = INTENT,
    ) -> int:
        held = self.hold(start=start, length=length, amount=amount, stages=stages, intent=intent)
        return self.confirm(held)

    def cancel(self, number: int, *, reason: str | None = None) -> ReservationView:
        return self.store.write(
            lambda s: service.cancel(
                s, number, kind=KIND, now=self.clock.now(), actor="CN=Someone", reason=reason
            )
        )

    def tick(self) -> None:
        now = self.clock.now()
        expire(self.store, tick(self.store, now), now, clock=self.clock)

    def settle(self) -> bool:
        return settle(self.store, self.clock.now())

    def visit(self, name: str) -> None:
        """One pass over one device under a lease of its own."""
        token = leases.take(self.store, name, owner="tests", life=timedelta(minutes=5))
        assert token is not None
        reconcile(self.store, name, self.driver(name), token=token, clock=self.clock)
        leases.release(self.store, name, token)

    def count_devices(self) -> list[str]:
        """What a worker asks devices at one strike: what passes. Returns those that it asked."""
        to_count = self.store.read(
            lambda session: devices_to_count(session, self.boxes, self.settings, self.clock.now())
        )
        for name in to_count:
            token = leases.take(self.store, name, owner="tests", life=timedelta(minutes=5))
            assert token is not None
            count_device(self.store, name, self.driver(name), token=token, clock=self.clock)
            leases.release(self.store, name, token)
        return to_count

    def ask_devices(self) -> list[str]:
        """What a worker asks devices at one strike: which next hops answer. Returns those that it asked."""
        to_ask = self.store.read(
            lambda session: devices_to_ask(session, self.boxes, self.settings, self.clock.now())
        )
        for name in to_ask:
            token = leases.take(self.store, name, owner="tests", life=timedelta(minutes=5))
            assert token is not None
            ask_device(
                self.store,
                name,
                self.driver(name),
                token=token,
                every=self.settings.ask_hops_every,
                lately=self.settings.hops_told_for,
                clock=self.clock,
            )
            leases.release(self.store, name, token)
        return to_ask

    def due(self) -> list[str]:
        return self.store.read(
            lambda session: due_devices(session, self.boxes, self.settings, self.clock.now())
        )

    def strike(self) -> list[str]:
        """What a worker does at one strike of its clock. Returns the devices it went to."""
        self.tick()
        if self.settle():
            self.tick()
        due = self.due()
        for name in due:
            self.visit(name)
        return due

    def run(self) -> None:
        """Strike until nothing is left to do at this instant."""
        for _ in range(50):
            if not self.strike():
                return
        raise AssertionError("the worker does not come to rest")

    def at(self, instant: datetime) -> None:
        """Let it be that instant, and the worker come to rest there."""
        self.clock.at = instant
        self.run()

    def view(self, number: int) -> ReservationView:
        return self.store.read(lambda session: service.get(session, number))

    def state(self, number: int) -> State:
        return self.view(number).state

    def states(self, number: int) -> list[State]:
        moves = self.store.read(lambda session: service.history(session, number))
        return [move.to_state for move in moves]

    def count(self, state: State) -> int:
        """How many reservations are in that state."""
        query = select(func.count()).select_from(ReservationRow).where(ReservationRow.state == state)
        return self.store.read(lambda session: session.scalar(query)) or 0

    def parts(self, number: int) -> tuple[PartView, ...]:
        return self.store.read(lambda session: service.list_parts(session, number))

    def claims(self, number: int) -> int:
        query = select(func.count()).select_from(ClaimRow).where(ClaimRow.reservation_id == number)
        return self.store.read(lambda session: session.scalar(query)) or 0

    def device(self, name: str) -> DeviceView:
        return {view.name: view for view in self.store.read(view_devices)}[name]

    def changes(self, name: str) -> list[ChangeView]:
        """Every push stored, oldest first."""
        return list(reversed(self.store.read(lambda session: view_changes(session, name, limit=1000))))


@pytest.fixture
def house(store: Store) -> House:
    """A house with a far and a near box, at noon."""
    return House(store, FAR, NEAR)
