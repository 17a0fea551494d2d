"""What a device says of a line that it took, in words that the site knows, holds nobody up."""

import pytest

from netconfig.errors import StateUnknown
from netconfig.simulator import Action, Fault, SimulatorLoop
from tests.contract.drivers.bench import reconcile, unwanted
from tests.contract.drivers.cisco_ios_bench import IosBench
from tests.contract.drivers.cisco_nxos_bench import NxosBench
from tests.contract.drivers.dell_force10_bench import Force10Bench


@pytest.mark.parametrize("bench", [IosBench(), NxosBench(), Force10Bench()], ids=["ios", "nxos", "ftos"])
def test_device_that_comments_on_every_line_is_configured_once_the_site_knows_it(
    bench: IosBench | NxosBench | Force10Bench,
) -> None:
    with SimulatorLoop() as loop, bench.start(loop) as rig:
        chatter = Fault(Action.GARBAGE, words="Applying policy to slot 1\n", times=None)
        rig.router.faults.add(chatter)
        parts = [ticket.part for ticket in bench.tickets]
        with pytest.raises(StateUnknown, match="nobody knows what 'Applying policy to slot 1' means"):
            reconcile(rig.over_the_wire(), parts)
        knowing = rig.device.model_copy(update={"notices": ("Applying policy to",)})
        driver = rig.over_the_wire(device=knowing)
        done = reconcile(driver, parts)
        assert not done.left
        assert not reconcile(driver, unwanted(done.parts)).left
