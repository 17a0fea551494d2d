"""Configuration mode: what a line does to the configuration, in the mode it is typed in.

One table of rules a mode. A line that means nothing in a block's mode is tried as a global line, as IOS does;
if it is one, the block is left: behind `no route-map X` typed inside an interface, `shutdown` is no command.
"""

from collections.abc import Mapping, Sequence

from netconfig.simulator.grammar import InvalidInput, Parsed, Rule, parse
from netconfig.simulator.ios_commands_acl import IPV4_ACL_RULES, IPV6_ACL_RULES
from netconfig.simulator.ios_commands_global import GLOBAL_RULES
from netconfig.simulator.ios_commands_interface import INTERFACE_RULES
from netconfig.simulator.ios_commands_route_map import ROUTE_MAP_RULES
from netconfig.simulator.ios_config import IosConfig
from netconfig.simulator.ios_mode import GLOBAL, Act, Call, Mode, Step

Rules = Mapping[str, Sequence[Rule[Act]]]
"""What is understood in each mode."""

RULES: Rules = {
    "config": GLOBAL_RULES,
    "config-if": INTERFACE_RULES,
    "config-subif": INTERFACE_RULES,
    "config-ext-nacl": IPV4_ACL_RULES,
    "config-ipv6-acl": IPV6_ACL_RULES,
    "config-route-map": ROUTE_MAP_RULES,
}


def apply_line(config: IosConfig, mode: Mode, line: str, rules: Rules = RULES) -> Step:
    """What becomes of the configuration, and in which mode the next line is read.

    Comments (`!`) and empty lines do nothing; `exit` leaves a block.

    Raises:
        LineRefused: the router does not take the line; nothing changes.
    """
    if not line.strip() or line.lstrip().startswith("!"):
        return Step(config, mode)
    if line.strip() == "exit":
        return Step(config, GLOBAL)
    try:
        return apply_in_mode(config, mode, line, rules)
    except InvalidInput as refusal:
        parsed = _parse_as_global(line, refusal, rules)
        return parsed.act(Call(config, GLOBAL, line, parsed.values))


def apply_in_mode(config: IosConfig, mode: Mode, line: str, rules: Rules = RULES) -> Step:
    """As `apply_line`, but only what the mode itself knows.

    Raises:
        LineRefused: the mode does not know the line.
    """
    parsed = parse(line, rules[mode.name])
    return parsed.act(Call(config, mode, line, parsed.values))


def _parse_as_global(line: str, refusal: InvalidInput, rules: Rules) -> Parsed[Act]:
    try:
        return parse(line, rules["config"])
    except InvalidInput as further:
        # The caret goes as far as either reading came.
        raise max(refusal, further, key=lambda error: error.column) from None
