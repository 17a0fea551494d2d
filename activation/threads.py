"""Threads for the scheduler's jobs that the end of the process does not wait for."""

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from queue import SimpleQueue
from typing import Any

from apscheduler.executors.base import BaseExecutor, run_job

ASKED_AT_ONCE = 4
"""How many devices are asked at once which next hops answer: those that do not are waited for."""
COUNTED_AT_ONCE = 2
"""How many devices are asked at once what passes."""


class DaemonThreads(BaseExecutor):  # type: ignore[misc] # APScheduler has no types
    """So many threads, each doing one job after the other.

    Not APScheduler's own pool: Python joins the threads of that one before it exits, and a device that
    answers nothing would keep a process alive that has done all it had to.
    """

    def __init__(self, threads: int) -> None:
        super().__init__()
        self._threads = threads
        self._tasks: SimpleQueue[tuple[Any, list[datetime]] | None] = SimpleQueue()

    def start(self, scheduler: Any, alias: str) -> None:
        """Start the threads, named after the executor."""
        super().start(scheduler, alias)
        for number in range(self._threads):
            threading.Thread(target=self._run, name=f"{alias} {number}", daemon=True).start()

    def shutdown(self, wait: bool = True) -> None:
        """Let each thread end after what it is doing and what was asked for before; never waits for it."""
        for _ in range(self._threads):
            self._tasks.put(None)

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        self._tasks.put((job, run_times))

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            job, run_times = task
            # Whatever the job raises is logged in there.
            events = run_job(job, "default", run_times, self._logger.name)
            self._run_job_success(job.id, events)


def takes_another(executor: str, busy: Iterable[str]) -> bool:
    """Whether a device may be given to an executor; `busy` are those that have one now, each for a device.

    Nobody waits for a turn to be asked something: whoever waits cannot be visited meanwhile.
    """
    most = {"ask": ASKED_AT_ONCE, "count": COUNTED_AT_ONCE}.get(executor)
    return most is None or sum(other == executor for other in busy) < most


def make_executors(*, visits: int) -> Mapping[str, DaemonThreads]:
    """A worker's threads, by what they do; so many visits at once."""
    return {
        "poll": DaemonThreads(1),
        "tick": DaemonThreads(1),
        "visit": DaemonThreads(visits),
        # Apart from these: a device that hangs on a question delays no slot elsewhere.
        "ask": DaemonThreads(ASKED_AT_ONCE),
        "count": DaemonThreads(COUNTED_AT_ONCE),
        "chore": DaemonThreads(1),
    }
