"""Tickets come and go, and the device ends as it began."""

import dataclasses

import pytest

from netconfig.intent import needed_capabilities
from netconfig.registry import driver_class, platforms
from tests.contract.drivers.bench import Bench, Rig, Trait, place, reconcile, unwanted, wanted
from tests.contract.drivers.conftest import BENCHES


def test_every_registered_platform_has_a_bench() -> None:
    assert sorted(BENCHES) == list(platforms())


def test_driver_says_its_platform_and_what_it_can(bench: Bench, platform: str) -> None:
    driver = driver_class(platform)
    assert driver.platform == platform
    needed = {one for ticket in bench.tickets for one in needed_capabilities(ticket.part.intent)}
    assert needed <= driver.capabilities


def test_after_a_push_the_plan_is_empty_and_every_packet_takes_its_path(bench: Bench, rig: Rig) -> None:
    done = reconcile(rig.over_the_wire(), [ticket.part for ticket in bench.tickets])
    assert done.plan
    assert not done.left
    assert all(ticket.is_served(rig) for ticket in bench.tickets)
    assert not rig.astray()


def test_each_part_stays_pending_until_its_own_lines_are_there(bench: Bench, rig: Rig) -> None:
    done = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets])
    for ticket in bench.tickets:
        assert done.plan.pending(ticket.part.part_id)
        assert not done.left.pending(ticket.part.part_id)


