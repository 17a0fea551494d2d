"""What a device counts is told part by part, and counting changes nothing."""

from collections.abc import Mapping, Sequence

import pytest

from netconfig.capability import Capability
from netconfig.driver import Count, CountingDriver, DeviceDriver, PartIntent, is_counting
from netconfig.errors import Unreachable
from netconfig.registry import driver_class
from tests.contract.drivers.bench import (
    Bench,
    CountingRig,
    Rig,
    Ticket,
    Trait,
    place,
    reconcile,
    unwanted,
)

LEAST_OCTETS = 20
"""Of an IP packet: its header."""


def counting(driver: DeviceDriver) -> CountingDriver:
    assert is_counting(driver)
    return driver


def counted(driver: CountingDriver, parts: Sequence[PartIntent]) -> Mapping[int, Count]:
    found = driver.count(parts)
    for count in found.values():
        assert count.octets is None or count.octets >= LEAST_OCTETS * count.packets
        assert count.packets or not count.octets
    return found


def share_packets(one: Ticket, other: Ticket) -> bool:
    """Whether both stand on the very same lines: permits of one packet do, paths never."""
    return one == other or (one.packet == other.packet and one.next_hop is other.next_hop is None)


def test_driver_counts_if_its_bench_does(bench: Bench, platform: str) -> None:
    can = Capability.COUNTERS in driver_class(platform).capabilities
    assert can is (Trait.COUNTING in bench.traits)


@pytest.mark.only(Trait.COUNTING)
def test_each_part_counts_its_own_packets_and_no_others(bench: Bench, rig: CountingRig) -> None:
    driver = counting(rig.over_the_wire())
    parts = reconcile(driver, [ticket.part for ticket in bench.tickets]).parts
    before = counted(driver, parts)
    assert before
    assert not any(count.packets for count in before.values())
    if Trait.STEERING in bench.traits:
        assert before.keys() == {ticket.part.part_id for ticket in bench.tickets}
    for number, ticket in enumerate(bench.tickets, 1):
        if ticket.part.part_id not in before:
            continue
        rig.pass_packets(ticket, number)
        after = counted(driver, parts)
        assert after.keys() == before.keys()
        for other in bench.tickets:
            if other.part.part_id in before:
                grown = after[other.part.part_id].packets - before[other.part.part_id].packets
                assert grown == (number if share_packets(ticket, other) else 0)
        before = after


@pytest.mark.only(Trait.COUNTING)
def test_counting_changes_nothing_and_asks_for_the_parts_alone(bench: Bench, rig: CountingRig) -> None:
    driver = counting(rig.at_once())
    parts = reconcile(driver, [ticket.part for ticket in bench.tickets]).parts
    text, pushes = rig.text(), rig.pushes
    found = counted(driver, parts)
    for part in parts:
        alone = counted(driver, [part])
        assert alone == {number: count for number, count in found.items() if number == part.part_id}
    assert counted(driver, []) == {}
    assert rig.text() == text
    assert rig.pushes == pushes
    assert not reconcile(driver, parts).plan


@pytest.mark.only(Trait.COUNTING)
def test_part_that_the_device_does_not_carry_has_no_count(bench: Bench, rig: CountingRig) -> None:
    driver = counting(rig.at_once())
    placed = place(driver, driver.read(), [ticket.part for ticket in bench.tickets])
    assert counted(driver, placed) == {}
    parts = reconcile(driver, placed).parts
    assert counted(driver, parts)
    reconcile(driver, unwanted(parts))
    assert counted(driver, parts) == {}


@pytest.mark.only(Trait.COUNTING)
def test_part_that_stays_is_counted_while_others_come_and_go(bench: Bench, rig: CountingRig) -> None:
    driver = counting(rig.at_once())
    stays, *others = bench.tickets
    (part,) = reconcile(driver, [stays.part]).parts
    rig.pass_packets(stays, 3)
    assert counted(driver, [part])[part.part_id].packets == 3
    parts = reconcile(driver, [part, *(ticket.part for ticket in others)]).parts
    begun = counted(driver, parts)[part.part_id].packets
    # Some devices begin anew where anything beside it changes; none goes on from somewhere else.
    assert begun in {0, 3}
    rig.pass_packets(stays, 4)
    assert counted(driver, parts)[part.part_id].packets == begun + 4


@pytest.mark.only(Trait.COUNTING)
def test_device_that_was_rebooted_counts_anew(bench: Bench, rig: CountingRig) -> None:
    driver = counting(rig.at_once())
    parts = reconcile(driver, [ticket.part for ticket in bench.tickets]).parts
    first = bench.tickets[0]
    rig.pass_packets(first, 5)
    assert counted(driver, parts)[first.part.part_id].packets == 5
    rig.reboot()
    parts = reconcile(driver, parts).parts
    assert counted(driver, parts)[first.part.part_id].packets == 0
    rig.pass_packets(first, 2)
    assert counted(driver, parts)[first.part.part_id].packets == 2


@pytest.mark.only(Trait.COUNTING)
def test_device_that_is_away_is_told(bench: Bench, rig: Rig) -> None:
    parts = [ticket.part for ticket in bench.tickets]
    placed = place(driver := rig.at_once(), driver.read(), parts)
    with pytest.raises(Unreachable):
        counting(rig.over_the_wire(device=rig.nowhere)).count(placed)
