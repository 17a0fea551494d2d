"""Terms that another database left, read back exactly and taken over as they stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from netconfig.driver import ADOPTED, Placement
from netconfig.drivers.juniper_junos.names import Names
from netconfig.drivers.juniper_junos.reading import Reading, bindings, filters
from netconfig.drivers.juniper_junos.render import RoutePlace, instance_for
from netconfig.drivers.juniper_junos.terms import instance_of, read_fingerprint, read_flow
from netconfig.drivers.juniper_junos.tree import Element, are_equal
from netconfig.errors import Unreadable
from netconfig.intent import FlowMatch, Intent, IpAddress, PolicyRoute, Steering, parse_address


@dataclass(frozen=True, slots=True)
class _Part:
    """The terms of one part."""

    base: str
    family: int
    filter: str
    terms: tuple[Element, ...]


class Adoption:
    """What a router carries under one number with one database's fingerprint; empty where that is gone."""

    def __init__(self, device: str, names: Names, actual: Reading, number: int, database: str) -> None:
        self._device = device
        self._names = names
        self._group = actual.group
        self._number = number
        self._database = database

    def steerings(self) -> tuple[Steering, ...]:
        """What its terms steer, in their order.

        Raises:
            Unreadable: a term, or what it leads to, is not exactly as we write it.
        """
        return tuple(self._steering(part) for part in self._parts())

    def placements(self, intents: Sequence[Intent]) -> tuple[Placement, ...]:
        """Where each of these intents stands already; empty for one that does not.

        Raises:
            Unreadable: a term is of none of these intents.
        """
        parts = self._parts()
        placed: list[Placement] = []
        for intent in intents:
            found = next((part for part in parts if self._is(intent, part)), None)
            placed.append({} if found is None else self._placement(found))
            if found is not None:
                parts.remove(found)
        if parts:
            raise self._unreadable(f"term {parts[0].base}-1 steers what no part of the ticket does")
        return tuple(placed)

    def _parts(self) -> list[_Part]:
        found: dict[tuple[str, int, str], list[Element]] = {}
        for family, held in filters(self._group):
            for term in held.iterchildren("term"):
                title = term.findtext("name") or ""
                if self._names.reservation_of(title) != self._number:
                    continue
                if read_fingerprint(term) not in {None, (self._number, self._database)}:
                    raise self._unreadable(f"term {title} carries another fingerprint than the rest of it")
                key = (self._names.base_of(title) or "", family, held.findtext("name") or "")
                found.setdefault(key, []).append(term)
        return [_Part(*key, terms=tuple(terms)) for key, terms in found.items()]

    def _steering(self, part: _Part) -> Steering:
        on = tuple(
            interface
            for interface, family, name in bindings(self._group)
            if (name.text, family) == (part.filter, part.family)
        )
        if [self._names.filter(interface, part.family) for interface in on] != [part.filter]:
            raise self._unreadable(
                f"filter {part.filter} is not on the interface it is named for, and there alone"
            )
        flows = tuple(self._flow(part, number, term) for number, term in enumerate(part.terms, 1))
        return Steering(interfaces=on, next_hop=self._next_hop(part), flows=flows)

    def _flow(self, part: _Part, number: int, term: Element) -> FlowMatch:
        flow = read_flow(term, part.family)
        if flow is None or term.findtext("name") != f"{part.base}-{number}":
            raise self._unreadable(f"term {term.findtext('name')} is not as we write them")
        return flow

    def _next_hop(self, part: _Part) -> IpAddress:
        (*others, name) = {instance_of(term) for term in part.terms}
        if not others and name:
            for instance in self._group.iterfind("routing-instances/instance"):
                address = parse_address(instance.findtext(".//next-hop") or "")
                if instance.findtext("name") != name or address is None or address.version != part.family:
                    continue
                if are_equal(instance, instance_for(address, self._names)):
                    return address
        raise self._unreadable(f"what the terms of {part.base} lead to is not as we write it")

    def _is(self, intent: Intent, part: _Part) -> bool:
        steering = self._steering(part)
        return isinstance(intent, PolicyRoute) and steering.is_of(intent) and steering.flows == intent.flows

    def _placement(self, part: _Part) -> Placement:
        placement: dict[str, object] = dict(RoutePlace(term=part.base))
        owners = {read_fingerprint(term) for term in part.terms}
        if owners != {None} and self._database != self._names.ownership.database:
            placement[ADOPTED] = f"{self._number} {self._database}"
        return placement

    def _unreadable(self, words: str) -> Unreadable:
        return Unreadable(self._device, words)
