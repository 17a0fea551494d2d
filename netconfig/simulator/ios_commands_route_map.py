"""Lines inside an entry of a route-map: `config-route-map`.

Names matched and next hops set add up over several lines, as on IOS; `no` with names takes away those alone.
"""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv6Address

from netconfig.simulator.grammar import Rule
from netconfig.simulator.ios_mode import Act, Call, Step
from netconfig.simulator.ios_route_map import SLOTS, RouteMap, RouteMapEntry
from netconfig.simulator.ios_stanza import Lines

Printed = Callable[[str], str]
"""How a word comes to be printed."""


def _current(call: Call) -> tuple[RouteMap, RouteMapEntry]:
    # Another session may have removed the entry meanwhile; the line then begins it anew.
    route_map = call.config.route_map(call.mode.key[1]) or RouteMap(call.mode.key[1])
    return route_map, route_map.entry(call.mode.sequence) or RouteMapEntry(call.mode.sequence, permit=True)


def _edit(call: Call, lines: Lines) -> Step:
    route_map, entry = _current(call)
    return call.stay(call.config.put(call.mode.key, route_map.with_entry(replace(entry, lines=lines))))


def _description(call: Call) -> Step:
    lines = _current(call)[1].lines
    return _edit(call, SLOTS.put(lines, "description", f"description {call.texts[0]}"))


def _no_description(call: Call) -> Step:
    return _edit(call, SLOTS.clear(_current(call)[1].lines, "description"))


def add(slot: str, printed: Printed) -> Act:
    """Words that come behind those that are there, each once."""

    def act(call: Call) -> Step:
        entry = _current(call)[1]
        added = list(dict.fromkeys(map(printed, call.texts)))
        words = [*entry.words(slot), *(word for word in added if word not in entry.words(slot))]
        return _edit(call, SLOTS.put(entry.lines, slot, " ".join([slot, *words])))

    return act


def take(slot: str, printed: Printed) -> Act:
    """Words that go; all of them if none is named."""

    def act(call: Call) -> Step:
        entry = _current(call)[1]
        words = [word for word in entry.words(slot) if word not in map(printed, call.texts)]
        if not words or not call.texts:
            return _edit(call, SLOTS.clear(entry.lines, slot))
        return _edit(call, SLOTS.put(entry.lines, slot, " ".join([slot, *words])))

    return act


def match_one(slot: str) -> Act:
    """A match that names one list; a new one takes its place."""

    def act(call: Call) -> Step:
        return _edit(call, SLOTS.put(_current(call)[1].lines, slot, f"{slot} {call.texts[0]}"))

    return act


def _upper(text: str) -> str:
    return str(IPv6Address(text)).upper()


DESCRIPTION_RULES: tuple[Rule[Act], ...] = (
    Rule("description LINE", _description),
    Rule("no description", _no_description),
    Rule("no description LINE", _no_description),
)
NEXT_HOP_RULES: tuple[Rule[Act], ...] = (
    Rule("set ip next-hop A.B.C.D+", add("set ip next-hop", str)),
    Rule("no set ip next-hop", take("set ip next-hop", str)),
    Rule("no set ip next-hop A.B.C.D+", take("set ip next-hop", str)),
)
ROUTE_MAP_RULES: tuple[Rule[Act], ...] = (
    *DESCRIPTION_RULES,
    *NEXT_HOP_RULES,
    Rule("match ip address WORD+", add("match ip address", str)),
    Rule("no match ip address", take("match ip address", str)),
    Rule("no match ip address WORD+", take("match ip address", str)),
    Rule("match ipv6 address WORD", match_one("match ipv6 address")),
    Rule("no match ipv6 address", take("match ipv6 address", str)),
    Rule("no match ipv6 address WORD", take("match ipv6 address", str)),
    Rule("set ipv6 next-hop X:X::X+", add("set ipv6 next-hop", _upper)),
    Rule("no set ipv6 next-hop", take("set ipv6 next-hop", _upper)),
    Rule("no set ipv6 next-hop X:X::X+", take("set ipv6 next-hop", _upper)),
)
