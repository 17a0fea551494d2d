"""`make demo-lab`: a real transfer is moved to the big path and back, between two kinds of router."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pathservice.demo.lab.story import Times, tell
from pathservice.pki import init_pki

# The ticket is given up when it has been seen: however slow this machine is, it lasts so long.
SHORT = Times(
    before=timedelta(seconds=0.5),
    ticket=timedelta(hours=1),
    after=timedelta(seconds=0.5),
    given_up=True,
)


class Told:
    """A screen that only remembers what had to be so."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, bool]] = []
        self.wanted: Mapping[str, str] = {}

    def chapter(self, title: str) -> None: ...

    def ticket(self, wanted: Mapping[str, str]) -> None:
        self.wanted = wanted

    def lines(self, text: str) -> None: ...

    def figures(self, kinds: Mapping[str, Mapping[str, str]]) -> None: ...

    def wait(self, what: str, done: threading.Event, *, until: datetime) -> None:
        done.wait()

    def fact(self, sentence: str, *, holds: bool) -> None:
        self.facts.append((sentence, holds))


def test_running_transfer_takes_the_big_path_for_its_ticket_and_comes_back(tmp_path: Path) -> None:
    screen = Told()
    pki = init_pki(tmp_path / "pki", host_names=(), now=datetime.now(UTC)).ca.parent
    platforms = {"west": "cisco_ios", "east": "juniper_junos"}
    told = tell(platforms, tmp_path, pki, screen, SHORT)
    assert [sentence for sentence, holds in screen.facts if not holds] == []
    assert told.held
    assert len(screen.facts) == 11
    assert screen.wanted["localPath"] == "StarLight"
    assert len(told.figures) == 7
