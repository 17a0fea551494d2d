"""A site file's `simulated:` Junos router: started as `serve` does, reached as every other command does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netconfig.driver import is_counting
from netconfig.drivers.juniper_junos import JuniperJunos
from netconfig.errors import BadCredential
from netconfig.inventory import Device
from netconfig.transport.netconf import Timeouts
from pathservice.simulated import SimulatedRouters, located
from tests.contract.drivers.bench import OWNERSHIP, reconcile, unwanted
from tests.contract.drivers.juniper_junos_bench import CONFIG, TICKETS

PARTS = [ticket.part for ticket in TICKETS]
PATIENT = Timeouts(open=60, answer=60)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    config = tmp_path / "border-2.xml"
    config.write_text(CONFIG, encoding="utf-8")
    return Device(name="border-2", platform="juniper_junos", simulated=config)


@contextmanager
def reached(device: Device, directory: Path) -> Iterator[JuniperJunos]:
    """The driver of a simulated router that runs while the block lasts."""
    with SimulatedRouters(directory, now=lambda: datetime.now(UTC)) as routers:
        routers.start([device])
        driver = JuniperJunos(located(device, directory), OWNERSHIP, timeouts=PATIENT)
        try:
            yield driver
        finally:
            driver.close()


def test_it_carries_tickets_over_a_restart_and_ends_as_it_began(device: Device, tmp_path: Path) -> None:
    with reached(device, tmp_path / "simulated") as driver:
        assert not driver.read().text
        done = reconcile(driver, PARTS)
        assert done.plan
        assert not done.left
    with reached(device, tmp_path / "simulated") as driver:
        assert not reconcile(driver, done.parts).plan
        assert is_counting(driver)
        assert set(driver.count(done.parts)) == {part.part_id for part in done.parts}
        assert not reconcile(driver, unwanted(done.parts)).left
        assert not driver.read().text


def test_it_is_not_to_be_had_where_nothing_simulates_it(device: Device, tmp_path: Path) -> None:
    with pytest.raises(BadCredential, match="border-2 is simulated and nothing simulates it now"):
        located(device, tmp_path / "simulated")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "line 1: it is no XML"),
        (b"system {\n    host-name border-2;\n}\n", "line 1: it is no XML"),
        (b"<configuration>\n  <system>\n</configuration>\n", "line 3: it is no XML: .*mismatch"),
        (b"\n<rpc-reply/>\n", "line 2: <rpc-reply> is no <configuration>"),
        (b"<configuration>\n<description>G\xe4ste</description>\n", "line 2 holds .* no UTF-8: 0xe4"),
    ],
    ids=["empty", "another-language", "cut-short", "an-answer", "latin-1"],
)
def test_file_that_is_no_configuration_is_named_with_its_line(
    device: Device, tmp_path: Path, content: bytes, words: str
) -> None:
    assert device.simulated is not None
    device.simulated.write_bytes(content)
    named = f"device border-2: simulated: .*/border-2.xml: {words}"
    with (
        SimulatedRouters(tmp_path / "simulated", now=lambda: datetime.now(UTC)) as routers,
        pytest.raises(BadCredential, match=named),
    ):
        routers.start([device])


def test_what_it_kept_is_named_where_it_is_no_configuration(device: Device, tmp_path: Path) -> None:
    home = tmp_path / "simulated" / "border-2"
    home.mkdir(parents=True)
    (home / "startup-config").write_text("<configuration>\n")
    with (
        SimulatedRouters(tmp_path / "simulated", now=lambda: datetime.now(UTC)) as routers,
        pytest.raises(BadCredential, match=r"startup-config: line 2: it is no XML"),
    ):
        routers.start([device])
