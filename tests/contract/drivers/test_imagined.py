"""What is only rehearsed reads, to the driver, as if it had been pushed."""

from netconfig.driver import Config, DeviceDriver, PartIntent
from tests.contract.drivers.bench import Bench, Rig, place, reconcile, unwanted


def rendered(
    driver: DeviceDriver, actual: Config, parts: list[PartIntent]
) -> tuple[list[PartIntent], Config]:
    placed = list(place(driver, actual, parts))
    return placed, driver.render(placed)


def test_rehearsal_of_coming_and_going_is_what_would_be_pushed(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    parts = [ticket.part for ticket in bench.tickets]
    known = frozenset(part.reservation_id for part in parts)
    original, actual = rig.text(), driver.read()
    placed, desired = rendered(driver, actual, parts)
    coming = driver.plan(driver.imagine(actual, ""), desired, known=known)
    assert str(coming) == str(driver.plan(actual, desired, known=known))
    carrying = driver.imagine(actual, desired.text)
    assert not driver.plan(carrying, desired, known=known)
    leaving = unwanted(placed)
    rehearsed = driver.plan(carrying, driver.render(leaving), known=known)
    assert rig.text() == original
    reconcile(driver, placed)
    real = driver.plan(driver.read(), driver.render(leaving), known=known)
    # Objects that do not depend on each other may go in another order.
    assert sorted(line.text for line in rehearsed.lines) == sorted(line.text for line in real.lines)


def test_what_the_device_carries_of_ours_is_not_in_it(bench: Bench, rig: Rig) -> None:
    driver = rig.at_once()
    empty = driver.read()
    reconcile(driver, [ticket.part for ticket in bench.tickets if ticket.next_hop])
    imagined = driver.imagine(driver.read(), "")
    assert imagined.text == empty.text
    assert not imagined.found
