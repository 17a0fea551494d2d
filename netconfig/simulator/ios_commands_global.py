"""Lines of global configuration mode.

Source: Cisco IOS command references; `% Could not find route-map X`, and the silence of removing an access
list that is not there, as an IOS-XE 17 router answers.
"""

from ipaddress import IPv4Network, IPv6Interface

from netconfig.simulator.grammar import InvalidInput, Refused, Rule
from netconfig.simulator.ios_acl import AccessList
from netconfig.simulator.ios_config import HOSTNAME, IosConfig, OneLine, acl_key
from netconfig.simulator.ios_interface import Interface, full_name
from netconfig.simulator.ios_mode import Act, Call, Mode, Step
from netconfig.simulator.ios_route_map import RouteMap, RouteMapEntry
from netconfig.simulator.packet import Family

DEFAULT_SEQUENCE = 10


def _hostname(call: Call) -> Step:
    return call.stay(call.config.put(HOSTNAME, OneLine(f"hostname {call.texts[0]}")))


def _no_hostname(call: Call) -> Step:
    return call.stay(call.config.put(HOSTNAME, OneLine(f"hostname {call.config.nameless}")))


def _interface(call: Call) -> Step:
    name = full_name(call.texts[0])
    if name is None:
        raise InvalidInput(call.values[0].column)
    mode = Mode("config-subif" if "." in name else "config-if", ("interface", name))
    if call.config.interface(name):
        return Step(call.config, mode)
    new = Interface(name, ("no ip address",))
    carrier = name.partition(".")[0]
    if not new.is_virtual or ("." in name and not call.config.interface(carrier)):
        raise InvalidInput(call.values[0].column)
    return Step(call.config.put(mode.key, new), mode)


def _no_interface(call: Call) -> Step:
    interface = call.config.interface(full_name(call.texts[0]) or "")
    if interface is None:
        raise InvalidInput(call.values[0].column)
    if not interface.is_virtual:
        raise Refused("% Removal of physical interfaces is not permitted")
    return call.stay(call.config.drop(("interface", interface.name)))


def _access_list(family: Family) -> Act:
    def act(call: Call) -> Step:
        name = call.texts[0]
        mode = Mode("config-ext-nacl" if family == 4 else "config-ipv6-acl", acl_key(family, name))
        if call.config.access_list(family, name):
            return Step(call.config, mode)
        # The list exists from here on, empty: it admits everything and matches everything.
        return Step(call.config.put(mode.key, AccessList(family, name)), mode)

    return act


def _no_access_list(family: Family) -> Act:
    def act(call: Call) -> Step:
        name = call.texts[0]
        known = call.config.access_list(family, name)
        return call.stay(call.config.drop(acl_key(family, name)) if known else call.config)

    return act


def _resequence(call: Call) -> Step:
    name, start, step = call.texts
    access_list = call.config.access_list(4, name)
    if access_list is None:
        raise Refused(f"% Access-list {name} does not exist")
    return call.stay(call.config.put(acl_key(4, name), access_list.resequenced(int(start), int(step))))


def _route_map(*, permit: bool, numbered: bool) -> Act:
    def act(call: Call) -> Step:
        name = call.texts[0]
        route_map = call.config.route_map(name) or RouteMap(name)
        sequence = int(call.texts[1]) if numbered else _unnumbered_sequence(route_map)
        known = route_map.entry(sequence)
        entry = RouteMapEntry(sequence, permit, known.lines if known else ())
        key = ("route-map", name)
        config = call.config.put(key, route_map.with_entry(entry))
        return Step(config, Mode("config-route-map", key, sequence))

    return act


def _unnumbered_sequence(route_map: RouteMap) -> int:
    match route_map.entries:
        case ():
            return DEFAULT_SEQUENCE
        case (only,):
            return only.sequence
        case _:
            raise Refused("% Please specify the entry by its sequence")


def _no_route_map(call: Call) -> Step:
    return call.stay(call.config.drop(("route-map", _existing_route_map(call).name)))


def _no_route_map_entry(call: Call) -> Step:
    """Entries are known by their number: `permit` or `deny` in front of it makes no difference."""
    route_map, sequence = _existing_route_map(call), int(call.texts[1])
    if route_map.entry(sequence) is None:
        raise Refused(f"% Could not find route-map entry {route_map.name} {sequence}")
    rest = route_map.without(sequence)
    key = ("route-map", route_map.name)
    return call.stay(call.config.put(key, rest) if rest.entries else call.config.drop(key))


