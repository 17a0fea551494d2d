"""The proxy for a program that has threads and no event loop."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.server import ControllerProxy
from ofgw.proxy.snapshot import ProxyView

T = TypeVar("T")


class ProxyThread:
    """Runs a proxy in an event loop in a thread of its own; every method may be called from any thread.

    A context manager: listening inside.
    """

    def __init__(self, proxy: ControllerProxy) -> None:
        self._proxy = proxy
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="controller-proxy", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Listen.

        Raises:
            CannotListen: see `ControllerProxy.start`; the thread has ended again.
        """
        self._thread.start()
        try:
            self._do(self._proxy.start())
        except BaseException:
            self._stop()
            raise

    def set_controller(self, target: Endpoint | None) -> None:
        """See `ControllerProxy.set_controller`."""
        self._do(self._proxy.set_controller(target))

    def barred(self, target: Endpoint) -> str:
        """See `ControllerProxy.barred`."""
        return self._do(self._proxy.barred(target))

    def snapshot(self) -> ProxyView:
        """See `ControllerProxy.snapshot`."""

        async def look() -> ProxyView:
            return self._proxy.snapshot()

        return self._do(look())

    def close(self) -> None:
        """End the proxy and the thread; once is enough."""
        if self._loop.is_closed():
            return
        self._do(self._proxy.close())
        self._stop()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
