"""A simulated router with a command line on the bench, whatever it runs."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from netconfig.cisco.driver import CiscoDriver
from netconfig.driver import DeviceDriver, Exchange, Ownership, Plan
from netconfig.drivers.dell_force10 import DellForce10
from netconfig.errors import Unreachable
from netconfig.intent import IpAddress
from netconfig.inventory import Device
from netconfig.simulator import Action, Fault, Packet, RunningSimulator, SimulatorLoop
from netconfig.simulator.session import Session
from netconfig.simulator.ssh import TerminalRouter
from netconfig.transport.cli import Timeouts
from tests.contract.drivers.bench import OWNERSHIP, Ticket, Trouble

PASSWORD = "correct horse battery staple"
PATIENT = Timeouts(open=60, silence=60, answer=120)
"""No router is taken for hung because this machine was busy."""
HASTY = dataclasses.replace(PATIENT, silence=2)
"""For one that is, where it is told to."""

CliDriver = CiscoDriver | DellForce10


def wait_so_long(drivers: Iterable[CliDriver], timeouts: Timeouts) -> None:
    """Let these drivers have this patience from now on."""
    for driver in drivers:
        driver._session._timeouts = timeouts


def clock() -> datetime:
    """The hour that every router on the bench shows."""
    return datetime(2030, 1, 1, tzinfo=UTC)


class CliRig(ABC):
    """One simulated router; a platform says what it is and where its packets go.

    Attributes:
        driver: what drives it.
        interfaces: where packets come in.
        strangers: packets that no ticket is for.
        refusal: what it says when it refuses a line; None is as an IOS router does.
    """

    secret = PASSWORD
    driver: ClassVar[type[CliDriver]]
    interfaces: ClassVar[Sequence[str]]
    strangers: ClassVar[Sequence[Packet]]
    refusal: ClassVar[str | None] = None

    def __init__(self, router: TerminalRouter, simulator: RunningSimulator) -> None:
        self.router = router
        self.device = Device(
            name="border-1",
            platform=self.driver.platform,
            host=simulator.host,
            port=simulator.port or 22,
            username="lambda",
            password="env:BENCH_PASSWORD",
            host_key=" ".join(simulator.host_key_line.split()[1:3]),
        )
        self.nowhere = self.device.model_copy(update={"port": 1})
        self._at_first = self._treatment()
        self._drivers: list[CliDriver] = []

    @abstractmethod
    def leads(self, interface: str, packet: Packet) -> str | None:
        """The next hop of a packet that comes in there."""
        ...

    @abstractmethod
    def lets_pass(self, interface: str, packet: Packet) -> bool:
        """Whether a packet may come in there."""
        ...

    def over_the_wire(
        self, *, ownership: Ownership = OWNERSHIP, device: Device | None = None
    ) -> DeviceDriver:
        driver = self.driver(device or self.device, ownership, timeouts=PATIENT)
        self._drivers.append(driver)
        return driver

    def at_once(self, *, ownership: Ownership = OWNERSHIP) -> DeviceDriver:
        driver = self.driver(self.device, ownership)
        driver._session = DirectSession(self.router)  # type: ignore[assignment]
        return driver

    def text(self) -> str:
        return self.router.running_config()

    def keeps(self, original: str) -> bool:
        return set(original.splitlines()) <= set(self.text().splitlines())

    def edit(self, *lines: str) -> None:
        self.router.apply(lines)

    def rename(self, name: str) -> None:
        self.router.apply([f"hostname {name}"])

    def reboot(self) -> None:
        self.router.reboot()

    def trouble(self, what: Trouble, *, number: int, reading: bool = False) -> None:
        action = Action(what.value)
        if action in {Action.HANG, Action.HANG_AFTER}:
            wait_so_long(self._drivers, HASTY)
        words = self.refusal if action is Action.REFUSE else None
        if reading:
            self.router.faults.add(Fault(action, line="^show running", where="exec", words=words))
        else:
            self.router.faults.add(Fault(action, number=number, words=words))

    def calm(self) -> None:
        self.router.faults.clear()
        wait_so_long(self._drivers, PATIENT)

    def silence(self, next_hop: IpAddress) -> None:
        self.router.next_hops.silent.add(next_hop)

    def wake(self, next_hop: IpAddress) -> None:
        self.router.next_hops.silent.discard(next_hop)

    def watch(self, look: Callable[[], None] | None) -> None:
        self.router.after_line = (lambda _session, _line: look()) if look else None

    def moments(self, plan: Plan) -> int:
        return len(plan.lines)

    def path(self, ticket: Ticket) -> str | None:
        interface = getattr(ticket.part.intent, "interface", self.interfaces[0])
        assert isinstance(ticket.packet, Packet)
        return self.leads(interface, ticket.packet)

    def admits(self, ticket: Ticket) -> bool:
        assert isinstance(ticket.packet, Packet)
        return self.lets_pass(self.interfaces[0], ticket.packet)

    def astray(self) -> Sequence[Packet]:
        now = self._treatment()
        return [packet for packet in self.strangers if now[packet] != self._at_first[packet]]

    @property
    def sessions(self) -> int:
        return self.router.sessions

    @property
    def pushes(self) -> int:
        return self.router.pushes

    def _treatment(self) -> Mapping[Packet, Sequence[object]]:
        return {
            packet: [(self.leads(one, packet), self.lets_pass(one, packet)) for one in self.interfaces]
            for packet in self.strangers
        }


@contextmanager
def served(router: TerminalRouter, loop: SimulatorLoop | None) -> Iterator[RunningSimulator]:
    """The router, reached over SSH if there is a loop for it to be served on."""
    simulator = RunningSimulator(router, username="lambda", password=PASSWORD, loop=loop)
    with ExitStack() as stack:
        if loop:
            stack.enter_context(pytest.MonkeyPatch.context()).setenv("BENCH_PASSWORD", PASSWORD)
            stack.enter_context(simulator)
        yield simulator


class DirectSession:
    """The simulator without SSH between, for tests that go through thousands of lines."""

    def __init__(self, router: TerminalRouter) -> None:
        self._router = router
        self._session: Session | None = None
        self._sitting: object = None

    @property
    def current(self) -> object:
        return self._sitting

    @property
    def in_configuration(self) -> bool:
        return self._session is not None and self._session.mode is not None

    def mask(self, text: str) -> str:
        return text

    def ask(
        self, command: str, *, confirm: bool = False, may_open: bool = True, patience: float | None = None
    ) -> str:
        return self._send_line(command, may_open=may_open)

    def send(self, lines: Sequence[str]) -> list[Exchange]:
        return [Exchange(line, self._send_line(line, may_open=False)) for line in lines]

    def close(self) -> None:
        if self._session is not None:
            self._router.disconnect(self._session)
        self._session = self._sitting = None

    def _send_line(self, line: str, *, may_open: bool) -> str:
        if self._session is None:
            if not may_open:
                raise Unreachable("border-1", "the session ended")
            self._sitting = object()
            self._session = dataclasses.replace(self._router.connect("lambda", self.close), length=0)
        reaction = self._router.react(self._session, line)
        if reaction.drops or reaction.hangs:
            self.close()
            raise Unreachable("border-1", "the session ended")
        self._session = reaction.session
        return reaction.said()
