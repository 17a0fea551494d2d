"""Where each part goes: the name of its counter, and the lane of its packets."""

from collections.abc import Iterator, Sequence

from netconfig.carried import RouterPart
from netconfig.driver import ADOPTED, Placement
from netconfig.drivers.linux_nft.grounds import hindrance, never, room
from netconfig.drivers.linux_nft.managed import Mark, Permit
from netconfig.drivers.linux_nft.names import LANES, Names, base
from netconfig.drivers.linux_nft.reading import Reading
from netconfig.drivers.linux_nft.render import PermitPlace, RoutePlace, former_owner, route_place
from netconfig.drivers.linux_nft.ruleset import Held, is_ours
from netconfig.errors import Rejected
from netconfig.intent import AccessPermit, IpAddress, PolicyRoute


def place_parts(
    device: str, names: Names, actual: Reading, parts: Sequence[RouterPart]
) -> dict[int, Placement]:
    """Placements of the wanted parts, by part id.

    Raises:
        Rejected: a new part has nothing to stand on, or there is no room for it; its id is in the error.
    """
    return _Placer(device, names, actual, parts).place()


class _Placer:
    def __init__(self, device: str, names: Names, actual: Reading, parts: Sequence[RouterPart]) -> None:
        self._device = device
        self._actual = actual
        self._parts = parts
        known = frozenset(part.reservation_id for part in parts)
        adopted = frozenset(owner for part in parts if (owner := former_owner(part.placement)))
        held = actual.ruleset.held
        strangers = [one for one in held if not is_ours(one, names, known, adopted)]
        self._strangers = {one.label.base for one in strangers if one.label}
        self._bases = {one.label.base for one in held if one.label} | set(actual.ruleset.counters)
        self._owners = {(one.label.reservation, one.database) for one in held if one.label}
        self._foreign = {mark.lane for mark in self._foreign_marks(strangers)}
        self._bases |= {place["counter"] for part in parts if (place := route_place(part.placement))}
        self._lanes = self._lanes_given()

    def _lanes_given(self) -> dict[int, IpAddress]:
        """Where each lane leads that a part has.

        One that leads where a part wants it stays as it is: of several parts in it whoever is to go elsewhere
        leaves it. It comes to lead elsewhere only where all of them do.
        """
        there = {(route.lane, route.next_hop) for route in self._actual.managed.routes}
        given = [
            (place["lane"], part.intent.next_hop)
            for part in self._parts
            if isinstance(part.intent, PolicyRoute) and (place := route_place(part.placement))
        ]
        lanes: dict[int, IpAddress] = {}
        for lane, next_hop in sorted(given, key=lambda one: one not in there):
            lanes.setdefault(lane, next_hop)
        return lanes

    def place(self) -> dict[int, Placement]:
        wanted = sorted((part for part in self._parts if part.wanted), key=lambda part: part.part_id)
        self._check_grounds([part for part in wanted if not part.placement])
        return {part.part_id: self._placement(part) for part in wanted}

    def _foreign_marks(self, strangers: Sequence[Held]) -> Iterator[Mark]:
        yield from (held.mark for held in strangers if held.mark)
        for marks in self._actual.ruleset.others.values():
            yield from marks

    def _check_grounds(self, new: Sequence[RouterPart]) -> None:
        reasons: dict[str, list[RouterPart]] = {}
        for part in new:
            why = never(part) or hindrance(part, self._actual) or self._why_full(part)
            reasons.setdefault(why, []).append(part)
        for why in filter(None, reasons):
            intents = [part.intent for part in reasons[why]]
            words = {one.access_list if isinstance(one, AccessPermit) else one.interface for one in intents}
            ids = frozenset(part.part_id for part in reasons[why])
            raise Rejected(self._device, why, line=f"rules of {', '.join(sorted(words))}", parts=ids)

    def _why_full(self, part: RouterPart) -> str:
        intent = part.intent
        if not isinstance(intent, AccessPermit):
            return ""
        others = {
            Permit(intent.access_list, flow)
            for other in self._parts
            if other is not part and isinstance(other.intent, AccessPermit) and other.wanted
            if other.intent.access_list == intent.access_list
            for flow in other.intent.flows
            if flow not in intent.flows
        }
        return room(intent, len(others))

    def _placement(self, part: RouterPart) -> Placement:
        if not isinstance(part.intent, PolicyRoute):
            return dict(PermitPlace(chain=part.intent.access_list))
        former = route_place(part.placement)
        counter = former["counter"] if former else ""
        if not counter or counter in self._strangers:
            number = 1
            while (counter := base(part.reservation_id, number)) in self._bases:
                number += 1
            self._bases.add(counter)
        lane = former["lane"] if former else 0
        if not lane or not self._is_free(lane, part.intent.next_hop):
            lane = self._choose(part, part.intent.next_hop)
        self._lanes[lane] = part.intent.next_hop
        placement: dict[str, object] = dict(RoutePlace(counter=counter, lane=lane))
        if former_owner(part.placement) in self._owners:
            placement[ADOPTED] = part.placement[ADOPTED]
        return placement

    def _choose(self, part: RouterPart, next_hop: IpAddress) -> int:
        there = [route.lane for route in self._actual.managed.routes if route.next_hop == next_hop]
        given = [lane for lane, other in self._lanes.items() if other == next_hop]
        for lane in (*given, *there):
            if self._is_free(lane, next_hop):
                return lane
        used = {route.lane for route in self._actual.managed.routes} | self._lanes.keys() | self._foreign
        used |= {rule.lane for rule in self._actual.managed.rules}
        used |= {held.mark.lane for held in self._actual.ruleset.held if held.mark}
        for lane in LANES:
            if lane not in used and lane not in self._actual.grounds.taken:
                return lane
        words = f"all {len(LANES)} lanes lead to other next hops"
        raise Rejected(self._device, words, line=f"route to {next_hop}", parts=frozenset({part.part_id}))

    def _is_free(self, lane: int, next_hop: IpAddress) -> bool:
        """Whether a lane leads there, or may be let."""
        if lane in self._actual.grounds.taken or self._lanes.get(lane, next_hop) != next_hop:
            return False
        routes = [route for route in self._actual.managed.routes if route.lane == lane]
        return lane not in self._foreign or all(route.next_hop == next_hop for route in routes)
