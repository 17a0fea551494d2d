"""One switch's connection, and the controllers that it is relayed to one after the other.

When another controller is meant, the session takes the switch over to it with the switch's connection kept,
where that cannot be told from a new one, and ends the connection otherwise (docs/adr/0021):

- Nothing that the old controller sent changed the connection for good (`messages.binds`); what it did can be
  put back, and is (`messages.undoing`). A barrier follows; what the switch says up to its reply, answers to
  the old controller among it, is for nobody.
- The new controller is told the hello that the switch once sent, and its own hello must come to the version
  that the connection has. The switch hears none of it; what it hears next is a controller's first question.
- Otherwise the switch's connection is closed after all that is on its way to it, and the switch connects
  anew: a second later, or up to eight with Open vSwitch, which backs off.

No message of the old controller reaches the switch once `leave` has returned, but what waits in the buffer of
the switch's own connection; nothing of the new one gets ahead of that.
"""

import asyncio
from asyncio import StreamReader, StreamWriter, Task
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any, TypeVar

from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.errors import ControllerAway, ControllerBarred, ProxyError
from ofgw.proxy.leg import Leg, Objection
from ofgw.proxy.peers import Controller, Switch
from ofgw.proxy.snapshot import ConnectionView, Stage, Tally, Traffic, Trouble

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until something is given up.

    Attributes:
        greeting: for a side's hello.
        dialling: for a connection to a controller.
        settling: for a switch to have done what the last controller sent it.
        draining: for a peer to take what is on its way when its connection ends.
    """

    greeting: float = 5.0
    dialling: float = 2.0
    settling: float = 1.0
    draining: float = 0.5


@dataclass(slots=True)
class Ledger:
    """What all sessions write into.

    Attributes:
        own: our ends of the connections to controllers; what connects from there is no switch.
        trouble: None once a controller has been reached again.
    """

    clock: Callable[[], datetime]
    tally: Tally = field(default_factory=Tally)
    own: set[Endpoint] = field(default_factory=set)
    trouble: Trouble | None = None


class _Outcome(Enum):
    ENDED = auto()
    MOVED = auto()


class Session:
    """A switch's connection.

    Attributes:
        peer: where the switch connects from.
        stage: how far it is.
    """

    def __init__(
        self,
        reader: StreamReader,
        writer: StreamWriter,
        *,
        wanted: Callable[[], Endpoint | None],
        objections: Callable[[Endpoint], Objection],
        ledger: Ledger,
        patience: Patience,
    ) -> None:
        self._switch = Switch(reader, writer)
        self.peer = self._switch.leg.peer
        self._wanted = wanted
        self._objections = objections
        self._ledger = ledger
        self._patience = patience
        self._since = ledger.clock()
        self.stage = Stage.GREETING
        self._controller: Controller | None = None
        self._leg: Leg | None = None
        self._heard = Traffic(0, 0)
        self._moved = 0
        self._farewells: set[Task[None]] = set()
        self._move = asyncio.Event()
        self._off = asyncio.Event()
        self._off.set()

    def view(self) -> ConnectionView:
        """What is to be seen of it now."""
        return ConnectionView(
            switch=self.peer,
            since=self._since,
            stage=self.stage,
            target=self._controller.target if self._controller else None,
            version=self._controller.version or None if self._controller else None,
            dpid=self._switch.dpid,
            from_switch=_and(Traffic(0, 0), self._switch.leg),
            from_controllers=_and(self._heard, self._leg),
            moved=self._moved,
        )

    def drop(self) -> None:
        """End the switch's connection now."""
        self.stage = Stage.CLOSING
        self._switch.leg.abort()

    async def leave(self) -> None:
        """Return when no controller but the one that is wanted has a say."""
        if self._controller and self._controller.target != self._wanted():
            self._move.set()
            await self._off.wait()

    async def run(self) -> str:
        """Relay until a side ends it, or it has to be ended; why, in words."""
        tally = self._ledger.tally
        try:
            return await self._serve()
        except ControllerAway as error:
            tally.away += 1
            target = self._controller.target if self._controller else self._wanted()
            if target is not None:
                is_barred = isinstance(error, ControllerBarred)
                self._ledger.trouble = Trouble(target, str(error), self._ledger.clock(), is_barred)
            return str(error)
        except ProxyError as error:
            tally.not_openflow += 1
            return str(error)
        except OSError as error:
            tally.ended += 1
            return f"the connection broke: {error}"
        finally:
            self.stage = Stage.CLOSING
            await asyncio.gather(self._switch.leg.finish(self._patience.draining), *self._farewells)

    async def _serve(self) -> str:
        unheard = await self._switch.greet(self._patience.greeting)
        if self.peer in self._ledger.own:
            raise ControllerAway("what is meant to be a controller is this proxy")
        last: Controller | None = None
        settled = False
        while (target := self._wanted()) is not None:
            self._move.clear()
            if last and not settled:
                if not await self._switch.settle(last, self._patience.settling):
                    break
                settled = True
            controller = self._controller = Controller(target, self._switch.hello)
            self.stage = Stage.MOVING if last else Stage.DIALLING
            leg = await self._unless_moved(self._dial(controller))
            if leg is None:
                continue
            try:
                if last is None:
                    await leg.send(unheard)
                else:
                    fits = await self._unless_moved(self._take_over(controller, leg, last))
                    if fits is None:
                        continue
                    if not fits:
                        break
                if await self._relay(controller, leg) is _Outcome.ENDED:
                    self._ledger.tally.ended += 1
                    return "a side closed its connection"
            finally:
                self._let_go(leg)
            last, settled = controller, False
        self._ledger.tally.reset += 1
        return "another controller is meant: the switch is to connect anew"

    async def _unless_moved(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What it comes to; None if another controller was meant before it came to anything."""
        task, move = asyncio.ensure_future(work), asyncio.ensure_future(self._move.wait())
        try:
            await asyncio.wait({task, move}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for one in (task, move):
                one.cancel()
            await asyncio.gather(task, move, return_exceptions=True)

    async def _dial(self, controller: Controller) -> Leg:
        self._leg = leg = await controller.dial(self._objections(controller.target), self._patience.dialling)
        self._ledger.own.add(leg.own)
        return leg

    async def _take_over(self, controller: Controller, leg: Leg, last: Controller) -> bool:
        """Whether the controller has a switch that has said hello to it, and the switch one that it knows."""
        more = await controller.introduce(leg, self._patience.greeting)
        if controller.version != last.version:
            return False
        self._moved += 1
        self._ledger.tally.moved += 1
        if more and controller.target == self._wanted():
            await self._switch.leg.send(more)
        return True

    async def _relay(self, controller: Controller, leg: Leg) -> _Outcome:
        """Until a side ends it, or another controller is meant."""
        # Nothing is awaited between this and the first message.
        if controller.target != self._wanted():
            return _Outcome.MOVED
        self._off.clear()
        self.stage = Stage.RELAYING
        self._ledger.trouble = None
        pumps = {
            asyncio.ensure_future(_pump(self._switch.leg, leg)),
            asyncio.ensure_future(_pump(leg, self._switch.leg)),
        }
        move = asyncio.ensure_future(self._move.wait())
        try:
            await asyncio.wait({*pumps, move}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*pumps, move):
                task.cancel()
            results = await asyncio.gather(*pumps, return_exceptions=True)
            self._off.set()
        for result in results:
            if isinstance(result, Exception):
                raise result
        return _Outcome.ENDED if None in results else _Outcome.MOVED

    def _let_go(self, leg: Leg) -> None:
        """End the controller's connection, in its own time."""
        self._heard, self._leg = _and(self._heard, leg), None
        self._ledger.own.discard(leg.own)
        farewell = asyncio.ensure_future(leg.finish(self._patience.draining))
        self._farewells.add(farewell)
        farewell.add_done_callback(self._farewells.discard)


async def _pump(source: Leg, sink: Leg) -> None:
    """Relay until the source has said its last."""
    while messages := await source.receive():
        await sink.send(messages)


def _and(traffic: Traffic, leg: Leg | None) -> Traffic:
    if leg is None:
        return traffic
    return Traffic(traffic.messages + leg.said.messages, traffic.octets + leg.said.octets)
