"""The bench of a Linux router: the kernel's own forwarding between two links, and the site's firewall."""

import atexit
import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address

import pytest

from netconfig.driver import DeviceDriver, Ownership, PartIntent, Plan, PlanLine
from netconfig.drivers.linux_nft import LinuxNft
from netconfig.errors import Unreachable
from netconfig.intent import AccessPermit, FlowMatch, IpAddress, PolicyRoute, SequenceRange
from netconfig.inventory import Device
from netconfig.simulator import Packet, SimulatorLoop
from netconfig.transport.command import CommandSession, Ended, Timeouts
from tests.contract.drivers.bench import DATABASE, OWNERSHIP, Obstacle, Ticket, Trait, Trouble
from tests.contract.drivers.cisco_ios_bench import (
    BULK,
    CMS,
    CMS_HOST,
    FROM_BULK,
    FROM_SIX,
    OTHER,
    SIX,
    SIX_WIDER,
    STRANGERS,
    THERE_ALREADY,
    TO_BULK,
    TO_CMS,
    TO_SIX,
)
from tests.contract.drivers.linux_nft_router import PASSWORD, USER, KernelRouter
from tests.contract.drivers.linux_nft_scripts import DEFAULTS, NEIGHBOUR_LINES, SITE

FORWARD, FORWARD6 = "inet/filter/forward", "ip6/filter6/forward6"


def steer(
    part_id: int, reservation: int, next_hop: str, *flows: FlowMatch, interface: str = "eth0"
) -> PartIntent:
    return PartIntent(part_id, reservation, PolicyRoute(interface, ip_address(next_hop), flows))


def permit(part_id: int, reservation: int, chain: str, *flows: FlowMatch) -> PartIntent:
    room = SequenceRange(2, 99) if chain == FORWARD else SequenceRange(1, 50)
    return PartIntent(part_id, reservation, AccessPermit(chain, flows, room))


TICKETS = (
    Ticket(steer(1, 42, "192.0.2.1", BULK), TO_BULK, "192.0.2.1"),
    Ticket(steer(3, 44, "2001:db8:1::2", SIX), TO_SIX, "2001:db8:1::2"),
    Ticket(permit(4, 42, FORWARD, BULK.reversed()), FROM_BULK),
    Ticket(permit(5, 45, FORWARD, BULK.reversed()), FROM_BULK),
    Ticket(steer(7, 46, "198.51.100.1", BULK, CMS_HOST, interface="eth1"), TO_BULK, "198.51.100.1"),
)
VARIANTS = (
    Ticket(
        steer(11, 42, "192.0.2.3", OTHER),
        Packet("131.225.210.5", "192.84.86.5", "udp", 1, 2),
        "192.0.2.3",
    ),
    Ticket(permit(6, 44, FORWARD6, SIX.reversed()), FROM_SIX),
    Ticket(permit(12, 43, FORWARD, THERE_ALREADY), Packet("192.84.86.7", "131.225.1.1", "tcp", 1, 8050)),
    Ticket(steer(13, 46, "198.51.100.2", CMS, interface="eth1"), TO_CMS, "198.51.100.2"),
)
SUCCESSORS = (
    Ticket(steer(21, 42, "192.0.2.1", BULK, OTHER), TO_BULK, "192.0.2.1"),
    Ticket(steer(23, 44, "2001:db8:1::2", SIX_WIDER), TO_SIX, "2001:db8:1::2"),
    Ticket(permit(24, 42, FORWARD, BULK.reversed(), OTHER.reversed()), FROM_BULK),
    Ticket(steer(27, 46, "198.51.100.1", OTHER, BULK, interface="eth1"), TO_BULK, "198.51.100.1"),
)
CHAIN = "inet lambdastation_FNAL prerouting"
FIRST = f"{CHAIN} LS-42-1-1"
TO_LANE = "meta mark set meta mark & 0xc{0}fffff | 0x{0}00000 accept"
WHOSE = f'comment "LS 42-1-1 {DATABASE}"'
CONDITIONS = 'iifname "eth0" ip saddr 131.225.204.0/24 ip daddr 192.84.86.0/24 ip dscp 32 tcp dport 5000-6000'
COUNTED = 'counter name "LS-42-1"'
MARK = f"{CONDITIONS} {COUNTED} {TO_LANE.format('01')} {WHOSE}"
HAND_EDITS = (
    (f"nft delete rule {FIRST}",),
    (f"nft replace rule {FIRST} {MARK.replace('5000-6000', '5000-6001')}",),
    (f"nft replace rule {FIRST} {MARK.replace(WHOSE, '')}",),
    (f"nft replace rule {FIRST} {MARK.replace(DATABASE, 'by hand')}",),
    (f"nft replace rule {FIRST} {CONDITIONS} {COUNTED} {TO_LANE.format('02')} {WHOSE}",),
    (f"nft replace rule {FIRST} {CONDITIONS} accept {WHOSE}",),
    (f"nft insert rule {CHAIN} ip saddr 131.225.204.0/24 accept",),
    (f"nft add rule {CHAIN} {MARK}",),
    ("nft delete table inet lambdastation_FNAL",),
    ("ip -4 route flush table 20001",),
    ("ip -4 route replace default via 192.0.2.3 dev eth0 table 20001",),
    ("ip -4 rule del priority 20001",),
    ("ip -4 route prepend default via 192.0.2.3 dev eth0 table 20001 proto 201",),
    ("ip -4 route add 192.84.86.0/24 via 192.0.2.3 dev eth0 table 20001 proto 201",),
    ("ip -4 route add blackhole default metric 9 table 20001 proto 201", "ip -4 rule del priority 20001"),
)
LOST = "00000000-0000-0000-0000-000000000000"


