"""Classic IOS prints no numbers in its running configuration, and forgets them at a reload."""

from collections.abc import Iterator

import pytest

from netconfig.errors import Rejected
from tests.contract.drivers.bench import reconcile, unwanted
from tests.contract.drivers.cisco_ios_bench import TICKETS, IosBench, IosRig


@pytest.fixture
def rig() -> Iterator[IosRig]:
    with IosBench(show_sequence_numbers=False).start() as started:
        yield started


def test_tickets_come_and_go_without_numbers_in_sight(rig: IosRig) -> None:
    original = rig.text()
    assert " permit tcp any any eq smtp" in original
    done = reconcile(rig.at_once(), [ticket.part for ticket in TICKETS])
    assert not done.left
    assert all(ticket.is_served(rig) for ticket in TICKETS)
    assert not reconcile(rig.at_once(), unwanted(done.parts)).left
    assert rig.text() == original


def test_saved_permits_are_known_again_after_their_numbers_are_forgotten(rig: IosRig) -> None:
    original = rig.text()
    done = reconcile(rig.at_once(), [ticket.part for ticket in TICKETS])
    rig.reboot()
    assert not reconcile(rig.at_once(), done.parts).plan
    reconcile(rig.at_once(), unwanted(done.parts))
    assert rig.text() == original


def test_new_permit_is_not_put_behind_the_last_deny(rig: IosRig) -> None:
    rig.reboot()
    with pytest.raises(Rejected, match="resequence the list"):
        reconcile(rig.at_once(), [TICKETS[3].part])
