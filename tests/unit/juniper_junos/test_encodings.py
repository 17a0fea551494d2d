"""What of a router's text is no UTF-8 is borne where it is not ours, and never written back."""

import os
from collections.abc import Iterator

import pytest

from netconfig.errors import StateUnknown
from netconfig.simulator import SimulatorLoop
from tests.contract.drivers.bench import reconcile, unwanted
from tests.contract.drivers.juniper_junos_bench import GROUP, TICKETS, JunosBench, JunosRig

PARTS = [ticket.part for ticket in TICKETS]
MACRO = f"set {GROUP} apply-macro lambdastation by"


@pytest.fixture
def rig() -> Iterator[JunosRig]:
    with SimulatorLoop() as loop, JunosBench().start(loop) as started:
        yield started


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_tickets_come_and_go_beside_it(rig: JunosRig, encoding: str) -> None:
    rig.router.encoding = encoding
    # In every place of a reading, and over the borders of what is read at once.
    rig.edit(*(f"set interfaces ge-0/0/{number} description {'ä' * 997}" for number in range(3)))
    original = rig.text()
    assert os.fsencode(original).count("ä".encode()) > 3 * 996
    driver = rig.over_the_wire()
    done = reconcile(driver, PARTS)
    assert done.plan
    assert not done.left
    assert not reconcile(driver, unwanted(done.parts)).left
    assert rig.text() == original
    assert rig.sessions == 1


def test_group_that_has_it_is_left_as_it_is(rig: JunosRig) -> None:
    rig.edit(f"{MACRO} Gäste")
    original = rig.text()
    driver = rig.over_the_wire()
    assert not driver.read().found
    with pytest.raises(StateUnknown, match="group lambdastation-FNAL holds text that is no UTF-8"):
        reconcile(driver, PARTS)
    assert rig.text() == original
    assert rig.pushes == 0
    rig.router.encoding = "utf-8"
    assert not reconcile(driver, PARTS).left
    assert "Gäste" in rig.text()
