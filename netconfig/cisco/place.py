"""Where each part goes on a router: names of lists, numbers of entries.

Numbers follow one rule: a new route-map entry stands after every live one of its map, because its header
matches every packet until the match below it arrives. A list that packets are matched against is never
written to: a part whose list was changed by hand gets a new one under a new name.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypedDict, cast

from netconfig.carried import RouterPart
from netconfig.cisco.ace import write_permit
from netconfig.cisco.dialect import Family, SecondMatch
from netconfig.cisco.grounds import Ground, InList, OnInterface, ground_of, hindrance
from netconfig.cisco.names import Names
from netconfig.cisco.running import NEXT_HOP, AccessList, Entry, Running
from netconfig.cli.permits import PermitPlacer
from netconfig.driver import Placement
from netconfig.errors import Rejected, StateUnknown
from netconfig.intent import AccessPermit, PolicyRoute, SequenceRange

LAST_SEQUENCE = 65535
STEP = 10
"""Between entries in a map of our own; in the range of a site's map every number is used."""


class RoutePlace(TypedDict):
    """Placement of a PolicyRoute."""

    acl: str
    map: str
    sequence: int


def route_place(placement: Placement) -> RoutePlace | None:
    """The placement of a PolicyRoute, or None before its first one."""
    return cast("RoutePlace", placement) if "map" in placement else None


def owner_of(entry: Entry, running: Running, names: Names) -> int | None:
    """The reservation whose list an entry matches; None if it matches none of ours or a stranger's."""
    found = set()
    for name in entry.access_lists:
        held = running.access_lists.get(name)
        if held and held.owner and held.owner[1] != names.ownership.database:
            return None
        found.add(names.reservation_of(name))
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def next_hop_lines(intent: PolicyRoute) -> tuple[str, ...]:
    """The `set` line that a part's entry has; then the one of its other next hop, if it has two."""
    other = intent.next_hop_down.fallback if intent.next_hop_down else None
    hops = (intent.next_hop,) if other is None else (intent.next_hop, other)
    return tuple(f"{NEXT_HOP[intent.flows[0].family]} {hop}" for hop in hops)


def is_remains(entry: Entry, next_hops: Collection[str], names: Names) -> bool:
    """Whether an entry without a match, found where a part was placed, is what is left of the part's own.

    In a map of the site's it must hold nothing but our `set` lines, or it is the site's: the one that is
    wanted, or that of the part's other next hop, which the router had before.
    """
    ours = entry.route_map.startswith(names.prefix) or set(entry.lines) <= set(next_hops)
    return ours and not any(line.startswith("match ") for line in entry.lines)


def place_parts(
    device: str, names: Names, running: Running, parts: Sequence[RouterPart]
) -> dict[int, Placement]:
    """Placements of the wanted parts, by part id.

    A part that was placed before is placed again though what it stands on is missing or carries
    something else now: that may pass, and the plan tells it.

    Raises:
        Rejected: the router as read has nothing to put a new part on, or no room for a part; only the ids
            of those are in the error.
        StateUnknown: a permit that we remember stands twice in its list; or the numbers in a list that a
            part is to stand in are not told.
    """
    groups: dict[Ground, list[RouterPart]] = {}
    for part in sorted(parts, key=_former_place):
        if part.wanted:
            groups.setdefault(ground_of(part), []).append(part)
    for ground, members in groups.items():
        if isinstance(ground, InList) and ground.access_list in running.unnumbered:
            words = f"access list {ground.access_list} is shown otherwise than it is configured"
            raise StateUnknown(device, words)
        new = frozenset(part.part_id for part in members if not part.placement)
        if new and (wrong := hindrance(ground, running, names)):
            raise Rejected(device, wrong.words, line=wrong.line, parts=new)
    routes = _RoutePlacer(device, names, running, parts)
    answer = PermitPlacer(device, running.access_lists, parts, _write).place_all()
    for ground, members in groups.items():
        if isinstance(ground, OnInterface) and ground.policy is None:
            answer |= routes.place_in_ours(ground.interface, ground.family, members)
        elif isinstance(ground, OnInterface):
            answer |= {part.part_id: routes.place_in_theirs(part) for part in members}
    return answer


