"""iperf3: what its arguments say of the flow, starting it, and what it answers."""

import argparse
import json
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from hosttools.flow import Address, Flow, local_address, resolve
from hosttools.programs import PATIENCE, ToolError, environment
from hosttools.record import Interval, Transfer

_DEFAULT_PORT = 5201
_DEFAULT_SECONDS = 10
_REFUSED = {
    "server": "lsiperf is the client's end: start `iperf3 -s` at the other one",
    "logfile": "lsiperf reads what iperf3 prints",
    "debug": "lsiperf reads what iperf3 prints",
    "json_stream": "lsiperf asks iperf3 for -J",
    "sctp": "a ticket is for tcp or udp",
    "file": "lsiperf sends no files",
    "help": "`iperf3 --help` tells; lsiperf's own options stand before --",
    "version": "`iperf3 --version` tells; lsiperf's own options stand before --",
}


class TransferFailed(ToolError):
    """iperf3 ended with an error; its words are the message."""

    status = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class IperfCall:
    """A call of iperf3.

    Attributes:
        arguments: as they were given.
        seconds: how long it sends, None if it is bounded by bytes or not at all.
        device: what it is bound to, `-c HOST%eth0`.
    """

    arguments: tuple[str, ...]
    protocol: str
    host: str
    port: int
    family: socket.AddressFamily
    bound: str | None
    local_ports: tuple[int, ...]
    seconds: int | None
    own_interval: bool
    device: str = ""

    def words(self, remote: Address) -> tuple[str, ...]:
        """The arguments, with the address that the ticket is for: a name may have several, in any order."""
        return (*self.arguments, "-c", f"{remote}%{self.device}" if self.device else str(remote))

    def flow(self) -> Flow:
        """The flow that it will be.

        Raises:
            ToolError: a host has no address.
        """
        remote = resolve(self.host, self.family)
        local = local_address(remote) if self.bound is None else resolve(self.bound, self.family)
        return Flow(self.protocol, local, self.local_ports, remote, (self.port,))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ToolError(f"iperf3's arguments, after --: {message}")


def read_call(arguments: Sequence[str]) -> IperfCall:
    """What iperf3's arguments mean, as far as a ticket has to do with them.

    Raises:
        ToolError: they are not a client's, or not understood.
    """
    given, _ = _parser().parse_known_args(list(arguments))
    for name, why in _REFUSED.items():
        if getattr(given, name):
            raise ToolError(f"iperf3's arguments, after --: no --{name.replace('_', '-')}: {why}")
    if not given.client:
        raise ToolError("iperf3's arguments, after --: -c HOST is needed")
    unbounded = given.bytes or given.blockcount or given.time == 0
    return IperfCall(
        arguments=tuple(arguments),
        protocol="udp" if given.udp else "tcp",
        host=given.client.partition("%")[0],
        device=given.client.partition("%")[2],
        port=given.port,
        family=socket.AF_INET if given.v4 else socket.AF_INET6 if given.v6 else socket.AF_UNSPEC,
        bound=given.bind.partition("%")[0] if given.bind else None,
        local_ports=tuple(range(given.cport, given.cport + given.parallel)) if given.cport else (),
        seconds=None if unbounded else given.time,
        own_interval=given.interval is not None,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="iperf3", add_help=False)
    parser.add_argument("-c", "--client")
    parser.add_argument("-p", "--port", type=_port, default=_DEFAULT_PORT)
    parser.add_argument("-t", "--time", type=_seconds, default=_DEFAULT_SECONDS)
    parser.add_argument("-B", "--bind")
    parser.add_argument("-P", "--parallel", type=int, default=1)
    parser.add_argument("-i", "--interval")
    parser.add_argument("-n", "--bytes")
    parser.add_argument("-k", "--blockcount")
    parser.add_argument("-F", "--file")
    parser.add_argument("--cport", type=_port)
    parser.add_argument("--logfile")
    parser.add_argument("-4", "--version4", dest="v4", action="store_true")
    parser.add_argument("-6", "--version6", dest="v6", action="store_true")
    for name in ("udp", "server", "help", "version"):
        parser.add_argument(f"-{name[0]}", f"--{name}", action="store_true")
    for name in ("json-stream", "sctp"):
        parser.add_argument(f"--{name}", action="store_true")
    # Read over; named so that what is joined to them, or follows them, is not taken for an option.
    parser.add_argument("-d", "--debug", action="store_true")
    for name in "RJVZN":
        parser.add_argument(f"-{name}", dest="read_over", action="store_true")
    for name in "AfwlbCMSLOTXI":
        parser.add_argument(f"-{name}", dest="read_over")
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is 1 to 65535, not {text!r}")
    return int(text)


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"a whole number of seconds, not {text!r}")
    return int(text)


