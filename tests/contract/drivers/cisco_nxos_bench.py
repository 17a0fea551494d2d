"""The bench of Cisco NX-OS: the border of the IOS bench, in a Nexus switch's words."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from netconfig.driver import PartIntent, PlanLine
from netconfig.drivers.cisco_nxos import CiscoNxos
from netconfig.intent import PolicyRoute
from netconfig.simulator import NxosRouter, SimulatorLoop
from tests.contract.drivers.bench import DATABASE, Obstacle, Ticket, Trait, Trouble
from tests.contract.drivers.cisco_ios_bench import SUCCESSORS, TEN_ONE, TICKETS, VARIANTS, IosRig
from tests.contract.drivers.cli_rig import clock, served

CONFIG = """\

!Command: show running-config
!Time: Tue Jan  1 00:00:00 2030

version 9.3(8) Bios:version 07.69
hostname border-1
vdc border-1 id 1
  limit-resource vlan minimum 16 maximum 4094
  limit-resource vrf minimum 2 maximum 4096

feature ospf
feature pbr
feature interface-vlan

username operator password 5 $5$hx5rVt7rPNoS4wqbXKX7m0  role network-admin
banner motd @
% Authorised users only
   route-map LS-FNAL-Ethernet1/1 permit 10 # not a line of configuration >
interface Ethernet9/9
@
ip domain-lookup
ip access-list EDGE-IN
  statistics per-entry
  10 permit tcp any any eq smtp
  20 permit tcp 192.84.86.7/32 any range 8000 8100
  900 remark nothing else comes in
  1000 deny ip any any log
ip access-list SITE-VIDEO
  10 permit udp 131.225.0.0/16 any dscp ef
ipv6 access-list EDGE6-IN
  statistics per-entry
  10 permit tcp any any eq bgp
  1000 deny ipv6 any any
snmp-server community very-private group network-operator

ip route 0.0.0.0/0 192.0.2.1
vlan 1,100
route-map SITE-POLICY pbr-statistics
route-map SITE-POLICY permit 10
  description video goes over the exchange
  match ip address SITE-VIDEO
  set ip next-hop 198.51.100.9
vrf context management

interface Vlan1

interface port-channel10
  switchport mode trunk

interface Ethernet1/1
  description campus, G\xe4ste
  no switchport
  ip access-group EDGE-IN in
  ip address 192.0.2.254/24
  ipv6 address 2001:db8:1::1/64
  ipv6 traffic-filter EDGE6-IN in
  no shutdown

interface Ethernet1/2
  no switchport
  ip address 198.51.100.254/24
  ip policy route-map SITE-POLICY
  no shutdown

interface Ethernet1/3

