"""A session over SSH: what must not be said, and a device renamed meanwhile; see `test_bad_input` too."""

import logging

import pytest

from tests.contract.drivers.bench import Bench, Rig, Trait, reconcile, unwanted

pytestmark = pytest.mark.only(Trait.SSH)


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
