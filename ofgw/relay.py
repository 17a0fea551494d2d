"""The controller proxy as a back end."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from netconfig.controllers import ControllerPolicy
from netconfig.gateway import ControllerProxy as Controller
from netconfig.slicestate import Item, ItemIntent
from ofgw.backend import Found
from ofgw.errors import BadSettings
from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.errors import ProxyError
from ofgw.proxy.server import ControllerProxy
from ofgw.proxy.snapshot import ProxyView
from ofgw.proxy.thread import ProxyThread


class Relay:
    """A controller proxy while the `with` block lasts; see `backend.BackEnd` for the rest."""

    def __init__(
        self,
        listen: Sequence[Endpoint],
        default: Endpoint | None,
        *,
        clock: Callable[[], datetime],
        policy: ControllerPolicy | None = None,
    ) -> None:
        """`policy` says where a slice's controller may be; the default one may be anywhere."""
        policy = policy or ControllerPolicy()
        self._proxy = ProxyThread(ControllerProxy(listen, default, clock=clock, objection=policy.objection))
        self._reservation = 0

    def __enter__(self) -> Self:
        """Listen for switches.

        Raises:
            BadSettings: an address cannot be had.
        """
        try:
            self._proxy.start()
        except ProxyError as error:
            raise BadSettings(f"switches: {error}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._proxy.close()

    @property
    def item(self) -> Item:
        """Which thing."""
        return Item.CONTROLLER

    def check(self, intent: ItemIntent) -> None:
        """Any controller that is where one may be, and not the proxy itself.

        A name that has no address now, or one that changes, is judged again whenever it is connected to.
        """
        assert isinstance(intent, Controller)  # noqa: S101 - the keeper gives each its own thing
        target = Endpoint(intent.host, intent.port)
        if target in self.view().listening:
            raise ValueError(f"{intent} is where the switches connect; it would be relayed to itself")
        if words := self._proxy.barred(target):
            raise ValueError(words)

    def read(self) -> Found | None:
        """What was set last."""
        there = self.view().controller
        return None if there is None else Found(Controller(there.host, there.port), self._reservation)

    def carry(self, wanted: Found) -> None:
        """Relay the switches to it."""
        assert isinstance(wanted.intent, Controller)  # noqa: S101 - the keeper gives each its own thing
        self._reservation = wanted.reservation
        self._proxy.set_controller(Endpoint(wanted.intent.host, wanted.intent.port))

    def clear(self) -> None:
        """Relay them to the default controller, or refuse them."""
        self._proxy.set_controller(None)

    def view(self) -> ProxyView:
        """What is to be seen now."""
        return self._proxy.snapshot()

    def switches(self) -> Sequence[int]:
        """Datapath ids of those that are connected."""
        return self.view().dpids
