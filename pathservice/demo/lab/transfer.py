"""A transfer by iperf3 from one host of a lab to another, and what it measured."""

import json
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab.network import Host
from lab.processes import LabError, Service, wait_for

PROGRAMS = {"iperf3": "iperf3", "ss": "iproute2"}
RECEIVE = ("iperf3", "-s", "-1", "--forceflush", "-p")
"""Of one transfer, at a port that follows; it says so in its log when it is `LISTENING`."""
LISTENING = "Server listening"
_ACKNOWLEDGED = re.compile(r"\bbytes_acked:(\d+)")
_MTU = re.compile(r"\bpmtu:(\d+)")
_MUCH = 1_000_000
"""Bytes; the connection by which iperf3 tells itself how it goes never has so many."""
_EVERY = 0.25
"""Seconds that are measured together."""
_LONGEST = 3600
"""Seconds after which it ends whatever happens."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What was sent in a while, `end` seconds after the transfer's start; `mtu` is the path's, in bytes."""

    start: float
    end: float
    megabits: float
    mtu: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What a transfer measured of itself.

    Attributes:
        began: when it did, by `time.monotonic`.
    """

    began: float
    intervals: tuple[Interval, ...]


class Transfer:
    """One host sends to another as fast as it can while the `with` block lasts."""

    def __init__(self, sender: Host, receiver: Host, address: str, port: int, *, folder: Path) -> None:
        to = ("-c", address, "-p", str(port), "-t", str(_LONGEST), "-i", str(_EVERY), "-J")
        self._command = (*sender.inside, "iperf3", *to)
        self._sending_host = sender
        self._port = port
        self._folder = folder
        self._receiver = Service("receiver", (*receiver.inside, *RECEIVE, str(port)), folder)

    def __enter__(self) -> Self:
        """Start it.

        Raises:
            LabError: nobody listens.
        """
        log = self._receiver.log
        try:
            wait_for("iperf3 to listen", lambda: LISTENING in log.read_text(encoding="utf-8"))
            self._sender = Service("sender", self._command, self._folder)
        except BaseException:
            self._receiver.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sender.end()
        self._receiver.end()

    def mtu(self) -> int | None:
        """The path MTU that its host goes by now, in bytes; None until it has sent more than a little."""
        told = self._sending_host.run("ss", "-tinOH", "state", "established", "dport", "=", f":{self._port}")
        sizes = {
            int(sent[1]): int(mtu[1])
            for line in told.splitlines()
            if (sent := _ACKNOWLEDGED.search(line)) and (mtu := _MTU.search(line))
        }
        most = max(sizes, default=0)
        return sizes[most] if most >= _MUCH else None

    def stop(self) -> Measured:
        """End it, and have what it measured.

        Raises:
            LabError: it had ended by itself, or says nothing that can be read.
        """
        now = time.monotonic()
        self._sender.end(signal.SIGINT)
        try:
            told = json.loads(self._sender.log.read_text(encoding="utf-8"))
        except ValueError as error:
            raise LabError(f"iperf3 says nothing that can be read: {error}") from error
        if "interrupt" not in told.get("error", "") or not told["intervals"]:
            raise LabError(f"iperf3 did not go on to the end: {told.get('error', 'it was over')}")
        intervals = tuple(_interval(one) for one in told["intervals"])
        return Measured(now - intervals[-1].end, intervals)


def _interval(told: dict[str, Any]) -> Interval:
    of_all, [stream] = told["sum"], told["streams"]
    return Interval(of_all["start"], of_all["end"], of_all["bits_per_second"] / 1e6, stream["pmtu"])
