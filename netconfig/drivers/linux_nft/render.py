"""What a router should carry for the parts that are wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, cast

from netconfig.carried import RouterPart
from netconfig.driver import ADOPTED, Config, Placement
from netconfig.drivers.linux_nft.managed import Managed, Mark, Permit, Route, Rule
from netconfig.drivers.linux_nft.names import Label, Names, read_base
from netconfig.intent import AccessPermit, PolicyRoute


class RoutePlace(TypedDict):
    """Placement of a PolicyRoute: the name of the part's counter, and the lane of its packets."""

    counter: str
    lane: int


class PermitPlace(TypedDict):
    """Placement of an AccessPermit: the chain."""

    chain: str


@dataclass(frozen=True, slots=True)
class Steered:
    """A PolicyRoute as it stands on a router."""

    part: RouterPart
    base: str
    route: Route
    marks: tuple[Mark, ...]

    @property
    def rule(self) -> Rule:
        """What leads its packets to its route."""
        return Rule(self.route.family, self.route.lane)


@dataclass(frozen=True, slots=True)
class Admitting:
    """An AccessPermit as it stands in a chain of the site's, at a position among the site's rules."""

    part: RouterPart
    permits: tuple[Permit, ...]
    first: int


@dataclass(frozen=True, slots=True)
class Wish(Config):
    """What a router should have.

    Attributes:
        steered, leaving: the policy routes that are wanted, and those that are to go.
        admitting, closing: the permits likewise.
        adopted: reservation and database of fingerprints that some parts' rules had before.
    """

    steered: Sequence[Steered] = ()
    leaving: Sequence[Steered] = ()
    admitting: Sequence[Admitting] = ()
    closing: Sequence[Admitting] = ()
    adopted: frozenset[tuple[int, str]] = frozenset()


def route_place(placement: Placement) -> RoutePlace | None:
    """Where a PolicyRoute was put, or None before that."""
    return cast("RoutePlace", placement) if "counter" in placement else None


def former_owner(placement: Placement) -> tuple[int, str] | None:
    """Reservation and database of the fingerprint that a part's rules had when they were adopted."""
    kept = placement.get(ADOPTED)
    if not isinstance(kept, str):
        return None
    number, _, database = kept.partition(" ")
    return int(number), database


def render(parts: Sequence[RouterPart], names: Names) -> Wish:
    """What the router shall carry for the wanted of these parts, all placed."""
    placed = [part for part in sorted(parts, key=lambda part: part.part_id) if part.placement]
    steered = [one for part in placed if (one := _steered(part, names))]
    admitting = list(filter(None, map(_admitting, placed)))
    wanted = [one for one in steered if one.part.wanted]
    permits = [one for one in admitting if one.part.wanted]
    managed = Managed(
        marks=tuple(mark for one in wanted for mark in one.marks),
        routes=tuple(dict.fromkeys(one.route for one in wanted)),
        rules=frozenset(one.rule for one in wanted),
        permits=tuple(dict.fromkeys(permit for one in permits for permit in one.permits)),
    )
    return Wish(
        text=managed.text(),
        steered=wanted,
        leaving=[one for one in steered if not one.part.wanted],
        admitting=permits,
        closing=[one for one in admitting if not one.part.wanted],
        adopted=frozenset(owner for part in placed if (owner := former_owner(part.placement))),
    )


def _steered(part: RouterPart, names: Names) -> Steered | None:
    intent, place = part.intent, route_place(part.placement)
    if not isinstance(intent, PolicyRoute) or place is None:
        return None
    named = read_base(place["counter"])
    if named is None:
        return None
    marks = tuple(
        Mark(
            Label(named.reservation, named.part, number),
            names.ownership.database,
            intent.interface,
            flow,
            place["lane"],
        )
        for number, flow in enumerate(dict.fromkeys(intent.flows), 1)
    )
    return Steered(part, place["counter"], Route(place["lane"], intent.next_hop), marks)


def _admitting(part: RouterPart) -> Admitting | None:
    if not isinstance(part.intent, AccessPermit):
        return None
    permits = tuple(Permit(part.intent.access_list, flow) for flow in dict.fromkeys(part.intent.flows))
    return Admitting(part, permits, part.intent.sequences.first)


def needing(wanted: Sequence[Admitting]) -> Mapping[Permit, list[Admitting]]:
    """Who needs each permit; tickets of one flow share it."""
    found: dict[Permit, list[Admitting]] = {}
    for one in wanted:
        for permit in one.permits:
            found.setdefault(permit, []).append(one)
    return found
