"""Who waits in the lobby, for what, and who has to go where bodies crowd."""

import enum
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Protocol, TypeVar

from pathservice.listener.channel import Channel
from pathservice.listener.model import Limits


class Stage(enum.Enum):
    """What a visitor is waiting for."""

    HANDSHAKE = "handshake"
    HEAD = "head"
    BODY = "body"
    IDLE = "idle"
    LINGER = "linger"


class Visitor(Hashable, Protocol):
    """A connection, as far as the lobby cares."""

    @property
    def channel(self) -> Channel:
        """Its bytes."""

    @property
    def owner(self) -> str:
        """Whose it is."""

    @property
    def held(self) -> int:
        """How many bytes of its body have arrived."""

    def collect(self) -> bool:
        """Put what has arrived to the body; whether that is whole now. Raises Refused."""

    def close(self) -> None:
        """Let go of it."""


Guest = TypeVar("Guest", bound=Visitor)


def find_greediest(bodies: Sequence[Guest], limits: Limits) -> Guest | None:
    """Answer who has to go where there are too many bodies, or bytes of them; None if there are not.

    That is the first of `bodies` that belongs to whoever has most, so that one client's many, or its
    large ones, cost others none.
    """
    if len(bodies) > limits.bodies:
        weights = dict.fromkeys(bodies, 1)
    else:
        weights = {visitor: visitor.held for visitor in bodies}
        if sum(weights.values()) <= limits.bodies_bytes:
            return None
    shares: Counter[str] = Counter()
    for visitor, weight in weights.items():
        shares[visitor.owner] += weight
    [(greediest, _)] = shares.most_common(1)
    return next(visitor for visitor in bodies if visitor.owner == greediest)
