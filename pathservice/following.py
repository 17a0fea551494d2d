"""Following the version of the site that is in force, in a thread of its own."""

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from store import StoreUnavailable

log = structlog.get_logger("pathservice")

EVERY = timedelta(seconds=1)
"""How long after a new version came into force every process serves it at the latest."""


class Follower:
    """Calls `catch_up` at short intervals until it is stopped; what it raises ends nothing."""

    def __init__(self, catch_up: Callable[[], object], *, every: timedelta = EVERY) -> None:
        self._catch_up = catch_up
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="following the site", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further look, and wait for the one under way."""
        self._stopped.set()
        self._thread.join(self._every.total_seconds())

    def _follow(self) -> None:
        while not self._stopped.wait(self._every.total_seconds()):
            try:
                self._catch_up()
            except StoreUnavailable:
                # Whoever has something to do in the database says so.
                continue
            except Exception:
                log.exception("site not followed")
