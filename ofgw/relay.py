"""The controller proxy as a back end: an event loop in a thread of its own, and a switch's word for it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from netconfig.gateway import ControllerProxy as Controller
from netconfig.slicestate import Item, ItemIntent
from ofgw.backend import Found
from ofgw.errors import BackEndFailed, BadSettings
from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.errors import ProxyError
from ofgw.proxy.server import ControllerProxy
from ofgw.proxy.snapshot import ProxyView

PATIENCE = 10.0
"""Seconds in which the proxy takes a controller; it waits for no network to do so."""

Result = TypeVar("Result")


class Relay:
    """A controller proxy while the `with` block lasts; see `backend.BackEnd` for the rest."""

    def __init__(
        self, listen: Sequence[Endpoint], default: Endpoint | None, *, clock: Callable[[], datetime]
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._proxy = ControllerProxy(listen, default, clock=clock)
        self._reservation = 0

    def __enter__(self) -> Self:
        """Listen for switches.

        Raises:
            BadSettings: an address cannot be had.
        """
        self._thread.start()
        try:
            self._run(self._proxy.start())
        except ProxyError as error:
            self._end()
            raise BadSettings(f"switches: {error}") from error
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._run(self._proxy.close())
        finally:
            self._end()

    @property
    def item(self) -> Item:
        """Which thing."""
        return Item.CONTROLLER

    def check(self, intent: ItemIntent) -> None:
        """Any controller but the proxy itself."""
        listening = self.view().listening
        if isinstance(intent, Controller) and Endpoint(intent.host, intent.port) in listening:
            raise ValueError(f"{intent} is where the switches connect; it would be relayed to itself")

    def read(self) -> Found | None:
        """What was set last."""
        there = self.view().controller
        return None if there is None else Found(Controller(there.host, there.port), self._reservation)

    def carry(self, wanted: Found) -> None:
        """Relay the switches to it."""
        assert isinstance(wanted.intent, Controller)  # noqa: S101 - the keeper gives each its own thing
        self._set(Endpoint(wanted.intent.host, wanted.intent.port))
        self._reservation = wanted.reservation

    def clear(self) -> None:
        """Relay them to the default controller, or refuse them."""
        self._set(None)

    def view(self) -> ProxyView:
        """What is to be seen now."""
        return self._run(self._look())

    def switches(self) -> Sequence[int]:
        """Datapath ids of those that are connected."""
        return self.view().dpids

    async def _look(self) -> ProxyView:
        return self._proxy.snapshot()

    def _set(self, target: Endpoint | None) -> None:
        try:
            self._run(self._proxy.set_controller(target))
        except TimeoutError as error:
            raise BackEndFailed("the controller proxy does not answer") from error

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=PATIENCE)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=PATIENCE)
        self._loop.close()
