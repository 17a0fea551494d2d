"""A site file's simulated Nexus switch is one that its driver can be tried on."""

from datetime import UTC, datetime
from pathlib import Path

from netconfig.driver import Ownership
from netconfig.drivers.cisco_nxos import CiscoNxos
from netconfig.inventory import Device
from pathservice.simulated import SimulatedRouters, located
from tests.contract.drivers.bench import reconcile
from tests.contract.drivers.cisco_nxos_bench import CONFIG, NxosBench


def test_ticket_comes_to_a_simulated_switch_and_survives_its_power_cut(tmp_path: Path) -> None:
    (tmp_path / "nexus.txt").write_text(CONFIG, encoding="utf-8")
    device = Device(name="nexus-1", platform="cisco_nxos", simulated=tmp_path / "nexus.txt")
    with SimulatedRouters(tmp_path, now=lambda: datetime(2030, 1, 1, tzinfo=UTC)) as simulated:
        simulated.start([device])
        driver = CiscoNxos(located(device, tmp_path), Ownership("FNAL", "a-database"))
        parts = reconcile(driver, [ticket.part for ticket in NxosBench.tickets]).parts
        simulated.routers["nexus-1"].reboot()
        assert not reconcile(driver, parts).plan
        driver.close()
