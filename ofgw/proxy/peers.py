"""The two ends of a session, and what has to be known of each."""

import asyncio
import secrets
from asyncio import StreamReader, StreamWriter

from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.errors import ControllerAway, NotOpenFlow, PeerSilent
from ofgw.proxy.leg import Leg, Objection, dial
from ofgw.proxy.messages import (
    BARRIER_REPLIES,
    TELLING,
    Kind,
    barrier,
    binds,
    datapath_id,
    kind_of,
    length_of_first,
    negotiated,
    undoing,
    xid_of,
)

_TELLING = frozenset({int(Kind.FEATURES_REPLY)})


class Switch:
    """A switch that has connected.

    Attributes:
        hello: its first message; empty before `greet`.
        dpid: which one it is, once it has told a controller.
    """

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.leg = Leg(reader, writer, self._hear, _TELLING)
        self.hello = b""
        self.dpid: int | None = None
        self._awaited: set[int] = set()

    async def greet(self, within: float) -> bytes:
        """Its hello, and what else has come with it.

        Raises:
            NotOpenFlow: its first message is something else.
            PeerSilent: it says nothing within that many seconds.
            OSError: it has gone.
        """
        try:
            async with asyncio.timeout(within):
                messages = await self.leg.receive()
        except TimeoutError:
            raise PeerSilent(f"the switch says no hello within {within:g} s") from None
        self.hello = _first_hello(messages, "switch")
        return messages

    async def settle(self, after: "Controller", within: float) -> bool:
        """Whether it is now as one that has just connected, the hellos done; `after` is heard of no more.

        Raises:
            NotOpenFlow: it answers something else than OpenFlow.
            OSError: it has gone.
        """
        if not after.portable:
            return False
        xid = secrets.randbits(32)
        self._awaited = {xid}
        self.leg.said.noticed = _TELLING | BARRIER_REPLIES
        undone = b"".join(after.undone.values())
        try:
            async with asyncio.timeout(within):
                await self.leg.send(undone + barrier(after.version, xid))
                while self._awaited:
                    if not await self.leg.receive():
                        raise ConnectionResetError("the switch has gone")
        except TimeoutError:
            return False
        self.leg.said.noticed = _TELLING
        return True

    def _hear(self, message: bytes) -> None:
        if kind_of(message) == Kind.FEATURES_REPLY:
            self.dpid = datapath_id(message)
        else:
            self._awaited.discard(xid_of(message))


class Controller:
    """A controller that a switch is relayed to.

    Attributes:
        target: where it was asked for.
        version: of OpenFlow, as it and the switch have come to; 0 before its hello, and where there is none.
        undone: what puts back what it did to the switch's connection, by the type of message that did it.
    """

    def __init__(self, target: Endpoint, hello: bytes) -> None:
        """One that will be told the switch's hello."""
        self.target = target
        self.version = 0
        self.undone: dict[int, bytes] = {}
        self._switch_hello = hello
        self._said_hello = False
        self._bound = False

    @property
    def portable(self) -> bool:
        """Whether the switch's connection can be another controller's after this one."""
        return bool(self.version) and not self._bound

    async def dial(self, objection: Objection, within: float) -> Leg:
        """Connect to it.

        Raises:
            ControllerBarred: there is an objection to every address that it has.
            ControllerAway: it is not to be had within that many seconds.
        """
        return await dial(self.target, self._hear, TELLING, objection=objection, within=within)

    async def introduce(self, leg: Leg, within: float) -> bytes:
        """Tell it the switch's hello, and hear its own; what else has come with that.

        Raises:
            ControllerAway: it says nothing within that many seconds.
            NotOpenFlow: its first message is no hello.
            OSError: it has gone.
        """
        try:
            async with asyncio.timeout(within):
                await leg.send(self._switch_hello)
                messages = await leg.receive()
        except TimeoutError:
            raise ControllerAway(f"{self.target} says no hello within {within:g} s") from None
        return messages[len(_first_hello(messages, "controller")) :]

    def _hear(self, message: bytes) -> None:
        if kind_of(message) == Kind.HELLO and not self._said_hello:
            self._said_hello = True
            self.version = negotiated(self._switch_hello, message)
        elif message[0] != self.version:
            self._bound = True
        elif binds(message):
            undone = undoing(message, secrets.randbits(32))
            self.undone[kind_of(message)] = undone
            self._bound = self._bound or not undone


def _first_hello(messages: bytes, peer: str) -> bytes:
    if not messages:
        raise ConnectionResetError(f"the {peer} has gone without a word")
    if kind_of(messages) != Kind.HELLO:
        raise NotOpenFlow(f"the {peer}'s first message is no hello, but of type {kind_of(messages)}")
    return messages[: length_of_first(messages)]
