"""The worker threads: a fixed number, fed from one queue, gone within a bounded time.

cheroot asks of its pool `start`, `put` and `stop`; its own one waits for ever on a thread whose
application does not come back.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_AFTER_ABORT_SECONDS = 0.5
_CHORES_LIMIT = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Something to do in a worker thread.

    `abort`, called from another thread, makes `run` come back; `drop` is called instead of `run`.
    """

    run: Callable[[], None]
    abort: Callable[[], None]
    drop: Callable[[], None]


class WorkerPool:
    """Runs work first come, first served; `monotonic` counts seconds."""

    def __init__(
        self, threads: int, *, monotonic: Callable[[], float], name: str = "listener-worker"
    ) -> None:
        self._monotonic = monotonic
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._active: set[Work] = set()
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._loop, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def submit(self, work: Work) -> None:
        """Have `work` done; it is dropped once we were told to stop."""
        with self._lock:
            stopped = self._stopped
            if not stopped:
                self._queue.put(work)
        if stopped:
            work.drop()

    def waiting(self) -> int:
        """Answer about how much waits to be done."""
        return self._queue.qsize()

    def submit_chore(self, run: Callable[[], None]) -> None:
        """Have something small done, unless so much waits that it would only make things worse."""
        if self.waiting() >= _CHORES_LIMIT:
            log.warning("too busy, a chore was dropped")
            return
        self.submit(Work(run, abort=_nothing, drop=_nothing))

    def stop(self, timeout: float) -> None:
        """Let what is being done end within `timeout` seconds, then abort it; what waits is dropped."""
        with self._lock:
            self._stopped = True
        self._drop_waiting()
        for _ in self._threads:
            self._queue.put(None)
        self._join(timeout)
        with self._lock:
            late = list(self._active)
        for work in late:
            work.abort()
        self._join(_AFTER_ABORT_SECONDS)
        stuck = [thread.name for thread in self._threads if thread.is_alive()]
        if stuck:
            log.warning("workers left behind, their applications do not come back", threads=stuck)

    def _drop_waiting(self) -> None:
        while True:
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                return
            if work is not None:
                work.drop()

    def _join(self, timeout: float) -> None:
        deadline = self._monotonic() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - self._monotonic()))

    def _loop(self) -> None:
        while (work := self._queue.get()) is not None:
            with self._lock:
                self._active.add(work)
            try:
                work.run()
            except Exception:  # a worker outlives whatever happens in it
                log.exception("a worker's task failed")
            finally:
                with self._lock:
                    self._active.discard(work)


def _nothing() -> None:
    """Chores are short; nothing makes them shorter."""
