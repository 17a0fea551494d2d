"""The session with a device: kept, opened anew, ended from elsewhere."""

import threading

import pytest

from netconfig.errors import Unreachable
from tests.contract.drivers.bench import Bench, Rig, Trouble, reconcile, unwanted


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
