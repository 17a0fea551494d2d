"""What is to be seen of the proxy at one moment."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ofgw.proxy.endpoint import Endpoint


class Stage(StrEnum):
    """How far a switch's connection is."""

    GREETING = "greeting"
    """The switch has not said hello yet."""
    DIALLING = "dialling"
    """A controller is being connected to."""
    RELAYING = "relaying"
    MOVING = "moving"
    """It is taken from one controller to another."""
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Whole OpenFlow messages, and their bytes."""

    messages: int
    octets: int


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One switch's connection.

    Attributes:
        switch: where it connects from.
        since: when it did.
        target: the controller that it is relayed to; None where it is to none.
        version: of OpenFlow, as on the wire (4 is OpenFlow 1.3); None until both sides have said hello.
        dpid: which switch it is; None until it has told a controller.
        from_switch, from_controllers: since the connection was made.
        moved: how often it was taken to another controller.
    """

    switch: Endpoint
    since: datetime
    stage: Stage
    target: Endpoint | None
    version: int | None
    dpid: int | None
    from_switch: Traffic
    from_controllers: Traffic
    moved: int


@dataclass(slots=True)
class Tally:
    """What has happened since the proxy was made.

    Attributes:
        accepted: connections of switches.
        refused: closed at once because there is no controller for them.
        over_limit: closed because there are too many.
        away: closed because their controller could not be reached.
        not_openflow: closed because of what a side said, or did not say in time.
        moved: taken from one controller to another with their connection kept.
        reset: closed when the controller changed, so that the switch connects anew.
        ended: closed by the switch or its controller.
    """

    accepted: int = 0
    refused: int = 0
    over_limit: int = 0
    away: int = 0
    not_openflow: int = 0
    moved: int = 0
    reset: int = 0
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a controller could not be used the last time it was tried.

    Attributes:
        is_barred: it is where none may be; else it was only not to be reached.
    """

    target: Endpoint
    words: str
    at: datetime
    is_barred: bool = False


@dataclass(frozen=True, slots=True)
class ProxyView:
    """The proxy.

    Attributes:
        listening: addresses that switches connect to.
        controller: what `set_controller` said; None where the default is meant.
        default: the controller where none is set; None where switches are then refused.
        trouble: None once a controller has been reached again.
    """

    listening: tuple[Endpoint, ...]
    controller: Endpoint | None
    default: Endpoint | None
    connections: tuple[ConnectionView, ...]
    tally: Tally = field(default_factory=Tally)
    trouble: Trouble | None = None

    @property
    def dpids(self) -> tuple[int, ...]:
        """The switches that are connected and have said which they are, in order."""
        return tuple(sorted({view.dpid for view in self.connections if view.dpid is not None}))
