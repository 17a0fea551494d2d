"""A gateway of a site file that is simulated: reached like a real one, and as it was after a restart."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netconfig.driver import Ownership, PartIntent
from netconfig.drivers.ofgw_agent import OfgwAgent
from netconfig.errors import BadCredential
from netconfig.gateway import ControllerProxy, UserAccess, VlanMap, VlanPair
from netconfig.intent import GatewayIntent
from netconfig.inventory import Device
from pathservice.simulated import SimulatedRouters, located
from tests.contract.drivers.bench import reconcile, unwanted

TOPOLOGY = {"switches": ["00:00:00:00:00:00:00:01"], "links": []}
UNTIL = datetime.now(UTC) + timedelta(days=1)
INTENTS: tuple[GatewayIntent, ...] = (
    ControllerProxy("192.0.2.1", 6633),
    VlanMap((VlanPair(10, 0),)),
    UserAccess("1_demo"),
)
PARTS: list[PartIntent] = [
    PartIntent(number, 42, intent, until=UNTIL) for number, intent in enumerate(INTENTS)
]


@pytest.fixture
def device(tmp_path: Path) -> Device:
    file = tmp_path / "gateway.json"
    file.write_text(json.dumps(TOPOLOGY), encoding="utf-8")
    return Device(name="gw-1", platform="ofgw_agent", simulated=file)


@contextmanager
def simulated(device: Device, folder: Path) -> Iterator[OfgwAgent]:
    with SimulatedRouters(folder, now=lambda: datetime.now(UTC)) as running:
        running.start([device])
        driver = OfgwAgent(located(device, folder), Ownership("FNAL", "db"))
        try:
            yield driver
        finally:
            driver.close()


def test_slice_comes_is_kept_over_a_restart_and_goes(device: Device, tmp_path: Path) -> None:
    folder = tmp_path / "simulated"
    with simulated(device, folder) as driver:
        assert driver.read().facts["switches"] == TOPOLOGY["switches"]
        done = reconcile(driver, PARTS)
        assert not done.left
        assert str(done.plan).splitlines() == [
            f"slice 42 until {UNTIL.isoformat().replace('+00:00', 'Z')}",
            "access 1_demo",
            "controller 192.0.2.1:6633",
            "vlan 10 <-> untagged",
        ]
    with pytest.raises(BadCredential, match="nothing simulates it now"):
        located(device, folder)
    with simulated(device, folder) as driver:
        again = reconcile(driver, done.parts)
        assert not again.plan
        gone = reconcile(driver, unwanted(done.parts))
        assert str(gone.plan).splitlines() == [
            "no vlan 10 <-> untagged",
            "no controller 192.0.2.1:6633",
            "no access 1_demo",
            "no slice 42",
        ]
        assert driver.read().text == ""


def test_file_that_makes_no_sense_is_told(device: Device, tmp_path: Path) -> None:
    assert device.simulated
    device.simulated.write_text("{}", encoding="utf-8")
    with pytest.raises(BadCredential, match="gw-1: simulated: topology"), simulated(device, tmp_path / "s"):
        pass