def stranger(number: int, database: str, station: str = "FNAL") -> tuple[str, ...]:
    table = f"inet lambdastation_{station}"
    hook = "{ type filter hook prerouting priority mangle; policy accept; }"
    rule = (
        f'iifname "eth0" ip saddr 10.9.9.9 counter name "LS-{number}-1"'
        f' meta mark set meta mark & 0xc63fffff | 0x6300000 accept comment "LS {number}-1-1 {database}"'
    )
    return (
        "ip -4 route replace default via 192.0.2.3 dev eth0 table 20099 proto 201",
        "ip -4 rule add priority 20099 fwmark 0x6300000/0x3ff00000 lookup 20099 protocol 201",
        f"nft add table {table}",
        f"nft add chain {table} prerouting {hook}",
        f"nft add counter {table} LS-{number}-1",
        f"nft add rule {table} prerouting {rule}",
    )


FOREIGN = {
    "reservation 99, which this database does not know": stranger(99, DATABASE),
    "another database": stranger(42, LOST),
    "station word in the site file, FNAL, seems to have changed": stranger(42, DATABASE, "FERMILAB"),
    "is of no ticket that this database knows": (
        'nft add rule inet filter forward ip saddr 10.9.9.9 counter accept comment "LS FNAL"',
    ),
}
LINK_ONE = (
    "ip address replace 198.51.100.254/24 dev eth1",
    *(f"ip {line}" for line in NEIGHBOUR_LINES["eth1"]),
)


def chain_of_site(table: str) -> Sequence[str]:
    """The lines that make a table of the site's anew."""
    (block,) = re.findall(rf"table {table} {{\n.*?\n}}\n", SITE, re.DOTALL)
    return (f"nft {block}",)


OBSTACLES = (
    Obstacle(
        "no interface that is up has a network with next hop 198.51.100.1",
        frozenset({7}),
        ("ip address del 198.51.100.254/24 dev eth1",),
        LINK_ONE,
    ),
    Obstacle(
        "rule 50 of the site's looks at the bits 0x3ff00000 of the mark",
        frozenset({1, 3, 7}),
        ("ip -4 rule add priority 50 fwmark 0xffffffff lookup main",),
        ("ip -4 rule del priority 50",),
    ),
    Obstacle(
        f"there is no chain {FORWARD}",
        frozenset({4, 5}),
        ("nft delete table inet filter",),
        chain_of_site("inet filter"),
    ),
)
CALLS_BEFORE_REMOVAL, CALLS = 3, 4
"""A push for all tickets makes ways of both families, then rules, or the other way round; then it saves."""
PATIENT = Timeouts(open=60, answer=60)
"""No router is taken for hung because this machine was busy."""
HASTY = dataclasses.replace(PATIENT, answer=2)
"""For the one command at which it is told to hang."""


