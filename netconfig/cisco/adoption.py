"""Lists and entries that another database left, taken over as they stand; see `cli.adoption`.

Their fingerprint is a remark in the list.
"""

from collections.abc import Sequence
from dataclasses import replace

from netconfig.cisco.ace import read_permit, write_permit
from netconfig.cisco.names import Names
from netconfig.cisco.place import RoutePlace
from netconfig.cisco.running import MATCH, NEXT_HOP, AccessList, Entry, Running
from netconfig.cli import adoption
from netconfig.cli.adoption import as_ours
from netconfig.cli.fingerprint import Owner
from netconfig.driver import Placement
from netconfig.intent import AccessPermit, FlowMatch, IpAddress, Steering, parse_address

Objects = tuple[AccessList, Entry]
"""A list, and the entry that matches it."""


def as_adopted(running: Running, former: frozenset[Owner], names: Names) -> Running:
    """The router as if the lists with these fingerprints had ours already."""
    if not former:
        return running
    lists = as_ours(running.access_lists, former, names.ownership.database)
    return replace(running, access_lists=lists)


class Adoption(adoption.Adoption[Objects]):
    """The access lists of one number, each with its route-map entry."""

    def __init__(self, device: str, names: Names, running: Running, number: int, database: str) -> None:
        super().__init__(device, number, database, into=names.ownership.database)
        self._names = names
        self._running = running

    def _objects(self) -> list[Objects]:
        lists = [
            held
            for held in self._running.access_lists.values()
            if self._names.reservation_of(held.name) == self._number
        ]
        entries = [entry for entries in self._running.route_maps.values() for entry in entries]
        found = []
        for held in lists:
            self._check_owner(held)
            users = [entry for entry in entries if held.name in entry.access_lists]
            if len(users) != 1:
                raise self._unreadable(f"{len(users)} route-map entries match {held.header}, not one")
            found.append((held, users[0]))
        return sorted(found, key=lambda one: one[1].place)

    def _steering(self, found: Objects) -> Steering:
        held, entry = found
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

    def _list_of(self, found: Objects) -> AccessList:
        return found[0]

    def _place(self, found: Objects) -> Placement:
        held, entry = found
        return dict(RoutePlace(acl=held.name, map=entry.route_map, sequence=entry.sequence))

    def _permits(self, intent: AccessPermit) -> tuple[AccessList | None, Sequence[str]]:
        held = self._running.access_lists.get(intent.access_list)
        if held is None or held.family != intent.flows[0].family:
            return None, ()
        return held, [write_permit(flow, held.dialect) for flow in intent.flows]
