"""Switches and controllers that say what a test has them say."""

import itertools
import select
import socket
import struct
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from ofgw.proxy.endpoint import Endpoint
from tests.functional.ofgw.controllers import PATIENCE

HELLO, ERROR, ECHO_REQUEST, EXPERIMENTER, FEATURES_REQUEST, FEATURES_REPLY = 0, 1, 2, 4, 5, 6
SET_CONFIG, PACKET_IN, BARRIER_REQUEST, BARRIER_REPLY = 9, 10, 20, 21


def message(kind: int, body: bytes = b"", *, version: int = 4, xid: int = 1) -> bytes:
    """One OpenFlow message."""
    return struct.pack("!BBHI", version, kind, 8 + len(body), xid) + body


class Peer:
    """One end of a TCP connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self.socket = sock

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(messages))

    def read(self) -> bytes:
        """The next message; nothing when the connection has ended, however that came about."""
        header = self._read_exactly(8)
        return header and header + self._read_exactly(int.from_bytes(header[2:4], "big") - 8)

    def read_kind(self, kind: int) -> bytes:
        """The next message, which is of that type."""
        got = self.read()
        assert got, f"the connection ended before a message of type {kind}"
        assert got[1] == kind, got
        return got

    def ends(self) -> bool:
        """Whether the other side ends the connection without another word."""
        return not self.read()

    def _read_exactly(self, size: int) -> bytes:
        got = b""
        try:
            while len(got) < size and (more := self.socket.recv(size - len(got))):
                got += more
        except ConnectionError:
            return b""
        return got


class FakeController:
    """A place where controllers are; each connection is taken by hand."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._listener.settimeout(PATIENCE)
        self.endpoint = Endpoint.of(self._listener.getsockname())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def accept(self) -> Peer:
        """The next connection."""
        return Peer(self._stack.enter_context(self._listener.accept()[0]))

    def has_visitors(self) -> bool:
        """Whether somebody has connected and was not accepted yet."""
        return bool(select.select([self._listener], [], [], 0)[0])


class FakeSwitch(Peer):
    """A switch that has connected to a proxy and said hello."""

    _xids = itertools.count(1000)

    def __init__(self, proxy: Endpoint, *, hello: bytes = message(HELLO)) -> None:
        super().__init__(socket.create_connection((proxy.host, proxy.port), PATIENCE))
        self.send(hello)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def settle(self) -> None:
        """Answer the proxy's barrier."""
        asked = self.read_kind(BARRIER_REQUEST)
        self.send(message(BARRIER_REPLY, version=asked[0], xid=int.from_bytes(asked[4:8], "big")))


def meet(switch: Peer, controller: Peer) -> None:
    """Let both hear the other's hello, and the switch say that it is datapath 7."""
    controller.send(message(HELLO), message(FEATURES_REQUEST, xid=2))
    controller.read_kind(HELLO)
    switch.read_kind(HELLO)
    switch.read_kind(FEATURES_REQUEST)
    switch.send(message(FEATURES_REPLY, struct.pack("!Q", 7) + bytes(16), xid=2))
    controller.read_kind(FEATURES_REPLY)


def send_until_stuck(peer: Peer, one: bytes) -> int:
    """Bytes that got out before there was no room for more."""
    peer.socket.settimeout(0.5)
    sent = 0
    try:
        while sent < 3000 * len(one):
            sent += peer.socket.send((one * 2)[sent % len(one) :][: len(one)])
    except TimeoutError:
        return sent
    raise AssertionError("180 MB went into buffers")
