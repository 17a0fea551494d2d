"""Rules that another database left, read back exactly and taken over as they stand."""

from collections.abc import Sequence

from netconfig.driver import ADOPTED, Placement
from netconfig.drivers.linux_nft.managed import Mark, Permit, Route, Rule
from netconfig.drivers.linux_nft.names import Names
from netconfig.drivers.linux_nft.reading import Reading
from netconfig.drivers.linux_nft.render import PermitPlace, RoutePlace
from netconfig.drivers.linux_nft.ruleset import Held
from netconfig.errors import Unreadable
from netconfig.intent import AccessPermit, Intent, PolicyRoute, Steering


class Adoption:
    """What a router carries under one number with one database's fingerprint; empty where that is gone."""

    def __init__(self, device: str, names: Names, actual: Reading, number: int, database: str) -> None:
        self._device = device
        self._names = names
        self._actual = actual
        self._number = number
        self._database = database

    def steerings(self) -> tuple[Steering, ...]:
        """What its rules steer, by the order of its parts.

        Raises:
            Unreadable: a rule, or the way its packets take, is not exactly as we write it.
        """
        return tuple(self._steering(marks) for marks in self._parts().values())

    def placements(self, intents: Sequence[Intent]) -> tuple[Placement, ...]:
        """Where each of these intents stands already; empty for one that does not.

        Raises:
            Unreadable: a rule is of none of these intents.
        """
        parts = self._parts()
        placed: list[Placement] = []
        for intent in intents:
            if isinstance(intent, AccessPermit):
                there = {one.permit for one in self._actual.ruleset.admitted}
                wanted = {Permit(intent.access_list, flow) for flow in intent.flows}
                placed.append(dict(PermitPlace(chain=intent.access_list)) if wanted & there else {})
                continue
            name = next((name for name, marks in parts.items() if self._is(intent, marks)), None)
            placed.append({} if name is None else self._placement(name, parts.pop(name)))
        for name in parts:
            raise self._unreadable(f"counter {name} counts what no part of the ticket steers")
        return tuple(placed)

    def _parts(self) -> dict[str, list[Mark]]:
        found: dict[str, list[Mark]] = {}
        for held in self._actual.ruleset.held:
            if held.label is not None and held.label.reservation == self._number:
                found.setdefault(held.label.base, []).append(self._mark(held))
        return {name: sorted(marks, key=lambda mark: mark.label) for name, marks in sorted(found.items())}

    def _mark(self, held: Held) -> Mark:
        if held.database not in {"", self._database}:
            raise self._unreadable(f"rule {held.label} carries another fingerprint than the rest of it")
        if held.mark is None:
            raise self._unreadable(f"rule {held.label} is not as we write them")
        return held.mark

    def _steering(self, marks: Sequence[Mark]) -> Steering:
        interfaces, lanes = {mark.interface for mark in marks}, {mark.lane for mark in marks}
        if len(interfaces) > 1 or len(lanes) > 1:
            raise self._unreadable(f"rules of counter {marks[0].label.base} lead to several places")
        route = self._way(marks[0])
        if route is None:
            raise self._unreadable(f"what the mark of {marks[0].label} leads to is not as we make it")
        return Steering(
            interfaces=tuple(interfaces), next_hop=route.next_hop, flows=tuple(mark.flow for mark in marks)
        )

    def _way(self, mark: Mark) -> Route | None:
        family = mark.flow.family
        routes = self._actual.routes_of(family, mark.lane)
        is_led = Rule(family, mark.lane) in self._actual.managed.rules
        return routes[0] if is_led and len(routes) == 1 else None

    def _is(self, intent: Intent, marks: Sequence[Mark]) -> bool:
        steering = self._steering(marks)
        return isinstance(intent, PolicyRoute) and steering.is_of(intent) and steering.flows == intent.flows

    def _placement(self, name: str, marks: Sequence[Mark]) -> Placement:
        placement: dict[str, object] = dict(RoutePlace(counter=name, lane=marks[0].lane))
        owners = {mark.database for mark in marks}
        if owners != {""} and self._database != self._names.ownership.database:
            placement[ADOPTED] = f"{self._number} {self._database}"
        return placement

    def _unreadable(self, words: str) -> Unreadable:
        return Unreadable(self._device, words)
