"""The session with a device: kept, opened anew, ended from elsewhere."""

import dataclasses
import threading
from contextlib import suppress
from ipaddress import ip_address

import pytest

from netconfig.driver import PartIntent, is_asking
from netconfig.errors import Unreachable
from netconfig.intent import PolicyRoute
from tests.contract.drivers.bench import Bench, Rig, Trait, Trouble, place, reconcile, unwanted


def test_session_is_kept_open_between_calls(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    parts = reconcile(driver, [ticket.part for ticket in bench.tickets]).parts
    reconcile(driver, unwanted(parts))
    assert rig.sessions == 1


def test_session_that_broke_meanwhile_is_opened_anew(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    parts = reconcile(driver, [ticket.part for ticket in bench.tickets]).parts
    rig.reboot()
    assert not reconcile(driver, parts).left
    rig.reboot()
    reconcile(driver, unwanted(parts))
    assert rig.sessions == 3


def led_elsewhere(part: PartIntent) -> PartIntent:
    """The part by way of another neighbour, if it leads anywhere."""
    intent = part.intent
    if not isinstance(intent, PolicyRoute):
        return part
    hop = ip_address(int(intent.next_hop) + 100)
    return dataclasses.replace(part, intent=dataclasses.replace(intent, next_hop=hop))


@pytest.mark.only(Trait.NEXT_HOPS)
def test_what_was_planned_before_the_device_forgot_leads_nobody_astray(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire(device=rig.device.model_copy(update={"save": False}))
    assert is_asking(driver)
    parts = reconcile(driver, [ticket.part for ticket in bench.tickets]).parts
    actual = driver.read()
    moved = place(driver, actual, [led_elsewhere(part) for part in parts])
    known = frozenset(part.reservation_id for part in parts)
    plan = driver.plan(actual, driver.render(moved), known=known)
    assert plan
    rig.reboot()
    # What asks opens the next session, which is not the one of the plan.
    driver.answering({ip_address("192.0.2.1")})
    with suppress(Unreachable):
        driver.push(plan)
    assert not rig.astray()
    assert not reconcile(driver, moved).left


def test_close_is_safe_at_any_time_and_a_closed_driver_opens_again(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    driver.close()
    driver.read()
    driver.close()
    driver.close()
    driver.read()
    assert rig.sessions == 2


def test_close_from_another_thread_ends_a_waiting_call(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    parts = [bench.tickets[0].part]
    hanging = threading.Event()
    rig.trouble(Trouble.HANG_AFTER, number=3)
    rig.watch(hanging.set)

    def close_when_it_hangs() -> None:
        hanging.wait(60.0)
        driver.close()

    closer = threading.Thread(target=close_when_it_hangs)
    closer.start()
    with pytest.raises(Unreachable):
        reconcile(driver, parts)
    closer.join()
    rig.calm()
    rig.watch(None)
    assert not reconcile(driver, parts).left


def test_nobody_at_the_address_is_a_named_error(bench: Bench, rig: Rig) -> None:
    with pytest.raises(Unreachable, match=rig.device.name):
        rig.over_the_wire(device=rig.nowhere).read()
