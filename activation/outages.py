"""A database that is away: each who met that asks again after a pause, and it is logged once."""

import threading
import time
from collections.abc import Callable, Collection
from datetime import timedelta

from activation.backing_off import pause_after
from activation.log import logger
from store import StoreUnavailable

SHORTEST = timedelta(milliseconds=500)
LONGEST = timedelta(seconds=4)

log = logger("outages")


class Outages:
    """Who met the database away and has not met it since: a strike, or the visit of a device, by name.

    Each for itself, because a database may answer one and refuse another: a full disk still lets itself
    be read. Kept in memory only; `steady` tells seconds.
    """

    def __init__(self, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        # How often in a row each met it, and from when on it may ask again.
        self._met: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def may_ask(self, who: str) -> bool:
        """Whether it is time to try again."""
        with self._lock:
            return who not in self._met or self._met[who][1] <= self._steady()

    def away(self, who: str, error: StoreUnavailable) -> None:
        """The database did not answer."""
        with self._lock:
            news = not self._met
            times = self._met.get(who, (0, 0.0))[0] + 1
            pause = pause_after(times, shortest=SHORTEST, longest=LONGEST)
            self._met[who] = times, self._steady() + pause.total_seconds()
        if news:
            log.warning("database away", error=str(error))

    def back(self, who: str) -> None:
        """The database did all that was asked."""
        with self._lock:
            over = self._met.pop(who, None) is not None and not self._met
        if over:
            log.info("database back")

    def forget_all_but(self, whos: Collection[str]) -> None:
        """The others have nothing to ask any more."""
        with self._lock:
            gone = [who for who in self._met if who not in whos]
        for who in gone:
            self.back(who)
