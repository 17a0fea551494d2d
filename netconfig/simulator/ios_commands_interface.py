"""Lines inside an interface: `config-if`.

`no ip policy route-map X` and `no ip access-group X in` take away what is set whatever its name: an interface
has one of each.
"""

from dataclasses import replace
from ipaddress import IPv6Interface

from netconfig.simulator.grammar import Refused, Rule
from netconfig.simulator.ios_interface import SLOTS, Interface
from netconfig.simulator.ios_mode import Act, Call, Step
from netconfig.simulator.ios_stanza import Lines


def edit(call: Call, lines: Lines) -> Step:
    """The interface with these lines."""
    return call.stay(call.config.put(call.mode.key, replace(current(call), lines=lines)))


def current(call: Call) -> Interface:
    """The interface that is being edited."""
    # Another session may have removed a virtual interface meanwhile; the line then begins it anew.
    name = call.mode.key[1]
    return call.config.interface(name) or Interface(name)


def say(slot: str, sentence: str) -> Act:
    """Set a slot to a sentence with the line's values in it."""

    def act(call: Call) -> Step:
        return edit(call, SLOTS.put(current(call).lines, slot, sentence.format(*call.texts)))

    return act


def unsay(slot: str) -> Act:
    """Say nothing of a slot."""

    def act(call: Call) -> Step:
        return edit(call, SLOTS.clear(current(call).lines, slot))

    return act


def _mtu(call: Call) -> Step:
    return edit(call, SLOTS.put(current(call).lines, "mtu", f"mtu {int(call.texts[0])}"))


def _secondary(call: Call) -> Step:
    address, mask = call.texts
    line = f"ip address {address} {mask} secondary"
    return edit(call, SLOTS.insert(current(call).lines, "secondary", line))


def _no_secondary(call: Call) -> Step:
    address, mask = call.texts
    return edit(call, _without(current(call).lines, f"ip address {address} {mask} secondary"))


def _no_ip_address(call: Call) -> Step:
    lines = SLOTS.clear(current(call).lines, "secondary")
    return edit(call, SLOTS.put(lines, "ip address", "no ip address"))


def _no_this_ip_address(call: Call) -> Step:
    lines = current(call).lines
    if SLOTS.find(lines, "ip address") != "ip address {} {}".format(*call.texts):
        raise Refused("% Invalid address")
    if SLOTS.find(lines, "secondary"):
        raise Refused("% Must delete secondary before deleting primary")
    return edit(call, SLOTS.put(lines, "ip address", "no ip address"))


def _ipv6_address(call: Call) -> Step:
    return edit(call, SLOTS.insert(current(call).lines, "ipv6 address", _ipv6_line(call)))


def _no_ipv6_address(call: Call) -> Step:
    return edit(call, _without(current(call).lines, _ipv6_line(call)))


def _ipv6_line(call: Call) -> str:
    return f"ipv6 address {str(IPv6Interface(call.texts[0])).upper()}"


def _without(lines: Lines, gone: str) -> Lines:
    return tuple(line for line in lines if line != gone)


SHARED_RULES: tuple[Rule[Act], ...] = (
    Rule("description LINE", say("description", "description {}")),
    Rule("no description", unsay("description")),
    Rule("no description LINE", unsay("description")),
    Rule("mtu <64-9216>", _mtu),
    Rule("no mtu", unsay("mtu")),
    Rule("no mtu <64-9216>", unsay("mtu")),
    Rule("shutdown", say("shutdown", "shutdown")),
    Rule("no shutdown", unsay("shutdown")),
    Rule("ip access-group WORD in", say("ip access-group in", "ip access-group {} in")),
    Rule("ip access-group WORD out", say("ip access-group out", "ip access-group {} out")),
    Rule("no ip access-group WORD in", unsay("ip access-group in")),
    Rule("no ip access-group WORD out", unsay("ip access-group out")),
    Rule("ipv6 traffic-filter WORD in", say("ipv6 traffic-filter in", "ipv6 traffic-filter {} in")),
    Rule("ipv6 traffic-filter WORD out", say("ipv6 traffic-filter out", "ipv6 traffic-filter {} out")),
    Rule("no ipv6 traffic-filter WORD in", unsay("ipv6 traffic-filter in")),
    Rule("no ipv6 traffic-filter WORD out", unsay("ipv6 traffic-filter out")),
)
POLICY_RULES: tuple[Rule[Act], ...] = (
    Rule("ip policy route-map WORD", say("ip policy", "ip policy route-map {}")),
    Rule("no ip policy route-map", unsay("ip policy")),
    Rule("no ip policy route-map WORD", unsay("ip policy")),
    Rule("ipv6 policy route-map WORD", say("ipv6 policy", "ipv6 policy route-map {}")),
    Rule("no ipv6 policy route-map", unsay("ipv6 policy")),
    Rule("no ipv6 policy route-map WORD", unsay("ipv6 policy")),
)
INTERFACE_RULES: tuple[Rule[Act], ...] = (
    *SHARED_RULES,
    *POLICY_RULES,
    Rule("ip address A.B.C.D A.B.C.D", say("ip address", "ip address {} {}")),
    Rule("ip address A.B.C.D A.B.C.D secondary", _secondary),
    Rule("no ip address", _no_ip_address),
    Rule("no ip address A.B.C.D A.B.C.D", _no_this_ip_address),
    Rule("no ip address A.B.C.D A.B.C.D secondary", _no_secondary),
    Rule("ipv6 address X:X::X/N", _ipv6_address),
    Rule("no ipv6 address", unsay("ipv6 address")),
    Rule("no ipv6 address X:X::X/N", _no_ipv6_address),
)
