"""A Force10 of the site file that is simulated: started, found by another process, kept over a restart."""

from datetime import UTC, datetime
from pathlib import Path

from netconfig.driver import DeviceDriver
from netconfig.drivers.dell_force10 import DellForce10
from netconfig.inventory import Device
from pathservice.simulated import SimulatedRouters, located
from tests.contract.drivers.bench import OWNERSHIP, reconcile, unwanted
from tests.contract.drivers.cli_rig import PATIENT
from tests.contract.drivers.dell_force10_bench import CONFIG, TICKETS

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_it_is_driven_like_a_real_one_and_keeps_what_was_saved(tmp_path: Path) -> None:
    file = tmp_path / "switch.txt"
    file.write_text(CONFIG, encoding="utf-8")
    device = Device(name="f10", platform="dell_force10", simulated=file)
    with SimulatedRouters(tmp_path, now=lambda: NOW) as simulated:
        simulated.start([device])
        driver: DeviceDriver = DellForce10(located(device, tmp_path), OWNERSHIP, timeouts=PATIENT)
        parts = reconcile(driver, [ticket.part for ticket in TICKETS]).parts
        driver.close()
    with SimulatedRouters(tmp_path, now=lambda: NOW) as simulated:
        simulated.start([device])
        driver = DellForce10(located(device, tmp_path), OWNERSHIP, timeouts=PATIENT)
        assert set(driver.read().found) == {42, 43, 44, 46}
        assert not reconcile(driver, unwanted(parts)).left
        assert not driver.read().found
        driver.close()
