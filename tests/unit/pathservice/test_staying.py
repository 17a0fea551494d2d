"""How long `serve` stays, and what it does meanwhile."""

import signal
from queue import SimpleQueue

import pytest

from pathservice.cli.serve import wait_for_end


class Reloads:
    """Notes each reload, and asks for the end after so many."""

    def __init__(self, signals: "SimpleQueue[int]", *, last: int) -> None:
        self.signals, self.last = signals, last
        self.noted: list[bool] = []

    def __call__(self, *, always: bool) -> None:
        self.noted.append(always)
        if len(self.noted) == self.last:
            self.signals.put(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_when_told(number: int) -> None:
    signals: SimpleQueue[int] = SimpleQueue()
    signals.put(number)
    reloads = Reloads(signals, last=1)
    wait_for_end(signals, reloads)
    assert reloads.noted == []


def test_hangup_reloads() -> None:
    signals: SimpleQueue[int] = SimpleQueue()
    signals.put(signal.SIGHUP)
    signals.put(signal.SIGHUP)
    reloads = Reloads(signals, last=2)
    wait_for_end(signals, reloads)
    assert reloads.noted == [True, True]


def test_files_are_looked_at_now_and_then() -> None:
    signals: SimpleQueue[int] = SimpleQueue()
    reloads = Reloads(signals, last=3)
    wait_for_end(signals, reloads, look_every=0.001)
    assert reloads.noted == [False, False, False]
