"""A driver without a router: text in, text out."""

import dataclasses
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

from netconfig.cisco.config import Reading, read_config
from netconfig.cisco.names import Names
from netconfig.cisco.running import number_rules, parse_running
from netconfig.driver import Config, Ownership, PartIntent, Plan
from netconfig.drivers.cisco_ios import CiscoIos
from netconfig.drivers.cisco_ios.dialect import IOS
from netconfig.intent import AccessPermit, FlowMatch, PolicyRoute, PortRange, Protocol, SequenceRange
from netconfig.inventory import Device

DATABASE = "6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11"
OTHER_DATABASE = "00000000-0000-0000-0000-000000000000"
NAMES = Names(Ownership("FNAL", DATABASE))
FIXTURES = Path(__file__).parents[2] / "fixtures" / "cisco_ios"
TEN_ONE, TEN_TWO = "TenGigabitEthernet1/1", "TenGigabitEthernet1/2"
MAP = f"LS-FNAL-{TEN_ONE}"
EMPTY = f"interface {TEN_ONE}\n ip address 192.0.2.254 255.255.255.0\n!\nend\n"
BULK = FlowMatch(
    source=ip_network("131.225.204.0/24"),
    destination=ip_network("192.84.86.0/24"),
    protocol=Protocol.TCP,
    destination_ports=PortRange(5000, 6000),
    dscp=32,
)
BULK_TEXT = "permit tcp 131.225.204.0 0.0.0.255 192.84.86.0 0.0.0.255 range 5000 6000 dscp 32"
BACK_TEXT = "permit tcp 192.84.86.0 0.0.0.255 range 5000 6000 131.225.204.0 0.0.0.255 dscp 32"
SIX = FlowMatch(
    source=ip_network("2001:db8:fe::/48"),
    destination=ip_network("2001:db8:ca::/48"),
    protocol=Protocol.TCP,
    destination_ports=PortRange(5000, 6000),
)
ROUTE = PolicyRoute(TEN_ONE, ip_address("192.0.2.1"), (BULK,))
ROUTE_SIX = PolicyRoute(TEN_ONE, ip_address("2001:db8:1::2"), (SIX,))
ROUTE_SITE = dataclasses.replace(ROUTE, policy="SITE-POLICY", sequences=SequenceRange(100, 102))
PERMIT = AccessPermit("EDGE-IN", (BULK.reversed(),), SequenceRange(500, 501))


def driver(database: str = DATABASE) -> CiscoIos:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    device = Device(
        name="border-1",
        platform="cisco_ios",
        host="192.0.2.250",
        username="lambda",
        password="env:X",
        host_key=key,
    )
    return CiscoIos(device, Ownership("FNAL", database))


def golden(name: str) -> str:
    return (FIXTURES / name).read_text(encoding="utf-8")


def reading(text: str, shown: str = "") -> Reading:
    running = parse_running(text, IOS)
    return read_config(number_rules(running, shown) if shown else running, NAMES)


def place(actual: Config, *parts: PartIntent) -> Sequence[PartIntent]:
    places = driver().place(actual, parts)
    return [dataclasses.replace(part, placement=places.get(part.part_id, part.placement)) for part in parts]


def plan(actual: Config, *parts: PartIntent, known: frozenset[int] = frozenset({42, 43, 44})) -> Plan:
    return driver().plan(actual, driver().render(parts), known=known)


def our_list(name: str = "LS-FNAL-42", text: str = BULK_TEXT, reservation: int = 42) -> str:
    remark = f" remark LS reservation {reservation} database {DATABASE}\n"
    return f"ip access-list extended {name}\n{remark} 10 {text}\n"


def our_entry(sequence: int = 10, name: str = "LS-FNAL-42", route_map: str = MAP) -> str:
    lines = f" match ip address {name}\n set ip next-hop 192.0.2.1\n"
    return f"route-map {route_map} permit {sequence}\n{lines}"


def interface(name: str = TEN_ONE, policy: str = MAP) -> str:
    return f"interface {name}\n ip policy route-map {policy}\n"