class LinuxRig:
    """One router of the kernel's own."""

    secret = PASSWORD

    def __init__(self, router: KernelRouter) -> None:
        self.router = router
        self.device = Device(
            name="border-4",
            platform="linux_nft",
            host="127.0.0.1",
            port=router.port,
            username=USER,
            password="env:BENCH_PASSWORD",
            host_key=router.host_key,
        )
        self.nowhere = self.device.model_copy(update={"port": 1})
        self.look: Callable[[], None] | None = None
        self._wired: list[LinuxNft] = []
        self._at_first = self._treatment()

    def close(self) -> None:
        for driver in self._wired:
            driver.close()

    def over_the_wire(
        self, *, ownership: Ownership = OWNERSHIP, device: Device | None = None
    ) -> DeviceDriver:
        self.router.is_wired = True
        driver = LinuxNft(device or self.device, ownership)
        driver._commands = _WatchedSession(device or self.device, PATIENT, self)
        self._wired.append(driver)
        return driver

    def at_once(self, *, ownership: Ownership = OWNERSHIP) -> DeviceDriver:
        driver = LinuxNft(self.device, ownership)
        driver._commands = _DirectSession(self)  # type: ignore[assignment]
        return driver

    def text(self) -> str:
        return self.router.text()

    def keeps(self, original: str) -> bool:
        return set(original.splitlines()) <= set(self.text().splitlines())

    def edit(self, *lines: str) -> None:
        for line in lines:
            if line.startswith("ip "):
                self.router.run(line)
            elif "\n" in line:
                self.router.run("nft -f -", line.removeprefix("nft ").encode("latin-1"))
            else:
                words = re.sub(r"LS-(\d+-\d+-\d+)(?= |$)", self._handle, line.removeprefix("nft "), count=1)
                self.router.run("nft -f -", f"{words}\n".encode())

    def _handle(self, found: re.Match[str]) -> str:
        """A rule as nft knows it, which people call otherwise."""
        told = self.router.run("nft -a list table inet lambdastation_FNAL").decode()
        (handle, *_) = re.findall(rf'comment "LS {found[1]} [^"]*" # handle (\d+)', told)
        return f"handle {handle}"

    def rename(self, name: str) -> None:
        (self.router.folder / "name").write_text(name)

    def reboot(self) -> None:
        self.router.reboot()

    def trouble(self, what: Trouble, *, number: int, reading: bool = False) -> None:
        if reading:
            self.router.befall(what.value, where="read", number=1)
        elif what is Trouble.REFUSE:
            call, line = (number - 1) % CALLS_BEFORE_REMOVAL + 1, (number - 1) // CALLS_BEFORE_REMOVAL + 1
            self.router.befall(what.value, where="push", number=call, line=line)
        else:
            self.router.befall(what.value, where="push", number=(number - 1) % CALLS + 1)

    def calm(self) -> None:
        self.router.calm()

    def watch(self, look: Callable[[], None] | None) -> None:
        self.look = look

    def moments(self, plan: Plan) -> int:
        return len({line.step for line in plan.due})

    def path(self, ticket: Ticket) -> str | None:
        next_hop = self._next_hop(ticket)
        return None if next_hop in DEFAULTS else next_hop

    def admits(self, ticket: Ticket) -> bool:
        return self._next_hop(ticket) is not None

    def _next_hop(self, ticket: Ticket) -> str | None:
        assert isinstance(ticket.packet, Packet)
        return self.router.next_hop(getattr(ticket.part.intent, "interface", "eth0"), ticket.packet)

    def pass_packets(self, ticket: Ticket, count: int) -> None:
        for _ in range(count):
            self._next_hop(ticket)
        self.router.has_counted()

    def silence(self, next_hop: IpAddress) -> None:
        self.router.neighbours.silence(next_hop)

    def wake(self, next_hop: IpAddress) -> None:
        self.router.neighbours.wake(next_hop)

    def astray(self) -> Sequence[Packet]:
        now = self._treatment()
        return [packet for packet in STRANGERS if now[packet] != self._at_first[packet]]

    def _treatment(self) -> Mapping[Packet, Sequence[object]]:
        return {
            packet: [self.router.next_hop(interface, packet) for interface in ("eth0", "eth1")]
            for packet in STRANGERS
        }

    @property
    def sessions(self) -> int:
        return len({session for session, _ in self.router.calls} - {0})

    @property
    def pushes(self) -> int:
        return sum(verb not in {"read", "ping"} for _, verb in self.router.calls)


