"""A ping that goes on: what was sent, and when it was answered."""

import re
from datetime import UTC, datetime
from pathlib import Path

from lab.network import Host
from lab.processes import Service

EVERY = 0.05
_LINE = re.compile(r"^\[(\d+\.\d+)\] (.*) icmp_seq=(\d+)", re.MULTILINE)


class Ping(Service):
    """One host pings an address, many times a second, until the end of the `with` block.

    Attributes:
        address: which one.
    """

    def __init__(self, host: Host, address: str, folder: Path) -> None:
        self.address = address
        command = (*host.inside, "ping", "-n", "-D", "-O", "-i", str(EVERY), address)
        super().__init__(f"ping-{address}", command, folder)

    def sent(self) -> int:
        """How many have been sent, of which it is known whether they were answered in time."""
        return max((number for _, _, number in self._told()), default=0)

    def answers(self) -> list[datetime]:
        """When answers came."""
        return [at for at, words, _ in self._told() if "bytes from" in words]

    def _told(self) -> list[tuple[datetime, str, int]]:
        words = self.log.read_text(encoding="utf-8").rpartition("\n")[0]
        return [
            (datetime.fromtimestamp(float(at), UTC), said, int(number))
            for at, said, number in _LINE.findall(words)
        ]
