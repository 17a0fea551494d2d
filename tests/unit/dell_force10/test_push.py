"""What a switch says is a refusal, a warning or noise; and a push that cannot be saved."""

import pytest

from netconfig.cli.words import refusal
from netconfig.driver import transcript_of
from netconfig.drivers.dell_force10.words import FTOS
from netconfig.errors import Rejected, Unreachable, Waiting
from netconfig.simulator import Action, Fault
from tests.contract.drivers.bench import place, reconcile, unwanted
from tests.contract.drivers.dell_force10_bench import OBSTACLES, TICKETS, Force10Bench

PARTS = [ticket.part for ticket in TICKETS]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ('      ^\n% Error: Invalid input at "^" marker.\n', '% Error: Invalid input at "^" marker.'),
        ("% Error: Redirect-list is full.\n", "% Error: Redirect-list is full."),
        ("%Error: no room\n", "%Error: no room"),
        ("% Warning: This may take a while.\n", ""),
        ("% Info: done\n", ""),
        ("Nov 22 07:02:11: %STKUNIT0-M:CP %SYS-5-CONFIG_I: Configured from vty0\n", ""),
        ("%RPM0-P:CP %IFMGR-5-ASTATE_UP: Changed interface Admin state to up: Te 1/1\n", ""),
        ("100% of it\n", ""),
        ("!\n", ""),
        ("", ""),
    ],
)
def test_refusals_are_told_from_warnings_and_noise(answer: str, words: str) -> None:
    assert refusal(answer, FTOS) == words


def test_refused_group_leaves_the_list_whole_and_unapplied_and_says_whose_it_was() -> None:
    with Force10Bench().start() as rig:
        original, driver = rig.text(), rig.at_once()
        rig.router.faults.add(Fault(Action.REFUSE, line="redirect-group", words="% Error: CAM is full.\n"))
        placed = place(driver, driver.read(), PARTS[:1])
        with pytest.raises(Rejected, match="CAM is full") as caught:
            driver.push(driver.plan(driver.read(), driver.render(placed), known=frozenset({42})))
        assert caught.value.parts == {1}
        assert "ip redirect-list LS-FNAL-42\n" in rig.text()
        assert "ip redirect-group LS-FNAL-42\n" not in rig.text()
        reconcile(driver, unwanted(placed))
        assert rig.text() == original


def test_refused_entry_takes_its_list_back() -> None:
    with Force10Bench().start() as rig:
        original, driver = rig.text(), rig.at_once()
        rig.router.faults.add(Fault(Action.REFUSE, line="seq 20", words="% Error: CAM is full.\n"))
        with pytest.raises(Rejected, match="CAM is full"):
            reconcile(driver, PARTS[1:2])
        assert rig.text() == original


def test_push_that_could_not_be_saved_says_so_and_is_saved_later() -> None:
    with Force10Bench().start() as rig:
        driver = rig.at_once()
        rig.router.faults.add(
            Fault(Action.REFUSE, line="write", where="exec", words="% Error: flash is full.\n")
        )
        with pytest.raises(Unreachable, match="configured, but not saved: % Error: flash is full") as caught:
            reconcile(driver, PARTS)
        assert transcript_of(caught.value).exchanges
        assert rig.router.startup_config() != rig.text()
        driver.save()
        assert rig.router.startup_config() == rig.text()


def test_nothing_is_sent_where_all_of_it_waits() -> None:
    with Force10Bench().start() as rig:
        driver = rig.at_once()
        parts = reconcile(driver, PARTS).parts
        rig.edit(*OBSTACLES[0].lines)
        with pytest.raises(Waiting, match="there is no interface Vlan100"):
            reconcile(driver, parts)
