"""The thread that gives the keeper its turns."""

import threading
from types import TracebackType
from typing import Self

import structlog

from ofgw.keeper import LONGEST_PAUSE, Keeper

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Loop:
    """Turns of a keeper, one after the other, while the `with` block lasts."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_stopping.set()
        self._keeper.wake.set()
        self._thread.join(timeout=3.0)

    def _run(self) -> None:
        while True:
            # Before the turn: what is ordered during it asks for another.
            self._keeper.wake.clear()
            if self._is_stopping.is_set():
                return
            try:
                pause = self._keeper.turn()
            except Exception:
                log.exception("turn-failed")
                pause = LONGEST_PAUSE
            self._keeper.wake.wait(pause.total_seconds())