class RunningIperf:
    """iperf3 that runs. It ends when we do, however that comes about."""

    def __init__(self, call: IperfCall, remote: Address, interval_seconds: float) -> None:
        """Start it, towards the address that was found for its host."""
        own = () if call.own_interval else ("-i", f"{interval_seconds:g}")
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._process = subprocess.Popen(  # noqa: S603 - words, no shell
            ("setpriv", "--pdeathsig", "TERM", "iperf3", *call.words(remote), "-J", *own),  # noqa: S607
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            env=environment(),
            # A Ctrl-C on the terminal comes to us, and from us to it, once.
            start_new_session=True,
        )

    def close(self) -> None:
        """End it, and forget what it said."""
        self.stop()
        self._out.close()
        self._err.close()

    @property
    def running(self) -> bool:
        """It has not ended."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, so that it still tells what it has done."""
        for number in (signal.SIGINT, signal.SIGKILL):
            if self.running:
                self._process.send_signal(number)
                try:
                    self._process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    continue

    def answer(self) -> tuple[Transfer, Any]:
        """What it did, and its whole answer, after its end.

        Raises:
            TransferFailed: it did nothing, and says why.
        """
        self._out.seek(0)
        self._err.seek(0)
        text = self._out.read().decode(errors="replace")
        try:
            told = json.loads(text)
        except ValueError:
            raise TransferFailed(
                f"iperf3: {_sentence(self._err.read().decode(errors='replace') or text)}"
            ) from None
        return read_result(told), told


def _sentence(words: str) -> str:
    """What iperf3 complains of; how it is to be called stands in the lines after that."""
    first = next((line.strip() for line in words.splitlines() if line.strip()), "no answer")
    return first.removeprefix("iperf3: ")[:300]


def read_result(told: Any) -> Transfer:
    """The transfer in a document of `iperf3 -J`.

    Raises:
        TransferFailed: there is none.
    """
    error = told.get("error") if isinstance(told, dict) else "no answer of iperf3"
    intervals = [] if error and not isinstance(told, dict) else told.get("intervals") or []
    if not intervals:
        raise TransferFailed(f"iperf3: {error or 'nothing was transferred'}")
    try:
        seen = tuple(_interval(each) for each in intervals)
        end = told.get("end") or {}
        total = end.get("sum_received") or end.get("sum") or {}
        sent = end.get("sum_sent") or end.get("sum") or {}
        return Transfer(
            seconds=float(sent.get("seconds", seen[-1].end_seconds)),
            sent_bytes=int(sent.get("bytes", 0)),
            received_bytes=int(total["bytes"]) if total.get("bytes") else None,
            retransmits=sent.get("retransmits"),
            interrupted=bool(error),
            intervals=seen,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise TransferFailed(f"iperf3's answer is not understood: {problem!r}") from None


def _interval(told: Any) -> Interval:
    """All streams of an interval; the path's MTU is the smallest that a sender has."""
    mtus = [stream["pmtu"] for stream in told["streams"] if stream.get("pmtu")]
    total = told["sum"]
    both = told.get("sum_bidir_reverse") or {}
    return Interval(
        start_seconds=float(total["start"]),
        end_seconds=float(total["end"]),
        bits_per_second=float(total["bits_per_second"]) + float(both.get("bits_per_second", 0)),
        path_mtu=min(mtus) if mtus else None,
        retransmits=total.get("retransmits"),
    )