def _existing_route_map(call: Call) -> RouteMap:
    route_map = call.config.route_map(call.texts[0])
    if route_map is None:
        raise Refused(f"% Could not find route-map {call.texts[0]}")
    return route_map


def _route(call: Call) -> Step:
    line = f"{_ipv4_destination(call)} {' '.join(call.texts[2].split())}"
    return call.stay(call.config.put(("ip route", line), OneLine(line)))


def _no_route(call: Call) -> Step:
    rest = " ".join(call.texts[2].split()) if len(call.texts) > 2 else ""
    return call.stay(_without_routes(call.config, "ip route", _ipv4_destination(call), rest))


def _ipv4_destination(call: Call) -> str:
    address, mask = call.texts[:2]
    try:
        IPv4Network((address, mask))
    except ValueError:
        raise Refused("%Inconsistent address and mask") from None
    return f"ip route {address} {mask}"


def _ipv6_route(call: Call) -> Step:
    line = f"{_ipv6_destination(call)} {' '.join(call.texts[1].split())}"
    return call.stay(call.config.put(("ipv6 route", line), OneLine(line)))


def _no_ipv6_route(call: Call) -> Step:
    rest = " ".join(call.texts[1].split()) if len(call.texts) > 1 else ""
    return call.stay(_without_routes(call.config, "ipv6 route", _ipv6_destination(call), rest))


def _ipv6_destination(call: Call) -> str:
    return f"ipv6 route {str(IPv6Interface(call.texts[0]).network).upper()}"


def _without_routes(config: IosConfig, kind: str, destination: str, rest: str) -> IosConfig:
    """Without the route named, or without all routes to a destination."""
    gone = [
        key
        for key in config.sections
        if key[0] == kind
        and (key[1] == f"{destination} {rest}" if rest else key[1].startswith(f"{destination} "))
    ]
    if not gone:
        raise Refused("%No matching route to delete")
    for key in gone:
        config = config.drop(key)
    return config


_SEQUENCE = "<0-65535>"

HOSTNAME_RULES: tuple[Rule[Act], ...] = (
    Rule("hostname WORD", _hostname),
    Rule("no hostname", _no_hostname),
    Rule("no hostname WORD", _no_hostname),
)
ROUTE_MAP_RULES: tuple[Rule[Act], ...] = (
    Rule("route-map WORD", _route_map(permit=True, numbered=False)),
    Rule("route-map WORD permit", _route_map(permit=True, numbered=False)),
    Rule("route-map WORD deny", _route_map(permit=False, numbered=False)),
    Rule(f"route-map WORD {_SEQUENCE}", _route_map(permit=True, numbered=True)),
    Rule(f"route-map WORD permit {_SEQUENCE}", _route_map(permit=True, numbered=True)),
    Rule(f"route-map WORD deny {_SEQUENCE}", _route_map(permit=False, numbered=True)),
    Rule("no route-map WORD", _no_route_map),
    Rule("no route-map WORD permit", _no_route_map),
    Rule("no route-map WORD deny", _no_route_map),
    Rule(f"no route-map WORD {_SEQUENCE}", _no_route_map_entry),
    Rule(f"no route-map WORD permit {_SEQUENCE}", _no_route_map_entry),
    Rule(f"no route-map WORD deny {_SEQUENCE}", _no_route_map_entry),
)
GLOBAL_RULES: tuple[Rule[Act], ...] = (
    *HOSTNAME_RULES,
    *ROUTE_MAP_RULES,
    Rule("interface INTERFACE", _interface),
    Rule("no interface INTERFACE", _no_interface),
    Rule("ip access-list extended WORD", _access_list(4)),
    Rule("no ip access-list extended WORD", _no_access_list(4)),
    Rule("ip access-list resequence WORD <1-2147483647> <1-2147483647>", _resequence),
    Rule("ipv6 access-list WORD", _access_list(6)),
    Rule("no ipv6 access-list WORD", _no_access_list(6)),
    Rule("ip route A.B.C.D A.B.C.D LINE", _route),
    Rule("no ip route A.B.C.D A.B.C.D", _no_route),
    Rule("no ip route A.B.C.D A.B.C.D LINE", _no_route),
    Rule("ipv6 route X:X::X/N LINE", _ipv6_route),
    Rule("no ipv6 route X:X::X/N", _no_ipv6_route),
    Rule("no ipv6 route X:X::X/N LINE", _no_ipv6_route),
)
