"""Classic IOS prints no numbers in its running configuration, and forgets them at a reload."""

from collections.abc import Iterator

import pytest

from netconfig.cisco.config import read_config
from netconfig.cisco.running import Running, number_rules, parse_running
from netconfig.cli.access import Rule
from netconfig.driver import PartIntent
from netconfig.drivers.cisco_ios.dialect import IOS
from netconfig.errors import Rejected, StateUnknown
from tests.contract.drivers.bench import reconcile, unwanted
from tests.contract.drivers.cisco_ios_bench import TICKETS, IosBench, IosRig
from tests.unit.cisco_ios.workshop import NAMES, PERMIT, driver

CONFIGURED = """\
interface TenGigabitEthernet1/1
!
ip access-list extended EDGE-IN
 permit tcp any any eq smtp
 deny   ip any any
ip access-list extended OFFICE
 permit tcp any any eq www time-range WORK
 permit udp any any reflect MIRROR
ip access-list standard MANAGEMENT
 permit 10.0.0.1
!
end
"""
SHOWN = """\
Extended IP access list EDGE-IN
    10 permit tcp any any eq smtp (12 matches)
    1000 deny ip any any (1 match)
Standard IP access list MANAGEMENT
    10 permit 10.0.0.1 (7 matches)
Extended IP access list OFFICE
    10 permit tcp any any eq www time-range WORK (inactive) (3 matches)
    20 permit udp any any reflect MIRROR (4 matches)
Reflexive IP access list MIRROR
     permit udp host 10.0.0.1 eq domain host 10.0.0.2 eq 1024 (2 matches) (time left 299)
"""


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


def numbered(shown: str) -> Running:
    return number_rules(parse_running(CONFIGURED, IOS), shown)


def test_what_is_shown_beside_the_rules_and_between_the_lists_is_passed_over() -> None:
    lists = numbered(SHOWN).access_lists
    assert [rule.sequence for rule in lists["EDGE-IN"].rules] == [10, 1000]
    assert lists["OFFICE"].rules == (
        Rule(10, "permit tcp any any eq 80 time-range WORK"),
        Rule(20, "permit udp any any reflect MIRROR"),
    )


def test_list_of_the_sites_that_is_shown_otherwise_hinders_only_what_would_stand_in_it() -> None:
    odd = numbered(SHOWN.replace("20 permit udp any any reflect MIRROR", "20 permit udp any any remirror"))
    assert odd.unnumbered == {"OFFICE"}
    edge = PartIntent(1, 42, PERMIT)
    assert driver().place(read_config(odd, NAMES), [edge])[edge.part_id]["lines"]
    strange = numbered(SHOWN.replace("eq smtp (12", "eq pop3 (12"))
    with pytest.raises(StateUnknown, match="EDGE-IN is shown otherwise than it is configured"):
        driver().place(read_config(strange, NAMES), [edge])
