"""Workers: they outlive what happens in them, and stop when they are told to."""

import queue
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from pathservice.listener.pool import Work, WorkerPool


class Job:
    """Work that waits until it is told to go on, or aborted."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.said: queue.Queue[str] = queue.Queue()
        self.work = Work(run=self._run, abort=self._abort, drop=lambda: self.said.put("dropped"))

    def _run(self) -> None:
        self.started.set()
        self.go_on.wait()
        self.said.put("ran")

    def _abort(self) -> None:
        self.said.put("aborted")
        self.go_on.set()


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(1, monotonic=time.monotonic)
    pool.start()
    yield pool
    pool.stop(0)


def test_failure_does_not_cost_a_worker(pool: WorkerPool) -> None:
    def fail() -> None:
        raise RuntimeError("on purpose")

    pool.submit_chore(fail)
    job = Job()
    job.go_on.set()
    pool.submit(job.work)
    assert job.said.get(timeout=60) == "ran"


def test_stop_lets_work_end(pool: WorkerPool) -> None:
    job = Job()
    pool.submit(job.work)
    job.started.wait()
    stopping = threading.Thread(target=pool.stop, args=(3600,))
    stopping.start()
    job.go_on.set()
    stopping.join()
    assert job.said.get_nowait() == "ran"


def test_stop_aborts_what_does_not_end_and_drops_what_waits(pool: WorkerPool) -> None:
    busy, waiting, late = Job(), Job(), Job()
    pool.submit(busy.work)
    busy.started.wait()
    pool.submit(waiting.work)
    pool.stop(0)
    pool.submit(late.work)
    assert busy.said.get(timeout=60) == "aborted"
    assert busy.said.get(timeout=60) == "ran"
    assert waiting.said.get_nowait() == late.said.get_nowait() == "dropped"


def test_stop_does_not_wait_for_ever(pool: WorkerPool) -> None:
    job = Job()
    pool.submit(Work(run=job.work.run, abort=lambda: None, drop=lambda: None))
    job.started.wait()
    pool.stop(0)
    job.go_on.set()
    assert job.said.get(timeout=60) == "ran"


def test_chores_are_dropped_rather_than_piled_up(pool: WorkerPool) -> None:
    job = Job()
    pool.submit(job.work)
    job.started.wait()
    done: queue.Queue[int] = queue.Queue()
    for number in range(1500):
        pool.submit_chore(partial(done.put, number))
    job.go_on.set()
    last = Job()
    last.go_on.set()
    pool.submit(last.work)
    assert last.said.get(timeout=60) == "ran"
    assert done.qsize() == 1000
