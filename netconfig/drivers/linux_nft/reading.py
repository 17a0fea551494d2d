"""What a router has: what is ours or might be taken for it, and what of the site's our parts stand on."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from typing import Any

from netconfig.driver import Config
from netconfig.drivers.linux_nft.managed import Managed, Route, Rule, parse_managed
from netconfig.drivers.linux_nft.names import (
    FIRST_TABLE,
    MARK_MASK,
    ROUTE_PROTOCOL,
    Names,
    lane_of,
    mark_of,
)
from netconfig.drivers.linux_nft.ruleset import Admitted, Held, Ruleset, read_ruleset
from netconfig.errors import StateUnknown
from netconfig.intent import IpAddress, IpNetwork, parse_address

BEGIN, END = "lambdastation-router 2", "lambdastation-router end"
_FORMER = "lambdastation-router 1"
_EVERYTHING = "default"


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface: whether it is up, and its networks; where there is but one neighbour, that is one.

    Attributes:
        vrf: which it is in; empty if in none. What comes in there never meets a rule of ours.
    """

    is_up: bool
    networks: tuple[IpNetwork, ...] = ()
    own: frozenset[IpAddress] = frozenset()
    vrf: str = ""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What of the site's is there.

    Attributes:
        clash: a rule of the site's that looks at the bits of the mark that are ours; empty if there is none.
        taken: lanes that something of the site's has the number of.
        crowded: family and lane of the tables that have other routes with our mark than one way for all.
    """

    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    clash: str = ""
    taken: frozenset[int] = frozenset()
    crowded: frozenset[tuple[int, int]] = frozenset()

    def way_to(self, next_hop: IpAddress) -> str | None:
        """The interface that is up and has the smallest network with this neighbour; None if none has."""
        found = [
            (network.prefixlen, name)
            for name, interface in self.interfaces.items()
            for network in interface.networks
            if interface.is_up and not interface.vrf
            if next_hop in network and next_hop not in interface.own
        ]
        return max(found)[1] if found else None


@dataclass(frozen=True, slots=True)
class Reading(Config):
    """What a router has. `text` is everything that is named as ours, strangers' objects too.

    Attributes:
        managed: what of it is exactly as we write it.
        ruleset: what else is of concern of nftables.
        routes: of each lane and family, what its table has; empty interface where it is not known.
        whole: False if it was made from such a text: nothing is known of what is the site's.
    """

    managed: Managed = field(default_factory=Managed)
    ruleset: Ruleset = field(default_factory=Ruleset)
    grounds: Grounds = Grounds()
    whole: bool = True

    def routes_of(self, family: int, lane: int) -> list[Route]:
        """The routes of a lane."""
        return [one for one in self.managed.routes if (one.family, one.lane) == (family, lane)]


def read_router(device: str, output: bytes, names: Names) -> Reading:
    """What the router told, between the words that open and close it; a login may say something before.

    Raises:
        StateUnknown: it makes no sense.
    """
    # Not where Unicode would have a line end: the site's comments may hold such characters.
    lines = output.decode("utf-8", "replace").split("\n")
    if _FORMER in lines and BEGIN not in lines:
        raise StateUnknown(
            device, "its program lambdastation-router is an older one: put the present one there"
        )
    try:
        told = lines[lines.index(BEGIN) + 1 : lines.index(END)]
        rules4, routes4, rules6, routes6, links, vrfs, nft = map(json.loads, filter(str.strip, told))
        ruleset = read_ruleset(nft["nftables"], names)
        rules, clash, taken = _read_rules({4: rules4, 6: rules6})
        routes = tuple(_read_routes([*routes4, *routes6]))
        crowded = _crowded({4: routes4, 6: routes6})
        tables = dict(map(_read_vrf, filter(None, vrfs)))
        taken |= {lane for table in tables.values() if (lane := lane_of(table)) is not None}
        interfaces = dict(_read_link(link, frozenset(tables)) for link in links)
        grounds = Grounds(interfaces, clash, taken, crowded)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise StateUnknown(device, f"what it tells of itself makes no sense: {_words(error)}") from error
    return make_reading(ruleset, routes, rules, grounds, names)


def make_reading(
    ruleset: Ruleset,
    routes: tuple[Route, ...],
    rules: frozenset[Rule],
    grounds: Grounds,
    names: Names,
    *,
    whole: bool = True,
) -> Reading:
    """A reading of this."""
    managed = Managed(
        marks=tuple(held.mark for held in ruleset.held if held.mark),
        routes=routes,
        rules=rules,
        permits=tuple(one.permit for one in ruleset.admitted if one.permit),
    )
    found: dict[int, str] = {}
    for held in ruleset.held:
        number = held.label.reservation if held.label else None
        # A foreign identity is news and must not be hidden by a rule of ours beside it.
        if number is not None and (
            not found.get(number) or held.database not in {"", names.ownership.database}
        ):
            found[number] = held.database or found.get(number, "")
    return Reading(
        text=managed.text(), found=found, managed=managed, ruleset=ruleset, grounds=grounds, whole=whole
    )


def as_reading(config: Config, names: Names) -> Reading:
    """A configuration that may have been kept as text only."""
    if isinstance(config, Reading):
        return config
    return _carrying(Reading(text="", whole=False), parse_managed(config.text), names)


def imagine(actual: Reading, carried: str, names: Names) -> Reading:
    """The router as read, but with nothing of ours except what this text says."""
    here = names.ownership.database
    theirs = tuple(held for held in actual.ruleset.held if held.database not in {"", here})
    lanes = {held.mark.lane for held in theirs if held.mark}
    lanes |= {mark.lane for marks in actual.ruleset.others.values() for mark in marks}
    bare = replace(
        actual,
        grounds=replace(actual.grounds, crowded=frozenset()),
        managed=replace(
            actual.managed,
            routes=tuple(route for route in actual.managed.routes if route.lane in lanes),
            rules=frozenset(rule for rule in actual.managed.rules if rule.lane in lanes),
        ),
        ruleset=replace(
            actual.ruleset,
            has_table=bool(theirs),
            has_chain=bool(theirs),
            held=theirs,
            counters={held.label.base: (0, 0) for held in theirs if held.label},
            admitted=(),
        ),
    )
    return _carrying(bare, parse_managed(carried), names)


def _carrying(bare: Reading, carried: Managed, names: Names) -> Reading:
    held = tuple(Held(0, mark, mark.label, mark.database) for mark in carried.marks)
    known = set(bare.managed.routes)
    there = {(route.family, route.lane) for route in known}
    return make_reading(
        replace(
            bare.ruleset,
            has_table=bare.ruleset.has_table or bool(held),
            has_chain=bare.ruleset.has_chain or bool(held),
            held=(*bare.ruleset.held, *held),
            counters={**bare.ruleset.counters, **{mark.label.base: (0, 0) for mark in carried.marks}},
            admitted=(
                *bare.ruleset.admitted,
                *(Admitted(0, permit.chain, permit) for permit in carried.permits),
            ),
        ),
        (*bare.managed.routes, *(one for one in carried.routes if (one.family, one.lane) not in there)),
        bare.managed.rules | carried.rules,
        bare.grounds,
        names,
        whole=bare.whole,
    )


def _read_rules(told: Mapping[int, Sequence[Any]]) -> tuple[frozenset[Rule], str, frozenset[int]]:
    rules: set[Rule] = set()
    taken: set[int] = set()
    clash = ""
    for family, one in ((family, one) for family, many in told.items() for one in many):
        priority, table = int(one["priority"]), _number(one.get("table", "0"))
        lane = lane_of(priority)
        if lane is not None and one == _expected(lane):
            rules.add(Rule(family, lane))
            continue
        taken |= {number for number in (lane, lane_of(table)) if number is not None}
        mark = int(str(one.get("fwmark", "0")), 16)
        if mark & MARK_MASK & int(str(one.get("fwmask", "0xffffffff")), 16) and lane is None:
            clash = clash or f"rule {priority} of the site's looks at the bits {MARK_MASK:#x} of the mark"
    return frozenset(rules), clash, frozenset(taken)


def _expected(lane: int) -> dict[str, object]:
    number = FIRST_TABLE + lane
    return {
        "priority": number,
        "src": "all",
        "fwmark": f"{mark_of(lane):#x}",
        "fwmask": f"{MARK_MASK:#x}",
        "table": str(number),
        "protocol": str(ROUTE_PROTOCOL),
    }


def _read_routes(told: Iterable[Any]) -> Iterable[Route]:
    for one in told:
        lane, next_hop = lane_of(_number(one["table"])), parse_address(str(one.get("gateway", "")))
        if lane is not None and next_hop is not None and one["dst"] == _EVERYTHING:
            yield Route(lane, next_hop, str(one["dev"]))


def _crowded(told: Mapping[int, Sequence[Any]]) -> frozenset[tuple[int, int]]:
    found = Counter[tuple[int, int]]()
    for family, one in ((family, one) for family, many in told.items() for one in many):
        if (lane := lane_of(_number(one["table"]))) is not None:
            # Where it leads to one neighbour for all, it counts once; everything else is too much.
            found[family, lane] += 1 if one["dst"] == _EVERYTHING and "gateway" in one else 2
    return frozenset(lane for lane, many in found.items() if many > 1)


def _read_vrf(told: Any) -> tuple[str, int]:
    """A VRF and its table, which need not be in any rule: the kernel goes by the interfaces in it."""
    return str(told["ifname"]), _number(told["linkinfo"]["info_data"]["table"])


def _read_link(told: Any, vrfs: frozenset[str]) -> tuple[str, Interface]:
    told_of = [one for one in told["addr_info"] if one.get("family") in {"inet", "inet6"}]
    # At the other end of a tunnel there is one neighbour: its address is told, and the network is that.
    networks = (
        ip_network(f"{one.get('address', one['local'])}/{one['prefixlen']}", strict=False) for one in told_of
    )
    own = frozenset(ip_address(one["local"]) for one in told_of)
    master = str(told.get("master", ""))
    vrf = master if master in vrfs else ""
    return str(told["ifname"]), Interface("UP" in told["flags"], tuple(networks), own, vrf)


def _number(word: object) -> int:
    return int(word) if isinstance(word, str | int) and str(word).isdecimal() else 0


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
