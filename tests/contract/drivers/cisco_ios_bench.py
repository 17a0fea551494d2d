"""The bench of Cisco IOS: a border router between two interfaces, one of which the site steers itself."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from typing import ClassVar

from netconfig.cisco.driver import CiscoDriver
from netconfig.driver import PartIntent, PlanLine
from netconfig.drivers.cisco_ios import CiscoIos
from netconfig.intent import AccessPermit, FlowMatch, PolicyRoute, PortRange, Protocol, SequenceRange
from netconfig.simulator import IosRouter, Packet, SimulatorLoop, admitted, forwarding
from tests.contract.drivers.bench import DATABASE, Obstacle, Ticket, Trait, Trouble
from tests.contract.drivers.cli_rig import CliRig, clock, served

CONFIG = """\
version 15.7
service timestamps debug datetime msec
!
hostname border-1
!
enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0
username operator privilege 15 secret 9 $9$abcdefgh
!
banner motd ^C
% Authorised users only
   route-map LS-FNAL-TenGigabitEthernet1/1 permit 10 # not a line of configuration >
interface TenGigabitEthernet9/9
^C
!
interface TenGigabitEthernet1/1
 description campus, G\xe4ste
 ip address 192.0.2.254 255.255.255.0
 ip access-group EDGE-IN in
 ipv6 address 2001:DB8:1::1/64
 ipv6 traffic-filter EDGE6-IN in
!
interface TenGigabitEthernet1/2
 ip address 198.51.100.254 255.255.255.0
 ip policy route-map SITE-POLICY
!
ip route 0.0.0.0 0.0.0.0 192.0.2.1
!
ip access-list extended EDGE-IN
 10 permit tcp any any eq smtp
 20 permit tcp host 192.84.86.7 any range 8000 8100
 1000 deny ip any any log
ip access-list extended SITE-VIDEO
 10 permit udp 131.225.0.0 0.0.255.255 any dscp ef
!
ipv6 access-list EDGE6-IN
 sequence 10 permit tcp any any eq bgp
 sequence 1000 deny ipv6 any any
!
route-map SITE-POLICY permit 10
 description video goes over the exchange
 match ip address SITE-VIDEO
 set ip next-hop 198.51.100.9
