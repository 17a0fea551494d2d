"""One TCP connection of the proxy's, to a switch or to a controller, as whole messages."""

import asyncio
import contextlib
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from typing import Any

from ofgw.proxy.endpoint import Endpoint, watch_over
from ofgw.proxy.errors import ControllerAway, ControllerBarred, NotOpenFlow
from ofgw.proxy.framing import Framing, Notice

READ_SIZE = 64 * 1024
BUFFERED = 64 * 1024
"""Bytes that wait for a slow reader before the other side is not read any more."""

Address = tuple[socket.AddressFamily, socket.SocketKind, int, tuple[Any, ...]]
"""Family, kind, protocol and the address itself."""
Objection = Callable[[str], str]
"""Why no connection may be made to an address; empty if one may."""


class Leg:
    """Messages from and to one peer.

    Attributes:
        peer: where it is.
        own: our end.
        said: what came from the peer.
    """

    def __init__(
        self, reader: StreamReader, writer: StreamWriter, notice: Notice, noticed: frozenset[int]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.peer = Endpoint.of(writer.get_extra_info("peername"))
        self.own = Endpoint.of(writer.get_extra_info("sockname"))
        self.said = Framing(notice, noticed)
        writer.transport.set_write_buffer_limits(high=BUFFERED)
        watch_over(writer.get_extra_info("socket"))

    async def receive(self) -> bytes:
        """Some whole messages; nothing when the peer has said its last.

        Raises:
            NotOpenFlow: it speaks something else.
            OSError: the connection broke.
        """
        while data := await self._reader.read(READ_SIZE):
            try:
                whole = self.said.feed(data)
            except NotOpenFlow as error:
                raise NotOpenFlow(f"{self.peer}: {error}") from None
            if whole:
                return whole
        return b""

    async def send(self, messages: bytes) -> None:
        """Send them; return when the peer keeps up.

        Raises:
            OSError: the connection broke.
        """
        self._writer.write(messages)
        await self._writer.drain()

    async def finish(self, within: float) -> None:
        """End the connection when the peer has taken what is on its way, or at the latest after some seconds.

        What the peer still says is not heard: a socket closed over unread bytes would be reset, and what is
        on its way to the peer would be lost.
        """
        try:
            with contextlib.suppress(OSError):
                async with asyncio.timeout(within):
                    await self._writer.drain()
                    self._writer.write_eof()
                    while await self._reader.read(READ_SIZE):
                        pass
        finally:
            self.abort()

    def abort(self) -> None:
        """End the connection now."""
        self._writer.transport.abort()


async def dial(
    target: Endpoint, notice: Notice, noticed: frozenset[int], *, objection: Objection, within: float
) -> Leg:
    """Connect to a controller; to each of its addresses in turn, if it has several.

    The address that was judged is the one that is connected to: a name is not looked up again.

    Raises:
        ControllerBarred: there is an objection to every address that it has.
        ControllerAway: not within that many seconds, or not at all.
    """
    try:
        async with asyncio.timeout(within):
            sock = await _connect(target, objection, within)
            try:
                reader, writer = await asyncio.open_connection(sock=sock)
            except BaseException:
                sock.close()
                raise
            return Leg(reader, writer, notice, noticed)
    except TimeoutError:
        raise ControllerAway(f"{target} does not answer within {within:g} s") from None
    except (OSError, UnicodeError) as error:
        raise ControllerAway(f"{target} cannot be reached: {error}") from None


async def permitted(target: Endpoint, objection: Objection) -> list[Address]:
    """The addresses that it has now and that may be connected to.

    Raises:
        ControllerBarred: none of those that it has may be.
        OSError, UnicodeError: it has none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    objections = [objection(str(address[0])) for *_, address in found]
    if found and all(objections):
        raise ControllerBarred(f"{target}: {objections[0]}")
    judged = zip(found, objections, strict=True)
    return [(family, kind, protocol, at) for (family, kind, protocol, _, at), words in judged if not words]


async def _connect(target: Endpoint, objection: Objection, within: float) -> socket.socket:
    # asyncio's own way of trying several addresses loses a socket when it is cancelled (Python 3.11).
    loop = asyncio.get_running_loop()
    addresses = await permitted(target, objection)
    trouble = OSError("the name has no address")
    for family, kind, protocol, address in addresses:
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(within / len(addresses)):
                await loop.sock_connect(sock, address)
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError):
                raise
            trouble = error
        else:
            return sock
    raise trouble
