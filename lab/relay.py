"""A port of this machine's loopback address, had on a host's own: so a host reaches a service that runs here.

Nothing but what is written to that port gets from the host's network into ours.
"""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from lab.network import Host

LOOPBACK = "127.0.0.1"
_BLOCK = 1 << 16
_PATIENCE = 10.0


class Relay:
    """Listens on a host while the `with` block lasts; each connection is one to the same port here."""

    def __init__(self, network: Host, port: int) -> None:
        self._port = port
        self._listening = network.within(lambda: socket.create_server((LOOPBACK, port)))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._over = False
        self._thread = threading.Thread(target=self._accept, name="relay", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Break every connection."""
        with self._lock:
            self._over = True
            for one in (self._listening, *self._open):
                _break(one)
        self._thread.join()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), name="relay", daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection((LOOPBACK, self._port), _PATIENCE) as far:
            far.settimeout(None)
            with self._lock:
                if self._over:
                    return
                self._open |= {near, far}
            back = threading.Thread(target=_pump, args=(far, near), name="relay", daemon=True)
            back.start()
            _pump(near, far)
            back.join()
            with self._lock:
                self._open -= {near, far}


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Carry what comes until no more does, and say so at the other end."""
    with suppress(OSError):
        while block := source.recv(_BLOCK):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
    # What cannot be delivered any more is not to be waited for.
    with suppress(OSError):
        source.shutdown(socket.SHUT_RD)


def _break(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
