"""The bench of Juniper Junos: a border router between two interfaces, prepared by its operator."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from netconfig.driver import DeviceDriver, Ownership, PartIntent, Plan, PlanLine
from netconfig.drivers.juniper_junos import JuniperJunos
from netconfig.errors import Unreachable
from netconfig.intent import FlowMatch, IpAddress, PolicyRoute
from netconfig.inventory import Device
from netconfig.simulator import (
    Action,
    Fault,
    JunosRouter,
    Packet,
    RunningSimulator,
    SimulatorLoop,
    junos_forwarding,
)
from netconfig.simulator.junos_ssh import read_rpc
from netconfig.transport.netconf import Element, NetconfSession, Timeouts, rpc_text
from tests.contract.drivers.bench import DATABASE, OWNERSHIP, Obstacle, Ticket, Trait, Trouble
from tests.contract.drivers.cisco_ios_bench import (
    BULK,
    CMS,
    CMS_HOST,
    OTHER,
    SIX,
    SIX_WIDER,
    STRANGERS,
    TO_BULK,
    TO_CMS,
    TO_SIX,
)

PASSWORD = "correct horse battery staple"
GE_ZERO, GE_ONE = "ge-0/0/0.0", "ge-0/0/1.0"
CONFIG = """\
<configuration xmlns="http://xml.juniper.net/xnm/1.1/xnm">
  <version>21.4R3.15</version>
  <groups>
    <name>member0</name>
    <system><host-name>border-2</host-name></system>
  </groups>
  <groups>
    <name>lambdastation-FNAL</name>
    <apply-macro><name>lambdastation</name><data><name>station</name><value>FNAL</value></data></apply-macro>
  </groups>
  <apply-groups>member0</apply-groups>
  <apply-groups>lambdastation-FNAL</apply-groups>
  <system>
    <root-authentication><encrypted-password>$6$hx5rVt7rPNoS4wqbXKX7m0</encrypted-password></root-authentication>
    <services><netconf><ssh/></netconf></services>
  </system>
  <interfaces>
    <interface>
      <name>ge-0/0/0</name>
      <description>campus, G\xe4ste</description>
      <unit>
        <name>0</name>
        <family>
          <inet><address><name>192.0.2.254/24</name></address></inet>
          <inet6><address><name>2001:db8:1::1/64</name></address></inet6>
        </family>
      </unit>
    </interface>
    <interface>
      <name>ge-0/0/1</name>
      <unit><name>0</name><family><inet><address><name>198.51.100.254/24</name></address></inet></family></unit>
    </interface>
    <interface>
      <name>ge-0/0/2</name>
      <unit>
        <name>0</name>
        <family><inet><filter><input><filter-name>SITE-IN</filter-name></input></filter></inet></family>
      </unit>
    </interface>
  </interfaces>
  <snmp><community><name>very-private</name></community></snmp>
  <routing-options>
    <static><route><name>0.0.0.0/0</name><next-hop>192.0.2.1</next-hop></route></static>
    <rib-groups><name>SITE-RIBS</name><import-rib>inet.0</import-rib></rib-groups>
  </routing-options>
  <firewall>
    <family>
      <inet>
        <filter>
          <name>SITE-IN</name>
          <term><name>all</name><then><accept/></then></term>
        </filter>
      </inet>
    </family>
  </firewall>
