"""Interfaces in FTOS's configuration: how one is entered, and what is said in it."""

from collections.abc import Sequence
from dataclasses import replace

from netconfig.simulator.ftos_config import INTERFACE, TYPES, VIRTUAL, Block, interface_name
from netconfig.simulator.ftos_mode import GLOBAL, Act, Call, Step
from netconfig.simulator.grammar import InvalidInput, Refused, Rule
from netconfig.simulator.ios_mode import Mode


def _interface(call: Call) -> Step:
    name = _known_interface(call)
    header = f"{INTERFACE}{name}"
    if call.config.find(header) is None:
        if not name.startswith(VIRTUAL):
            raise Refused(f"% Error: No such interface {name}.")
        call = replace(call, config=call.config.put(Block(header, ("no ip address", "shutdown"))))
    kind, _, number = name.partition(" ")
    return Step(call.config, Mode(f"conf-if-{TYPES[kind]}-{number}", (header,)))


def _no_interface(call: Call) -> Step:
    name = _known_interface(call)
    header = f"{INTERFACE}{name}"
    if not name.startswith(VIRTUAL) or call.config.find(header) is None:
        raise Refused(f"% Error: Interface {name} cannot be removed.")
    return Step(call.config.drop(header), GLOBAL)


def _known_interface(call: Call) -> str:
    name = interface_name(call.texts[0])
    if name is None:
        raise InvalidInput(call.values[0].column)
    return name


def _apply_group(call: Call) -> Step:
    line = f"ip redirect-group {call.texts[0]}"
    if line in call.block.lines:
        return Step(call.config, call.mode)
    return call.put(_said(call.block, line))


def _say(said: str) -> Act:
    """One line of an interface in place of the other that begins so."""

    def act(call: Call) -> Step:
        former = (said, f"no {said.strip()}")
        kept = call.block.without(*(line for line in call.block.lines if line.startswith(former)))
        return call.put(_said(kept, " ".join(call.line.split())))

    return act


def _unsay(call: Call) -> Step:
    line = " ".join(call.line.split()[1:])
    if line not in call.block.lines:
        raise Refused("% Error: Not configured.")
    return call.put(call.block.without(line))


def _shutdown(call: Call) -> Step:
    kept = call.block.without("shutdown", "no shutdown")
    return call.put(replace(kept, lines=(*kept.lines, call.line.strip())))


def _said(block: Block, line: str) -> Block:
    """With one more line, before the `no shutdown` that ends an interface."""
    index = next((at for at, known in enumerate(block.lines) if known in {"shutdown", "no shutdown"}), None)
    if line.startswith("description "):
        index = 0
    index = len(block.lines) if index is None else index
    return replace(block, lines=(*block.lines[:index], line, *block.lines[index:]))


INTERFACE_GLOBAL_RULES: Sequence[Rule[Act]] = (
    Rule("interface LINE", _interface),
    Rule("no interface LINE", _no_interface),
)
INTERFACE_RULES: Sequence[Rule[Act]] = (
    Rule("description LINE", _say("description ")),
    Rule("ip address LINE", _say("ip address ")),
    Rule("ip redirect-group WORD", _apply_group),
    Rule("no ip redirect-group WORD", _unsay),
    Rule("ip access-group WORD in", _say("ip access-group ")),
    Rule("no ip access-group WORD in", _unsay),
    Rule("shutdown", _shutdown),
    Rule("no shutdown", _shutdown),
)
