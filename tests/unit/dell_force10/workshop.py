"""A driver without a switch: text in, text out."""

import dataclasses
from collections.abc import Sequence

from netconfig.driver import Config, Ownership, PartIntent, Plan
from netconfig.drivers.dell_force10 import DellForce10
from netconfig.drivers.dell_force10.config import Reading, read_config
from netconfig.drivers.dell_force10.names import Names
from netconfig.drivers.dell_force10.running import parse_running
from netconfig.inventory import Device
from tests.contract.drivers.bench import DATABASE

OTHER_DATABASE = "00000000-0000-0000-0000-000000000000"
NAMES = Names(Ownership("FNAL", DATABASE))
TEN_ONE = "TenGigabitEthernet1/1"
EMPTY = "interface TenGigabitEthernet 1/1\n ip address 192.0.2.254/24\n!\nend\n"
BULK_TEXT = "redirect 192.0.2.1 tcp 131.225.204.0/24 192.84.86.0/24 range 5000 6000"
BACK_TEXT = "permit tcp 192.84.86.0/24 range 5000 6000 131.225.204.0/24 dscp 32"


def driver(station: str = "FNAL", database: str = DATABASE) -> DellForce10:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    device = Device(
        name="border-1",
        platform="dell_force10",
        host="192.0.2.250",
        username="lambda",
        password="env:X",
        host_key=key,
    )
    return DellForce10(device, Ownership(station, database))


def reading(text: str) -> Reading:
    return read_config(parse_running(text), NAMES)


def place(actual: Config, *parts: PartIntent) -> Sequence[PartIntent]:
    places = driver().place(actual, parts)
    return [dataclasses.replace(part, placement=places.get(part.part_id, part.placement)) for part in parts]


def plan(actual: Config, *parts: PartIntent, known: frozenset[int] = frozenset({42, 43, 44})) -> Plan:
    return driver().plan(actual, driver().render(parts), known=known)


def our_list(name: str = "LS-FNAL-42", text: str = BULK_TEXT, reservation: int = 42) -> str:
    described = f" description LS reservation {reservation} database {DATABASE}\n"
    return f"ip redirect-list {name}\n{described} seq 10 {text}\n"


def interface(*groups: str, name: str = "TenGigabitEthernet 1/1") -> str:
    return f"interface {name}\n" + "".join(f" ip redirect-group {group}\n" for group in groups)


def edge(*rules: str) -> str:
    return "ip access-list extended EDGE-IN\n" + "".join(f" {rule}\n" for rule in rules)
