"""One line typed at a router, and what comes of it. Pure: the device goes in as a value, an answer comes out.

Source: Cisco IOS Configuration Fundamentals Command Reference.
"""

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from netconfig.simulator import ios_show
from netconfig.simulator.grammar import InvalidInput, LineRefused, Refused, Rule, Token, choose_keyword, parse
from netconfig.simulator.ios_commands import apply_line
from netconfig.simulator.ios_config import IosConfig
from netconfig.simulator.ios_interface import full_name
from netconfig.simulator.ios_mode import GLOBAL, Mode
from netconfig.simulator.ios_show import Device
from netconfig.simulator.packet import Family
from netconfig.simulator.ping import IosPing
from netconfig.simulator.ping_commands import ping, ping_patterns
from netconfig.simulator.session import Answer, Effect, Question, Session

IosAnswer = Answer[IosConfig]


@dataclass(frozen=True, slots=True)
class ExecCall:
    """An exec command understood."""

    device: Device
    session: Session
    values: tuple[Token, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(value.text for value in self.values)

    def say(self, output: str) -> IosAnswer:
        return Answer(self.session, output)

    def ask(self, question: Question) -> IosAnswer:
        return Answer(replace(self.session, question=question))


ExecAct = Callable[[ExecCall], IosAnswer]


def answer(device: Device, session: Session, line: str) -> IosAnswer:
    """What the router makes of a line, in the mode the session is in."""
    try:
        return _answer(device, session, line)
    except InvalidInput as refusal:
        prompt = session.prompt(device.running.hostname)
        caret = " " * (len(prompt) + refusal.column)
        return Answer(session, f"{caret}^\n{refusal}\n\n", accepted=False)
    except Refused as refusal:
        return Answer(session, f"{refusal}\n", accepted=False)
    except LineRefused as refusal:
        return Answer(session, f"{refusal}\n\n", accepted=False)


def _answer(device: Device, session: Session, line: str) -> IosAnswer:
    if session.question:
        return _reply(device, replace(session, question=None), session.question, line)
    if not line.strip():
        return Answer(session)
    if session.mode:
        return _configure(device, session, session.mode, line)
    return _execute(device, session, line)


def _configure(device: Device, session: Session, mode: Mode, line: str) -> IosAnswer:
    words = line.split()
    if words[0] == "do":
        # Blanks in place of the word keep the caret where it belongs.
        return _execute(device, session, line.replace("do", "  ", 1))
    if session.leaves(line):
        return Answer(replace(session, mode=None))
    step = apply_line(device.running, mode, line)
    return Answer(replace(session, mode=step.mode), step.output, step.config)


def _execute(device: Device, session: Session, line: str) -> IosAnswer:
    command, pipe, rest = line.partition("|")
    parsed = parse(command, PRIVILEGED_RULES if session.privileged else USER_RULES)
    answered = parsed.act(ExecCall(device, session, parsed.values))
    if not pipe:
        return answered
    if answered.ping:
        raise InvalidInput(len(command))
    return replace(answered, output=piped(answered.output, line, len(command) + 1, rest))


def piped(output: str, line: str, column: int, rest: str) -> str:
    """What is left of an output behind the `|` of a line, whose filter begins at a column.

    Raises:
        LineRefused: it is no filter.
    """
    word, _, pattern = rest.strip().partition(" ")
    token = Token(word, column + len(rest) - len(rest.lstrip()))
    kind = choose_keyword(token, ("begin", "exclude", "include", "section"), line) if word else None
    if kind is None:
        raise InvalidInput(token.column)
    # A filter sees the configuration, not the words in front of it.
    body = output.removeprefix("Building configuration...\n\n")
    try:
        return ios_show.filtered(body, kind, pattern.strip())
    except re.error:
        raise Refused("% Failed to compile regular expression.") from None


def _reply(device: Device, session: Session, question: Question, line: str) -> IosAnswer:
    reply = line.strip().lower()
    match question:
        case Question.PASSWORD:
            right = hmac.compare_digest(line.encode(), (device.enable_secret or "").encode())
            return Answer(replace(session, privileged=right), "" if right else "% Access denied\n\n")
        case Question.DESTINATION:
            if reply not in {"", "startup-config"}:
                return Answer(session, "%Error: only startup-config can be written\n", accepted=False)
            return Answer(session, _SAVED, effects=(Effect.SAVE,))
        case Question.SAVE_FIRST:
            asked = replace(session, question=Question.RELOAD)
            if reply.startswith("y"):
                return Answer(asked, _SAVED, effects=(Effect.SAVE,))
            return Answer(asked if reply.startswith("n") else session)
        case Question.RELOAD:
            return Answer(session, effects=() if reply.startswith("n") else (Effect.RELOAD,))


_SAVED = "Building configuration...\n[OK]\n"


def _enable(call: ExecCall) -> IosAnswer:
    if call.session.privileged or call.device.enable_secret is None:
        return Answer(replace(call.session, privileged=True))
    return call.ask(Question.PASSWORD)


def _disable(call: ExecCall) -> IosAnswer:
    return Answer(replace(call.session, privileged=False))


def leave(call: ExecCall) -> IosAnswer:
    """The session ends."""
    return Answer(call.session, effects=(Effect.CLOSE,))


def terminal_length(call: ExecCall) -> IosAnswer:
    """Pages of so many lines from now on."""
    return Answer(replace(call.session, length=int(call.texts[0])))


def nothing(call: ExecCall) -> IosAnswer:
    """Understood, and without any consequence here."""
    return call.say("")


def _configure_terminal(call: ExecCall) -> IosAnswer:
    words = "Enter configuration commands, one per line.  End with CNTL/Z.\n"
    return Answer(replace(call.session, mode=GLOBAL), words)


def _write_memory(call: ExecCall) -> IosAnswer:
    return Answer(call.session, _SAVED, effects=(Effect.SAVE,))


def _reload(call: ExecCall) -> IosAnswer:
    modified = call.device.running_text != call.device.startup_text
    return call.ask(Question.SAVE_FIRST if modified else Question.RELOAD)


def show(text_of: Callable[[Device], str]) -> ExecAct:
    """Print what is made of the device."""
    return lambda call: call.say(text_of(call.device))


def _show_interface(call: ExecCall) -> IosAnswer:
    interface = call.device.running.interface(full_name(call.texts[0]) or "")
    if interface is None:
        raise InvalidInput(call.values[0].column)
    return call.say(ios_show.running_interface(interface))


def _show_access_lists(*families: Family) -> ExecAct:
    def act(call: ExecCall) -> IosAnswer:
        lists = [known for family in families for known in call.device.running.access_lists(family)]
        chosen = [known for known in lists if not call.texts or known.name == call.texts[0]]
        return call.say("".join(ios_show.access_list(call.device, known) for known in chosen))

    return act


def _show_route_map(call: ExecCall) -> IosAnswer:
    known = call.device.running.route_maps()
    chosen = [route_map for route_map in known if not call.texts or route_map.name == call.texts[0]]
    if call.texts and not chosen:
        raise Refused(f"route-map {call.texts[0]} not found")
    return call.say("".join(map(ios_show.route_map, chosen)))


def _ping_name(_: ExecCall) -> IosAnswer:
    # No names are known here, neither hosts nor the protocols before them.
    raise LineRefused("% Unrecognized host or address, or protocol not running.")


_PINGS = ("ping A.B.C.D", "ping ip A.B.C.D", "ping X:X::X", "ping ipv6 X:X::X")
_ASK: Sequence[Rule[ExecAct]] = [Rule(pattern, ping(IosPing)) for pattern in _PINGS]
_PATIENT_PINGS = ping_patterns(*_PINGS, count="repeat <1-2147483647>", timeout="timeout <0-3600>")
_ASK_PATIENTLY: Sequence[Rule[ExecAct]] = [
    Rule(pattern, ping(IosPing, options)) for pattern, options in _PATIENT_PINGS.items()
]

USER_RULES: Sequence[Rule[ExecAct]] = (
    Rule("enable", _enable),
    Rule("exit", leave),
    Rule("logout", leave),
    Rule("quit", leave),
    Rule("terminal length <0-512>", terminal_length),
    # Lines are never folded here, whatever the width.
    Rule("terminal width <0-512>", nothing),
    Rule("show version", show(ios_show.version)),
    Rule("show clock", show(ios_show.clock)),
    *_ASK,
    Rule("ping WORD", _ping_name),
)

PRIVILEGED_RULES: Sequence[Rule[ExecAct]] = (
    *USER_RULES,
    Rule("disable", _disable),
    Rule("configure terminal", _configure_terminal),
    Rule("write", _write_memory),
    Rule("write memory", _write_memory),
    Rule("copy running-config startup-config", lambda call: call.ask(Question.DESTINATION)),
    Rule("reload", _reload),
    Rule("show running-config", show(ios_show.running_config)),
    Rule("show running-config interface INTERFACE", _show_interface),
    Rule("show startup-config", show(ios_show.startup_config)),
    Rule("show access-lists", _show_access_lists(4, 6)),
    Rule("show access-lists WORD", _show_access_lists(4, 6)),
    Rule("show ip access-lists", _show_access_lists(4)),
    Rule("show ip access-lists WORD", _show_access_lists(4)),
    Rule("show ipv6 access-list", _show_access_lists(6)),
    Rule("show ipv6 access-list WORD", _show_access_lists(6)),
    Rule("show route-map", _show_route_map),
    Rule("show route-map WORD", _show_route_map),
    Rule("show ip interface brief", show(ios_show.ip_interface_brief)),
    Rule("show ip policy", show(ios_show.ip_policy)),
    *_ASK_PATIENTLY,
)
