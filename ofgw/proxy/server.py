"""Where the switches connect, and which controller is meant."""

import asyncio
import contextlib
from asyncio import AbstractServer, StreamReader, StreamWriter, Task
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self

import structlog

from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.errors import CannotListen, ControllerBarred
from ofgw.proxy.leg import Objection, permitted
from ofgw.proxy.session import Ledger, Patience, Session
from ofgw.proxy.snapshot import ProxyView, Stage

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MAXIMUM_CONNECTIONS = 256


def unobjected(_address: str) -> str:
    """For controllers that are the operator's own choice."""
    return ""


class ControllerProxy:
    """Relays switches to the controller that is set, else to the default one, else to none.

    Of all this there is one state, replaced whole: what `set_controller` said last. It is kept nowhere: who
    starts a proxy tells it again. An asynchronous context manager, listening inside, for one event loop.
    """

    def __init__(
        self,
        listen: Sequence[Endpoint],
        default: Endpoint | None,
        *,
        clock: Callable[[], datetime],
        objection: Objection = unobjected,
        maximum: int = MAXIMUM_CONNECTIONS,
        patience: Patience | None = None,
    ) -> None:
        """Nothing is opened yet.

        Args:
            listen: addresses for the switches, at least one.
            default: the controller while none is set; None refuses switches then.
            clock: tells the time, aware.
            objection: why a controller that is set may not be at an address, asked each time before one is
                connected to; the default controller may be anywhere.
            maximum: connections at a time; one more takes the place of one that has not said hello, or is
                closed at once.
            patience: see there.

        Raises:
            ValueError: no address, or no room for a single switch.
        """
        if not listen:
            raise ValueError("listen: at least one address is needed for the switches")
        if maximum < 1:
            raise ValueError(f"maximum: at least one connection, not {maximum}")
        self._listen = tuple(listen)
        self._default = default
        self._controller: Endpoint | None = None
        self._objection = objection
        self._maximum = maximum
        self._patience = patience or Patience()
        self._ledger = Ledger(clock)
        self._servers: list[AbstractServer] = []
        self._listening: tuple[Endpoint, ...] = ()
        self._sessions: dict[Session, Task[None]] = {}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen.

        Raises:
            CannotListen: an address is taken or not this machine's; then none is listened on.
        """
        for endpoint in self._listen:
            try:
                server = await asyncio.start_server(self._accept, endpoint.host, endpoint.port)
            except OSError as error:
                await self.close()
                raise CannotListen(f"switches cannot connect to {endpoint}: {error}") from None
            self._servers.append(server)
            self._listening += tuple(Endpoint.of(sock.getsockname()) for sock in server.sockets)

    async def close(self) -> None:
        """Listen no more, and end every connection after what is on its way."""
        for server in self._servers:
            server.close()
        tasks = list(self._sessions.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        self._listening = ()

    async def set_controller(self, target: Endpoint | None) -> None:
        """Relay to that controller from now on; None is the default one, or none where there is no default.

        On return no other controller has a say any more. The switches are on their way to the new one: taken
        over, or closed to connect anew.
        """
        self._controller = target
        log.info("controller-set", controller=_shown(target), relayed_to=_shown(self._wanted()))
        await asyncio.gather(*(session.leave() for session in tuple(self._sessions)))

    def snapshot(self) -> ProxyView:
        """What is to be seen now."""
        return ProxyView(
            listening=self._listening,
            controller=self._controller,
            default=self._default,
            connections=tuple(session.view() for session in tuple(self._sessions)),
            tally=replace(self._ledger.tally),
            trouble=self._ledger.trouble,
        )

    async def barred(self, target: Endpoint) -> str:
        """Why a controller may not be set, by where it is now; empty if it may, or that cannot be told."""
        try:
            async with asyncio.timeout(self._patience.dialling):
                await permitted(target, self._objection)
        except ControllerBarred as error:
            return str(error)
        except (OSError, UnicodeError):
            # Nobody is connected to before it is looked up again.
            pass
        return ""

    def _objections(self, target: Endpoint) -> Objection:
        return unobjected if target == self._default else self._objection

    def _wanted(self) -> Endpoint | None:
        return self._controller or self._default

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        tally = self._ledger.tally
        tally.accepted += 1
        if self._wanted() is None:
            tally.refused += 1
        elif len(self._sessions) >= self._maximum and not self._make_room():
            tally.over_limit += 1
        else:
            with contextlib.suppress(OSError):
                session = Session(
                    reader,
                    writer,
                    wanted=self._wanted,
                    objections=self._objections,
                    ledger=self._ledger,
                    patience=self._patience,
                )
                self._sessions[session] = asyncio.ensure_future(self._run(session))
                return
        writer.transport.abort()

    def _make_room(self) -> bool:
        """Whether there was one that has not even said hello, which gives way."""
        for session in self._sessions:
            if session.stage is Stage.GREETING:
                session.drop()
                self._ledger.tally.over_limit += 1
                return True
        return False

    async def _run(self, session: Session) -> None:
        try:
            words = await session.run()
            view = session.view()
            log.info("switch-connection-ended", switch=str(session.peer), dpid=view.dpid, why=words)
        except Exception:
            log.exception("switch-connection-failed", switch=str(session.peer))
        finally:
            del self._sessions[session]


def _shown(endpoint: Endpoint | None) -> str | None:
    return None if endpoint is None else str(endpoint)
