"""Objects that another database left, taken over as they stand: what is the same on every platform.

What they steer is read back; a part that is to have them is placed where they are, and its placement keeps
the fingerprint they had. Whoever reads the device for that part takes them for ours, and the plan gives them
our fingerprint, which no packet meets.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from netconfig.carried import RouterPart
from netconfig.cli.access import AccessList
from netconfig.cli.fingerprint import Owner, fingerprint, read_fingerprint
from netconfig.cli.permits import PermitLine, PermitPlace
from netconfig.cli.recall import recalled
from netconfig.cli.wish import Memory
from netconfig.driver import ADOPTED, Placement
from netconfig.errors import Unreadable
from netconfig.intent import AccessPermit, PolicyRoute, RouterIntent, Steering


class Owned(Protocol):
    """A list with a fingerprint, or without; a frozen value."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def owner(self) -> Owner | None: ...
    @property
    def header(self) -> str: ...


OwnedList = TypeVar("OwnedList", bound=Owned)
Found = TypeVar("Found")


def former_owner(placement: Placement) -> Owner | None:
    """The fingerprint that a part's objects had when they were adopted."""
    kept = placement.get(ADOPTED)
    return read_fingerprint(kept) if isinstance(kept, str) else None


def former_owners(parts: Iterable[RouterPart]) -> frozenset[Owner]:
    """Those fingerprints of all these parts."""
    return frozenset(owner for part in parts if (owner := former_owner(part.placement)))


def as_ours(lists: Mapping[str, OwnedList], former: frozenset[Owner], database: str) -> dict[str, OwnedList]:
    """The lists as if those with these fingerprints had this database's already."""
    return {
        name: replace(held, owner=(held.owner[0], database)) if held.owner in former and held.owner else held
        for name, held in lists.items()
    }


def keep_adopted(
    there: Iterable[Owner | None], parts: Iterable[RouterPart], placements: Mapping[int, Placement]
) -> dict[int, Placement]:
    """The placements, with the former fingerprint for as long as something on the device has it."""
    owners = frozenset(there) - {None}
    kept = {
        part.part_id: {ADOPTED: part.placement[ADOPTED]}
        for part in parts
        if part.part_id in placements and former_owner(part.placement) in owners
    }
    return {part_id: {**placement, **kept.get(part_id, {})} for part_id, placement in placements.items()}


class Adoption(ABC, Generic[Found]):
    """What a device carries under one number with one database's fingerprint; empty where that is gone.

    A platform says which objects these are, what each steers, and where it stands.
    """

    def __init__(self, device: str, number: int, database: str, *, into: str) -> None:
        self._device = device
        self._number = number
        self._database = database
        self._into = into

    @abstractmethod
    def _objects(self) -> list[Found]:
        """All of them, in order.

        Raises:
            Unreadable: they do not belong together as we write them.
        """

    @abstractmethod
    def _steering(self, found: Found) -> Steering:
        """What one steers.

        Raises:
            Unreadable: it is not exactly as we write them.
        """

    @abstractmethod
    def _list_of(self, found: Found) -> Owned:
        """The list that has its fingerprint and says what it is for."""

    @abstractmethod
    def _place(self, found: Found) -> Placement:
        """Where it stands."""

    @abstractmethod
    def _permits(self, intent: AccessPermit) -> tuple[AccessList | None, Sequence[str]]:
        """The list of the site's that permits may stand in, and how they would be written there."""

    def steerings(self) -> tuple[Steering, ...]:
        """What its objects steer, in their order.

        Raises:
            Unreadable: an object is not exactly as we write them.
        """
        return tuple(map(self._steering, self._objects()))

    def placements(self, intents: Sequence[RouterIntent]) -> tuple[Placement, ...]:
        """Where each of these intents stands already; empty for one that does not.

        A permit is taken for ours where it stands once and in the numbers that the site leaves to us.

        Raises:
            Unreadable: an object is none of these intents.
        """
        objects = self._objects()
        placed: list[Placement] = []
        for intent in intents:
            if isinstance(intent, AccessPermit):
                placed.append(self._place_permits(intent))
                continue
            found = next((one for one in objects if self._is(intent, one)), None)
            placed.append({} if found is None else self._place_adopted(found))
            if found is not None:
                objects.remove(found)
        if objects:
            raise self._unreadable(
                f"{self._list_of(objects[0]).header} steers what no part of the ticket does"
            )
        return tuple(placed)

    def _is(self, intent: PolicyRoute, found: Found) -> bool:
        steering = self._steering(found)
        return steering.is_of(intent) and steering.flows == intent.flows

    def _check_owner(self, held: Owned) -> None:
        if held.owner not in {None, (self._number, self._database)}:
            raise self._unreadable(f"{held.header} carries another fingerprint than the rest of it")

    def _place_adopted(self, found: Found) -> Placement:
        placed = dict(self._place(found))
        if self._list_of(found).owner and self._database != self._into:
            placed[ADOPTED] = fingerprint(self._number, self._database)
        return placed

    def _place_permits(self, intent: AccessPermit) -> Placement:
        held, texts = self._permits(intent)
        if held is None:
            return {}
        memory = Memory(0, self._number, intent.sequences)
        rules = [rule for text in dict.fromkeys(texts) if (rule := recalled(held, text, memory))]
        lines = [PermitLine(text=rule.text, sequence=rule.sequence, existed=False) for rule in rules]
        return dict(PermitPlace(acl=held.name, lines=lines)) if lines else {}

    def _unreadable(self, words: str) -> Unreadable:
        return Unreadable(self._device, words)