def _write(intent: AccessPermit, held: AccessList) -> Sequence[str]:
    if held.family != intent.flows[0].family:
        return ()
    return [write_permit(flow, held.dialect) for flow in intent.flows]


def _former_place(part: RouterPart) -> tuple[bool, int, int]:
    stored = route_place(part.placement)
    return stored is None, stored["sequence"] if stored else 0, part.part_id


class _UsedUpError(Exception):
    """No number is left in a map of our own."""


@dataclass
class _RoutePlacer:
    device: str
    names: Names
    running: Running
    parts: Sequence[RouterPart]
    _list_holder: dict[str, int] = field(init=False)
    _highest: dict[str, int] = field(init=False)
    _entry_at: dict[tuple[str, int], Entry] = field(init=False)
    _live_lists: frozenset[str] = field(init=False)
    _given: set[tuple[str, int]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        stored = ((part, route_place(part.placement)) for part in self.parts)
        self._list_holder = {place["acl"]: part.part_id for part, place in stored if place}
        entries = [entry for entries in self.running.route_maps.values() for entry in entries]
        self._live_lists = frozenset(name for entry in entries for name in entry.access_lists)
        self._entry_at = {entry.place: entry for entry in entries}
        self._highest = {name: entries[-1].sequence for name, entries in self.running.route_maps.items()}

    def place_in_ours(
        self, interface: str, family: Family, parts: Sequence[RouterPart]
    ) -> dict[int, Placement]:
        current = self._current_map(interface, family, parts)
        try:
            return {part.part_id: self._route(part, current) for part in parts}
        except _UsedUpError:
            others = [e for e in self._entries(current) if owner_of(e, self.running, self.names) is None]
        if others:
            words = f"route map {current} is used up, and an entry that is not ours keeps it in place"
            raise self._rejected(words, others[0].header, parts[-1:])
        fresh = self.names.route_map(interface, family, taken=self._is_map_taken)
        try:
            return {part.part_id: self._route(part, fresh) for part in parts}
        except _UsedUpError:
            words = f"interface {interface} has more entries than a route map holds"
            raise self._rejected(words, f"route-map {fresh}", parts[-1:]) from None

    def place_in_theirs(self, part: RouterPart) -> Placement:
        intent = cast("PolicyRoute", part.intent)
        return self._route(part, cast("str", intent.policy), intent.sequences)

    def _current_map(self, interface: str, family: Family, parts: Sequence[RouterPart]) -> str:
        """The newest map of ours that the interface carries or a part was put in, or else a new one."""
        placed = [place["map"] for part in parts if (place := route_place(part.placement))]
        candidates = [*placed, self.running.policies.get(interface, {}).get(family, "")]
        revisions = {self.names.revision_of(name, interface, family) or 0: name for name in candidates}
        if max(revisions):
            return revisions[max(revisions)]
        return self.names.route_map(interface, family, taken=self._has_strangers)

    def _has_strangers(self, route_map: str) -> bool:
        return any(owner_of(e, self.running, self.names) is None for e in self._entries(route_map))

    def _is_map_taken(self, name: str) -> bool:
        placed = (route_place(part.placement) for part in self.parts)
        return name in self.running.route_maps or any(place and place["map"] == name for place in placed)

    def _route(self, part: RouterPart, route_map: str, room: SequenceRange | None = None) -> Placement:
        stored = route_place(part.placement)
        access_list = self._access_list(part, stored)
        sequence = stored["sequence"] if stored and stored["map"] == route_map else None
        if sequence is None or not self._may_stay(part, route_map, sequence, access_list):
            sequence = self._next_number(part, route_map, room)
        self._given.add((route_map, sequence))
        self._highest[route_map] = max(sequence, self._highest.get(route_map, 0))
        return dict(RoutePlace(acl=access_list, map=route_map, sequence=sequence))

    def _may_stay(self, part: RouterPart, route_map: str, sequence: int, access_list: str) -> bool:
        entry = self._entry_at.get((route_map, sequence))
        if entry is None:
            return sequence > self._highest.get(route_map, 0)
        # Another part of the reservation may have been given the number while this one was away.
        holders = {self._list_holder[name] for name in entry.access_lists if name in self._list_holder}
        if (route_map, sequence) in self._given or (holders and part.part_id not in holders):
            return False
        if entry.access_lists and access_list not in entry.access_lists and not self._may_change(part):
            return False
        ours = owner_of(entry, self.running, self.names) == part.reservation_id
        return entry.action == "permit" and (ours or is_remains(entry, self._next_hops(part), self.names))

    def _may_change(self, part: RouterPart) -> bool:
        """Whether an entry can be given another list while packets are held against it."""
        family = part.intent.flows[0].family
        return self.running.dialect.second_match[family] is not SecondMatch.AVOIDED

    def _next_hops(self, part: RouterPart) -> tuple[str, ...]:
        return next_hop_lines(cast("PolicyRoute", part.intent))

    def _next_number(self, part: RouterPart, route_map: str, room: SequenceRange | None) -> int:
        if room is None:
            number = self._highest.get(route_map, 0) + STEP
            if number > LAST_SEQUENCE:
                raise _UsedUpError
            return number
        words = f"sequences {room.first} to {room.last} of route map {route_map}"
        above = [e.sequence for e in self._entries(route_map) if e.sequence > room.last]
        if above:
            reason = (
                f"{words}: entry {above[0]} stands above that range and would see no packets while an"
                " entry of ours is being written; give us a range at the end of the map"
            )
            raise self._rejected(reason, f"route-map {route_map} permit {room.first}", [part])
        number = max(room.first, self._highest.get(route_map, 0) + 1)
        if number > min(room.last, LAST_SEQUENCE):
            raise self._rejected(f"{words} are used up", f"route-map {route_map} permit {number}", [part])
        return number

    def _entries(self, route_map: str) -> tuple[Entry, ...]:
        return self.running.route_maps.get(route_map, ())

    def _access_list(self, part: RouterPart, stored: RoutePlace | None) -> str:
        if stored and self._is_usable(stored["acl"], part):
            return stored["acl"]
        family = part.intent.flows[0].family
        name = self.names.access_list(
            part.reservation_id, family, taken=lambda name: not self._is_usable(name, part)
        )
        self._list_holder[name] = part.part_id
        return name

    def _is_usable(self, name: str, part: RouterPart) -> bool:
        """Whether a part's list may stand under this name without a live list being written to."""
        if self._list_holder.get(name, part.part_id) != part.part_id or name in self.running.other_lists:
            return False
        held = self.running.access_lists.get(name)
        if held is None:
            return True
        if held.family != part.intent.flows[0].family:
            return False
        if held.owner and held.owner[1] != self.names.ownership.database:
            return False
        return name not in self._live_lists or not held.rules or self._is_as_wished(held, part)

    def _is_as_wished(self, held: AccessList, part: RouterPart) -> bool:
        texts = [write_permit(flow, held.dialect) for flow in part.intent.flows]
        owners = {None, (part.reservation_id, self.names.ownership.database)}
        counts = held.counts or not held.dialect.counting
        return counts and held.owner in owners and [rule.text for rule in held.rules] == texts

    def _rejected(self, words: str, line: str, parts: Sequence[RouterPart]) -> Rejected:
        ids = frozenset(part.part_id for part in parts)
        return Rejected(self.device, words, line=line, parts=ids)
