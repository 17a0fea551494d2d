"""How long `serve` stays, and what it does meanwhile."""

import signal
from collections.abc import Callable, Iterable

import pytest

from pathservice.cli.serve import wait_for_end


def sent(numbers: Iterable[int | None]) -> Callable[[float], int | None]:
    """These, one after the other; None where none came in time."""
    ahead = iter(numbers)
    return lambda _: next(ahead)


def noted(*numbers: int | None) -> list[bool]:
    """How it was reloaded each time, until the last of these was sent."""
    reloads: list[bool] = []
    wait_for_end(sent(numbers), lambda *, always: reloads.append(always))
    return reloads


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_when_told(number: int) -> None:
    assert noted(number) == []


def test_hangup_reloads() -> None:
    assert noted(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM) == [True, True]


def test_files_are_looked_at_now_and_then() -> None:
    assert noted(None, signal.SIGHUP, None, signal.SIGINT) == [False, True, False]


def test_next_look_is_waited_for_no_longer_than_said() -> None:
    waits: list[float] = []

    def next_signal(seconds: float) -> int | None:
        waits.append(seconds)
        return signal.SIGTERM if len(waits) > 1 else None

    reloads: list[bool] = []
    wait_for_end(next_signal, lambda *, always: reloads.append(always), look_every=7.0)
    assert waits == [7.0, 7.0]
