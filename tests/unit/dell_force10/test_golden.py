"""What a ticket becomes, in FTOS's own language: files to be read by people who know it.

`python -m tests.unit.dell_force10.test_golden` writes them anew.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from netconfig.driver import PartIntent
from netconfig.intent import PolicyRoute
from tests.contract.drivers.bench import place, reconcile, unwanted
from tests.contract.drivers.dell_force10_bench import HAND_EDITS, TICKETS, Force10Bench
from tests.unit.dell_force10.workshop import reading

FIXTURES = Path(__file__).parents[2] / "fixtures" / "dell_force10"
CASES: Mapping[str, Sequence[PartIntent]] = {
    "ticket-42": [TICKETS[0].part],
    "edge-permit": [TICKETS[2].part],
    "two-on-one-interface": [TICKETS[0].part, TICKETS[1].part],
    "beside-the-sites-own": [TICKETS[4].part],
}


def written(parts: Sequence[PartIntent]) -> dict[str, str]:
    """What is rendered, added and taken away for these parts."""
    with Force10Bench().start() as rig:
        driver = rig.at_once()
        placed = place(driver, driver.read(), parts)
        rendered = driver.render(placed).text
        done = reconcile(driver, placed)
        gone = reconcile(driver, unwanted(done.parts))
        return {"rendered.txt": rendered, "add.txt": str(done.plan), "remove.txt": str(gone.plan)}


def mended() -> str:
    """What is sent when somebody put an entry into the list of a ticket."""
    with Force10Bench().start() as rig:
        parts = reconcile(rig.at_once(), [TICKETS[0].part]).parts
        rig.edit(*HAND_EDITS[3])
        return str(reconcile(rig.at_once(), parts).plan)


def detour() -> str:
    """What is sent when a ticket goes by another next hop for a while."""
    with Force10Bench().start() as rig:
        (part,) = reconcile(rig.at_once(), [TICKETS[0].part]).parts
        assert isinstance(part.intent, PolicyRoute)
        intent = dataclasses.replace(part.intent, next_hop=ip_address("192.0.2.2"))
        return str(reconcile(rig.at_once(), [dataclasses.replace(part, intent=intent)]).plan)


@pytest.mark.parametrize("name", sorted(CASES))
def test_ticket_becomes_what_the_file_says(name: str) -> None:
    for kind, text in written(CASES[name]).items():
        assert text == (FIXTURES / f"{name}.{kind}").read_text(encoding="utf-8"), kind


def test_list_changed_by_hand_is_replaced_under_a_new_name_before_the_old_one_goes() -> None:
    assert mended() == (FIXTURES / "mended.change.txt").read_text(encoding="utf-8")


def test_other_next_hop_stands_in_a_list_that_is_applied_before_the_old_one_goes() -> None:
    assert detour() == (FIXTURES / "detour.change.txt").read_text(encoding="utf-8")


def test_running_configuration_is_read_into_one_way_of_writing() -> None:
    actual = reading((FIXTURES / "ticket-42.running.txt").read_text(encoding="utf-8"))
    assert actual.text == (FIXTURES / "ticket-42.reading.txt").read_text(encoding="utf-8")
    assert actual.found == {42: "6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11"}
    assert reading(actual.text).text == actual.text


def write() -> None:
    """Write the files anew, but for those that are read."""
    for name, parts in CASES.items():
        for kind, text in written(parts).items():
            (FIXTURES / f"{name}.{kind}").write_text(text, encoding="utf-8")
    (FIXTURES / "mended.change.txt").write_text(mended(), encoding="utf-8")
    (FIXTURES / "detour.change.txt").write_text(detour(), encoding="utf-8")


if __name__ == "__main__":
    write()
