"""A stranger's objects are taken off whole, in an order that disturbs nobody, and nobody else's with them."""

import pytest

from netconfig.driver import Ownership
from tests.contract.drivers.bench import OWNERSHIP, Bench, Rig, Trait, reconcile

LOST = "00000000-0000-0000-0000-000000000000"


@pytest.mark.only(Trait.SHARED)
def test_each_stranger_goes_alone_and_disturbs_nobody(bench: Bench, rig: Rig) -> None:
    steering = [ticket for ticket in bench.tickets if ticket.next_hop]
    for ticket in steering:
        with bench.start() as fresh:
            driver = fresh.at_once()
            others = [one for one in steering if one is not ticket]
            reconcile(driver, [one.part for one in others])
            without = fresh.text()
            stranger = fresh.at_once(ownership=Ownership(OWNERSHIP.station, LOST))
            reconcile(stranger, [ticket.part])
            if not ticket.is_served(fresh):
                continue

            def look(rig: Rig = fresh, staying: list[object] = others, going: object = ticket) -> None:  # type: ignore[assignment]
                assert not rig.astray()
                assert all(one.is_served(rig) for one in staying)  # type: ignore[attr-defined]
                assert not going.is_astray(rig)  # type: ignore[attr-defined]

            fresh.watch(look)
            plan = driver.evict(driver.read(), ticket.part.reservation_id, database=LOST)
            assert plan
            assert all(line.removal for line in plan.lines)
            driver.push(plan)
            fresh.watch(None)
            assert fresh.text() == without
            assert not driver.evict(driver.read(), ticket.part.reservation_id, database=LOST)


@pytest.mark.only(Trait.SHARED)
def test_own_objects_of_the_same_number_stay(bench: Bench, rig: Rig) -> None:
    driver = rig.at_once()
    # Not the same once more: a device may have room for one alone.
    ticket, other = next(
        (ticket, variant)
        for ticket in bench.tickets
        for variant in bench.variants
        if ticket.part.reservation_id == variant.part.reservation_id and ticket.next_hop and variant.next_hop
    )
    lost = rig.at_once(ownership=Ownership(OWNERSHIP.station, LOST))
    reconcile(driver, [ticket.part])
    text = rig.text()
    reconcile(lost, [other.part])
    assert rig.text() != text
    driver.push(driver.evict(driver.read(), ticket.part.reservation_id, database=LOST))
    assert rig.text() == text
    assert ticket.is_served(rig)


def test_object_of_a_lost_life_of_this_database_goes_too(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    driver = rig.over_the_wire()
    tickets = [one for one in bench.tickets if one.next_hop]
    reconcile(driver, [one.part for one in tickets])
    for ticket in tickets:
        number = ticket.part.reservation_id
        driver.push(driver.evict(driver.read(), number, database=OWNERSHIP.database))
        assert number not in driver.read().found
    assert rig.text() == original


def test_nothing_is_evicted_of_a_number_nobody_has(bench: Bench, rig: Rig) -> None:
    driver = rig.at_once()
    reconcile(driver, [one.part for one in bench.tickets])
    assert not driver.evict(driver.read(), 4711, database=OWNERSHIP.database)
