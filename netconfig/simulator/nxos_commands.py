"""Configuration mode of NX-OS: its own words, beside those that it shares with IOS.

- `ip policy` and `ipv6 policy` are no commands without `feature pbr`, nor on a port that is switched; when
  the feature goes, so do they.
- A route-map entry matches one access list; another takes its place. (The guides: "A match command cannot
  refer to more than one ACL in a route map used for policy-based routing." What becomes of a second one they
  do not say.)

Source: Nexus 9000 NX-OS Security and Unicast Routing Configuration Guides.
"""

from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface

from netconfig.simulator.grammar import InvalidInput, Refused, Rule
from netconfig.simulator.ios_commands import Rules
from netconfig.simulator.ios_commands import apply_in_mode as apply_rules_in_mode
from netconfig.simulator.ios_commands import apply_line as apply_rules
from netconfig.simulator.ios_commands_global import HOSTNAME_RULES, ROUTE_MAP_RULES
from netconfig.simulator.ios_commands_interface import POLICY_RULES, SHARED_RULES, current, edit, unsay
from netconfig.simulator.ios_commands_route_map import (
    DESCRIPTION_RULES,
    NEXT_HOP_RULES,
    add,
    match_one,
    take,
)
from netconfig.simulator.ios_config import IosConfig, OneLine, acl_key
from netconfig.simulator.ios_interface import SLOTS, Interface
from netconfig.simulator.ios_mode import Act, Call, Mode, Step
from netconfig.simulator.nxos_acl import NxosAccessList
from netconfig.simulator.nxos_commands_acl import IPV4_ACL_RULES, IPV6_ACL_RULES
from netconfig.simulator.nxos_config import (
    PBR,
    SWITCHED_TYPES,
    VIRTUAL_TYPES,
    interface_name,
    interface_type,
)
from netconfig.simulator.packet import Family

ROUTED = "no switchport"
_STATES = ("shutdown", "no shutdown")


def apply_line(config: IosConfig, mode: Mode, line: str) -> Step:
    """What becomes of the configuration, and in which mode the next line is read.

    Raises:
        LineRefused: the switch does not take the line; nothing changes.
    """
    return apply_rules(config, mode, line, RULES)


def apply_in_mode(config: IosConfig, mode: Mode, line: str) -> Step:
    """As `apply_line`, but only what the mode itself knows.

    Raises:
        LineRefused: the mode does not know the line.
    """
    return apply_rules_in_mode(config, mode, line, RULES)


def _feature(call: Call) -> Step:
    name = call.texts[0]
    return call.stay(call.config.put(("feature", name), OneLine(f"feature {name}")))


def _no_feature(call: Call) -> Step:
    key = ("feature", call.texts[0])
    config = call.config.drop(key) if key in call.config.sections else call.config
    if key == PBR:
        for interface in config.interfaces():
            lines = SLOTS.clear(SLOTS.clear(interface.lines, "ip policy"), "ipv6 policy")
            config = config.put(("interface", interface.name), replace(interface, lines=lines))
    return call.stay(config)


def _interface(call: Call) -> Step:
    name = interface_name(call.texts[0])
    if name is None:
        raise InvalidInput(call.values[0].column)
    mode = Mode("config-subif" if "." in name else "config-if", ("interface", name))
    if call.config.interface(name):
        return Step(call.config, mode)
    carrier = name.partition(".")[0]
    known = call.config.interface(carrier) if "." in name else interface_type(name) in VIRTUAL_TYPES
    if not known:
        raise InvalidInput(call.values[0].column)
    return Step(call.config.put(mode.key, Interface(name)), mode)


def _no_interface(call: Call) -> Step:
    name = interface_name(call.texts[0]) or ""
    if call.config.interface(name) is None:
        raise InvalidInput(call.values[0].column)
    if "." not in name and interface_type(name) not in VIRTUAL_TYPES:
        raise Refused("ERROR: physical interfaces cannot be removed")
    return call.stay(call.config.drop(("interface", name)))


def _access_list(family: Family) -> Act:
    def act(call: Call) -> Step:
        name = call.texts[0]
        mode = Mode("config-acl" if family == 4 else "config-ipv6-acl", acl_key(family, name))
        if call.config.access_list(family, name):
            return Step(call.config, mode)
        return Step(call.config.put(mode.key, NxosAccessList(family, name)), mode)

    return act


def _no_access_list(family: Family) -> Act:
    def act(call: Call) -> Step:
        known = call.config.access_list(family, call.texts[0])
        return call.stay(call.config.drop(acl_key(family, call.texts[0])) if known else call.config)

    return act


