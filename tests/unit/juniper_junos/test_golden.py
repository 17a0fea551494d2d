"""What a ticket becomes, in Junos's own language: files to be read by people who know it.

`python -m tests.unit.juniper_junos.test_golden` writes them anew.
"""

from pathlib import Path

import pytest

from netconfig.driver import PartIntent
from tests.contract.drivers.bench import place, reconcile, unwanted
from tests.contract.drivers.juniper_junos_bench import TICKETS, JunosBench

FIXTURES = Path(__file__).parents[2] / "fixtures" / "juniper_junos"
CASES = {
    "ticket-42": [TICKETS[0].part],
    "ipv6": [TICKETS[2].part],
    "two-on-one-interface": [TICKETS[0].part, TICKETS[1].part],
}


def written(parts: list[PartIntent]) -> dict[str, str]:
    """What is rendered, added and taken away for these parts."""
    with JunosBench().start() as rig:
        driver = rig.at_once()
        placed = place(driver, driver.read(), parts)
        rendered = driver.render(placed).text
        done = reconcile(driver, placed)
        gone = reconcile(driver, unwanted(done.parts))
        return {"rendered.xml": rendered, "add.txt": str(done.plan), "remove.txt": str(gone.plan)}


@pytest.mark.parametrize("name", sorted(CASES))
def test_ticket_becomes_what_the_file_says(name: str) -> None:
    for kind, text in written(CASES[name]).items():
        assert text == (FIXTURES / f"{name}.{kind}").read_text(encoding="utf-8"), kind


def write() -> None:
    """Write the files anew."""
    for name, parts in CASES.items():
        for kind, text in written(parts).items():
            (FIXTURES / f"{name}.{kind}").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
