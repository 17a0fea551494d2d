"""A slice on an OpenFlow gateway, whole: what a gateway is told of it, and what it answers. Pure values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from netconfig.gateway import ControllerProxy, UserAccess, VlanMap

LAST_RESERVATION = 2**31 - 1
_STATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
_DATABASE = re.compile(r"[A-Za-z0-9-]{0,64}", re.ASCII)


class BadWord(ValueError):
    """A word of the wire does not fit.

    Attributes:
        field: which one, as it is called there.
    """

    def __init__(self, field: str, words: str) -> None:
        super().__init__(f"{field}: {words}")
        self.field = field


class Item(StrEnum):
    """One of the things that a gateway carries for a slice, by its name on the wire."""

    CONTROLLER = "controller"
    VLANS = "vlans"
    GROUP = "group"


ItemIntent = ControllerProxy | VlanMap | UserAccess


def item_of(intent: ItemIntent) -> Item:
    """Which of the things it is."""
    match intent:
        case ControllerProxy():
            return Item.CONTROLLER
        case VlanMap():
            return Item.VLANS
        case UserAccess():
            return Item.GROUP


@dataclass(frozen=True, slots=True)
class SliceKey:
    """Whose slice it is: a manager's station, its database and the reservation there.

    Raises:
        BadWord: one of them cannot be.
    """

    station: str
    database: str
    reservation: int

    def __post_init__(self) -> None:
        if self.station and not _STATION.fullmatch(self.station):
            raise BadWord("station", f"letters, digits, . _ and -, at most 63, not {self.station[:80]!r}")
        if not _DATABASE.fullmatch(self.database):
            raise BadWord("database", f"a UUID, not {self.database[:80]!r}")
        if not 0 <= self.reservation <= LAST_RESERVATION:
            raise BadWord("reservation", f"a number up to {LAST_RESERVATION}, not {self.reservation}")

    def is_of(self, station: str, database: str) -> bool:
        """Whether it is that manager's."""
        return (self.station, self.database) == (station, database)

    def __str__(self) -> str:
        if self == LEGACY:
            return "a slice that was set without a reservation"
        return (
            f"reservation {self.reservation} of station {self.station}, database {self.database or 'unknown'}"
        )


LEGACY = SliceKey("", "", 0)
"""Of what was set by the calls that name no reservation."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The things a gateway carries, or shall carry; None for each it does not."""

    controller: ControllerProxy | None = None
    vlans: VlanMap | None = None
    group: UserAccess | None = None

    @classmethod
    def of(cls, intents: Iterable[ItemIntent]) -> Self:
        """These; of several of a kind the last."""
        return cls(**{item_of(intent).value: intent for intent in intents})  # type: ignore[arg-type]

    def get(self, item: Item) -> ItemIntent | None:
        """The thing of that name."""
        match item:
            case Item.CONTROLLER:
                return self.controller
            case Item.VLANS:
                return self.vlans
            case Item.GROUP:
                return self.group

    def having(self, item: Item, intent: ItemIntent | None) -> Self:
        """The same with that one thing in its place, or without it."""
        others = [one for other in Item if other is not item and (one := self.get(other))]
        return self.of(others if intent is None else [*others, intent])

    def __bool__(self) -> bool:
        return any(self.get(item) for item in Item)


@dataclass(frozen=True, slots=True)
class SliceState:
    """A slice and all that a gateway carries for it.

    Attributes:
        until: when the gateway ends it by itself, aware; None never.
    """

    key: SliceKey
    until: datetime | None
    carried: Carried

    def is_over(self, now: datetime) -> bool:
        """Whether its slot has passed."""
        return self.until is not None and self.until <= now


@dataclass(frozen=True, slots=True)
class Order:
    """All that a manager wants of a gateway.

    Attributes:
        station, database: who wants it.
        wanted: None for nothing at all.
        instead_of: somebody else's slice that may be taken off for it.
    """

    station: str
    database: str
    wanted: SliceState | None
    instead_of: SliceKey | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A slice as it is read to be on a gateway.

    Attributes:
        is_wanted: False while it is being taken off.
    """

    state: SliceState
    is_wanted: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What a gateway says it has.

    Attributes:
        at: by its own clock.
        held: what was read to be there, under the slice it is there for: the wanted one, and one before it
            that is not off yet.
        troubles: what could not be done or read, by the thing concerned.
        hindered: why something that is there has no effect, by the thing concerned.
        ended: the last slice that it ended by itself, in words; empty if none.
    """

    at: datetime
    held: tuple[Held, ...] = ()
    troubles: Mapping[str, str] = field(default_factory=dict)
    ended: str = ""
    agent: str = ""
    hindered: Mapping[str, str] = field(default_factory=dict)
