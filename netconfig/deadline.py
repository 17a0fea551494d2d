"""Reading from a socket with one patience for all of it, however slowly it trickles."""

import io
import socket
import time


class DeadlineReader(io.RawIOBase):
    """What arrives on a socket until a moment that is set anew for each request; then `TimeoutError`.

    A socket's own time-out begins again with every byte; this one does not.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._until = time.monotonic()

    def allow(self, seconds: float) -> None:
        """From now on so long."""
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """As many bytes as are there.

        Raises:
            TimeoutError: the patience is over.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left)
        return self._socket.recv_into(buffer)  # type: ignore[arg-type]
