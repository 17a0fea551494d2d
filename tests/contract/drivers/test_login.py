"""The way to a device over SSH: who it is, who we are, and what must not be said."""

import logging
import traceback

import asyncssh
import pytest

from netconfig.errors import Unreachable
from tests.contract.drivers.bench import Bench, Rig, Trait, reconcile, unwanted

pytestmark = pytest.mark.only(Trait.SSH)


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
