"""The bench of an OpenFlow gateway: a real agent behind real TLS, with a real proxy and a real access.conf.

The bridge alone is remembered and not real here: the VLAN map has tests of its own.
"""

import atexit
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from cryptography import x509

from netconfig.controllers import ControllerPolicy
from netconfig.driver import DeviceDriver, Ownership, PartIntent, Plan, PlanLine
from netconfig.drivers.ofgw_agent import OfgwAgent
from netconfig.drivers.ofgw_agent.config import write_item
from netconfig.drivers.ofgw_agent.plan import item_of_line
from netconfig.gateway import ControllerProxy, UserAccess, VlanMap, VlanPair
from netconfig.intent import GatewayIntent
from netconfig.inventory import Device, TlsFiles
from netconfig.simulator import SimulatorLoop
from netconfig.slicestate import Item, ItemIntent
from netconfig.transport.xmlrpc import Patience
from ofgw.access import AccessFile
from ofgw.backend import BackEnd, Found, Memory
from ofgw.calls import Calls
from ofgw.credentials import Credentials
from ofgw.errors import BackEndFailed
from ofgw.keeper import Keeper
from ofgw.proxy.endpoint import Endpoint
from ofgw.relay import Relay
from ofgw.server import AgentServer
from ofgw.statefile import StateFile
from ofgw.topology.view import FixedTopology
from pathservice.pki import Pki, init_pki
from tests.contract.drivers.bench import OWNERSHIP, Obstacle, Ticket, Trait, Trouble

LOOPBACK = "127.0.0.1"
ANYWHERE = ControllerPolicy(allow=(ip_network("0.0.0.0/0"),))
"""The addresses of documentation may well be this machine's."""
ACCESS = b"+ : root : LOCAL\n- : ALL : ALL\n"
UNTIL = datetime(2099, 1, 1, tzinfo=UTC)
PATIENT = Patience(open=60.0, answer=60.0)
HASTY = Patience(open=60.0, answer=1.5)
CALMED_WITHIN = 60.0
BREAKING = frozenset(Trouble) - {Trouble.GARBAGE}


def part(part_id: int, intent: GatewayIntent) -> PartIntent:
    return PartIntent(part_id, 42, intent, until=UNTIL)


OLD, NEW = VlanMap((VlanPair(10, 0),)), VlanMap((VlanPair(10, 0), VlanPair(30, 20)))
TICKETS = (
    Ticket(part(1, ControllerProxy("192.0.2.1", 6633)), "switch", "192.0.2.1:6633"),
    Ticket(part(2, OLD), "vlan 10", "0"),
)
VARIANTS = (Ticket(part(11, UserAccess("1_demo")), "1_demo", "in"),)
SUCCESSORS = (Ticket(part(22, NEW), "vlan 10", "0"),)