def _resequence(family: Family) -> Act:
    def act(call: Call) -> Step:
        name, start, step = call.texts
        access_list = call.config.access_list(family, name)
        if access_list is None:
            raise Refused(f"ERROR: access-list {name} does not exist")
        return call.stay(
            call.config.put(acl_key(family, name), access_list.resequenced(int(start), int(step)))
        )

    return act


def _on_routed_port(act: Act) -> Act:
    """What only a routed port of a switch with `feature pbr` knows."""

    def guarded(call: Call) -> Step:
        interface = current(call)
        switched = interface_type(interface.name) in SWITCHED_TYPES and "." not in interface.name
        if PBR not in call.config.sections or (switched and ROUTED not in interface.lines):
            raise InvalidInput(call.line.index("policy"))
        return act(call)

    return guarded


def _routed(call: Call) -> Step:
    lines = current(call).lines
    return edit(call, lines if ROUTED in lines else (ROUTED, *lines))


def _switched(call: Call) -> Step:
    # A port that is switched again loses what a routed one has.
    kept = current(call).lines
    for slot in ("ip address", "ip policy", "ipv6 address", "ipv6 policy", "ip access-group in"):
        kept = SLOTS.clear(kept, slot)
    return edit(call, tuple(line for line in kept if line != ROUTED))


def _state(line: str) -> Act:
    """`shutdown`, or its contrary, which is printed as well."""

    def act(call: Call) -> Step:
        return edit(call, (*(known for known in current(call).lines if known not in _STATES), line))

    return act


def _ip_address(call: Call) -> Step:
    address = IPv4Interface("/".join(call.texts))
    return edit(call, SLOTS.put(current(call).lines, "ip address", f"ip address {address}"))


def _ipv6_address(call: Call) -> Step:
    line = f"ipv6 address {IPv6Interface(call.texts[0])}"
    return edit(call, SLOTS.insert(current(call).lines, "ipv6 address", line))


def _no_ipv6_address(call: Call) -> Step:
    gone = f"ipv6 address {IPv6Interface(call.texts[0])}"
    return edit(call, tuple(line for line in current(call).lines if line != gone))


def _lower(text: str) -> str:
    return str(IPv6Address(text))


_NUMBER = "<1-4294967295>"

RULES: Rules = {
    "config": (
        *HOSTNAME_RULES,
        *ROUTE_MAP_RULES,
        Rule("feature WORD", _feature),
        Rule("no feature WORD", _no_feature),
        Rule("interface INTERFACE", _interface),
        Rule("no interface INTERFACE", _no_interface),
        Rule("ip access-list WORD", _access_list(4)),
        Rule("no ip access-list WORD", _no_access_list(4)),
        Rule("ipv6 access-list WORD", _access_list(6)),
        Rule("no ipv6 access-list WORD", _no_access_list(6)),
        Rule(f"resequence ip access-list WORD {_NUMBER} {_NUMBER}", _resequence(4)),
        Rule(f"resequence ipv6 access-list WORD {_NUMBER} {_NUMBER}", _resequence(6)),
    ),
    "config-acl": IPV4_ACL_RULES,
    "config-ipv6-acl": IPV6_ACL_RULES,
    "config-route-map": (
        *DESCRIPTION_RULES,
        *NEXT_HOP_RULES,
        Rule("match ip address WORD", match_one("match ip address")),
        Rule("no match ip address", take("match ip address", str)),
        Rule("no match ip address WORD", take("match ip address", str)),
        Rule("match ipv6 address WORD", match_one("match ipv6 address")),
        Rule("no match ipv6 address", take("match ipv6 address", str)),
        Rule("no match ipv6 address WORD", take("match ipv6 address", str)),
        Rule("set ipv6 next-hop X:X::X+", add("set ipv6 next-hop", _lower)),
        Rule("no set ipv6 next-hop", take("set ipv6 next-hop", _lower)),
        Rule("no set ipv6 next-hop X:X::X+", take("set ipv6 next-hop", _lower)),
    ),
    "config-if": (
        *(rule for rule in SHARED_RULES if rule.pattern not in _STATES),
        *(Rule(state, _state(state)) for state in _STATES),
        *(Rule(rule.pattern, _on_routed_port(rule.act)) for rule in POLICY_RULES),
        Rule("switchport", _switched),
        Rule("no switchport", _routed),
        Rule("ip address A.B.C.D/N", _ip_address),
        Rule("ip address A.B.C.D A.B.C.D", _ip_address),
        Rule("no ip address", unsay("ip address")),
        Rule("ipv6 address X:X::X/N", _ipv6_address),
        Rule("no ipv6 address", unsay("ipv6 address")),
        Rule("no ipv6 address X:X::X/N", _no_ipv6_address),
    ),
}
RULES = {**RULES, "config-subif": RULES["config-if"]}