!
snmp-server community very-private RO
!
end
"""
TEN_ONE, TEN_TWO = "TenGigabitEthernet1/1", "TenGigabitEthernet1/2"
MAP = f"route-map LS-FNAL-{TEN_ONE}"


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


def steer(part_id: int, reservation: int, next_hop: str, *flows: FlowMatch, site: bool = False) -> PartIntent:
    intent = PolicyRoute(TEN_ONE, ip_address(next_hop), flows)
    if site:
        room = SequenceRange(100, 199)
        intent = dataclasses.replace(intent, interface=TEN_TWO, policy="SITE-POLICY", sequences=room)
    return PartIntent(part_id, reservation, intent)


def permit(part_id: int, reservation: int, access_list: str, *flows: FlowMatch) -> PartIntent:
    return PartIntent(part_id, reservation, AccessPermit(access_list, flows, SequenceRange(500, 599)))


BULK = flow("131.225.204.0/24", "192.84.86.0/24", ports=(5000, 6000), dscp=32)
CMS = flow("131.225.205.0/24", "192.84.86.0/24")
CMS_HOST = flow("131.225.206.7/32", "192.84.86.9/32", ports=(25, 25))
OTHER = flow("131.225.210.0/24", "192.84.86.0/24")
THERE_ALREADY = flow("192.84.86.7/32", "0.0.0.0/0", ports=(8000, 8100))
SIX = flow("2001:db8:fe::/48", "2001:db8:ca::/48", ports=(5000, 6000))
SIX_WIDER = flow("2001:db8:fe::/47", "2001:db8:ca::/48", ports=(5000, 6000))
TO_BULK = Packet("131.225.204.5", "192.84.86.5", "tcp", 40000, 5500, dscp=32)
FROM_BULK = Packet("192.84.86.5", "131.225.204.5", "tcp", 5500, 40000, dscp=32)
TO_CMS = Packet("131.225.205.5", "192.84.86.5", "udp", 1, 2)
TO_SIX = Packet("2001:db8:fe::1", "2001:db8:ca::1", "tcp", 40000, 5500)
FROM_SIX = Packet("2001:db8:ca::1", "2001:db8:fe::1", "tcp", 5500, 40000)
STRANGERS = (
    Packet("131.225.1.1", "8.8.8.8", "udp", 1000, 53),
    Packet("131.225.204.5", "192.84.86.5", "tcp", 40000, 5500, dscp=0),
    Packet("131.225.7.7", "192.84.86.5", "udp", 1, 2, dscp=46),
    Packet("2001:db8:fe::1", "2001:db8:ca::1", "tcp", 40000, 80),
)


TICKETS = (
    Ticket(steer(1, 42, "192.0.2.1", BULK), TO_BULK, "192.0.2.1"),
    Ticket(steer(2, 43, "192.0.2.2", CMS, CMS_HOST), TO_CMS, "192.0.2.2"),
    Ticket(steer(3, 44, "2001:db8:1::2", SIX), TO_SIX, "2001:db8:1::2"),
    Ticket(permit(4, 42, "EDGE-IN", BULK.reversed()), FROM_BULK),
    Ticket(permit(5, 45, "EDGE-IN", BULK.reversed()), FROM_BULK),
    Ticket(permit(6, 44, "EDGE6-IN", SIX.reversed()), FROM_SIX),
    Ticket(steer(7, 46, "198.51.100.1", BULK, site=True), TO_BULK, "198.51.100.1"),
)
VARIANTS = (
    Ticket(
        steer(11, 42, "192.0.2.3", OTHER),
        Packet("131.225.210.5", "192.84.86.5", "udp", 1, 2),
        "192.0.2.3",
    ),
    Ticket(permit(12, 43, "EDGE-IN", THERE_ALREADY), Packet("192.84.86.7", "131.225.1.1", "tcp", 1, 8050)),
    Ticket(steer(13, 46, "198.51.100.2", CMS, site=True), TO_CMS, "198.51.100.2"),
)
SUCCESSORS = (
    Ticket(steer(21, 42, "192.0.2.1", BULK, OTHER), TO_BULK, "192.0.2.1"),
    Ticket(steer(22, 43, "192.0.2.2", CMS), TO_CMS, "192.0.2.2"),
    Ticket(steer(23, 44, "2001:db8:1::2", SIX_WIDER), TO_SIX, "2001:db8:1::2"),
    Ticket(permit(24, 42, "EDGE-IN", BULK.reversed(), OTHER.reversed()), FROM_BULK),
    Ticket(permit(26, 44, "EDGE6-IN", SIX.reversed(), SIX_WIDER.reversed()), FROM_SIX),
    Ticket(steer(27, 46, "198.51.100.1", BULK, OTHER, site=True), TO_BULK, "198.51.100.1"),
)
HAND_EDITS = (
    ("no ip access-list extended LS-FNAL-42",),
    ("ip access-list extended LS-FNAL-42", "no 10"),
    ("ip access-list extended LS-FNAL-42", "20 permit tcp any any eq www"),
    ("ip access-list extended LS-FNAL-42", f"no remark LS reservation 42 database {DATABASE}"),
    (f"{MAP} permit 10", "no match ip address LS-FNAL-42"),
    (f"{MAP} permit 10", "match ip address SITE-VIDEO"),
    (f"{MAP} permit 10", "no set ip next-hop"),
    (f"{MAP} permit 10", "set ip next-hop 203.0.113.7"),
    (f"{MAP} permit 10", "description by hand"),
    (f"{MAP} deny 10",),
    (f"no {MAP}",),
    (f"interface {TEN_ONE}", "no ip policy route-map"),
)
FOREIGN = {
    "99": (
        "ip access-list extended LS-FNAL-99",
        f"remark LS reservation 99 database {DATABASE}",
        "permit ip host 10.9.9.9 any",
        f"{MAP} permit 7",
        "match ip address LS-FNAL-99",
        "set ip next-hop 192.0.2.99",
        f"interface {TEN_ONE}",
        f"ip policy {MAP}",
    ),
    "another database": (
        "ip access-list extended LS-FNAL-42",
        "remark LS reservation 42 database 00000000-0000-0000-0000-000000000000",
        "permit ip host 10.9.9.9 any",
        f"{MAP} permit 7",
        "match ip address LS-FNAL-42",
        "set ip next-hop 192.0.2.99",
        f"interface {TEN_ONE}",
        f"ip policy {MAP}",
    ),
    "station word in the site file, FNAL, seems to have changed": (
        "ip access-list extended LS-FERMILAB-42",
        f"remark LS reservation 42 database {DATABASE}",
        "permit ip host 10.9.9.9 any",
        f"route-map LS-FERMILAB-{TEN_TWO} permit 7",
        "match ip address LS-FERMILAB-42",
        "set ip next-hop 192.0.2.99",
    ),
    f"route-map LS-FERMILAB-{TEN_TWO} permit 7 matches access list LS-FERMILAB-42-r2": (
        "ip access-list extended LS-FERMILAB-42-r2",
        f"remark LS reservation 42 database {DATABASE}",
        f"route-map LS-FERMILAB-{TEN_TWO} permit 7",
        "match ip address LS-FERMILAB-42-r2",
    ),
}
SITE_MAP = ("route-map SITE-POLICY permit 10", "match ip address SITE-VIDEO", "set ip next-hop 198.51.100.9")
EDGE_IN = ("ip access-list extended EDGE-IN", "10 permit tcp any any eq smtp", "1000 deny ip any any log")
OBSTACLES = (
    Obstacle(
        "carries OPS-TEST; the site file does not name it",
        frozenset({1, 2}),
        ("route-map OPS-TEST permit 10", f"interface {TEN_ONE}", "ip policy route-map OPS-TEST"),
        (f"interface {TEN_ONE}", "no ip policy route-map", "no route-map OPS-TEST"),
    ),
    Obstacle(
        f"interface {TEN_TWO} carries no route map; the site file names SITE-POLICY",
        frozenset({7}),
        (f"interface {TEN_TWO}", "no ip policy route-map"),
        (f"interface {TEN_TWO}", "ip policy route-map SITE-POLICY"),
    ),
    Obstacle("there is no route map SITE-POLICY", frozenset({7}), ("no route-map SITE-POLICY",), SITE_MAP),
    Obstacle(
        "there is no IPv4 access list EDGE-IN",
        frozenset({4, 5}),
        ("no ip access-list extended EDGE-IN",),
        EDGE_IN,
    ),
    Obstacle(
        "there is no IPv6 access list EDGE6-IN",
        frozenset({6}),
        ("no ipv6 access-list EDGE6-IN",),
        ("ipv6 access-list EDGE6-IN", "permit tcp any any eq bgp", "sequence 1000 deny ipv6 any any"),
    ),
)


class IosRig(CliRig):
    """One simulated IOS router, or one that speaks a language like its own."""

    router: IosRouter
    driver: ClassVar[type[CiscoDriver]] = CiscoIos
    interfaces = (TEN_ONE, TEN_TWO)
    strangers = STRANGERS

    def leads(self, interface: str, packet: Packet) -> str | None:
        return forwarding(self.router.state, interface, packet)

    def lets_pass(self, interface: str, packet: Packet) -> bool:
        return admitted(self.router.state, interface, "in", packet)

    def pass_packets(self, ticket: Ticket, count: int) -> None:
        intent = ticket.part.intent
        interface = getattr(intent, "interface", self.interfaces[0])
        assert isinstance(ticket.packet, Packet)
        # The tickets of the bench have no permit for what they steer.
        guards = ("ip access-group EDGE-IN in", "ipv6 traffic-filter EDGE6-IN in")
        guarded = ticket.next_hop is not None and interface == self.interfaces[0]
        if guarded:
            self.edit(f"interface {interface}", *(f"no {guard}" for guard in guards))
        self.router.carry(interface, ticket.packet, count=count)
        if guarded:
            self.edit(f"interface {interface}", *guards)


class IosBench:
    """Tickets over both interfaces, of both families, and permits, two of them for one line."""

    traits = frozenset(Trait)
    troubles = frozenset(Trouble)
    refusal = "Invalid input"

    def __init__(self, *, show_sequence_numbers: bool = True) -> None:
        self.tickets: Sequence[Ticket] = TICKETS
        self.variants: Sequence[Ticket] = VARIANTS
        self.successors: Sequence[Ticket] = SUCCESSORS
        self.hand_edits: Sequence[Sequence[str]] = HAND_EDITS
        self.foreign: Mapping[str, Sequence[str]] = FOREIGN
        self.obstacles: Sequence[Obstacle] = OBSTACLES
        self._show_sequence_numbers = show_sequence_numbers

    @contextmanager
    def start(self, loop: SimulatorLoop | None = None) -> Iterator[IosRig]:
        router = IosRouter(CONFIG, show_sequence_numbers=self._show_sequence_numbers, clock=clock)
        with served(router, loop) as simulator:
            yield IosRig(router, simulator)

    def is_shared(self, line: PlanLine) -> bool:
        return line.text.startswith((" ", "interface"))
