"""What the site takes from under a part for a while fails no ticket that has begun, and holds up no other."""

import pytest

from netconfig.errors import Rejected, Waiting
from tests.contract.drivers.bench import Bench, Obstacle, place, reconcile, unwanted, wanted


def text_without_tickets(bench: Bench, obstacle: Obstacle) -> str:
    with bench.start() as untouched:
        untouched.edit(*obstacle.lines)
        untouched.edit(*obstacle.mend)
        return untouched.text()


def test_placed_parts_wait_in_place_and_are_served_again_afterwards(bench: Bench) -> None:
    for obstacle in bench.obstacles:
        with bench.start() as rig:
            driver = rig.at_once()
            parts = reconcile(driver, [ticket.part for ticket in bench.tickets]).parts
            known = frozenset(part.reservation_id for part in parts)
            rig.edit(*obstacle.lines)
            text, pushes = rig.text(), rig.pushes
            actual = driver.read()
            assert place(driver, actual, parts) == parts
            plan = driver.plan(actual, driver.render(parts), known=known)
            assert {part.part_id for part in parts if plan.pending(part.part_id)} == obstacle.hinders
            assert obstacle.word in str(plan)
            with pytest.raises(Waiting, match=obstacle.word):
                driver.push(plan)
            assert (rig.text(), rig.pushes) == (text, pushes)
            rig.edit(*obstacle.mend)
            done = reconcile(driver, parts)
            assert not done.left
            assert all(ticket.is_served(rig) for ticket in bench.tickets)
            assert not reconcile(driver, unwanted(done.parts)).left
            assert rig.text() == text_without_tickets(bench, obstacle)


def test_others_on_the_device_come_and_go_meanwhile(bench: Bench) -> None:
    all_of_them = {ticket.part.part_id for ticket in bench.tickets}
    for obstacle in (one for one in bench.obstacles if one.hinders < all_of_them):
        with bench.start() as rig:
            driver = rig.at_once()
            others = [ticket for ticket in bench.tickets if ticket.part.part_id not in obstacle.hinders]
            hindered = [ticket.part for ticket in bench.tickets if ticket not in others]
            parts = [*reconcile(driver, hindered).parts, *(ticket.part for ticket in others)]
            rig.edit(*obstacle.lines)
            done = reconcile(driver, parts)
            assert all(ticket.is_served(rig) for ticket in others)
            assert {part.part_id for part in parts if done.left.pending(part.part_id)} == obstacle.hinders
            assert all(obstacle.word in line.waits for line in done.left.lines)
            gone = frozenset(ticket.part.part_id for ticket in others)
            left = reconcile(driver, wanted(done.parts, but=gone)).left
            assert all(line.waits for line in left.lines)
            rig.edit(*obstacle.mend)
            assert not reconcile(driver, unwanted(done.parts)).left
            assert rig.text() == text_without_tickets(bench, obstacle)


def test_hindered_parts_can_leave(bench: Bench) -> None:
    for obstacle in bench.obstacles:
        with bench.start() as rig:
            driver = rig.at_once()
            parts = reconcile(driver, [ticket.part for ticket in bench.tickets]).parts
            rig.edit(*obstacle.lines)
            assert not reconcile(driver, unwanted(parts)).left
            rig.edit(*obstacle.mend)
            assert rig.text() == text_without_tickets(bench, obstacle)


def test_parts_that_come_for_the_first_time_are_rejected_and_they_alone(bench: Bench) -> None:
    for obstacle in bench.obstacles:
        with bench.start() as rig:
            driver = rig.at_once()
            first = min(obstacle.hinders)
            old = [ticket.part for ticket in bench.tickets if ticket.part.part_id != first]
            new = [ticket.part for ticket in bench.tickets if ticket.part.part_id == first]
            placed = reconcile(driver, old).parts
            rig.edit(*obstacle.lines)
            with pytest.raises(Rejected, match=obstacle.word) as caught:
                place(driver, driver.read(), [*placed, *new])
            assert caught.value.parts == {first}
            assert place(driver, driver.read(), placed) == placed
