"""The controller proxy as a back end."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
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
from ofgw.proxy.snapshot import ProxyView, Trouble
from ofgw.proxy.thread import ProxyThread

TROUBLE_LASTS = timedelta(minutes=1)
"""For so long it is told that a controller is where none may be; switches try again within seconds."""


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
        self._clock = clock
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
        """What was set last, and whether it turned out to be where none may be."""
        view = self.view()
        if (there := view.controller) is None:
            return None
        trouble, words = view.trouble, ""
        if trouble and trouble.is_barred and trouble.target == there and not self._is_old(trouble):
            words = trouble.words
        return Found(Controller(there.host, there.port), self._reservation, words)

    def _is_old(self, trouble: Trouble) -> bool:
        return self._clock() - trouble.at > TROUBLE_LASTS

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
