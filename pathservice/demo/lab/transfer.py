"""A transfer by iperf3 from one host of a lab to another, and what it measured."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab.network import Host
from lab.processes import LabError, Service, wait_for

PROGRAMS = {"iperf3": "iperf3"}
_EVERY = 0.25
"""Seconds that are measured together."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What was sent in a while, `end` seconds after the transfer's start; `mtu` is the path's, in bytes."""

    start: float
    end: float
    megabits: float
    mtu: int


class Transfer:
    """One host sends to another as fast as it can, for so many seconds, or to the end of the `with` block.

    Attributes:
        began: when, by `time.monotonic`.
    """

    began: float

    def __init__(
        self, sender: Host, receiver: Host, address: str, port: int, *, seconds: int, folder: Path
    ) -> None:
        self._inside = sender.inside
        self._folder = folder
        self._to = ("-c", address, "-p", str(port), "-t", str(seconds), "-i", str(_EVERY), "-J")
        command = (*receiver.inside, "iperf3", "-s", "-1", "-p", str(port), "--forceflush")
        self._receiver = Service("receiver", command, folder)

    def __enter__(self) -> Self:
        """Start it.

        Raises:
            LabError: nobody listens.
        """
        listens = self._receiver.log
        try:
            wait_for("iperf3 to listen", lambda: "Server listening" in listens.read_text(encoding="utf-8"))
            self.began = time.monotonic()
            self._sender = Service("sender", (*self._inside, "iperf3", *self._to), self._folder)
        except BaseException:
            self._receiver.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sender.end()
        self._receiver.end()

    def result(self) -> list[Interval]:
        """What it measured, when it is over.

        Raises:
            LabError: it failed, or does not end.
        """
        told: dict[str, Any] = wait_for("iperf3 to end", self._answer)
        if "error" in told:
            raise LabError(f"iperf3: {told['error']}")
        return [
            Interval(
                one["sum"]["start"],
                one["sum"]["end"],
                one["sum"]["bits_per_second"] / 1e6,
                one["streams"][0]["pmtu"],
            )
            for one in told["intervals"]
        ]

    def _answer(self) -> dict[str, Any] | None:
        try:
            return dict(json.loads(self._sender.log.read_text(encoding="utf-8")))
        except ValueError:
            # Not all of it is written yet.
            return None
