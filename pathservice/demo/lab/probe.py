"""Numbered UDP packets from one host of a lab to another: which arrived, in which order. All are answered."""

import socket
import struct
import threading
import time
from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from lab.network import Host

EVERY = 0.002
"""Seconds between two packets."""
_BYTES = 200
_LAST_ONES = 0.5
"""How long packets are waited for that are still under way."""


@dataclass(frozen=True, slots=True)
class Toll:
    """Of so many packets: those that never came, and those that came after one sent later."""

    sent: int
    lost: int
    late: int


class Probe:
    """Sends while the `with` block lasts."""

    def __init__(self, sender: Host, receiver: Host, address: str, port: int) -> None:
        self._sent: list[float] = []
        self._received: list[int] = []
        self._over = threading.Event()
        self._done = threading.Event()
        self._to = (address, port)
        self._out = sender.within(_datagrams)
        self._in = receiver.within(_datagrams)
        self._threads = [
            threading.Thread(target=work, name="probe", daemon=True) for work in (self._receive, self._send)
        ]

    def __enter__(self) -> Self:
        self._in.bind(self._to)
        self._in.settimeout(_LAST_ONES)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in reversed(self._threads):
            thread.join()
        self._out.close()
        self._in.close()

    def toll(self, start: float, end: float) -> Toll:
        """Of what was sent between two instants of `time.monotonic`; after the block."""
        first, last = bisect_left(self._sent, start), bisect_right(self._sent, end)
        came = [number for number in self._received if first <= number < last]
        late, highest = 0, -1
        for number in came:
            late += number < highest
            highest = max(highest, number)
        return Toll(last - first, last - first - len(set(came)), late)

    def _send(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            number = len(self._sent)
            self._sent.append(time.monotonic())
            # Where there is no room, or no way, it is lost, and counted so.
            with suppress(OSError):
                self._out.sendto(struct.pack("!Q", number).ljust(_BYTES, b"\0"), self._to)
            due += EVERY
            self._over.wait(max(due - time.monotonic(), 0))
        self._done.set()

    def _receive(self) -> None:
        while True:
            try:
                packet, sender = self._in.recvfrom(_BYTES)
            except TimeoutError:
                if self._done.is_set():
                    return
                continue
            self._received.append(struct.unpack_from("!Q", packet)[0])
            # Nobody reads it: it is there to be routed.
            with suppress(OSError):
                self._in.sendto(packet, sender)


def _datagrams() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
