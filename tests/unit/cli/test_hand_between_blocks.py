"""An operator takes an entry of ours away between two blocks that are sent for it."""

from collections.abc import Sequence

import pytest

from netconfig.driver import PartIntent
from netconfig.errors import DeviceError
from netconfig.intent import PolicyRoute
from tests.contract.drivers.bench import reconcile
from tests.contract.drivers.cisco_ios_bench import IosBench, IosRig
from tests.contract.drivers.cisco_nxos_bench import NxosBench, NxosRig
from tests.unit.cli.test_detour_cut_short import instead, led_elsewhere

BENCHES = pytest.mark.parametrize("bench", [IosBench(), NxosBench()], ids=["ios", "nxos"])


def hinder(rig: IosRig | NxosRig, parts: Sequence[PartIntent]) -> int:
    """Bring the parts, taking away each entry after its first `exit`, as a hand may; how often that was."""
    taken: set[str] = set()
    entry = ""

    def take(_session: object, line: str) -> None:
        nonlocal entry
        entry = line if line.startswith("route-map ") else entry
        if line.strip() == "exit" and entry and entry not in taken:
            taken.add(entry)
            rig.edit(f"no {entry}")
        assert not rig.astray()

    rig.router.after_line = take
    try:
        reconcile(rig.at_once(), parts)
    except DeviceError as error:
        pytest.fail(f"no line is refused for it: {error}")
    finally:
        rig.router.after_line = None
    return len(taken)


@BENCHES
def test_entry_that_goes_as_it_comes_leads_nobody_astray(bench: IosBench | NxosBench) -> None:
    with bench.start() as rig:
        parts = [ticket.part for ticket in bench.tickets]
        assert hinder(rig, parts) == sum(isinstance(part.intent, PolicyRoute) for part in parts)
        assert not rig.astray()


@BENCHES
def test_entry_that_goes_as_its_next_hop_changes_leads_nobody_astray(bench: IosBench | NxosBench) -> None:
    for ticket in (ticket for ticket in bench.tickets if ticket.next_hop):
        with bench.start() as rig:
            parts = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets]).parts
            assert hinder(rig, instead(parts, led_elsewhere(ticket))) == 1
            assert not rig.astray()
