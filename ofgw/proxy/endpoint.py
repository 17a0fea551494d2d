"""Where a TCP connection goes, or is listened for."""

import socket
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """A host, as a name or an address without brackets, and a TCP port; 0 is any free one, to listen on.

    Raises:
        ValueError: no host, or a port outside 0 to 65535.
    """

    host: str
    port: int

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("host: a name or an address is needed, not nothing")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port: TCP has 0 to 65535, not {self.port}")

    @classmethod
    def of(cls, address: object) -> Self:
        """What the socket library says where a socket is; an unbound or foreign one is nowhere: `?:0`."""
        if isinstance(address, tuple) and len(address) >= 2:
            return cls(str(address[0]), int(address[1]))
        return cls("?", 0)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES = 15, 5, 3
"""A peer whose machine is gone is noticed half a minute later, though neither side says anything."""
UNACKNOWLEDGED_MILLISECONDS = 30_000
"""So is one that does not take what it is sent, because it is gone or because it does not read."""


def watch_over(sock: socket.socket) -> None:
    """Have the kernel give up a connection whose other end is gone."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS)
