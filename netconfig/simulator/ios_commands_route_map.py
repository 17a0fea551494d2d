"""Lines inside an entry of a route-map: `config-route-map`.

Names matched and next hops set add up over several lines, as on IOS; `no` with names takes away those alone.
"""

from dataclasses import replace
from ipaddress import IPv6Address

from netconfig.simulator.grammar import Rule
from netconfig.simulator.ios_mode import Act, Call, Step
from netconfig.simulator.ios_route_map import SLOTS, RouteMap, RouteMapEntry
from netconfig.simulator.ios_stanza import Lines


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


def _add(slot: str) -> Act:
    def act(call: Call) -> Step:
        entry = _current(call)[1]
        # Addresses are printed in upper case; only IPv6 ones have letters, names stay as they are.
        added = _printed(slot, call.texts)
        words = [*entry.words(slot), *(word for word in added if word not in entry.words(slot))]
        return _edit(call, SLOTS.put(entry.lines, slot, " ".join([slot, *words])))

    return act


def _take(slot: str) -> Act:
    def act(call: Call) -> Step:
        entry = _current(call)[1]
        words = [word for word in entry.words(slot) if word not in _printed(slot, call.texts)]
        if not words or not call.texts:
            return _edit(call, SLOTS.clear(entry.lines, slot))
        return _edit(call, SLOTS.put(entry.lines, slot, " ".join([slot, *words])))

    return act


def _match_ipv6(call: Call) -> Step:
    """An IPv6 match names one list; a new one takes its place."""
    slot = "match ipv6 address"
    return _edit(call, SLOTS.put(_current(call)[1].lines, slot, f"{slot} {call.texts[0]}"))


def _printed(slot: str, texts: tuple[str, ...]) -> list[str]:
    if slot == "set ipv6 next-hop":
        return [str(IPv6Address(text)).upper() for text in texts]
    return list(dict.fromkeys(texts))


ROUTE_MAP_RULES: tuple[Rule[Act], ...] = (
    Rule("description LINE", _description),
    Rule("no description", _no_description),
    Rule("no description LINE", _no_description),
    Rule("match ip address WORD+", _add("match ip address")),
    Rule("no match ip address", _take("match ip address")),
    Rule("no match ip address WORD+", _take("match ip address")),
    Rule("match ipv6 address WORD", _match_ipv6),
    Rule("no match ipv6 address", _take("match ipv6 address")),
    Rule("no match ipv6 address WORD", _take("match ipv6 address")),
    Rule("set ip next-hop A.B.C.D+", _add("set ip next-hop")),
    Rule("no set ip next-hop", _take("set ip next-hop")),
    Rule("no set ip next-hop A.B.C.D+", _take("set ip next-hop")),
    Rule("set ipv6 next-hop X:X::X+", _add("set ipv6 next-hop")),
    Rule("no set ipv6 next-hop", _take("set ipv6 next-hop")),
    Rule("no set ipv6 next-hop X:X::X+", _take("set ipv6 next-hop")),
)
