"""The way to the device: who it is, who we are, and what it may do meanwhile."""

import logging
import threading
import traceback

import asyncssh
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
    assert not reconcile(driver, parts).plan
    rig.reboot()
    reconcile(driver, unwanted(parts))
    assert rig.sessions == 3


def test_other_host_key_is_refused_before_the_password_is_said(bench: Bench, rig: Rig) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    driver = rig.over_the_wire(device=rig.device.model_copy(update={"host_key": key}))
    with pytest.raises(Unreachable, match="another host key") as caught:
        driver.read()
    assert rig.secret not in "".join(traceback.format_exception(caught.value))
    assert rig.sessions == 0


def test_host_key_of_another_kind_is_refused(bench: Bench, rig: Rig) -> None:
    key = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode().strip()
    driver = rig.over_the_wire(device=rig.device.model_copy(update={"host_key": key}))
    with pytest.raises(Unreachable, match="host key"):
        driver.read()
    assert rig.sessions == 0


def test_wrong_password_is_named_without_saying_it(
    bench: Bench, rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("WRONG_PASSWORD", "hunter2-hunter2")
    driver = rig.over_the_wire(device=rig.device.model_copy(update={"password": "env:WRONG_PASSWORD"}))
    with pytest.raises(Unreachable, match="refuses the login") as caught:
        driver.read()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in caplog.text


def test_missing_secret_is_a_named_error(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire(device=rig.device.model_copy(update={"password": "env:NOT_SET_ANYWHERE"}))
    with pytest.raises(Unreachable, match="NOT_SET_ANYWHERE is not set"):
        driver.read()


def test_secrets_of_device_and_site_are_in_no_text(
    bench: Bench, rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    driver = rig.over_the_wire()
    actual = driver.read()
    done = reconcile(driver, [ticket.part for ticket in bench.tickets])
    for secret in (rig.secret, "very-private", "hx5rVt7rPNoS4wqbXKX7m0"):
        assert secret not in actual.text
        assert secret not in str(done.plan)
        assert secret not in caplog.text


def test_device_renamed_during_a_session_is_still_understood(bench: Bench, rig: Rig) -> None:
    driver = rig.over_the_wire()
    parts = [ticket.part for ticket in bench.tickets]
    driver.read()
    rig.rename("a-router-with-quite-a-long-name-7")
    done = reconcile(driver, parts)
    assert not done.left
    rig.rename("r1")
    assert not reconcile(driver, unwanted(done.parts)).left
    assert rig.sessions == 1


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
        hanging.wait()
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
    driver = rig.over_the_wire(device=rig.device.model_copy(update={"port": 1}))
    with pytest.raises(Unreachable, match="port 1"):
        driver.read()
