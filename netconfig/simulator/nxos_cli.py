"""One line typed at an NX-OS switch, and what comes of it. Pure.

Unlike IOS, NX-OS takes `show` and its like in configuration mode too, and prints a blank behind each prompt.

Source: Nexus 9000 NX-OS Fundamentals Configuration Guide; refusals as a Nexus 9000 prints them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from netconfig.simulator import nxos_show
from netconfig.simulator.grammar import (
    AmbiguousCommand,
    IncompleteCommand,
    InvalidInput,
    LineRefused,
    Refused,
    Rule,
    parse,
)
from netconfig.simulator.ios_cli import (
    ExecAct,
    ExecCall,
    IosAnswer,
    leave,
    nothing,
    piped,
    show,
    terminal_length,
)
from netconfig.simulator.ios_mode import GLOBAL, Mode
from netconfig.simulator.ios_show import Device, clock
from netconfig.simulator.nxos_commands import apply_line
from netconfig.simulator.nxos_config import NxosConfig, interface_name
from netconfig.simulator.packet import Family
from netconfig.simulator.ping import NxosPing
from netconfig.simulator.ping_commands import ping, ping_patterns
from netconfig.simulator.session import Answer, Effect, Session

_SAVED = f"[{'#' * 40}] 100%\nCopy complete, now saving to disk (please wait)...\nCopy complete.\n"


@dataclass(frozen=True, slots=True)
class NxosSession(Session):
    """One operator's line; a role that may only look is not `privileged`."""

    def prompt(self, hostname: str) -> str:
        mode = f"({self.mode.name})" if self.mode else ""
        return f"{hostname}{mode}# "


def nxos_answer(device: Device, session: Session, line: str) -> IosAnswer:
    """What the switch makes of a line, in the mode the session is in."""
    column, words = len(line.rstrip()), ""
    try:
        return _answer(device, session, line)
    except InvalidInput as refusal:
        column, words = refusal.column, "% Invalid command at '^' marker."
    except IncompleteCommand:
        words = "% Incomplete command at '^' marker."
    except AmbiguousCommand:
        words = "% Ambiguous command at '^' marker."
    except LineRefused as refusal:
        return Answer(session, f"{refusal}\n", accepted=False)
    caret = " " * (len(session.prompt(device.running.hostname)) + column)
    return Answer(session, f"{caret}^\n{words}\n", accepted=False)


def _answer(device: Device, session: Session, line: str) -> IosAnswer:
    if not line.strip() or line.lstrip().startswith("!"):
        return Answer(session)
    if session.mode:
        return _configure(device, session, session.mode, line)
    return _execute(device, session, line)


def _configure(device: Device, session: Session, mode: Mode, line: str) -> IosAnswer:
    if session.leaves(line):
        return Answer(replace(session, mode=None))
    try:
        step = apply_line(device.running, mode, line)
    except InvalidInput:
        if line.split(maxsplit=1)[0] in {"show", "copy", "ping", "ping6"}:
            return _execute(device, session, line)
        raise
    return Answer(replace(session, mode=step.mode), step.output, step.config)


def _execute(device: Device, session: Session, line: str) -> IosAnswer:
    command, pipe, rest = line.partition("|")
    parsed = parse(command, EXEC_RULES)
    answered = parsed.act(ExecCall(device, session, parsed.values))
    if not pipe:
        return answered
    if answered.ping:
        raise InvalidInput(len(command))
    return replace(answered, output=piped(answered.output, line, len(command) + 1, rest))


def _configure_terminal(call: ExecCall) -> IosAnswer:
    if not call.session.privileged:
        raise Refused("% Permission denied for the role")
    words = "Enter configuration commands, one per line. End with CNTL/Z.\n"
    return Answer(replace(call.session, mode=GLOBAL), words)


def _copy(call: ExecCall) -> IosAnswer:
    if not call.session.privileged:
        raise Refused("% Permission denied for the role")
    return Answer(call.session, _SAVED, effects=(Effect.SAVE,))


def _show_interface(call: ExecCall) -> IosAnswer:
    interface = call.device.running.interface(interface_name(call.texts[0]) or "")
    if interface is None:
        raise InvalidInput(call.values[0].column)
    return call.say(nxos_show.running_interface(call.device, interface))


def _show_access_lists(*families: Family) -> ExecAct:
    def act(call: ExecCall) -> IosAnswer:
        running = call.device.running
        assert isinstance(running, NxosConfig)  # noqa: S101 - the router has no other
        lists = [known for family in families for known in running.nxos_access_lists(family)]
        chosen = [known for known in lists if not call.texts or known.name == call.texts[0]]
        return call.say("".join(nxos_show.access_list(call.device, known) for known in chosen))

    return act


def _show_route_map(call: ExecCall) -> IosAnswer:
    known = call.device.running.route_maps()
    chosen = [route_map for route_map in known if not call.texts or route_map.name == call.texts[0]]
    return call.say("".join(map(nxos_show.route_map, chosen)))


_PINGS = ping_patterns(
    "ping A.B.C.D",
    "ping A.B.C.D vrf default",
    "ping6 X:X::X",
    "ping6 X:X::X vrf default",
    count="count <1-655350>",
    timeout="timeout <1-60>",
)
_ASK: Sequence[Rule[ExecAct]] = [
    Rule(pattern, ping(NxosPing, options)) for pattern, options in _PINGS.items()
]
EXEC_RULES: Sequence[Rule[ExecAct]] = (
    Rule("exit", leave),
    Rule("terminal length <0-511>", terminal_length),
    # Lines are never folded here, whatever the width.
    Rule("terminal width <24-511>", nothing),
    Rule("configure terminal", _configure_terminal),
    Rule("copy running-config startup-config", _copy),
    Rule("show version", show(nxos_show.version)),
    Rule("show clock", show(clock)),
    Rule("show running-config", show(nxos_show.running_config)),
    Rule("show running-config interface INTERFACE", _show_interface),
    Rule("show startup-config", show(nxos_show.startup_config)),
    Rule("show access-lists", _show_access_lists(4, 6)),
    Rule("show access-lists WORD", _show_access_lists(4, 6)),
    Rule("show ip access-lists", _show_access_lists(4)),
    Rule("show ip access-lists WORD", _show_access_lists(4)),
    Rule("show ipv6 access-lists", _show_access_lists(6)),
    Rule("show ipv6 access-lists WORD", _show_access_lists(6)),
    Rule("show route-map", _show_route_map),
    Rule("show route-map WORD", _show_route_map),
    *_ASK,
)
