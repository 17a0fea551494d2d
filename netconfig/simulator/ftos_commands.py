"""Configuration mode of FTOS: what a line does to the configuration, in the mode it is typed in.

Source: Dell Networking OS 9 Command Line Reference: `ip redirect-list`, `redirect`, `permit`, `seq`, `ip
redirect-group` (Policy-based Routing), `ip access-list extended` and below it (Access Control Lists),
`description`, `interface`, `hostname`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from netconfig.simulator.ftos_commands_interface import INTERFACE_GLOBAL_RULES, INTERFACE_RULES
from netconfig.simulator.ftos_condition import read_condition
from netconfig.simulator.ftos_config import (
    ACCESS_LIST,
    REDIRECT_LIST,
    Block,
    FtosConfig,
    sequence_of,
)
from netconfig.simulator.ftos_mode import GLOBAL, Act, Call, Step
from netconfig.simulator.grammar import (
    IncompleteCommand,
    InvalidInput,
    Parsed,
    Refused,
    Rule,
    Token,
    parse,
    tokens_of,
)
from netconfig.simulator.ios_mode import Mode

LONGEST_REDIRECT_LIST = 16
LONGEST_ACCESS_LIST = 140
LONGEST_DESCRIPTION = 80
STEP = 5
"""Between the numbers that the switch gives by itself."""
REDIRECT_MODE, ACCESS_MODE = "conf-redirect-list", "config-ext-nacl"


def apply_line(config: FtosConfig, mode: Mode, line: str) -> Step:
    """What becomes of the configuration, and in which mode the next line is read.

    Raises:
        LineRefused: the switch does not take the line; nothing changes.
    """
    if not line.strip() or line.lstrip().startswith("!"):
        return Step(config, mode)
    if line.strip() == "exit":
        return Step(config, GLOBAL)
    try:
        parsed = parse(line, _rules(mode))
        return parsed.act(Call(config, mode, line, parsed.values))
    except InvalidInput as refusal:
        parsed = _parse_as_global(line, refusal)
        return parsed.act(Call(config, GLOBAL, line, parsed.values))


def _rules(mode: Mode) -> Sequence[Rule[Act]]:
    return _RULES.get(mode.name, INTERFACE_RULES)


def _parse_as_global(line: str, refusal: InvalidInput) -> Parsed[Act]:
    try:
        return parse(line, GLOBAL_RULES)
    except InvalidInput as further:
        raise max(refusal, further, key=lambda error: error.column) from None


def _hostname(call: Call) -> Step:
    return Step(call.config.rename(call.texts[0]), call.mode)


def _enter(kind: str, mode: str, longest: int) -> Act:
    def act(call: Call) -> Step:
        if len(call.texts[0]) > longest:
            raise InvalidInput(call.values[0].column + longest)
        block = Block(f"{kind}{call.texts[0]}")
        config = call.config if call.config.find(block.header) else call.config.put(block)
        return Step(config, Mode(mode, (block.header,)))

    return act


def _remove(kind: str) -> Act:
    def act(call: Call) -> Step:
        header = f"{kind}{call.texts[0]}"
        if call.config.find(header) is None:
            raise Refused(f"% Error: {call.texts[0]} does not exist.")
        return Step(call.config.drop(header), GLOBAL)

    return act


def _describe(call: Call) -> Step:
    text = call.values[0]
    if len(text.text) > LONGEST_DESCRIPTION:
        raise InvalidInput(text.column + LONGEST_DESCRIPTION)
    others = tuple(line for line in call.block.lines if not line.startswith("description "))
    return call.put(replace(call.block, lines=(f"description {text.text}", *others)))


def _undescribe(call: Call) -> Step:
    others = tuple(line for line in call.block.lines if not line.startswith("description "))
    return call.put(replace(call.block, lines=others))


def _add(call: Call) -> Step:
    numbered = call.texts[0].isdecimal() and len(call.values) == 2
    last = max((sequence_of(line) for line in call.block.lines), default=0)
    number = int(call.texts[0]) if numbered else max(last, 0) + STEP
    text, there = _entry(call), call.block.at(number)
    if there == f"seq {number} {text}":
        return Step(call.config, call.mode)
    if there is not None:
        raise Refused(f"% Error: Sequence number {number} is already used.")
    return call.put(call.block.with_entry(number, text))


def _remove_number(call: Call) -> Step:
    line = call.block.at(int(call.texts[0]))
    if line is None:
        raise Refused("% Error: No such entry.")
    return call.put(call.block.without(line))


def _remove_text(call: Call) -> Step:
    text = _entry(call)
    found = [line for line in call.block.lines if line == f"seq {sequence_of(line)} {text}"]
    if not found:
        raise Refused("% Error: No such entry.")
    return call.put(call.block.without(found[0]))


def _remark(call: Call) -> Step:
    block = call.block
    return call.put(replace(block, lines=tuple(sorted((*block.lines, call.line.strip()), key=sequence_of))))


def _unremark(call: Call) -> Step:
    return call.put(call.block.without(call.line.strip().removeprefix("no ")))


def _entry(call: Call) -> str:
    """An entry as the switch prints it, without its number."""
    condition = call.values[-1]
    words = tokens_of(call.line, condition.column)
    action = [token.text for token in tokens_of(call.line) if token.column < condition.column][-1]
    beginning = action
    redirects = call.mode.name == REDIRECT_MODE
    if action.startswith("redirect"):
        beginning = f"redirect {_next_hop(words[0])}"
        words = words[1:]
    text = " ".join(word.text for word in words)
    try:
        return f"{beginning} {read_condition(text, redirects=redirects)}"
    except ValueError as error:
        wrong = [word.column for word in words if word.text == error.args[0]]
        if not error.args[0]:
            raise IncompleteCommand from None
        raise InvalidInput(wrong[0] if wrong else condition.column) from None


def _next_hop(word: Token) -> str:
    parts = word.text.split(".")
    if len(parts) != 4 or not all(part.isdecimal() and int(part) < 256 for part in parts):
        raise InvalidInput(word.column)
    return word.text


GLOBAL_RULES: Sequence[Rule[Act]] = (
    Rule("hostname WORD", _hostname),
    *INTERFACE_GLOBAL_RULES,
    Rule("ip redirect-list WORD", _enter(REDIRECT_LIST, REDIRECT_MODE, LONGEST_REDIRECT_LIST)),
    Rule("no ip redirect-list WORD", _remove(REDIRECT_LIST)),
    Rule("ip access-list extended WORD", _enter(ACCESS_LIST, ACCESS_MODE, LONGEST_ACCESS_LIST)),
    Rule("no ip access-list extended WORD", _remove(ACCESS_LIST)),
)
_REDIRECT_RULES: Sequence[Rule[Act]] = (
    Rule("description LINE", _describe),
    Rule("no description", _undescribe),
    Rule("seq <1-65535> redirect LINE", _add),
    Rule("seq <1-65535> permit LINE", _add),
    Rule("redirect LINE", _add),
    Rule("permit LINE", _add),
    Rule("no seq <1-65535>", _remove_number),
    Rule("no redirect LINE", _remove_text),
    Rule("no permit LINE", _remove_text),
)
_ACCESS_RULES: Sequence[Rule[Act]] = (
    Rule("description LINE", _describe),
    Rule("no description", _undescribe),
    Rule("seq <0-4294967290> permit LINE", _add),
    Rule("seq <0-4294967290> deny LINE", _add),
    Rule("permit LINE", _add),
    Rule("deny LINE", _add),
    Rule("remark LINE", _remark),
    Rule("no remark LINE", _unremark),
    Rule("no seq <0-4294967290>", _remove_number),
    Rule("no permit LINE", _remove_text),
    Rule("no deny LINE", _remove_text),
)
_RULES: Mapping[str, Sequence[Rule[Act]]] = {
    GLOBAL.name: GLOBAL_RULES,
    REDIRECT_MODE: _REDIRECT_RULES,
    ACCESS_MODE: _ACCESS_RULES,
}