line console
line vty
boot nxos bootflash:/nxos.9.3.8.bin
"""
REFUSAL = "                  ^\n% Invalid command at '^' marker.\n"
ONE, TWO = "Ethernet1/1", "Ethernet1/2"
MAP = f"route-map LS-FNAL-{ONE}"


def _here(part: PartIntent) -> PartIntent:
    if not isinstance(part.intent, PolicyRoute):
        return part
    interface = ONE if part.intent.interface == TEN_ONE else TWO
    return dataclasses.replace(part, intent=dataclasses.replace(part.intent, interface=interface))


def _of(tickets: Sequence[Ticket]) -> Sequence[Ticket]:
    return tuple(dataclasses.replace(ticket, part=_here(ticket.part)) for ticket in tickets)


HAND_EDITS = (
    ("no ip access-list LS-FNAL-42",),
    ("ip access-list LS-FNAL-42", "no 20"),
    ("ip access-list LS-FNAL-42", "30 permit tcp any any eq www"),
    ("ip access-list LS-FNAL-42", f"no remark LS reservation 42 database {DATABASE}"),
    ("ip access-list LS-FNAL-42", "no statistics per-entry"),
    (f"{MAP} permit 10", "no match ip address LS-FNAL-42"),
    (f"{MAP} permit 10", "no set ip next-hop"),
    (f"{MAP} permit 10", "set ip next-hop 203.0.113.7"),
    (f"{MAP} permit 10", "description by hand"),
    (f"{MAP} deny 10",),
    (f"no {MAP}",),
    (f"interface {ONE}", "no ip policy route-map"),
)
OTHER_DATABASE = "00000000-0000-0000-0000-000000000000"
FOREIGN = {
    "99": (
        "ip access-list LS-FNAL-99",
        f"remark LS reservation 99 database {DATABASE}",
        "permit ip 10.9.9.9/32 any",
        f"{MAP} permit 7",
        "match ip address LS-FNAL-99",
        "set ip next-hop 192.0.2.99",
        f"interface {ONE}",
        f"ip policy {MAP}",
    ),
    "another database": (
        "ip access-list LS-FNAL-42",
        f"remark LS reservation 42 database {OTHER_DATABASE}",
        "permit ip 10.9.9.9/32 any",
        f"{MAP} permit 7",
        "match ip address LS-FNAL-42",
        "set ip next-hop 192.0.2.99",
        f"interface {ONE}",
        f"ip policy {MAP}",
    ),
    "station word in the site file, FNAL, seems to have changed": (
        "ip access-list LS-FERMILAB-42",
        f"remark LS reservation 42 database {DATABASE}",
        "permit ip 10.9.9.9/32 any",
        f"route-map LS-FERMILAB-{TWO} permit 7",
        "match ip address LS-FERMILAB-42",
        "set ip next-hop 192.0.2.99",
    ),
}
SITE_MAP = ("route-map SITE-POLICY permit 10", "match ip address SITE-VIDEO", "set ip next-hop 198.51.100.9")
EDGE_IN = ("ip access-list EDGE-IN", "10 permit tcp any any eq smtp", "1000 deny ip any any log")
OBSTACLES = (
    Obstacle(
        "'feature pbr' is not in its configuration",
        frozenset({1, 2, 3, 7}),
        ("no feature pbr",),
        ("feature pbr", f"interface {TWO}", "ip policy route-map SITE-POLICY"),
    ),
    Obstacle(
        "carries OPS-TEST; the site file does not name it",
        frozenset({1, 2}),
        ("route-map OPS-TEST permit 10", f"interface {ONE}", "ip policy route-map OPS-TEST"),
        (f"interface {ONE}", "no ip policy route-map", "no route-map OPS-TEST"),
    ),
    Obstacle(
        f"interface {TWO} carries no route map; the site file names SITE-POLICY",
        frozenset({7}),
        (f"interface {TWO}", "no ip policy route-map"),
        (f"interface {TWO}", "ip policy route-map SITE-POLICY"),
    ),
    Obstacle("there is no route map SITE-POLICY", frozenset({7}), ("no route-map SITE-POLICY",), SITE_MAP),
    Obstacle(
        "there is no IPv4 access list EDGE-IN", frozenset({4, 5}), ("no ip access-list EDGE-IN",), EDGE_IN
    ),
    Obstacle(
        "there is no IPv6 access list EDGE6-IN",
        frozenset({6}),
        ("no ipv6 access-list EDGE6-IN",),
        ("ipv6 access-list EDGE6-IN", "permit tcp any any eq bgp", "1000 deny ipv6 any any"),
    ),
)


class NxosRig(IosRig):
    """One simulated NX-OS switch."""

    driver = CiscoNxos
    interfaces = (ONE, TWO)
    refusal = REFUSAL


class NxosBench:
    """The tickets of the IOS bench."""

    traits = frozenset(Trait)
    troubles = frozenset(Trouble)
    refusal = "Invalid command"
    tickets: Sequence[Ticket] = _of(TICKETS)
    variants: Sequence[Ticket] = _of(VARIANTS)
    successors: Sequence[Ticket] = _of(SUCCESSORS)
    hand_edits: Sequence[Sequence[str]] = HAND_EDITS
    foreign: Mapping[str, Sequence[str]] = FOREIGN
    obstacles: Sequence[Obstacle] = OBSTACLES

    @contextmanager
    def start(self, loop: SimulatorLoop | None = None) -> Iterator[NxosRig]:
        router = NxosRouter(CONFIG, clock=clock)
        with served(router, loop) as simulator:
            yield NxosRig(router, simulator)

    def is_shared(self, line: PlanLine) -> bool:
        return line.text.startswith((" ", "interface"))
