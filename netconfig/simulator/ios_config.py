"""The router's configuration as one frozen value: named sections, printed in IOS's order.

Sections the simulator understands are values of their own modules; everything else of the initial
configuration is kept as `Verbatim` text. A new section goes where IOS prints its kind; what the initial
configuration had in another order stays in that order.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType
from typing import ClassVar, Self

from netconfig.simulator.ios_acl import AccessList
from netconfig.simulator.ios_interface import Interface
from netconfig.simulator.ios_route_map import RouteMap
from netconfig.simulator.packet import Family

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A block the simulator keeps and prints byte for byte, the `!` lines behind it included."""

    lines: tuple[str, ...]

    def render(self) -> Iterator[str]:
        yield from self.lines


@dataclass(frozen=True, slots=True)
class OneLine:
    """A section of a single line: the hostname, a static route."""

    line: str

    def render(self) -> Iterator[str]:
        yield self.line


Section = Verbatim | OneLine | Interface | AccessList | RouteMap

HOSTNAME: Key = ("hostname",)

# Where IOS prints what; a kind that is not here stays where it stood.
PLACES: Mapping[str, int] = MappingProxyType(
    {
        "version": 0,
        "service": 1,
        "hostname": 10,
        "boot-start-marker": 15,
        "interface": 40,
        "router": 50,
        "ip route": 60,
        "ip access-list": 64,
        "logging": 68,
        "ipv6 route": 70,
        "route-map": 75,
        "snmp-server": 78,
        "ipv6 access-list": 80,
        "control-plane": 84,
        "banner": 86,
        "line": 90,
        "ntp": 95,
    }
)
# Sections of these kinds stand together without a `!` between them.
_CLOSE_KINDS = frozenset({"ip route", "ipv6 route", "ip access-list"})


@dataclass(frozen=True, slots=True)
class IosConfig:
    """A whole configuration.

    `lifted` holds the places of sections that the initial configuration had later than IOS prints them.
    """

    sections: Mapping[Key, Section] = field(default_factory=dict)
    lifted: Mapping[Key, int] = field(default_factory=dict)

    places: ClassVar[Mapping[str, int]] = PLACES
    nameless: ClassVar[str] = "Router"

    @property
    def hostname(self) -> str:
        section = self.sections.get(HOSTNAME)
        return section.line.removeprefix("hostname ") if isinstance(section, OneLine) else self.nameless

    def interface(self, name: str) -> Interface | None:
        section = self.sections.get(("interface", name))
        return section if isinstance(section, Interface) else None

    def interfaces(self) -> list[Interface]:
        return [section for section in self.sections.values() if isinstance(section, Interface)]

    def access_list(self, family: Family, name: str) -> AccessList | None:
        section = self.sections.get(acl_key(family, name))
        return section if isinstance(section, AccessList) else None

    def access_lists(self, family: Family) -> list[AccessList]:
        lists = [section for section in self.sections.values() if isinstance(section, AccessList)]
        return [acl for acl in lists if acl.family == family]

    def route_map(self, name: str) -> RouteMap | None:
        section = self.sections.get(("route-map", name))
        return section if isinstance(section, RouteMap) else None

    def route_maps(self) -> list[RouteMap]:
        return [section for section in self.sections.values() if isinstance(section, RouteMap)]

    def put(self, key: Key, section: Section, *, place: int | None = None) -> Self:
        """A configuration with this section, new or changed; `place` overrides IOS's own order."""
        lifted = self.lifted if place is None else {**self.lifted, key: place}
        return replace(self, sections={**self.sections, key: section}, lifted=lifted)

    def drop(self, key: Key) -> Self:
        """A configuration without this section."""
        sections = dict(self.sections)
        del sections[key]
        if key not in self.lifted:
            return replace(self, sections=sections)
        lifted = {known: place for known, place in self.lifted.items() if known != key}
        return replace(self, sections=sections, lifted=lifted)

    def in_order(self) -> list[tuple[Key, Section]]:
        """The sections as they are printed."""
        return sorted(self.sections.items(), key=lambda item: self._place(item[0]))

    def _place(self, key: Key) -> int:
        return self.lifted[key] if key in self.lifted else self.places[key[0]]

    def render(self, *, show_sequence_numbers: bool) -> str:
        """The text `show running-config` prints below its header, with `end` and a final newline."""
        ordered = self.in_order()
        lines: list[str] = []
        for (key, section), (following, _) in pairwise([*ordered, (("end",), OneLine("end"))]):
            if isinstance(section, AccessList):
                lines += section.render(show_sequence_numbers=show_sequence_numbers)
            else:
                lines += section.render()
            if not isinstance(section, Verbatim) and not stand_together(key, following):
                lines.append("!")
        return "\n".join([*lines, "end", ""])


def acl_key(family: Family, name: str) -> Key:
    return ("ip access-list" if family == 4 else "ipv6 access-list", name)


def stand_together(key: Key, following: Key) -> bool:
    """Whether no `!` parts a section from the one behind it."""
    return key[0] == following[0] and key[0] in _CLOSE_KINDS
