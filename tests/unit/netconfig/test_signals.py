"""A signal is noticed whenever it comes, most of all just before one begins to wait for it."""

import os
import select
import signal
import threading
from typing import Any

import pytest

from netconfig.signals import Signals

ONE, OTHER = signal.SIGUSR1, signal.SIGUSR2


def test_they_are_told_in_order_and_each_once() -> None:
    with Signals(ONE, OTHER) as signals:
        for number in (ONE, OTHER, ONE):
            signal.raise_signal(number)
        assert [signals.next(60), signals.next(60), signals.next(60)] == [ONE, OTHER, ONE]
        assert signals.next(0.01) is None


def test_one_that_comes_just_before_the_wait_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wait = select.select

    def late(*arguments: Any) -> Any:
        signal.raise_signal(ONE)
        return wait(*arguments)

    with Signals(ONE) as signals:
        monkeypatch.setattr(select, "select", late)
        assert signals.next() == ONE


def test_one_that_comes_in_the_wait_ends_it() -> None:
    with Signals(ONE) as signals:
        sender = threading.Timer(0.05, os.kill, [os.getpid(), ONE])
        sender.start()
        assert signals.next(60) == ONE
        sender.join()


def test_others_are_not_told() -> None:
    heard: list[int] = []
    before = signal.signal(OTHER, lambda number, _: heard.append(number))
    try:
        with Signals(ONE) as signals:
            signal.raise_signal(OTHER)
            assert signals.next(0.01) is None
            signal.raise_signal(ONE)
            assert signals.next(60) == ONE
    finally:
        signal.signal(OTHER, before)
    assert heard == [OTHER]


def test_all_is_as_before_in_the_end() -> None:
    handler, wakeup = signal.getsignal(ONE), signal.set_wakeup_fd(-1)
    with Signals(ONE):
        assert signal.getsignal(ONE) is not handler
    assert signal.getsignal(ONE) is handler
    assert signal.set_wakeup_fd(wakeup) == -1