</configuration>
"""


def steer(
    part_id: int, reservation: int, next_hop: str, *flows: FlowMatch, interface: str = GE_ZERO
) -> PartIntent:
    return PartIntent(part_id, reservation, PolicyRoute(interface, ip_address(next_hop), flows))


TICKETS = (
    Ticket(steer(1, 42, "192.0.2.1", BULK), TO_BULK, "192.0.2.1"),
    Ticket(steer(2, 43, "192.0.2.2", CMS, CMS_HOST), TO_CMS, "192.0.2.2"),
    Ticket(steer(3, 44, "2001:db8:1::2", SIX), TO_SIX, "2001:db8:1::2"),
    Ticket(steer(7, 46, "198.51.100.1", BULK, interface=GE_ONE), TO_BULK, "198.51.100.1"),
)
VARIANTS = (
    Ticket(
        steer(11, 42, "192.0.2.3", OTHER),
        Packet("131.225.210.5", "192.84.86.5", "udp", 1, 2),
        "192.0.2.3",
    ),
    Ticket(steer(13, 46, "198.51.100.2", CMS, interface=GE_ONE), TO_CMS, "198.51.100.2"),
)
SUCCESSORS = (
    Ticket(steer(21, 42, "192.0.2.1", BULK, OTHER), TO_BULK, "192.0.2.1"),
    Ticket(steer(22, 43, "192.0.2.2", CMS), TO_CMS, "192.0.2.2"),
    Ticket(steer(23, 44, "2001:db8:1::2", SIX_WIDER), TO_SIX, "2001:db8:1::2"),
    Ticket(steer(27, 46, "198.51.100.1", BULK, OTHER, interface=GE_ONE), TO_BULK, "198.51.100.1"),
)
GROUP = "groups lambdastation-FNAL"
FILTER = f"{GROUP} firewall family inet filter LS-FNAL-ge-0-0-0-0-inet"
TERM = f"{FILTER} term LS-FNAL-42-1-1"
INSTANCE = f"{GROUP} routing-instances LS-FNAL-192-0-2-1"
HAND_EDITS = (
    (f"delete {TERM}",),
    (f"delete {TERM} from destination-port",),
    (f"set {TERM} from source-port 99",),
    (f"delete {TERM} apply-macro lambdastation",),
    (f"set {TERM} then routing-instance LS-FNAL-192-0-2-2",),
    (f"delete {TERM} then routing-instance", f"set {TERM} then accept"),
    (f"delete {INSTANCE} routing-options",),
    (f"set {INSTANCE} routing-options static route 0.0.0.0/0 next-hop 203.0.113.7",),
    (f"delete {GROUP} interfaces ge-0/0/0 unit 0 family inet filter",),
    (f"set {GROUP} interfaces ge-0/0/1 unit 0 family inet6 filter input LS-FNAL-ge-0-0-0-0-inet6",),
    (f"delete {GROUP} routing-options rib-groups LS-FNAL-inet import-rib LS-FNAL-192-0-2-1.inet.0",),
    (f"delete {GROUP} routing-options interface-routes",),
    (f"set {FILTER} term by-hand then discard",),
    (f"delete {FILTER}",),
)
LOST = "00000000-0000-0000-0000-000000000000"


def stranger(number: int, database: str) -> tuple[str, ...]:
    term = f"set {FILTER} term LS-FNAL-{number}-1-1"
    instance = f"set {GROUP} routing-instances LS-FNAL-192-0-2-99"
    return (
        f"{term} apply-macro lambdastation reservation {number}",
        f"{term} apply-macro lambdastation database {database}",
        f"{term} from source-address 10.9.9.9/32",
        f"{term} then routing-instance LS-FNAL-192-0-2-99",
        f"set {FILTER} term LS-FNAL-rest then accept",
        f"{instance} instance-type forwarding",
        f"{instance} routing-options static route 0.0.0.0/0 next-hop 192.0.2.99",
        f"set {GROUP} interfaces ge-0/0/0 unit 0 family inet filter input LS-FNAL-ge-0-0-0-0-inet",
    )


FOREIGN = {"99": stranger(99, DATABASE), "another database": stranger(42, LOST)}
ON_ONE = "interfaces ge-0/0/1 unit 0 family inet"
OBSTACLES = (
    Obstacle(
        "group lambdastation-FNAL is not applied",
        frozenset({1, 2, 3, 7}),
        ("delete apply-groups lambdastation-FNAL",),
        ("set apply-groups lambdastation-FNAL",),
    ),
    Obstacle(
        f"interface {GE_ONE} has no family inet",
        frozenset({7}),
        (f"delete {ON_ONE}",),
        (f"set {ON_ONE} address 198.51.100.254/24",),
    ),
    Obstacle(
        f"interface {GE_ONE} carries filter SITE-IN of the site's",
        frozenset({7}),
        (f"set {ON_ONE} filter input SITE-IN",),
        (f"delete {ON_ONE} filter",),
    ),
    Obstacle(
        "rib-group inet is SITE-RIBS",
        frozenset({1, 2, 7}),
        ("set routing-options interface-routes rib-group inet SITE-RIBS",),
        ("delete routing-options interface-routes",),
    ),
)
OPERATIONS = ("^edit-config", "^commit$", "^commit confirmed")
"""Of a push, what may go wrong one by one: it has no lines. One that ends at its lock begins anew."""

PATIENT = Timeouts(open=60, answer=60)
"""No router is taken for hung because this machine was busy."""
HASTY = dataclasses.replace(PATIENT, answer=2)
"""For one that is, where it is told to."""


def wait_so_long(drivers: Iterable[JuniperJunos], timeouts: Timeouts) -> None:
    """Let these drivers have this patience from now on."""
    for driver in drivers:
        driver._netconf._timeouts = timeouts


class JunosRig:
    """One simulated Junos router."""

    secret = PASSWORD

    def __init__(self, router: JunosRouter, simulator: RunningSimulator) -> None:
        self.router = router
        self.device = Device(
            name="border-2",
            platform="juniper_junos",
            host=simulator.host,
            port=simulator.port or 830,
            username="lambda",
            password="env:BENCH_PASSWORD",
            host_key=" ".join(simulator.host_key_line.split()[1:3]),
        )
        self.nowhere = self.device.model_copy(update={"port": 1})
        self._at_first = self._treatment()
        self._looked_at, self._found = "", list[Packet]()
        self._drivers: list[JuniperJunos] = []

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()

    def over_the_wire(
        self, *, ownership: Ownership = OWNERSHIP, device: Device | None = None
    ) -> DeviceDriver:
        driver = JuniperJunos(device or self.device, ownership, timeouts=PATIENT)
        self._drivers.append(driver)
        return driver

    def at_once(self, *, ownership: Ownership = OWNERSHIP) -> DeviceDriver:
        driver = JuniperJunos(self.device, ownership)
        driver._netconf = _DirectSession(self.router, self.device)  # type: ignore[assignment]
        return driver

    def text(self) -> str:
        return self.router.running_config()

    def keeps(self, original: str) -> bool:
        return set(original.splitlines()) <= set(self.text().splitlines())

    def edit(self, *lines: str) -> None:
        self.router.apply(lines)

    def rename(self, name: str) -> None:
        self.router.apply([f"set system host-name {name}"])

    def reboot(self) -> None:
        self.router.reboot()

    def trouble(self, what: Trouble, *, number: int, reading: bool = False) -> None:
        action = Action(what.value)
        if action in {Action.HANG, Action.HANG_AFTER}:
            wait_so_long(self._drivers, HASTY)
        if reading:
            self.router.faults.add(Fault(action, line="^get-config", where="exec"))
        elif action is Action.REFUSE:
            self._refuse(number)
        else:
            self.router.faults.add(Fault(action, line=OPERATIONS[(number - 1) % len(OPERATIONS)]))

    def _refuse(self, number: int) -> None:
        """Every second time with the statement named, else only at the commit; always until `calm`."""
        if "LS-FNAL-rest" in self.text():
            self.router.faults.add(
                Fault(Action.REFUSE, line=("^edit-config", "^commit")[number % 2], times=None)
            )
            return
        base = f"LS-FNAL-{(42, 43, 44, 46)[number // 2 % 4]}-1-1 "
        verb = ("^set", "^check")[number % 2]
        self.router.faults.add(Fault(Action.REFUSE, line=f"{verb} .*term {base}", times=None))

    def calm(self) -> None:
        self.router.faults.clear()
        wait_so_long(self._drivers, PATIENT)

    def watch(self, look: Callable[[], None] | None) -> None:
        self.router.after_commit = look

    def moments(self, plan: Plan) -> int:
        return 1 if plan.due else 0

    def path(self, ticket: Ticket) -> str | None:
        assert isinstance(ticket.part.intent, PolicyRoute)
        assert isinstance(ticket.packet, Packet)
        return junos_forwarding(self.router.state, ticket.part.intent.interface, ticket.packet)

    def admits(self, ticket: Ticket) -> bool:
        return False

    def pass_packets(self, ticket: Ticket, count: int) -> None:
        assert isinstance(ticket.part.intent, PolicyRoute)
        assert isinstance(ticket.packet, Packet)
        self.router.carry(ticket.part.intent.interface, ticket.packet, count=count)

    def silence(self, next_hop: IpAddress) -> None:
        self.router.next_hops.silent.add(next_hop)

    def wake(self, next_hop: IpAddress) -> None:
        self.router.next_hops.silent.remove(next_hop)

    def astray(self) -> Sequence[Packet]:
        text = self.text()
        if text == self._looked_at:
            return self._found
        now, self._looked_at = self._treatment(), text
        self._found = [packet for packet in STRANGERS if now[packet] != self._at_first[packet]]
        return self._found

    def _treatment(self) -> Mapping[Packet, Sequence[object]]:
        state = self.router.state
        return {
            packet: [junos_forwarding(state, interface, packet) for interface in (GE_ZERO, GE_ONE)]
            for packet in STRANGERS
        }

    @property
    def sessions(self) -> int:
        return self.router.sessions

    @property
    def pushes(self) -> int:
        return self.router.pushes


class _DirectSession:
    """The simulator without SSH between, for tests that go through thousands of requests."""

    def __init__(self, router: JunosRouter, device: Device) -> None:
        self._router = router
        self._reader = NetconfSession(device)
        self._session: int | None = None

    def request(self, operation: Element, *, may_open: bool = False) -> Element:
        if self._session is None:
            if not may_open:
                raise Unreachable("border-2", "the session ended")
            self._session = self._router.connect(self.close)
        reaction = self._router.react(self._session, read_rpc(rpc_text(operation, "1")))
        if reaction.drops or reaction.hangs:
            self.close()
            raise Unreachable("border-2", "the session ended")
        return self._reader.read_reply(reaction.reply)

    def close(self) -> None:
        if self._session is not None:
            self._router.disconnect(self._session)
        self._session = None


class JunosBench:
    """Tickets over both interfaces and of both families."""

    traits = frozenset({Trait.SSH, Trait.SHARED, Trait.STEERING, Trait.COUNTING, Trait.NEXT_HOPS})
    troubles = frozenset(Trouble)
    refusal = "constraint check failed"

    def __init__(self) -> None:
        self.tickets: Sequence[Ticket] = TICKETS
        self.variants: Sequence[Ticket] = VARIANTS
        self.successors: Sequence[Ticket] = SUCCESSORS
        self.hand_edits: Sequence[Sequence[str]] = HAND_EDITS
        self.foreign: Mapping[str, Sequence[str]] = FOREIGN
        self.obstacles: Sequence[Obstacle] = OBSTACLES

    @contextmanager
    def start(self, loop: SimulatorLoop | None = None) -> Iterator[JunosRig]:
        clock = datetime(2030, 1, 1, tzinfo=UTC)
        router = JunosRouter(CONFIG, clock=lambda: clock, encoding="latin-1")
        simulator = RunningSimulator(router, username="lambda", password=PASSWORD, loop=loop)
        with ExitStack() as stack:
            if loop:
                stack.enter_context(pytest.MonkeyPatch.context()).setenv("BENCH_PASSWORD", PASSWORD)
                stack.enter_context(simulator)
            rig = JunosRig(router, simulator)
            stack.callback(rig.close)
            yield rig

    def is_shared(self, line: PlanLine) -> bool:
        return "term LS-FNAL-" not in line.text or "term LS-FNAL-rest" in line.text
