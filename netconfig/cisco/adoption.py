"""Objects that another database left, taken over as they stand.

What they steer is read back; a part that is to have them is placed where they are, and its placement keeps
the fingerprint they had. Whoever reads the router for that part takes them for ours, and the plan gives them
our fingerprint: a remark, which no packet is held against.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from netconfig.carried import RouterPart
from netconfig.cisco.ace import read_permit, write_permit
from netconfig.cisco.names import Names, fingerprint, read_fingerprint
from netconfig.cisco.place import RoutePlace
from netconfig.cisco.running import MATCH, NEXT_HOP, AccessList, Entry, Running
from netconfig.cli.permits import PermitLine, PermitPlace
from netconfig.cli.recall import recalled
from netconfig.cli.wish import Memory
from netconfig.driver import ADOPTED, Placement
from netconfig.errors import Unreadable
from netconfig.intent import (
    AccessPermit,
    FlowMatch,
    IpAddress,
    PolicyRoute,
    RouterIntent,
    Steering,
    parse_address,
)

_REMARK = "remark "


def former_owner(placement: Placement) -> tuple[int, str] | None:
    """Reservation and database of the fingerprint that a part's objects had when they were adopted."""
    kept = placement.get(ADOPTED)
    return read_fingerprint(_REMARK + kept) if isinstance(kept, str) else None


def former_owners(parts: Iterable[RouterPart]) -> frozenset[tuple[int, str]]:
    """Those fingerprints of all these parts."""
    return frozenset(owner for part in parts if (owner := former_owner(part.placement)))


def as_adopted(running: Running, former: frozenset[tuple[int, str]], names: Names) -> Running:
    """The router as if the lists with these fingerprints had ours already."""
    if not former:
        return running
    database = names.ownership.database
    lists = {
        name: replace(held, owner=(held.owner[0], database)) if held.owner in former else held
        for name, held in running.access_lists.items()
    }
    return replace(running, access_lists=lists)


def keep_adopted(
    running: Running, parts: Iterable[RouterPart], placements: Mapping[int, Placement]
) -> dict[int, Placement]:
    """The placements, with the former fingerprint for as long as something on the router has it."""
    there = {held.owner for held in running.access_lists.values()}
    kept = {
        part.part_id: {ADOPTED: part.placement[ADOPTED]}
        for part in parts
        if part.part_id in placements and former_owner(part.placement) in there - {None}
    }
    return {part_id: {**placement, **kept.get(part_id, {})} for part_id, placement in placements.items()}


class Adoption:
    """What a router carries under one number with one database's fingerprint; empty where that is gone."""

    def __init__(self, device: str, names: Names, running: Running, number: int, database: str) -> None:
        self._device = device
        self._names = names
        self._running = running
        self._number = number
        self._database = database

    def steerings(self) -> tuple[Steering, ...]:
        """What its objects steer, in the order of their entries.

        Raises:
            Unreadable: an object is not exactly as we write them.
        """
        return tuple(self._steering(held, entry) for held, entry in self._objects())

    def placements(self, intents: Sequence[RouterIntent]) -> tuple[Placement, ...]:
        """Where each of these intents stands already; empty for one that does not.

        A permit is taken for ours where it stands once and in the numbers that the site leaves to us.

        Raises:
            Unreadable: an object is none of these intents.
        """
        objects = list(self._objects())
        placed: list[Placement] = []
        for intent in intents:
            if isinstance(intent, AccessPermit):
                placed.append(self._permits(intent))
                continue
            found = next((one for one in objects if self._is(intent, *one)), None)
            placed.append({} if found is None else self._route(*found))
            if found is not None:
                objects.remove(found)
        if objects:
            raise self._unreadable(f"{objects[0][0].header} steers what no part of the ticket does")
        return tuple(placed)

    def _objects(self) -> list[tuple[AccessList, Entry]]:
        lists = [
            held
            for held in self._running.access_lists.values()
            if self._names.reservation_of(held.name) == self._number
        ]
        entries = [entry for entries in self._running.route_maps.values() for entry in entries]
        found = []
        for held in lists:
            if held.owner not in {None, (self._number, self._database)}:
                raise self._unreadable(f"{held.header} carries another fingerprint than the rest of it")
            users = [entry for entry in entries if held.name in entry.access_lists]
            if len(users) != 1:
                raise self._unreadable(f"{len(users)} route-map entries match {held.header}, not one")
            found.append((held, users[0]))
        return sorted(found, key=lambda one: one[1].place)

    def _steering(self, held: AccessList, entry: Entry) -> Steering:
        family = held.family
        next_hop = self._next_hop(held, entry)
        interfaces = tuple(
            sorted(
                interface
                for interface, policies in self._running.policies.items()
                if policies.get(family) == entry.route_map
            )
        )
        if not interfaces:
            raise self._unreadable(f"no interface carries route map {entry.route_map}")
        ours = entry.route_map.startswith(self._names.prefix)
        if ours and not self._is_on_its_interface(entry, interfaces, held):
            raise self._unreadable(f"route map {entry.route_map} is not on the interface it is named for")
        flows = tuple(self._flow(held, rule.text) for rule in held.rules)
        if not flows:
            raise self._unreadable(f"{held.header} permits nothing")
        return Steering(
            interfaces=interfaces, next_hop=next_hop, flows=flows, policy=None if ours else entry.route_map
        )

    def _is_on_its_interface(self, entry: Entry, interfaces: Sequence[str], held: AccessList) -> bool:
        return all(self._names.revision_of(entry.route_map, one, held.family) for one in interfaces)

    def _next_hop(self, held: AccessList, entry: Entry) -> IpAddress:
        match, prefix = f"{MATCH[held.family]} {held.name}", f"{NEXT_HOP[held.family]} "
        others = [line for line in entry.lines if line != match]
        if entry.action == "permit" and match in entry.lines and len(others) == 1:
            address = parse_address(others[0].removeprefix(prefix))
            if others[0].startswith(prefix) and address is not None and address.version == held.family:
                return address
        raise self._unreadable(f"{entry.header} is not as we write them: {'; '.join(entry.lines)}")

    def _flow(self, held: AccessList, text: str) -> FlowMatch:
        flow = read_permit(text, held.family)
        if flow is None or write_permit(flow, held.dialect) != text:
            raise self._unreadable(f"{held.header} holds {text!r}, which is not as we write them")
        return flow

    def _is(self, intent: PolicyRoute, held: AccessList, entry: Entry) -> bool:
        steering = self._steering(held, entry)
        return steering.is_of(intent) and steering.flows == intent.flows

    def _route(self, held: AccessList, entry: Entry) -> Placement:
        placed = dict(RoutePlace(acl=held.name, map=entry.route_map, sequence=entry.sequence))
        if held.owner and self._database != self._names.ownership.database:
            placed[ADOPTED] = fingerprint(self._number, self._database).removeprefix(_REMARK)
        return placed

    def _permits(self, intent: AccessPermit) -> Placement:
        held = self._running.access_lists.get(intent.access_list)
        if held is None or held.family != intent.flows[0].family:
            return {}
        memory = Memory(0, self._number, intent.sequences)
        texts = dict.fromkeys(write_permit(flow, held.dialect) for flow in intent.flows)
        rules = [rule for text in texts if (rule := recalled(held, text, memory))]
        lines = [PermitLine(text=rule.text, sequence=rule.sequence, existed=False) for rule in rules]
        return dict(PermitPlace(acl=held.name, lines=lines)) if lines else {}

    def _unreadable(self, words: str) -> Unreadable:
        return Unreadable(self._device, words)
