"""How much leaves a router by a device, looked at often: when a flow came to a path, and when it left it."""

import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.network import Host

_EVERY = 0.004
_SENT = 8
"""Which number of a device's line is that of the bytes it sent."""


@dataclass(frozen=True, slots=True)
class Look:
    """Bytes that had been sent by a device at an instant of `time.monotonic`."""

    at: float
    sent: int


class Meter:
    """Looks at one device of a router while the `with` block lasts."""

    def __init__(self, network: Host, device: str) -> None:
        self._network = network
        self._device = device
        self._looks: list[Look] = []
        self._over = threading.Event()
        self._begun = threading.Event()
        self._thread = threading.Thread(target=lambda: network.within(self._watch), name="meter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._begun.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def reached(self, size: int, *, since: float) -> float | None:
        """When so many bytes had left by it since an instant; None before they have."""
        looks = self._since(since)
        return next((look.at for look in looks if look.sent - looks[0].sent >= size), None)

    def last_sent(self, *, since: float, size: int) -> float | None:
        """When so many bytes last left by it between two looks, since an instant; None where never."""
        looks = self._since(since)
        pairs = itertools.pairwise(looks)
        return max((now.at for before, now in pairs if now.sent - before.sent >= size), default=None)

    def _since(self, instant: float) -> list[Look]:
        return [look for look in list(self._looks) if look.at >= instant]

    def _watch(self) -> None:
        # Of the network that this thread is in.
        told = Path("/proc/thread-self/net/dev")
        while True:
            self._looks.append(
                Look(time.monotonic(), _sent_by(told.read_text(encoding="ascii"), self._device))
            )
            self._begun.set()
            if self._over.wait(_EVERY):
                return


def _sent_by(told: str, device: str) -> int:
    lines: Mapping[str, str] = dict(line.strip().split(":", 1) for line in told.splitlines() if ":" in line)
    return int(lines[device].split()[_SENT])
