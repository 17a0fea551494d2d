"""A stream to a switch or its database, dialled by us and breakable from any thread."""

import errno
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from netconfig.errors import Unreachable

_UNIX, _TCP = "unix:", "tcp:"


class Dialled:
    """One connection to `unix:PATH` or `tcp:HOST:PORT`, opened when it is first needed and then kept.

    One thread speaks; `close` may be called from any, and ends whatever waits.
    """

    def __init__(self, device: str, address: str, patience: float) -> None:
        """`patience`, in seconds, is for each thing that is waited for."""
        self._device = device
        self._address = address
        self._patience = patience
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._used: socket.socket | None = None

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, and the other end has not ended it while nobody listened."""
        try:
            with self._in_use() as sock:
                # Not `select`, which knows no descriptors from 1024 on.
                poll = select.poll()
                poll.register(sock, select.POLLIN)
                return not poll.poll(0) or bool(sock.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def connect(self) -> bool:
        """Be connected; returns whether this is a new connection.

        Raises:
            Unreachable: nobody answers there, or it was closed meanwhile.
        """
        if self.is_connected:
            return False
        self.close()
        target: str | tuple[str, int]
        if self._address.startswith(_UNIX):
            family, target = socket.AF_UNIX, self._address.removeprefix(_UNIX)
        else:
            host, _, port = self._address.removeprefix(_TCP).rpartition(":")
            host = host.strip("[]")
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            target = (host, int(port))
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(self._patience)
        with self._lock:
            self._socket = sock
        try:
            with self._in_use() as sock:
                sock.connect(target)
        except OSError as error:
            self.close()
            raise self.broken(error) from error
        return True

    def send(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            Unreachable: it broke.
        """
        try:
            with self._in_use() as sock:
                sock.sendall(data)
        except OSError as error:
            self.close()
            raise self.broken(error) from error

    def receive(self, length: int) -> bytes:
        """What has come, at least one byte and at most `length`.

        Raises:
            Unreachable: it ended, or nothing came in time.
        """
        try:
            with self._in_use() as sock:
                data = sock.recv(length)
        except OSError as error:
            self.close()
            raise self.broken(error) from error
        if not data:
            self.close()
            raise Unreachable(self._device, f"{self._address} ended the session")
        return data

    def close(self) -> None:
        """End it, whoever waits for it."""
        with self._lock:
            sock, self._socket = self._socket, None
            in_use = sock is self._used
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            if not in_use:
                sock.close()

    def broken(self, error: OSError) -> Unreachable:
        """The error in words of ours."""
        words = "nothing was heard in time" if isinstance(error, TimeoutError) else error.strerror or error
        return Unreachable(self._device, f"{self._address}: {words}")

    @contextmanager
    def _in_use(self) -> Iterator[socket.socket]:
        """The socket, which is given back here if somebody else closes it meanwhile.

        Its number may be another's the moment it is: whoever still waits for it must not read that.
        """
        with self._lock:
            sock = self._socket
            if sock is None:
                raise OSError(errno.ECONNABORTED, "the session was closed")
            self._used = sock
        try:
            yield sock
        finally:
            with self._lock:
                self._used = None
                closed = self._socket is not sock
            if closed:
                sock.close()
