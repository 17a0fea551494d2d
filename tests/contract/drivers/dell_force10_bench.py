"""The bench of Force10 FTOS and Dell OS9: two ports, one of which the site steers itself, and a VLAN."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address, ip_network

from netconfig.driver import PartIntent, PlanLine
from netconfig.drivers.dell_force10 import DellForce10
from netconfig.intent import AccessPermit, FlowMatch, PolicyRoute, PortRange, Protocol, SequenceRange
from netconfig.simulator import FtosRouter, Packet, SimulatorLoop, ftos_admitted, ftos_forwarding
from tests.contract.drivers.bench import DATABASE, Obstacle, Ticket, Trait, Trouble
from tests.contract.drivers.cli_rig import CliRig, clock, served

REFUSAL = '      ^\n% Error: Invalid input at "^" marker.\n'
CONFIG = """\
Current Configuration ...
! Version 9.14(2.4)
! Last configuration change at Tue Jan 01 00:00:00 2030 by default
!
boot system stack-unit 1 primary system: A:
!
hostname border-1
!
enable password 7 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0
!
username operator password 7 7d4ff6f94246154a privilege 15
!
banner motd ^C
% Error: Authorised users only
   ip redirect-list LS-FNAL-42 # not a line of configuration >
interface TenGigabitEthernet 9/9
^C
!
interface TenGigabitEthernet 1/1
 description campus, G\xe4ste
 ip address 192.0.2.254/24
 ip access-group EDGE-IN in
 no shutdown
!
interface TenGigabitEthernet 1/2
 ip address 198.51.100.254/24
 ip redirect-group SITE-PBR
 no shutdown
!
interface Vlan 100
 ip address 203.0.113.254/24
 tagged TenGigabitEthernet 1/3
 no shutdown
!
ip route 0.0.0.0/0 192.0.2.1
!
ip access-list standard MANAGEMENT
 seq 5 permit 192.0.2.0/24
!
ip access-list extended EDGE-IN
 remark 5 mail and what the campus serves
 seq 10 permit tcp any any eq 25
 seq 20 permit tcp host 192.84.86.7 any range 8000 8100
 seq 1000 deny ip any any log
!
ip redirect-list SITE-PBR
 description video goes over the exchange
 seq 5 permit udp 131.225.9.0/24 any
 seq 10 redirect 198.51.100.9 udp 131.225.0.0 255.255.0.0 any
