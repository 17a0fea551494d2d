"""Lists that another database left, taken over as they stand.

What they steer is read back; a part that is to have one is placed where it is, and its placement keeps the
fingerprint it had. Whoever reads the switch for that part takes the list for ours, and the plan gives it our
fingerprint: a description, which no packet is held against.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from netconfig.carried import RouterPart
from netconfig.cli.permits import PermitLine, PermitPlace
from netconfig.cli.recall import recalled
from netconfig.cli.wish import Memory
from netconfig.driver import ADOPTED, Placement
from netconfig.drivers.dell_force10.entries import read_redirect, write_permit
from netconfig.drivers.dell_force10.names import Names, fingerprint, read_fingerprint
from netconfig.drivers.dell_force10.place import RoutePlace
from netconfig.drivers.dell_force10.running import RedirectList, Running
from netconfig.errors import Unreadable
from netconfig.intent import AccessPermit, RouterIntent, Steering


def former_owner(placement: Placement) -> tuple[int, str] | None:
    """Reservation and database of the fingerprint that a part's list had when it was adopted."""
    kept = placement.get(ADOPTED)
    return read_fingerprint(kept) if isinstance(kept, str) else None


def former_owners(parts: Iterable[RouterPart]) -> frozenset[tuple[int, str]]:
    """Those fingerprints of all these parts."""
    return frozenset(owner for part in parts if (owner := former_owner(part.placement)))


def as_adopted(running: Running, former: frozenset[tuple[int, str]], names: Names) -> Running:
    """The switch as if the lists with these fingerprints had ours already."""
    if not former:
        return running
    database = names.ownership.database
    lists = {
        name: replace(held, owner=(held.owner[0], database)) if held.owner in former else held
        for name, held in running.redirect_lists.items()
    }
    return replace(running, redirect_lists=lists)


def keep_adopted(
    running: Running, parts: Iterable[RouterPart], placements: Mapping[int, Placement]
) -> dict[int, Placement]:
    """The placements, with the former fingerprint for as long as something on the switch has it."""
    there = {held.owner for held in running.redirect_lists.values()}
    kept = {
        part.part_id: {ADOPTED: part.placement[ADOPTED]}
        for part in parts
        if part.part_id in placements and former_owner(part.placement) in there - {None}
    }
    return {part_id: {**placement, **kept.get(part_id, {})} for part_id, placement in placements.items()}


class Adoption:
    """What a switch carries under one number with one database's fingerprint; empty where that is gone."""

    def __init__(self, device: str, names: Names, running: Running, number: int, database: str) -> None:
        self._device = device
        self._names = names
        self._running = running
        self._number = number
        self._database = database

    def steerings(self) -> tuple[Steering, ...]:
        """What its lists steer, in the order of their names.

        Raises:
            Unreadable: a list is not exactly as we write them.
        """
        return tuple(self._steering(held) for held in self._lists())

    def placements(self, intents: Sequence[RouterIntent]) -> tuple[Placement, ...]:
        """Where each of these intents stands already; empty for one that does not.

        A permit is taken for ours where it stands once and in the numbers that the site leaves to us.

        Raises:
            Unreadable: a list is none of these intents.
        """
        lists = self._lists()
        placed: list[Placement] = []
        for intent in intents:
            if isinstance(intent, AccessPermit):
                placed.append(self._permits(intent))
                continue
            steered = ((held, self._steering(held)) for held in lists)
            found = next((one for one, it in steered if it.is_of(intent) and it.flows == intent.flows), None)
            placed.append({} if found is None else self._route(found))
            if found is not None:
                lists.remove(found)
        if lists:
            raise self._unreadable(f"{lists[0].header} steers what no part of the ticket does")
        return tuple(placed)

    def _lists(self) -> list[RedirectList]:
        lists = [
            held
            for held in self._running.redirect_lists.values()
            if self._names.reservation_of(held.name) == self._number
        ]
        for held in lists:
            if held.owner not in {None, (self._number, self._database)}:
                raise self._unreadable(f"{held.header} carries another fingerprint than the rest of it")
        return sorted(lists, key=lambda held: (len(held.name), held.name))

    def _steering(self, held: RedirectList) -> Steering:
        interfaces = self._running.interfaces_of(held.name)
        if len(interfaces) != 1:
            raise self._unreadable(f"{held.header} is applied to {len(interfaces)} interfaces, not one")
        entries = [(text, read_redirect(text)) for text in held.texts]
        strange = [text for text, read in entries if read is None]
        if strange:
            raise self._unreadable(f"{held.header} holds {strange[0]!r}, which is not as we write them")
        redirects = [read for _, read in entries if read is not None]
        next_hops = {next_hop for _, next_hop in redirects}
        if len(next_hops) != 1:
            raise self._unreadable(f"{held.header} leads to {len(next_hops)} next hops, not one")
        flows = tuple(flow for flow, _ in redirects)
        return Steering(interfaces=interfaces, next_hop=next_hops.pop(), flows=flows)

    def _route(self, held: RedirectList) -> Placement:
        placed: dict[str, object] = dict(RoutePlace(list=held.name))
        if held.owner and self._database != self._names.ownership.database:
            placed[ADOPTED] = fingerprint(self._number, self._database)
        return placed

    def _permits(self, intent: AccessPermit) -> Placement:
        held = self._running.access_lists.get(intent.access_list)
        if held is None:
            return {}
        memory = Memory(0, self._number, intent.sequences)
        texts = dict.fromkeys(write_permit(flow) for flow in intent.flows)
        rules = [rule for text in texts if (rule := recalled(held, text, memory))]
        lines = [PermitLine(text=rule.text, sequence=rule.sequence, existed=False) for rule in rules]
        return dict(PermitPlace(acl=held.name, lines=lines)) if lines else {}

    def _unreadable(self, words: str) -> Unreadable:
        return Unreadable(self._device, words)
