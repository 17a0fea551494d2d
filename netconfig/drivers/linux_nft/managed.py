"""What of ours is on a router, as values and as text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from netconfig.drivers.linux_nft.flows import Condition, read_flow, write_flow
from netconfig.drivers.linux_nft.names import (
    FIRST_TABLE,
    MARK_MASK,
    ROUTE_PROTOCOL,
    Label,
    comment_for,
    mark_of,
    read_comment,
)
from netconfig.intent import FlowMatch, IpAddress, parse_address

ALL_BITS = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Mark:
    """The rule that marks the packets of one flow.

    Attributes:
        database: of its fingerprint; empty where that is gone.
    """

    label: Label
    database: str
    interface: str
    flow: FlowMatch
    lane: int

    def __str__(self) -> str:
        mark = mark_of(self.lane)
        return (
            f'iifname "{self.interface}" {write_flow(self.flow)}counter name "{self.label.base}"'
            f" meta mark set meta mark & {(ALL_BITS ^ MARK_MASK) | mark:#010x} | {mark:#010x}"
            f' accept comment "{comment_for(self.label, self.database)}"'
        )

    def steers_like(self, other: "Mark") -> bool:
        """Whether packets see no difference, nor does the count."""
        mine, theirs = ((one.label.base, one.interface, one.flow, one.lane) for one in (self, other))
        return mine == theirs


@dataclass(frozen=True, slots=True)
class Route:
    """The route of a lane; `interface` is empty where it is not told."""

    lane: int
    next_hop: IpAddress
    interface: str = ""

    def __str__(self) -> str:
        way = f" dev {self.interface}" if self.interface else ""
        return f"default via {self.next_hop}{way} table {FIRST_TABLE + self.lane} proto {ROUTE_PROTOCOL}"

    @property
    def family(self) -> int:
        """4 or 6."""
        return self.next_hop.version


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """The `ip rule` that leads a lane's packets to its table."""

    family: int
    lane: int

    def __str__(self) -> str:
        number = FIRST_TABLE + self.lane
        return (
            f"priority {number} fwmark {mark_of(self.lane):#x}/{MARK_MASK:#x}"
            f" lookup {number} protocol {ROUTE_PROTOCOL}"
        )


@dataclass(frozen=True, slots=True)
class Permit:
    """A rule in a chain of the site's that lets a flow pass; `chain` is `inet/filter/forward`."""

    chain: str
    flow: FlowMatch

    def said(self, comment: str) -> str:
        """The rule, with the comment that says whose it is."""
        words = write_flow(self.flow, chain_family=self.chain.partition("/")[0])
        return f'{words}counter accept comment "{comment}"'


@dataclass(frozen=True, slots=True)
class Managed:
    """What is ours, or might be taken for it, in the order in which it has its effect."""

    marks: tuple[Mark, ...] = ()
    routes: tuple[Route, ...] = ()
    rules: frozenset[Rule] = frozenset()
    permits: tuple[Permit, ...] = ()

    def text(self) -> str:
        """All of it, one line each; `parse_managed` reads it."""
        return "".join(
            f"{line}\n"
            for line in (
                *(f"ip -{one.family} route {one}" for one in self.routes),
                *(f"ip -{one.family} rule {one}" for one in sorted(self.rules)),
                *(f"mark {one}" for one in self.marks),
                *(f"permit {one.chain} {one.said('')}" for one in self.permits),
            )
        )


_MARK = re.compile(
    r'iifname "(?P<interface>[^"]+)" (?P<flow>.*?)counter name "[^"]+" meta mark set meta mark & 0x[0-9a-f]+'
    r' \| (?P<mark>0x[0-9a-f]+) accept comment "(?P<comment>[^"]+)"'
)


def parse_managed(text: str) -> Managed:
    """What `Managed.text` has written; lines that it has not are left out."""
    marks: list[Mark] = []
    routes: list[Route] = []
    rules: set[Rule] = set()
    permits: list[Permit] = []
    for line in text.splitlines():
        match line.split():
            case ["mark", *_]:
                marks += _mark(line.removeprefix("mark "))
            case ["ip", family, "route", "default", "via", next_hop, *way, "table", table, "proto", _]:
                if (address := parse_address(next_hop)) is not None and f"-{address.version}" == family:
                    routes.append(Route(int(table) - FIRST_TABLE, address, way[1] if way else ""))
            case ["ip", family, "rule", "priority", number, *_]:
                rules.add(Rule(int(family[1:]), int(number) - FIRST_TABLE))
            case ["permit", chain, *words]:
                family_word = chain.partition("/")[0]
                flow = read_flow(_triples(words[:-4]), family={"ip": 4, "ip6": 6}.get(family_word))
                permits += [Permit(chain, flow)] if flow else []
    return Managed(tuple(marks), tuple(routes), frozenset(rules), tuple(permits))


def _mark(text: str) -> Iterable[Mark]:
    if not (found := _MARK.fullmatch(text)):
        return
    flow, owner = read_flow(_triples(found["flow"].split())), read_comment(found["comment"])
    if flow and owner:
        lane = int(found["mark"], 16) // mark_of(1)
        yield Mark(owner[0], owner[1], found["interface"], flow, lane)


def _triples(words: list[str]) -> list[Condition]:
    return [(words[at], words[at + 1], words[at + 2]) for at in range(0, len(words) - 2, 3)]
