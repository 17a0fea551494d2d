"""Interfaces: their names, short and long, and what can be said about one.

Source: Cisco IOS Interface and Hardware Component Command Reference, `interface`; the order of lines is that
of `show running-config` on IOS 15.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netconfig.simulator.ios_stanza import Lines, Slots
from netconfig.simulator.packet import Family

TYPES = (
    "Ethernet",
    "FastEthernet",
    "GigabitEthernet",
    "TenGigabitEthernet",
    "TwentyFiveGigE",
    "FortyGigabitEthernet",
    "HundredGigE",
    "Serial",
    "Loopback",
    "Port-channel",
    "Tunnel",
    "Vlan",
    "BDI",
    "Null",
)
# These exist as soon as they are named, and can be removed again; the others are soldered in.
VIRTUAL_TYPES = frozenset({"Loopback", "Port-channel", "Tunnel", "Vlan", "BDI"})

SLOTS = Slots(
    {
        "description": r"description ",
        "mtu": r"mtu ",
        "ip address": r"(no )?ip address(?!.* secondary$)",
        "secondary": r"ip address .* secondary$",
        "ip access-group in": r"ip access-group \S+ in$",
        "ip access-group out": r"ip access-group \S+ out$",
        "ip policy": r"ip policy route-map ",
        "shutdown": r"shutdown$",
        "ipv6 address": r"ipv6 address ",
        "ipv6 traffic-filter in": r"ipv6 traffic-filter \S+ in$",
        "ipv6 traffic-filter out": r"ipv6 traffic-filter \S+ out$",
        "ipv6 policy": r"ipv6 policy route-map ",
    }
)


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface and what is said about it."""

    name: str
    lines: Lines = ()

    @property
    def is_virtual(self) -> bool:
        return "." in self.name or self.name.rstrip("0123456789/") in VIRTUAL_TYPES

    def route_map(self, family: Family) -> str | None:
        """The route-map that steers packets coming in here."""
        line = SLOTS.find(self.lines, "ip policy" if family == 4 else "ipv6 policy")
        return line.split()[-1] if line else None

    def access_list(self, family: Family, direction: str) -> str | None:
        """The access list that packets pass here, `in` or `out`."""
        kind = "ip access-group" if family == 4 else "ipv6 traffic-filter"
        line = SLOTS.find(self.lines, f"{kind} {direction}")
        return line.split()[2] if line else None

    def render(self) -> Iterator[str]:
        yield f"interface {self.name}"
        yield from (f" {line}" for line in self.lines)


def full_name(name: str, types: Sequence[str] = TYPES) -> str | None:
    """`Te1/1`, `te 1/1` -> `TenGigabitEthernet1/1`; None if it is no interface name."""
    parts = re.fullmatch(r"([A-Za-z-]+)\s*(\d+(?:/\d+)*(?:\.\d+)?)", name)
    if parts is None:
        return None
    begun = [kind for kind in types if kind.lower().startswith(parts[1].lower())]
    return begun[0] + parts[2] if len(begun) == 1 else None