!
snmp-server community very-private ro
!
end
"""
TEN_ONE, TEN_TWO, VLAN = "TenGigabitEthernet1/1", "TenGigabitEthernet1/2", "Vlan100"
"""As the site file has them; FTOS writes a blank before the number."""
LIST = "ip redirect-list LS-FNAL-42"


def flow(
    source: str, destination: str, *, ports: tuple[int, int] | None = None, dscp: int | None = None
) -> FlowMatch:
    return FlowMatch(
        source=ip_network(source),
        destination=ip_network(destination),
        protocol=Protocol.TCP if ports else None,
        destination_ports=PortRange(*ports) if ports else None,
        dscp=dscp,
    )


def steer(
    part_id: int, reservation: int, next_hop: str, *flows: FlowMatch, interface: str = TEN_ONE
) -> PartIntent:
    return PartIntent(part_id, reservation, PolicyRoute(interface, ip_address(next_hop), flows))


def permit(part_id: int, reservation: int, *flows: FlowMatch) -> PartIntent:
    return PartIntent(part_id, reservation, AccessPermit("EDGE-IN", flows, SequenceRange(500, 599)))


BULK = flow("131.225.204.0/24", "192.84.86.0/24", ports=(5000, 6000))
BACK = dataclasses.replace(BULK, dscp=32).reversed()
CMS = flow("131.225.205.0/24", "192.84.86.0/24")
CMS_HOST = flow("131.225.206.7/32", "192.84.86.9/32", ports=(25, 25))
OTHER = flow("131.225.210.0/24", "192.84.86.0/24")
THERE_ALREADY = flow("192.84.86.7/32", "0.0.0.0/0", ports=(8000, 8100))
SITE_SERVES = dataclasses.replace(THERE_ALREADY, source_ports=PortRange(8000, 8100), destination_ports=None)
TO_BULK = Packet("131.225.204.5", "192.84.86.5", "tcp", 40000, 5500, dscp=32)
FROM_BULK = Packet("192.84.86.5", "131.225.204.5", "tcp", 5500, 40000, dscp=32)
TO_CMS = Packet("131.225.205.5", "192.84.86.5", "tcp", 1, 2)
STRANGERS = (
    Packet("131.225.1.1", "8.8.8.8", "udp", 1000, 53),
    Packet("131.225.204.5", "192.84.86.5", "tcp", 40000, 80),
    Packet("131.225.9.7", "192.84.86.5", "udp", 1, 2),
    Packet("192.84.86.5", "131.225.204.5", "tcp", 5500, 40000, dscp=0),
    Packet("2001:db8:fe::1", "2001:db8:ca::1", "tcp", 40000, 5500),
)
TICKETS = (
    Ticket(steer(1, 42, "192.0.2.1", BULK), TO_BULK, "192.0.2.1"),
    Ticket(steer(2, 43, "192.0.2.2", CMS, CMS_HOST), TO_CMS, "192.0.2.2"),
    Ticket(permit(3, 42, BACK), FROM_BULK),
    Ticket(permit(4, 45, BACK), FROM_BULK),
    Ticket(steer(5, 46, "198.51.100.1", BULK, interface=TEN_TWO), TO_BULK, "198.51.100.1"),
    Ticket(steer(6, 44, "203.0.113.1", CMS, interface=VLAN), TO_CMS, "203.0.113.1"),
)
VARIANTS = (
    Ticket(
        steer(11, 42, "192.0.2.3", OTHER),
        Packet("131.225.210.5", "192.84.86.5", "udp", 1, 2),
        "192.0.2.3",
    ),
    Ticket(permit(12, 43, SITE_SERVES), Packet("192.84.86.7", "131.225.1.1", "tcp", 8050, 1)),
    Ticket(steer(13, 46, "198.51.100.2", CMS, interface=TEN_TWO), TO_CMS, "198.51.100.2"),
)
SUCCESSORS = (
    Ticket(steer(21, 42, "192.0.2.1", BULK, OTHER), TO_BULK, "192.0.2.1"),
    Ticket(steer(22, 43, "192.0.2.2", CMS), TO_CMS, "192.0.2.2"),
    Ticket(permit(23, 42, BACK, OTHER.reversed()), FROM_BULK),
    Ticket(steer(25, 46, "198.51.100.1", BULK, OTHER, interface=TEN_TWO), TO_BULK, "198.51.100.1"),
    Ticket(steer(26, 44, "203.0.113.1", CMS, OTHER, interface=VLAN), TO_CMS, "203.0.113.1"),
)
HAND_EDITS = (
    ("no ip redirect-list LS-FNAL-42",),
    (LIST, "no seq 10"),
    (LIST, "no seq 10", "seq 10 redirect 203.0.113.7 tcp 131.225.204.0/24 192.84.86.0/24 range 5000 6000"),
    (LIST, "seq 20 redirect 203.0.113.7 tcp 131.225.204.0/24 any eq 80"),
    (LIST, "seq 5 permit tcp any any eq 22"),
    (LIST, "seq 5 redirect 203.0.113.7 ip any any"),
    (LIST, "no description"),
    (LIST, "description by hand"),
    (f"interface {TEN_ONE}", "no ip redirect-group LS-FNAL-42"),
    (f"interface {VLAN}", "ip redirect-group LS-FNAL-42"),
)
FOREIGN = {
    "99": (
        "ip redirect-list LS-FNAL-99",
        f"description LS reservation 99 database {DATABASE}",
        "seq 10 redirect 192.0.2.99 ip host 10.9.9.9 any",
        f"interface {TEN_ONE}",
        "ip redirect-group LS-FNAL-99",
    ),
    "another database": (
        LIST,
        "description LS reservation 42 database 00000000-0000-0000-0000-000000000000",
        "seq 10 redirect 192.0.2.99 ip host 10.9.9.9 any",
        f"interface {TEN_ONE}",
        "ip redirect-group LS-FNAL-42",
    ),
    "station word in the site file, FNAL, seems to have changed": (
        "ip redirect-list LS-FERMIL-42",
        f"description LS reservation 42 database {DATABASE}",
        "seq 10 redirect 192.0.2.99 ip host 10.9.9.9 any",
    ),
    f"redirect group LS-FNAL-98 of {TEN_ONE} is of no reservation": (
        f"interface {TEN_ONE}",
        "ip redirect-group LS-FNAL-98",
    ),
}
EDGE_IN = (
    "ip access-list extended EDGE-IN",
    "seq 10 permit tcp any any eq 25",
    "seq 1000 deny ip any any log",
)
OBSTACLES = (
    Obstacle(
        f"there is no interface {VLAN}",
        frozenset({6}),
        (f"no interface {VLAN}",),
        (f"interface {VLAN}", "ip address 203.0.113.254/24", "no shutdown"),
    ),
    Obstacle(
        "there is no extended IPv4 access list EDGE-IN",
        frozenset({3, 4}),
        ("no ip access-list extended EDGE-IN",),
        EDGE_IN,
    ),
)


class Force10Rig(CliRig):
    """One simulated FTOS switch."""

    router: FtosRouter
    driver = DellForce10
    interfaces = (TEN_ONE, TEN_TWO)
    strangers = STRANGERS
    refusal = REFUSAL

    def leads(self, interface: str, packet: Packet) -> str | None:
        return ftos_forwarding(self.router.state, interface, packet)

    def lets_pass(self, interface: str, packet: Packet) -> bool:
        return ftos_admitted(self.router.state, interface, packet)


class Force10Bench:
    """Tickets on three interfaces, and permits, two of them for one line."""

    traits = frozenset(Trait) - {Trait.COUNTING}
    troubles = frozenset(Trouble)
    refusal = "Invalid input"
    tickets: Sequence[Ticket] = TICKETS
    variants: Sequence[Ticket] = VARIANTS
    successors: Sequence[Ticket] = SUCCESSORS
    hand_edits: Sequence[Sequence[str]] = HAND_EDITS
    foreign: Mapping[str, Sequence[str]] = FOREIGN
    obstacles: Sequence[Obstacle] = OBSTACLES

    @contextmanager
    def start(self, loop: SimulatorLoop | None = None) -> Iterator[Force10Rig]:
        router = FtosRouter(CONFIG, clock=clock)
        with served(router, loop) as simulator:
            yield Force10Rig(router, simulator)

    def is_shared(self, line: PlanLine) -> bool:
        return line.text.startswith((" ", "interface"))
