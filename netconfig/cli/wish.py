"""What a router should have, beside its text: for whom, and what is to be forgotten."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from netconfig.carried import RouterPart
from netconfig.driver import Config
from netconfig.intent import SequenceRange


@dataclass(frozen=True, slots=True)
class Memory:
    """Whose a permit was that is long gone, and the numbers under which only ours stand."""

    part: int
    reservation: int
    sequences: SequenceRange


@dataclass(frozen=True, slots=True)
class Wish(Config):
    """What a router should have, as far as every platform says it alike.

    Attributes:
        leaving: ids of the parts that need an object gone, by the first lines of its path.
        members: ids of the parts of each reservation; those that are leaving, if any are.
        reservations: reservation of each part.
        adopted: reservation and database of the fingerprints that some parts' objects had before.
        remembered: permits of parts whose reservations are over, by header and text.
    """

    leaving: Mapping[tuple[str, ...], frozenset[int]] = field(default_factory=dict)
    members: Mapping[int, frozenset[int]] = field(default_factory=dict)
    reservations: Mapping[int, int] = field(default_factory=dict)
    adopted: frozenset[tuple[int, str]] = frozenset()
    remembered: Mapping[tuple[str, str], Memory] = field(default_factory=dict)


def members_of(parts: Iterable[RouterPart]) -> dict[int, frozenset[int]]:
    """Ids of the parts of each reservation; those that are leaving, if any are."""
    wanted: dict[int, set[int]] = defaultdict(set)
    leaving: dict[int, set[int]] = defaultdict(set)
    for part in parts:
        (wanted if part.wanted else leaving)[part.reservation_id].add(part.part_id)
    return {reservation: frozenset(ids) for reservation, ids in {**wanted, **leaving}.items()}
