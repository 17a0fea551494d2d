"""The switch's configuration: sections as IOS has them, in NX-OS's order and printed in its way.

It is indented by two blanks, has no `!` between sections and no `end`.
"""

from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from netconfig.simulator.ios_acl import AccessList
from netconfig.simulator.ios_config import IosConfig, Key, Section
from netconfig.simulator.ios_interface import full_name
from netconfig.simulator.ios_route_map import RouteMap
from netconfig.simulator.nxos_acl import NxosAccessList
from netconfig.simulator.packet import Family

INTERFACE_TYPES = ("Ethernet", "loopback", "mgmt", "nve", "port-channel", "Tunnel", "Vlan")
# These exist as soon as they are named; the others are soldered in.
VIRTUAL_TYPES = frozenset({"loopback", "nve", "port-channel", "Tunnel", "Vlan"})
# Ports of these kinds are switched until `no switchport` is said.
SWITCHED_TYPES = frozenset({"Ethernet", "port-channel"})
PBR: Key = ("feature", "pbr")

PLACES: Mapping[str, int] = MappingProxyType(
    {
        "version": 0,
        "hostname": 10,
        "vdc": 12,
        "feature": 20,
        "username": 25,
        "banner": 27,
        "ip access-list": 40,
        "ipv6 access-list": 41,
        "snmp-server": 50,
        "ntp": 52,
        "ip route": 55,
        "ipv6 route": 56,
        "vlan": 58,
        "route-map": 60,
        "vrf": 62,
        "interface": 70,
        "router": 80,
        "line": 90,
        "boot": 92,
    }
)
# A blank line stands before the first section from each of these places on, and before every interface.
PARAGRAPHS = (
    PLACES["feature"],
    PLACES["username"],
    PLACES["ip route"],
    PLACES["interface"],
    PLACES["router"],
)


@dataclass(frozen=True, slots=True)
class NxosConfig(IosConfig):
    """A whole configuration."""

    places: ClassVar[Mapping[str, int]] = PLACES
    nameless: ClassVar[str] = "switch"

    @property
    def has_pbr(self) -> bool:
        """Whether `feature pbr` is on."""
        return PBR in self.sections

    def nxos_access_lists(self, family: Family) -> list[NxosAccessList]:
        return [acl for acl in self.access_lists(family) if isinstance(acl, NxosAccessList)]

    def render(self, *, show_sequence_numbers: bool = True) -> str:
        """The text `show running-config` prints below its header; numbers are never hidden."""
        lines: list[str] = []
        before = -1
        for key, section in self.in_order():
            paragraph = bisect(PARAGRAPHS, self._place(key))
            if lines and (paragraph != before or key[0] == "interface"):
                lines.append("")
            lines += _printed(section)
            before = paragraph
        return "\n".join([*lines, ""])


def interface_name(name: str) -> str | None:
    """`eth1/1` -> `Ethernet1/1`; None if it is no interface name."""
    return full_name(name, INTERFACE_TYPES)


def interface_type(name: str) -> str:
    """What an interface is: `Ethernet1/1.7` -> `Ethernet`."""
    return name.rstrip("0123456789/.")


def _printed(section: Section) -> Iterator[str]:
    if isinstance(section, AccessList):
        yield from section.render(show_sequence_numbers=True)
        return
    for line in section.render():
        if not isinstance(section, RouteMap) or line != "!":
            yield f" {line}" if line.startswith(" ") else line
