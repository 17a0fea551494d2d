"""A device tells which next hops answer it, and takes what it carries to another one or off and back."""

import dataclasses
from collections.abc import Iterator

import pytest

from netconfig.capability import Capability
from netconfig.driver import AskingDriver, DeviceDriver, is_asking
from netconfig.errors import Unreachable
from netconfig.intent import IpAddress, PolicyRoute
from netconfig.registry import driver_class
from tests.contract.drivers.bench import (
    Bench,
    NeighbourRig,
    Rig,
    Ticket,
    Trait,
    reconcile,
    unwanted,
    wanted,
)


def asking(driver: DeviceDriver) -> AskingDriver:
    assert is_asking(driver)
    return driver


def next_hop_of(ticket: Ticket) -> IpAddress | None:
    return ticket.part.intent.next_hop if isinstance(ticket.part.intent, PolicyRoute) else None


def next_hops(bench: Bench) -> frozenset[IpAddress]:
    return frozenset(hop for ticket in bench.tickets if (hop := next_hop_of(ticket)) is not None)


def detours(bench: Bench) -> Iterator[tuple[Ticket, Ticket]]:
    """Each ticket that steers, and the same by way of another one's next hop."""
    steering = [ticket for ticket in bench.tickets if isinstance(ticket.part.intent, PolicyRoute)]
    for ticket in steering:
        intent = ticket.part.intent
        assert isinstance(intent, PolicyRoute)
        for other in steering:
            hop = next_hop_of(other)
            if hop is None or hop == intent.next_hop or hop.version != intent.next_hop.version:
                continue
            part = dataclasses.replace(ticket.part, intent=dataclasses.replace(intent, next_hop=hop))
            yield ticket, dataclasses.replace(ticket, part=part, next_hop=other.next_hop)


def test_driver_can_be_asked_if_its_bench_can(bench: Bench, platform: str) -> None:
    can = Capability.NEXT_HOPS in driver_class(platform).capabilities
    assert can is (Trait.NEXT_HOPS in bench.traits)


@pytest.mark.only(Trait.NEXT_HOPS)
def test_one_that_is_silent_does_not_answer_and_all_others_do(bench: Bench, rig: NeighbourRig) -> None:
    driver = asking(rig.over_the_wire())
    hops = next_hops(bench)
    assert len(hops) > 1
    assert driver.answering(hops) == hops
    for hop in sorted(
        {min(hops, key=lambda one: (one.version, one)), max(hops, key=lambda one: one.version)}, key=str
    ):
        rig.silence(hop)
        assert driver.answering(hops) == hops - {hop}
        rig.wake(hop)
    assert driver.answering(hops) == hops
    assert driver.answering([]) == frozenset()


@pytest.mark.only(Trait.NEXT_HOPS)
def test_asking_changes_nothing(bench: Bench, rig: NeighbourRig) -> None:
    driver = asking(rig.over_the_wire())
    parts = reconcile(driver, [ticket.part for ticket in bench.tickets]).parts
    text, pushes = rig.text(), rig.pushes
    driver.answering(next_hops(bench))
    assert rig.text() == text
    assert rig.pushes == pushes
    assert not reconcile(driver, parts).plan


@pytest.mark.only(Trait.NEXT_HOPS)
def test_device_that_is_away_says_of_no_next_hop_that_it_is_down(bench: Bench, rig: NeighbourRig) -> None:
    with pytest.raises(Unreachable):
        asking(rig.over_the_wire(device=rig.nowhere)).answering(next_hops(bench))


@pytest.mark.only(Trait.STEERING)
def test_ticket_that_goes_by_another_next_hop_for_a_while_disturbs_nobody(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    found = list(detours(bench))
    assert found
    for ticket, detour in found:
        others = [other for other in bench.tickets if other is not ticket]
        parts = reconcile(rig.at_once(), [other.part for other in bench.tickets]).parts

        def look(ticket: Ticket = ticket, detour: Ticket = detour, others: list[Ticket] = others) -> None:
            assert not rig.astray()
            assert all(other.is_served(rig) for other in others)
            assert rig.path(ticket) in {None, ticket.next_hop, detour.next_hop}

        rig.watch(look)
        for way in (detour, ticket):
            there = [
                dataclasses.replace(part, intent=way.part.intent)
                if part.part_id == way.part.part_id
                else part
                for part in parts
            ]
            done = reconcile(rig.at_once(), there)
            assert done.plan
            assert not done.left
            assert way.is_served(rig)
            parts = done.parts
        rig.watch(None)
        reconcile(rig.at_once(), unwanted(parts))
        assert rig.text() == original


@pytest.mark.only(Trait.STEERING)
def test_ticket_that_is_withdrawn_for_a_while_comes_back_to_where_packets_are_safe(
    bench: Bench, rig: Rig
) -> None:
    original = rig.text()
    parts = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets]).parts
    for ticket in bench.tickets:
        if next_hop_of(ticket) is None:
            continue
        others = [other for other in bench.tickets if other is not ticket]

        def look(others: list[Ticket] = others, ticket: Ticket = ticket) -> None:
            assert not rig.astray()
            assert all(other.is_served(rig) for other in others)
            assert not ticket.is_astray(rig)

        rig.watch(look)
        parts = reconcile(rig.at_once(), wanted(parts, but=frozenset({ticket.part.part_id}))).parts
        assert rig.path(ticket) is None
        parts = reconcile(rig.at_once(), wanted(parts)).parts
        assert ticket.is_served(rig)
        rig.watch(None)
    reconcile(rig.at_once(), unwanted(parts))
    assert rig.text() == original
