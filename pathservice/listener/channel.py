"""One TLS connection, and the bytes that have arrived on it and were not consumed yet.

It has one user at a time. The lobby receives and never waits: `handshake` and `fill` do what can be
done now and say what to wait for. Whoever answers reads only what has arrived, and may wait for a
client to take the answer, but never longer than it was allowed: `write` raises TimeoutError, or
another OSError when the client is gone. OpenSSL's exceptions end here.
"""

import contextlib
import enum
import errno
import select
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta

from cryptography import x509
from OpenSSL import SSL

_RECORD = 16 * 1024
_CRLF_ENDS = (b"\n\r\n", b"\n\n")


class Need(enum.Enum):
    """What a step that could not finish waits for."""

    NOTHING = 0
    READABLE = select.POLLIN
    WRITABLE = select.POLLOUT


class HandshakeFailed(Exception):
    """The client spoke no TLS we understand; `plain-http` when it was a plain HTTP request."""

    def __init__(self, *, plain_http: bool = False) -> None:
        super().__init__()
        self.plain_http = plain_http


class Channel:
    """See the module; `monotonic` counts seconds from anywhere."""

    def __init__(self, sock: socket.socket, context: SSL.Context, *, monotonic: Callable[[], float]) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._tls = SSL.Connection(context, sock)
        self._tls.set_accept_state()
        self._monotonic = monotonic
        self.arrived = bytearray()
        """What was received and is not consumed yet."""
        self._write_by = float("-inf")
        self._stall = 0.0
        self._holds_next = False
        self._held = b""
        self.ended = False
        """The client will send no more."""

    def fileno(self) -> int:
        """The file descriptor, -1 once closed."""
        return self._socket.fileno()

    # The lobby's side: never waits

    def handshake(self) -> Need:
        """Go on shaking hands. Raises HandshakeFailed, or OSError when the client is gone."""
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            return Need.READABLE
        except SSL.WantWriteError:
            return Need.WRITABLE
        except (SSL.SysCallError, SSL.ZeroReturnError) as error:
            raise ConnectionResetError(errno.ECONNRESET, "gone during the handshake") from error
        except SSL.Error as error:
            raise HandshakeFailed(plain_http=_mentions(error, "http request")) from error
        return Need.NOTHING

    def fill(self, limit: int) -> Need:
        """Take in what has arrived, up to `limit` bytes of unconsumed input."""
        while len(self.arrived) < limit and not self.ended:
            try:
                self._receive()
            except SSL.WantReadError:
                return Need.READABLE
            except SSL.WantWriteError:
                return Need.WRITABLE
        return Need.NOTHING

    def buffered(self) -> int:
        """How many bytes have arrived and wait to be consumed."""
        return len(self.arrived)

    def holds_head(self) -> bool:
        """Whether an empty line has arrived; a parser of heads then never has to wait."""
        return any(end in self.arrived for end in _CRLF_ENDS)

    def try_write(self, data: bytes) -> None:
        """Say something short if that is possible without waiting."""
        with contextlib.suppress(SSL.Error, OSError):
            self._tls.send(data)

    def try_write_plain(self, data: bytes) -> None:
        """Say something short to a client that speaks no TLS."""
        with contextlib.suppress(OSError):
            self._socket.send(data)

    def peer_certificates(self) -> list[x509.Certificate]:
        """The end entity first, then what else the client sent; empty if it sent none.

        OpenSSL gives a server the chain without the end entity, so it is put in front: judging that
        chain alone would be judging certificates whose keys the client need not have.
        Raises what cryptography raises for certificates that cannot be read.
        """
        leaf = self._tls.get_peer_certificate(as_cryptography=True)
        if leaf is None:
            return []
        return [leaf, *(self._tls.get_peer_cert_chain(as_cryptography=True) or [])]

    # Reading what has arrived: a parser finds its end where the client stopped

    def read(self, size: int) -> bytes:
        """Answer `size` bytes, fewer if no more have arrived."""
        return self._take(size)

    def readline(self, limit: int) -> bytes:
        """Answer bytes up to and with a line feed, no more than `limit`."""
        end = self.arrived.find(b"\n", 0, limit)
        return self._take(end + 1 if end >= 0 else limit)

    # Writing: waits as long as it was allowed to, at first not at all

    def allow_writing(self, time: timedelta, *, stall: timedelta) -> None:
        """Give the client `time` from now to take an answer, no pause longer than `stall`."""
        self._write_by = self._monotonic() + time.total_seconds()
        self._stall = stall.total_seconds()

    def hold_next(self) -> None:
        """Keep the next write back until the one after it, or `flush`: a head travels with its body."""
        self._holds_next = True

    def write(self, data: bytes) -> int:
        """Send all of `data`."""
        if self._holds_next:
            self._holds_next, self._held = False, data
            return len(data)
        held, self._held = self._held, b""
        rest = memoryview(held + data if held else data)
        while rest:
            with self._waiting(self._next_write_deadline()):
                rest = rest[self._tls.send(rest[:_RECORD]) :]
        return len(data)

    def flush(self) -> None:
        """Send what was held back."""
        if self._held:
            self.write(b"")

    def _next_write_deadline(self) -> float:
        return min(self._write_by, self._monotonic() + self._stall)

    @contextlib.contextmanager
    def _waiting(self, deadline: float) -> Iterator[None]:
        """Turn 'not now' into a wait, after which the caller tries again."""
        try:
            yield
        except SSL.WantReadError:
            self._wait(select.POLLIN, deadline)
        except SSL.WantWriteError:
            self._wait(select.POLLOUT, deadline)
        except SSL.Error as error:
            raise ConnectionResetError(errno.ECONNRESET, "the client is gone") from error

    def _wait(self, events: int, deadline: float) -> None:
        left = deadline - self._monotonic()
        poll = select.poll()
        poll.register(self._socket, events)
        if left <= 0 or not poll.poll(min(left, 3600) * 1000):
            raise TimeoutError("the client takes nothing")

    # Both sides

    def _receive(self) -> None:
        """Take in one record; an end without TLS's own goodbye is an end too (lengths are checked)."""
        try:
            self.arrived += self._tls.recv(_RECORD)
        except (SSL.ZeroReturnError, SSL.SysCallError):
            self.ended = True
        except (SSL.WantReadError, SSL.WantWriteError):
            raise
        except SSL.Error:
            self.ended = True

    def _take(self, size: int) -> bytes:
        taken = bytes(self.arrived[:size])
        del self.arrived[:size]
        return taken

    def discard(self) -> bool:
        """Throw away what a client we are done with still sends; False once it ended."""
        try:
            return self._socket.recv(4 * _RECORD) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def say_goodbye(self) -> None:
        """End our direction, so that what was written is read to its end."""
        with contextlib.suppress(SSL.Error, OSError):
            self._tls.shutdown()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        """Make whoever waits on this connection stop waiting; for any thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket; for its user, not for another thread."""
        self._socket.close()


def _mentions(error: SSL.Error, reason: str) -> bool:
    return any(reason in str(part) for entry in (error.args[0] if error.args else ()) for part in entry)
