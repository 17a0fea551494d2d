"""Parts that share a next hop part company when one of them goes by its fallback."""

import dataclasses
from collections.abc import Iterator

import pytest

from netconfig.driver import DeviceDriver, PartIntent
from netconfig.intent import HopDown, PolicyRoute
from tests.contract.drivers.bench import Bench, Rig, Ticket, Trait, reconcile, unwanted

pytestmark = pytest.mark.only(Trait.STEERING)


def led_as(ticket: Ticket, other: Ticket) -> Ticket | None:
    """The ticket as it goes to where the other one does; None where it cannot, or does already."""
    route, way = ticket.part.intent, other.part.intent
    if not isinstance(route, PolicyRoute) or not isinstance(way, PolicyRoute):
        return None
    if way.next_hop.version != route.next_hop.version or way.next_hop == route.next_hop:
        return None
    moved = dataclasses.replace(route, next_hop=way.next_hop, next_hop_down=HopDown(route.next_hop))
    part = dataclasses.replace(ticket.part, intent=moved)
    return Ticket(part, ticket.packet, other.next_hop)


def pairs(bench: Bench) -> Iterator[tuple[Ticket, Ticket]]:
    """Each ticket that has somewhere else to go, with one that goes there."""
    for ticket in bench.tickets:
        others = (other for other in bench.tickets if led_as(ticket, other))
        if (other := next(others, None)) is not None:
            yield ticket, other


class Table:
    """The bench's tickets on a device, and where each goes for the moment."""

    def __init__(self, bench: Bench, rig: Rig) -> None:
        self.rig = rig
        self.driver: DeviceDriver = rig.at_once()
        self.now = {ticket.part.part_id: ticket for ticket in bench.tickets}
        self.parts = reconcile(self.driver, [ticket.part for ticket in bench.tickets]).parts

    def lead(self, ticket: Ticket) -> None:
        """Have one go as this ticket does; all others are served at every moment of that."""
        number = ticket.part.part_id
        before = self.rig.path(ticket)
        others = [one for key, one in self.now.items() if key != number]

        def look() -> None:
            assert [one for one in others if not one.is_served(self.rig)] == []
            assert self.rig.path(ticket) in {None, before, ticket.next_hop}

        self.rig.watch(look)
        done = reconcile(self.driver, [self._changed(part, ticket) for part in self.parts])
        self.rig.watch(None)
        assert not done.left
        assert ticket.is_served(self.rig)
        self.parts, self.now[number] = done.parts, ticket

    def _changed(self, part: PartIntent, ticket: Ticket) -> PartIntent:
        if part.part_id != ticket.part.part_id:
            return part
        return dataclasses.replace(part, intent=ticket.part.intent)


def test_who_shares_its_next_hop_stays_where_it_is_when_another_leaves_it(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    table = Table(bench, rig)
    for ticket, other in pairs(bench):
        there, back = led_as(ticket, other), led_as(other, ticket)
        assert there is not None
        assert back is not None
        for one in (there, back, ticket, other):
            table.lead(one)
    reconcile(table.driver, unwanted(table.parts))
    assert rig.text() == original
