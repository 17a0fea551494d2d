"""Signals to a process that stays: waited for, one by one, and none is noticed late.

Python runs a handler when the main thread next does something. A signal that comes just before it begins to
wait would be noticed when the wait is over, which may be never. So the interpreter's own handler, which runs
at once, writes each into a socket, and that is what is waited for.
"""

import select
import signal
import socket
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, Self


class Signals:
    """Those of these numbers that are sent to this process while the `with` block lasts.

    For the main thread alone; there is one at a time.
    """

    def __init__(self, *numbers: int) -> None:
        self._numbers = frozenset(numbers)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._heard, heard = socket.socketpair()
        for end in (self._heard, heard):
            end.setblocking(False)
            self._open.callback(end.close)
        before = signal.set_wakeup_fd(heard.fileno(), warn_on_full_buffer=False)
        self._open.callback(signal.set_wakeup_fd, before)
        for number in self._numbers:
            self._open.callback(signal.signal, number, signal.signal(number, _nothing))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def next(self, timeout: float | None = None) -> int | None:
        """The number of the next one, in the order in which they came; None if none does in that time."""
        while True:
            with suppress(BlockingIOError):
                if (number := self._heard.recv(1)[0]) in self._numbers:
                    return number
                continue
            if not select.select([self._heard], [], [], timeout)[0]:
                return None


def _nothing(_number: int, _frame: Any) -> None:
    """What is done by a handler: all of it is done where the signal is waited for."""