class _DirectSession:
    """The router's own program without SSH before it, for tests that ask it hundreds of times."""

    def __init__(self, rig: LinuxRig) -> None:
        self._rig = rig

    def run(self, command: str, data: bytes = b"", *, may_open: bool = False) -> Ended:
        verb = command.removeprefix("lambdastation-router ")
        status, output, errors = self._rig.router.ask(verb, data)
        if status == 77:
            raise Unreachable("border-4", "the session ended")
        if status == 0 and self._rig.look and verb in {"ip4", "ip6", "nft"}:
            self._rig.look()
        return Ended(status, output, errors)

    def mask(self, text: str) -> str:
        return text

    def close(self) -> None:
        """Nothing is open."""


class _WatchedSession(CommandSession):
    """A session that waits long but where it is made to hang; of which moment somebody may want to know."""

    def __init__(self, device: Device, timeouts: Timeouts, rig: LinuxRig) -> None:
        super().__init__(device, timeouts)
        self._rig = rig

    def run(self, command: str, data: bytes = b"", *, may_open: bool = False) -> Ended:
        kind, where, number = (*self._rig.router.befalls, "", "", "")[:3]
        strikes = number == "1" and where == ("read" if command.endswith(" read") else "push")
        if self._rig.look and strikes and where == "push":
            self._rig.look()
        hangs = strikes and kind in {Trouble.HANG.value, Trouble.HANG_AFTER.value}
        self._timeouts = HASTY if hangs else PATIENT
        return super().run(command, data, may_open=may_open)


_idle: list[KernelRouter] = []


@contextmanager
def kernel_router() -> Iterator[KernelRouter]:
    """One as it was at first; they are made when they are needed and kept until we end."""
    if _idle:
        router = _idle.pop()
        router.restore()
    else:
        router = KernelRouter()
        atexit.register(router.close)
    try:
        yield router
    finally:
        router.calm()
        router.end_sessions()
        _idle.append(router)


class LinuxBench:
    """Tickets over both links, of both families, and permits, two of them for one rule."""

    traits = frozenset(
        {Trait.SSH, Trait.SHARED, Trait.STEERING, Trait.STARTUP, Trait.COUNTING, Trait.NEXT_HOPS}
    )
    troubles = frozenset(Trouble)
    refusal = "nosuch0"

    def __init__(self) -> None:
        self.tickets: Sequence[Ticket] = TICKETS
        self.variants: Sequence[Ticket] = VARIANTS
        self.successors: Sequence[Ticket] = SUCCESSORS
        self.hand_edits: Sequence[Sequence[str]] = HAND_EDITS
        self.foreign: Mapping[str, Sequence[str]] = FOREIGN
        self.obstacles: Sequence[Obstacle] = OBSTACLES

    @contextmanager
    def start(self, loop: SimulatorLoop | None = None) -> Iterator[LinuxRig]:
        with ExitStack() as stack:
            if loop:
                stack.enter_context(pytest.MonkeyPatch.context()).setenv("BENCH_PASSWORD", PASSWORD)
            rig = LinuxRig(stack.enter_context(kernel_router()))
            stack.callback(rig.close)
            yield rig

    def is_shared(self, line: PlanLine) -> bool:
        return re.search(r"LS[- ]\d+-", line.text) is None
