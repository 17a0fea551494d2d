"""The options of both commands, and what a value may be."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hosttools.programs import ToolError
from lambdastation.client import Mode

_EPILOG = """
The station and our certificate: LAMBDASTATION_URL, _CA, _CERT and _KEY, or /etc/lambdastation/ost2.conf.
Exit status: 0 done, and the ticket was active; 1 the transfer failed; 2 bad options or settings, or something
is missing here; 3 no ticket, or it was not active, or was not given up as told; 129, 130 and 143 ended by
SIGHUP, Ctrl-C and SIGTERM.
"""
ANY_CODE_POINT = -1
"""For `--dscp auto`."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise ToolError(f"{message} ({self.prog} --help)")


def split(words: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Our words, and those after `--`; None where there is no `--`."""
    given = list(words)
    if "--" not in given:
        return given, None
    at = given.index("--")
    return given[:at], given[at + 1 :]


def read_options(words: Sequence[str]) -> argparse.Namespace:
    """Our own options.

    Raises:
        ToolError: they are not understood, or exclude each other.
    """
    parser = _parser()
    options, others = parser.parse_known_args(list(words))
    if others:
        parser.error(f"unrecognized arguments: {' '.join(others)}; iperf3's stand after --")
    sought = (options.pid, options.dst, options.port, options.seconds)
    if not options.attach and any(given is not None for given in sought):
        raise ToolError("--pid, --dst, --port and --seconds go with --attach (lsiperf --help)")
    if options.attach and (options.pid, options.dst, options.port) == (None, None, None):
        raise ToolError("--attach needs one of --pid, --dst and --port, to know which transfer")
    if options.first and (options.attach or options.after is not None):
        raise ToolError("--first opens the ticket before the transfer: not with --attach or --after")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="lsiperf",
        usage="lsiperf [options] -- -c HOST [iperf3 options]\n       lsiperf --attach [options]",
        description="Run iperf3, or watch a transfer that runs, with a ticket for its path.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    ticket = add_ticket_options(parser)
    ticket.add_argument(
        "--after", type=_not_negative, metavar="SECONDS", help="when it is opened: a quarter of -t"
    )
    ticket.add_argument(
        "--first", action="store_true", help="open it first, start the transfer when it is active"
    )
    ticket.add_argument("--cancel", action="store_true", help="give it up at the end")
    running = parser.add_argument_group("a transfer that runs")
    running.add_argument("--attach", action="store_true", help="start no iperf3; the flow is found by")
    running.add_argument("--pid", type=_whole, help="the process it belongs to")
    running.add_argument("--dst", metavar="HOST", help="the other end")
    running.add_argument("--port", type=_port, help="either end's port")
    running.add_argument("--seconds", type=_whole, help="look at it for so long; till its end if absent")
    shown = parser.add_argument_group("what is shown")
    shown.add_argument(
        "--interval", type=_interval, default=0.2, metavar="SECONDS", help="0.1 to 1; 0.2 if absent"
    )
    shown.add_argument("--json", action="store_true", help="one document on standard output, at the end")
    shown.add_argument("--plot", type=Path, metavar="FILE", help="draw it: .png, .svg or .pdf")
    shown.add_argument("--quiet", action="store_true", help="no lines while it runs")
    return parser


def add_ticket_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """What both ask of a ticket; the group, for more."""
    ticket = parser.add_argument_group("the ticket")
    modes = [mode.value for mode in Mode]
    ticket.add_argument("--mode", choices=modes, default="new", help="new if absent")
    ticket.add_argument("--path", metavar="NAME", help="path or colour; the station's default if absent")
    ticket.add_argument(
        "--for",
        dest="travel",
        type=_whole,
        metavar="SECONDS",
        help="for how long; half of iperf3's -t, else 600",
    )
    ticket.add_argument(
        "--dscp", type=_dscp, metavar="N|auto", help="mark the packets; auto: the station's choice"
    )
    ticket.add_argument("--out-bw", metavar="WORD", help="bandwidth out, 5G")
    ticket.add_argument("--in-bw", metavar="WORD", help="bandwidth in")
    ticket.add_argument(
        "--netns", metavar="NAME", help="the network the flow is on: of `ip netns`, or a path"
    )
    for name in ("src-client", "dst-site", "dst-client"):
        ticket.add_argument(f"--{name}", metavar="NAME", help="found by address if absent")
    return ticket


def add_trace_options(parser: argparse.ArgumentParser) -> None:
    """What lstraceroute asks of the probes."""
    probes = parser.add_argument_group("the flow")
    probes.add_argument("--protocol", choices=("tcp", "udp", "icmp"), default="tcp", help="tcp if absent")
    probes.add_argument("--port", type=_port, help="the other end's port; 5201 if absent")
    probes.add_argument("--sport", type=_port, help="our port; any if absent")
    probes.add_argument("--source", metavar="ADDRESS", help="our address; the route's if absent")
    probes.add_argument("--max-hops", type=_hops, default=30, metavar="N", help="30 if absent")
    probes.add_argument(
        "--wait", type=_wait, default=1.0, metavar="SECONDS", help="for an answer, 0.1 to 10; 1 if absent"
    )
    probes.add_argument("--now", action="store_true", help="look once and open no ticket")
    probes.add_argument("--json", action="store_true", help="one document on standard output, at the end")


def _hops(text: str) -> int:
    if _whole(text) > 64:
        raise argparse.ArgumentTypeError(f"1 to 64 hops, not {text!r}")
    return int(text)


def _wait(text: str) -> float:
    return _number(text, 0.1, 10)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 2**31 - 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1, not {text!r}")
    return int(text)


def _port(text: str) -> int:
    if _whole(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is 1 to 65535, not {text!r}")
    return int(text)


def _not_negative(text: str) -> float:
    return _number(text, 0, 86400)


def _interval(text: str) -> float:
    return _number(text, 0.1, 1)


def _number(text: str, least: float, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"a number from {least:g} to {most:g}, not {text!r}")
    return number


def _dscp(text: str) -> int:
    if text == "auto":
        return ANY_CODE_POINT
    if not text.isascii() or not text.isdigit() or int(text) > 63:
        raise argparse.ArgumentTypeError(f"a code point from 0 to 63, or auto, not {text!r}")
    return int(text)