@cache
def credentials() -> Pki:
    """Made once; the agent is the server, the manager the user."""
    folder = Path(tempfile.mkdtemp(prefix="agent-pki-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return init_pki(folder, host_names=(), now=datetime.now(UTC))


class Watched:
    """A back end that is looked at after everything it does, and refuses what it is told to."""

    def __init__(self, inner: BackEnd, rig: "AgentRig") -> None:
        self._inner = inner
        self._rig = rig

    @property
    def item(self) -> Item:
        return self._inner.item

    def check(self, intent: ItemIntent) -> None:
        if self.item is self._rig.refused:
            raise ValueError("not on this gateway")
        self._inner.check(intent)

    def read(self) -> Found | None:
        return self._inner.read()

    def carry(self, wanted: Found) -> None:
        self._inner.carry(wanted)
        self._rig.look()

    def clear(self) -> None:
        if self.item is self._rig.refused:
            raise BackEndFailed("not from this gateway")
        self._inner.clear()
        self._rig.look()


class Counting(AgentServer):
    """Counts the connections it has let in."""

    opened: Callable[[], None]

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.opened()
        super().finish_request(request, client_address)

    def drop(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class AgentRig:
    """One gateway; it can be rebooted, edited and troubled."""

    secret = "in no word of it"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._access = folder / "access.conf"
        self._access.write_bytes(ACCESS)
        self._port = 0
        self._running = ExitStack()
        self._lock = threading.RLock()
        self._calmed = threading.Event()
        self._trouble: tuple[Trouble, bool] | None = None
        self._look: Callable[[], None] | None = None
        self._over_the_wire: list[OfgwAgent] = []
        self._at_once: list[OfgwAgent] = []
        self.refused: Item | None = None
        self.sessions = self.pushes = 0
        self._boot()
        pki = credentials()
        self.device = Device(
            name="gw-1",
            platform="ofgw_agent",
            host=LOOPBACK,
            port=self._port,
            tls=TlsFiles(ca=pki.ca, cert=pki.user_cert, key=pki.user_key),
        )
        self.nowhere = self.device.model_copy(update={"port": 1})

    def _boot(self) -> None:
        with ExitStack() as opening:
            self.relay = opening.enter_context(
                Relay([Endpoint(LOOPBACK, 0)], None, clock=lambda: datetime.now(UTC), policy=ANYWHERE)
            )
            self.bridge = Memory(Item.VLANS)
            back_ends = [Watched(one, self) for one in (self.relay, self.bridge, AccessFile(self._access))]
            keeper = Keeper(
                back_ends, StateFile(self._folder / "state.json"), clock=lambda: datetime.now(UTC)
            )
            self._calls = Calls(keeper, FixedTopology.of_original())
            pki = credentials()
            subject = x509.load_pem_x509_certificate(pki.user_cert.read_bytes()).subject
            files = Credentials(pki.ca, pki.server_cert, pki.server_key, frozenset({subject}))
            self._server = Counting((LOOPBACK, self._port), files, self._call)
            self._server.opened = self._count
            opening.callback(self._server.server_close)
            keeper.turn()
            opening.enter_context(self._server)
            self._port = self._server.port
            self._running = opening.pop_all()

    def _count(self) -> None:
        self.sessions += 1

    def over_the_wire(
        self, *, ownership: Ownership = OWNERSHIP, device: Device | None = None
    ) -> DeviceDriver:
        driver = OfgwAgent(device or self.device, ownership, patience=PATIENT)
        self._over_the_wire.append(driver)
        return driver

    def at_once(self, *, ownership: Ownership = OWNERSHIP) -> DeviceDriver:
        driver = OfgwAgent(self.device, ownership, patience=PATIENT)
        self._at_once.append(driver)
        return driver

    def text(self) -> str:
        controller = self.relay.view().controller
        vlans = self.bridge.found.intent if self.bridge.found else None
        return "\n".join([str(controller), *write_item(vlans), self._access.read_text(encoding="utf-8")])

    def keeps(self, original: str) -> bool:
        return set(ACCESS.splitlines()) <= set(self._access.read_bytes().splitlines())

    def edit(self, *lines: str) -> None:
        for line in lines:
            match line.split():
                case ["no", "controller"]:
                    self.relay.clear()
                case ["controller", url]:
                    self.relay.carry(Found(ControllerProxy.parse(url), 42))

    def rename(self, name: str) -> None:
        """What it is called is in its certificate alone."""

    def reboot(self) -> None:
        with self._lock:
            self._running.close()
            self._boot()

    def trouble(self, what: Trouble, *, number: int, reading: bool = False) -> None:
        self._calmed.clear()
        if what is Trouble.REFUSE and not reading:
            self.refused = (Item.CONTROLLER, Item.VLANS)[number % 2]
        self._trouble = what, reading
        for driver in self._over_the_wire:
            driver._session._patience = HASTY if what in {Trouble.HANG, Trouble.HANG_AFTER} else PATIENT

    def calm(self) -> None:
        with self._lock:
            self._trouble = self.refused = None
            self._calmed.set()
        for driver in self._over_the_wire:
            driver._session._patience = PATIENT

    def watch(self, look: Callable[[], None] | None) -> None:
        self._look = look

    def look(self) -> None:
        if self._look:
            self._look()

    def moments(self, plan: Plan) -> int:
        return len({item for line in plan.lines if (item := item_of_line(line))})

    def path(self, ticket: Ticket) -> str | None:
        match ticket.packet:
            case "switch":
                controller = self.relay.view().controller
                return str(controller) if controller else None
            case "vlan 10":
                vlans = self.bridge.found.intent if self.bridge.found else None
                pairs = vlans.pairs if isinstance(vlans, VlanMap) else ()
                return next((str(pair.alien) for pair in pairs if pair.ofelia == 10), None)
            case group:
                return "in" if f"({group})" in self._access.read_text(encoding="utf-8") else None

    def admits(self, ticket: Ticket) -> bool:
        return self.path(ticket) is not None

    def astray(self) -> Sequence[str]:
        return ()

    def _call(self, method: str, arguments: tuple[object, ...]) -> object:
        is_push = method == "setState"
        self.pushes += is_push
        if self._trouble is None or self._trouble[1] is is_push:
            return self._calls.call(method, arguments)
        what = self._trouble[0]
        answer: object = None
        if what in {Trouble.DROP_AFTER, Trouble.HANG_AFTER, Trouble.FORGET} or self.refused:
            answer = self._calls.call(method, arguments)
        if what in {Trouble.HANG, Trouble.HANG_AFTER} and self._over_the_wire:
            self._calmed.wait(CALMED_WITHIN)
        elif what is Trouble.FORGET:
            self.reboot()
        elif what in BREAKING and what is not Trouble.REFUSE:
            self._server.drop()
        return "nothing of the kind" if answer is None else answer

    def stop(self) -> None:
        self.calm()
        for driver in (*self._over_the_wire, *self._at_once):
            driver.close()
        self._running.close()


class AgentBench:
    traits = frozenset({Trait.LINES})
    troubles = BREAKING
    refusal = "not on this gateway"
    tickets: Sequence[Ticket] = TICKETS
    variants: Sequence[Ticket] = VARIANTS
    successors: Sequence[Ticket] = SUCCESSORS
    hand_edits: Sequence[Sequence[str]] = (("no controller",), ("controller 203.0.113.7:6633",))
    foreign: Mapping[str, Sequence[str]] = {}
    obstacles: Sequence[Obstacle] = ()

    @contextmanager
    def start(self, loop: SimulatorLoop | None = None) -> Iterator[AgentRig]:
        with tempfile.TemporaryDirectory(prefix="agent-") as folder:
            rig = AgentRig(Path(folder))
            try:
                yield rig
            finally:
                rig.stop()

    def is_shared(self, line: PlanLine) -> bool:
        return False
