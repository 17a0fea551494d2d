"""What a ticket becomes, as nft and ip have it: files to be read by people who know them.

`python -m tests.functional.linux_nft.test_golden` writes them anew.
"""

from pathlib import Path

import pytest

from netconfig.driver import PartIntent
from netconfig.drivers.linux_nft.lines import RouterPlan
from tests.contract.drivers.bench import place, reconcile, unwanted
from tests.contract.drivers.linux_nft_bench import TICKETS, VARIANTS, LinuxBench

FIXTURES = Path(__file__).parents[2] / "fixtures" / "linux_nft"
CASES = {
    "ticket-42": [TICKETS[0].part, TICKETS[2].part],
    "ipv6": [TICKETS[1].part, VARIANTS[1].part],
}


def written(parts: list[PartIntent]) -> dict[str, str]:
    """What is rendered, added, kept for the next boot, and taken away for these parts."""
    with LinuxBench().start() as rig:
        driver = rig.at_once()
        placed = place(driver, driver.read(), parts)
        rendered = driver.render(placed).text
        done = reconcile(driver, placed)
        assert isinstance(done.plan, RouterPlan)
        gone = reconcile(driver, unwanted(done.parts))
        kinds = {
            "rendered": rendered,
            "add": str(done.plan),
            "boot": done.plan.startup,
            "remove": str(gone.plan),
        }
        # A handle of the site's is as it comes.
        return {f"{kind}.txt": text for kind, text in kinds.items()}


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
