"""Which parts a driver takes: a router carries other intents than an OpenFlow gateway."""

from collections.abc import Iterable
from types import UnionType
from typing import TypeGuard

from netconfig.driver import PartIntent
from netconfig.errors import Rejected
from netconfig.intent import GatewayIntent, RouterIntent

RouterPart = PartIntent[RouterIntent]
GatewayPart = PartIntent[GatewayIntent]


def is_router_part(part: PartIntent) -> TypeGuard[RouterPart]:
    """Whether it is what a router carries."""
    return isinstance(part.intent, RouterIntent)


def is_gateway_part(part: PartIntent) -> TypeGuard[GatewayPart]:
    """Whether it is what an OpenFlow gateway carries."""
    return isinstance(part.intent, GatewayIntent)


def require_intents(device: str, parts: Iterable[PartIntent], carried: type | UnionType) -> None:
    """Return if each wanted part's intent is of a kind the device carries.

    Doors ask for capabilities before they book: this is for a database that says otherwise.

    Raises:
        Rejected: one is not; the ids of those are in the error.
    """
    others = [part for part in parts if part.wanted and not isinstance(part.intent, carried)]
    if others:
        kind = others[0].intent.kind
        ids = frozenset(part.part_id for part in others)
        raise Rejected(device, f"this device carries no {kind}", line=kind, parts=ids)
