"""One line typed at an FTOS switch, and what comes of it. Pure: values in, an answer out.

Source: Dell Networking OS 9 Configuration Guide, Configuration Fundamentals, and Command Line Reference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from netconfig.simulator.ftos_commands import apply_line
from netconfig.simulator.ftos_config import INTERFACE, REDIRECT_LIST, FtosConfig
from netconfig.simulator.ftos_mode import GLOBAL
from netconfig.simulator.grammar import (
    AmbiguousCommand,
    IncompleteCommand,
    InvalidInput,
    LineRefused,
    Rule,
    parse,
)
from netconfig.simulator.ping import FtosPing
from netconfig.simulator.ping_commands import ping, ping_patterns
from netconfig.simulator.session import Answer, Effect, Session

INVALID = '% Error: Invalid input at "^" marker.'


@dataclass(frozen=True, slots=True)
class FtosSession(Session):
    """One operator's line; its prompts show the whole host name."""

    def prompt(self, hostname: str) -> str:
        if self.mode:
            return f"{hostname}({self.mode.name})#"
        return f"{hostname}{'#' if self.privileged else '>'}"

    def leaves(self, line: str) -> bool:
        words = line.split()
        return words == ["end"] or (words == ["exit"] and self.mode == GLOBAL)


@dataclass(frozen=True, slots=True)
class FtosState:
    """What a switch knows when a line comes."""

    running: FtosConfig
    startup_text: str
    changed_at: datetime


FtosAnswer = Answer[FtosConfig]


@dataclass(frozen=True, slots=True)
class _Call:
    state: FtosState
    session: Session
    texts: tuple[str, ...]

    def say(self, output: str, *effects: Effect) -> FtosAnswer:
        return Answer(self.session, output, effects=effects)


_Act = Callable[[_Call], FtosAnswer]


def ftos_answer(state: FtosState, session: Session, line: str) -> FtosAnswer:
    """What the switch makes of a line, in the mode the session is in."""
    if not line.strip() or line.lstrip().startswith("!"):
        return Answer(session)
    try:
        if session.mode is None:
            return _execute(state, session, line)
        if line.split(maxsplit=1)[0] == "do":
            return _execute(state, session, line.replace("do", "  ", 1))
        if session.leaves(line):
            return Answer(replace(session, mode=None))
        step = apply_line(state.running, session.mode, line)
        return Answer(replace(session, mode=step.mode), config=step.config)
    except LineRefused as refusal:
        words = _words(refusal, session.prompt(state.running.hostname), line)
        return Answer(session, words, accepted=False)


def _words(refusal: LineRefused, prompt: str, line: str) -> str:
    match refusal:
        case InvalidInput():
            return f"{' ' * (len(prompt) + refusal.column)}^\n{INVALID}\n"
        case IncompleteCommand():
            return f'{" " * (len(prompt) + len(line))}^\n% Error: Incomplete input at "^" marker.\n'
        case AmbiguousCommand():
            return f'{" " * len(prompt)}^\n% Error: Ambiguous input at "^" marker.\n'
        case _:
            return f"{refusal}\n"


def _execute(state: FtosState, session: Session, line: str) -> FtosAnswer:
    parsed = parse(line, RULES if session.privileged else USER_RULES)
    return parsed.act(_Call(state, session, tuple(value.text for value in parsed.values)))


def _configure(call: _Call) -> FtosAnswer:
    return Answer(replace(call.session, mode=GLOBAL))


def _terminal_length(call: _Call) -> FtosAnswer:
    return Answer(replace(call.session, length=int(call.texts[0])))


def _show_running(call: _Call) -> FtosAnswer:
    stamp = f"! Last configuration change at {call.state.changed_at:%a %b %d %H:%M:%S %Y} by default\n"
    header = f"Current Configuration ...\n! Version 9.14(2.4)\n{stamp}"
    return call.say(header + call.state.running.render())


def _show_startup(call: _Call) -> FtosAnswer:
    return call.say(f"! Version 9.14(2.4)\n{call.state.startup_text}")


def _show_redirect_lists(call: _Call) -> FtosAnswer:
    config = call.state.running
    shown = []
    for held in config.kind(REDIRECT_LIST):
        name = held.header.removeprefix(REDIRECT_LIST)
        if call.texts and call.texts[0] != name:
            continue
        group = f"ip redirect-group {name}"
        applied = [
            block.header.removeprefix(INTERFACE) for block in config.kind(INTERFACE) if group in block.lines
        ]
        entries = [f" {line}" for line in held.lines if line.startswith("seq ")]
        lines = [f"IP redirect-list {name}:", "Defined as:", *entries, "Applied interfaces:"]
        shown += [*lines, f" {', '.join(applied) or 'None'}", ""]
    return call.say("\n".join(shown))


def _save(call: _Call) -> FtosAnswer:
    return call.say("!\n", Effect.SAVE)


def _leave(call: _Call) -> FtosAnswer:
    return call.say("", Effect.CLOSE)


def _ping_name(_: _Call) -> FtosAnswer:
    raise LineRefused("% Error: Unrecognized host or address.")


_PINGS = ping_patterns(
    "ping A.B.C.D", "ping X:X::X", count="count <1-2147483647>", timeout="timeout <0-3600>"
)
_ASK: Sequence[Rule[_Act]] = [Rule(pattern, ping(FtosPing, options)) for pattern, options in _PINGS.items()]
USER_RULES: Sequence[Rule[_Act]] = (
    Rule("exit", _leave),
    Rule("terminal length <0-512>", _terminal_length),
    *_ASK,
    Rule("ping WORD", _ping_name),
)
RULES: Sequence[Rule[_Act]] = (
    *USER_RULES,
    Rule("configure", _configure),
    Rule("configure terminal", _configure),
    Rule("show running-config", _show_running),
    Rule("show startup-config", _show_startup),
    Rule("show ip redirect-list", _show_redirect_lists),
    Rule("show ip redirect-list WORD", _show_redirect_lists),
    Rule("write", _save),
    Rule("write memory", _save),
    Rule("copy running-config startup-config", _save),
    Rule("reload", lambda call: call.say("", Effect.RELOAD)),
)
