"""What can be made to go wrong with a router, and at which line.

A fault names an action and the line it waits for: by its text, by its count, or both. It strikes `times`
times and is spent. Faults see what comes over SSH; a hand edit (`IosRouter.apply`) never meets one.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Literal


class Action(Enum):
    """What happens at the line."""

    REFUSE = "refuse"
    """The line is refused with the fault's words; it changes nothing."""
    DROP_BEFORE = "drop-before"
    """The connection breaks; the line changes nothing."""
    DROP_AFTER = "drop-after"
    """The line takes effect, the connection breaks before its answer."""
    HANG = "hang"
    """The router reads on and never answers; the line changes nothing."""
    HANG_AFTER = "hang-after"
    """The line takes effect, and the router never answers."""
    SLOW = "slow"
    """The line takes effect; the answer comes after `delay`."""
    GARBAGE = "garbage"
    """The line takes effect; the fault's words come instead of the answer."""
    FORGET = "forget"
    """The router reboots to its startup configuration before the line; all connections break."""


DEFAULT_WORDS: Mapping[Action, str] = {
    Action.REFUSE: "           ^\n% Invalid input detected at '^' marker.\n\n",
    Action.GARBAGE: "\x07\x00#@!~ %^ garbage (config\n",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong.

    Attributes:
        action: what happens.
        line: a regular expression searched in the line; None fits every line.
        number: strikes at the k-th fitting line seen after it was added (from 1), and those after it while
            `times` lasts; None is 1.
        where: lines of configuration mode, exec commands, or both. `exit` in a block is a line of
            configuration; `end`, `do ...` and `exit` out of the mode are not.
        words: what is printed by REFUSE and GARBAGE; None gives IOS's words, or noise.
        delay: how long SLOW keeps the answer.
        times: how often it strikes; None for ever.
    """

    action: Action
    line: str | None = None
    number: int | None = None
    where: Literal["config", "exec", "any"] = "config"
    words: str | None = None
    delay: timedelta = timedelta(0)
    times: int | None = 1

    @property
    def output(self) -> str:
        return DEFAULT_WORDS.get(self.action, "") if self.words is None else self.words

    def fits(self, line: str, *, configures: bool) -> bool:
        if self.where != "any" and (self.where == "config") != configures:
            return False
        return self.line is None or re.search(self.line, line) is not None


class FaultList:
    """The faults a router waits to meet. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[Fault, int] = {}

    def add(self, fault: Fault) -> None:
        """Wait for this fault; added again, its counts begin anew."""
        with self._lock:
            self._seen[fault] = 0

    def clear(self) -> None:
        with self._lock:
            self._seen.clear()

    def strike(self, line: str, *, configures: bool) -> Fault | None:
        """The fault that strikes at this line, the first added first; all that wait for it count it."""
        with self._lock:
            struck = None
            for fault, seen in list(self._seen.items()):
                if fault.fits(line, configures=configures):
                    self._seen[fault] = seen + 1
                    struck = struck or self._due(fault, seen + 1)
            return struck

    def _due(self, fault: Fault, seen: int) -> Fault | None:
        first = fault.number or 1
        if seen < first:
            return None
        if fault.times is not None and seen - first + 1 >= fault.times:
            del self._seen[fault]
        return fault
