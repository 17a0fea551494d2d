"""What lies between us and a device: a socket, and in time a session over it. Breakable at every stage.

The libraries wait in many places (a banner, a key exchange, a shell, a prompt), each with a patience of
its own and none to be woken. All of them wait for the socket, so it is ours: whoever shuts it down ends
them all.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import paramiko

from netconfig.hostkey import HostKey

_MOMENT = 1.0
"""Seconds in which a thread ends whose socket was shut down; it looks ten times a second."""


class Link:
    """One way to a device, from its first packet on.

    One thread makes it; `break_off` may be called from any, at any time, and what is made after it comes
    out broken.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.reason: type[Exception] | None = None
        """Why it was broken off, if it was."""
        self.session: Any = None
        self._transport: paramiko.Transport | None = None
        self._is_made = False

    def connect(self, host: str, port: int, patience: float) -> socket.socket:
        """A socket to the first address of the host that answers; `patience`, in seconds, is for each.

        Raises:
            OSError: there is no such host, or nobody answers.
            EOFError, TimeoutError: as given to `break_off`.
        """
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise OSError(f"{host} is no name of a host") from error
        failure = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in addresses:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(patience)
                self._hold(sock)
                sock.connect(address)
                self.check()
            except OSError as error:
                sock.close()
                self.check()
                failure = error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise failure

    def make_transport(self, *arguments: Any, key: HostKey, **options: Any) -> paramiko.Transport:
        """What paramiko speaks through; it has a thread, and for a while a timer, to be ended by `close`.

        A device that has several host keys is asked for this one.
        """
        self._transport = paramiko.Transport(*arguments, **options)
        offered = self._transport.get_security_options()
        # What encrypts and authenticates in one goes first: of the others paramiko checks each packet's code
        # octet by octet, in Python.
        offered.ciphers = sorted(offered.ciphers, key=lambda name: "-gcm@" not in name)
        offered.key_types = sorted(offered.key_types, key=lambda name: name not in key.algorithms)
        return self._transport

    def carry(self, session: Any) -> None:
        """Let a session run over the socket; it need not be established."""
        with self._lock:
            self.session = session
        self.check()

    def finish(self) -> None:
        """From now on it is `break_off` that gives everything back."""
        with self._lock:
            self.check()
            self._is_made = True

    def check(self) -> None:
        """Raise the reason why this was broken off, if it was."""
        if self.reason:
            raise self.reason

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Break off if this lasts longer: the libraries wait in places that take no time-out of ours.

        Raises:
            EOFError, TimeoutError: as given to `break_off`, instead of whatever else came of it.
        """
        watchdog = threading.Timer(seconds, self.break_off, [TimeoutError])
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        except Exception as error:
            if self.reason:
                # What a library says of a line that was cut is anybody's guess.
                raise self.reason from error
            raise
        finally:
            watchdog.cancel()

    def break_off(self, reason: type[Exception] = EOFError) -> None:
        """End whatever there is, at once; whoever waits for it is woken."""
        with self._lock:
            self.reason = self.reason or reason
            sock, session, is_made = self._socket, self.session, self._is_made
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        with suppress(AttributeError):
            # A closed channel reads like a silent one; none at all is an error.
            session.channel.remote_conn = None
        if is_made:
            self._give_back()

    def close(self) -> None:
        """Break off what could not be finished, and give everything back; for the thread that made it."""
        self.break_off()
        self._give_back()

    def _give_back(self) -> None:
        if self._transport is not None:
            self._transport.close()
            with suppress(RuntimeError):
                self._transport.join(_MOMENT)
            # Or paramiko's timer, a thread that no interpreter ends before, runs on.
            self._transport.packetizer.complete_handshake()
        if self._socket is not None:
            self._socket.close()
        if self.session is not None:
            with suppress(Exception):
                self.session.disconnect()

    def _hold(self, sock: socket.socket) -> None:
        with self._lock:
            self._socket = sock
        self.check()
