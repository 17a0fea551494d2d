"""An NX-OS driver without a switch: text in, text out."""

import dataclasses
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from netconfig.cisco.config import Reading, read_config
from netconfig.cisco.running import parse_running
from netconfig.driver import Config, PartIntent, Plan
from netconfig.drivers.cisco_nxos import CiscoNxos
from netconfig.drivers.cisco_nxos.dialect import NXOS
from netconfig.intent import AccessPermit, PolicyRoute, SequenceRange
from netconfig.inventory import Device
from tests.unit.cisco_ios.workshop import BULK, DATABASE, NAMES, SIX

FIXTURES = Path(__file__).parents[2] / "fixtures" / "cisco_nxos"
ONE = "Ethernet1/1"
MAP = f"LS-FNAL-{ONE}"
EMPTY = f"feature pbr\n\ninterface {ONE}\n  no switchport\n  ip address 192.0.2.254/24\n"
ROUTE = PolicyRoute(ONE, ip_address("192.0.2.1"), (BULK,))
ROUTE_SIX = PolicyRoute(ONE, ip_address("2001:db8:1::2"), (SIX,))
ROUTE_SITE = dataclasses.replace(ROUTE, policy="SITE-POLICY", sequences=SequenceRange(100, 102))
PERMIT = AccessPermit("EDGE-IN", (BULK.reversed(),), SequenceRange(500, 501))
BULK_TEXT = "permit tcp 131.225.204.0/24 192.84.86.0/24 range 5000 6000 dscp 32"


def driver() -> CiscoNxos:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    device = Device(
        name="border-1",
        platform="cisco_nxos",
        host="192.0.2.250",
        username="lambda",
        password="env:X",
        host_key=key,
    )
    return CiscoNxos(device, NAMES.ownership)


def golden(name: str) -> str:
    return (FIXTURES / name).read_text(encoding="utf-8")


def reading(text: str) -> Reading:
    return read_config(parse_running(text, NXOS), NAMES)


def place(actual: Config, *parts: PartIntent) -> Sequence[PartIntent]:
    places = driver().place(actual, parts)
    return [dataclasses.replace(part, placement=places.get(part.part_id, part.placement)) for part in parts]


def plan(actual: Config, *parts: PartIntent) -> Plan:
    return driver().plan(actual, driver().render(parts), known=frozenset({42, 43, 44}))


def our_list(name: str = "LS-FNAL-42", text: str = BULK_TEXT, *, counts: bool = True) -> str:
    counting = "  statistics per-entry\n" if counts else ""
    remark = f"  10 remark LS reservation 42 database {DATABASE}\n"
    return f"ip access-list {name}\n{counting}{remark}  20 {text}\n"


def our_entry(sequence: int = 10, name: str = "LS-FNAL-42") -> str:
    return f"route-map {MAP} permit {sequence}\n  match ip address {name}\n  set ip next-hop 192.0.2.1\n"


def interface(policy: str = MAP) -> str:
    return f"interface {ONE}\n  no switchport\n  ip policy route-map {policy}\n"