def test_pushing_twice_is_pushing_once(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    first = reconcile(driver, [ticket.part for ticket in bench.tickets])
    text, pushes = rig.text(), rig.pushes
    second = reconcile(driver, first.parts)
    assert not second.plan
    assert second.parts == first.parts
    assert rig.text() == text
    assert rig.pushes == pushes


def test_plan_sent_a_second_time_does_no_harm(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    driver = rig.at_once()
    first = reconcile(driver, [ticket.part for ticket in bench.tickets])
    driver.push(first.plan)
    assert not reconcile(driver, first.parts).plan
    reconcile(driver, unwanted(first.parts))
    assert rig.text() == original


def test_what_is_not_ours_is_untouched_and_release_restores_the_text(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    driver = rig.over_the_wire()
    done = reconcile(driver, [ticket.part for ticket in bench.tickets])
    assert rig.keeps(original)
    last = reconcile(driver, unwanted(done.parts))
    assert all(last.plan.pending(part.part_id) for part in done.parts)
    assert not last.left
    assert rig.text() == original


def test_tickets_that_leave_one_by_one_take_only_their_own(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    driver = rig.at_once()
    parts = reconcile(driver, [ticket.part for ticket in bench.tickets]).parts
    for index in range(len(bench.tickets)):
        gone = frozenset(left.part.part_id for left in bench.tickets[: index + 1])
        done = reconcile(driver, wanted(parts, but=gone))
        assert not done.left
        touched = {part for line in done.plan.lines for part in line.parts}
        assert not touched.intersection(other.part.part_id for other in bench.tickets[index + 1 :])
        for other in bench.tickets[index + 1 :]:
            assert other.is_served(rig)
    assert rig.text() == original


def test_known_reservation_without_a_part_is_taken_off_and_the_lines_name_it(bench: Bench, rig: Rig) -> None:
    for ticket in (ticket for ticket in bench.tickets if ticket.next_hop):
        with bench.start() as fresh:
            driver = fresh.at_once()
            same = ticket.part.reservation_id
            rest = [other for other in bench.tickets if other.part.reservation_id != same]
            parts = reconcile(driver, [other.part for other in rest]).parts
            without = fresh.text()
            reconcile(driver, [*parts, ticket.part])
            assert fresh.text() != without
            known = frozenset({same, *(part.reservation_id for part in parts)})
            done = reconcile(driver, parts, known)
            objects = [line for line in done.plan.lines if not bench.is_shared(line)]
            assert {line.reservation_id for line in objects} == {same}
            assert not done.left
            assert not done.plan.strangers
            assert all(other.is_served(fresh) for other in rest)
            assert fresh.text() == without


def test_part_that_can_no_longer_be_read_takes_none_of_its_reservations_others_with_it(
    bench: Bench, rig: Rig
) -> None:
    driver = rig.at_once()
    ticket, variant = next(
        (ticket, variant)
        for ticket in bench.tickets
        for variant in bench.variants
        if ticket.part.reservation_id == variant.part.reservation_id and variant.next_hop
    )
    reconcile(driver, [ticket.part])
    done = reconcile(driver, [variant.part])
    assert not done.left
    assert variant.is_served(rig)
    assert rig.path(ticket) is None
    again = reconcile(driver, done.parts)
    assert not again.plan


def test_every_line_names_the_parts_that_need_it(bench: Bench, rig: Rig) -> None:
    done = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets])
    assert all(line.parts for line in done.plan.lines)
    gone = reconcile(rig.at_once(), unwanted(done.parts))
    assert all(line.parts and line.removal for line in gone.plan.lines)


def test_what_a_reboot_made_it_forget_is_put_back(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    done = reconcile(driver, [ticket.part for ticket in bench.tickets])
    text = rig.text()
    rig.reboot()
    again = reconcile(driver, done.parts)
    assert again.parts == done.parts
    assert not again.left
    assert rig.text() == text


@pytest.mark.only(Trait.STARTUP)
def test_push_is_saved_and_survives_a_reboot(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    done = reconcile(driver, [ticket.part for ticket in bench.tickets])
    text = rig.text()
    rig.reboot()
    assert rig.text() == text
    assert not reconcile(driver, done.parts).plan


@pytest.mark.only(Trait.STARTUP)
def test_push_that_is_not_to_be_saved_is_put_back_after_a_reboot(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    driver = rig.over_the_wire(device=rig.device.model_copy(update={"save": False}))
    done = reconcile(driver, [ticket.part for ticket in bench.tickets])
    text = rig.text()
    rig.reboot()
    assert rig.text() == original
    again = reconcile(driver, done.parts)
    assert again.plan
    assert not again.left
    assert rig.text() == text


@pytest.mark.only(Trait.STARTUP)
def test_what_a_push_left_unsaved_can_be_saved_later(bench: Bench, rig: Rig) -> None:
    hasty = rig.over_the_wire(device=rig.device.model_copy(update={"save": False}))
    reconcile(hasty, [ticket.part for ticket in bench.tickets])
    text = rig.text()
    assert not hasty.save().exchanges
    assert rig.over_the_wire().save().exchanges
    rig.reboot()
    assert rig.text() == text


def test_transcript_holds_every_line_of_the_plan_in_order(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    parts = [bench.tickets[0].part]
    actual = driver.read()
    placed = [dataclasses.replace(parts[0], placement=driver.place(actual, parts)[parts[0].part_id])]
    plan = driver.plan(actual, driver.render(placed), known=frozenset({parts[0].reservation_id}))
    sent = [exchange.line for exchange in driver.push(plan).exchanges]
    assert [line for line in sent if line in {line.text for line in plan.lines}] == [
        line.text for line in plan.lines
    ]


def test_empty_plan_opens_no_session(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    assert not driver.push(driver.plan(driver.render([]), driver.render([]), known=frozenset())).exchanges
    assert rig.sessions == 0


def test_what_a_push_reads_back_is_what_a_reading_after_it_tells(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    parts = place(driver, driver.read(), [ticket.part for ticket in bench.tickets])
    for wish in (parts, unwanted(parts)):
        known = frozenset(part.reservation_id for part in wish)
        plan = driver.plan(driver.read(), driver.render(wish), known=known)
        told, there = driver.push(plan).read_back, driver.read()
        assert told is None or (told.text, told.found) == (there.text, there.found)
