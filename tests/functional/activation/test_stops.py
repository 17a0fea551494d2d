"""After `stop` nothing of a worker is left: no thread to wait for, no transaction, however late."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from reservation.lifecycle import State
from store import Store
from tests.functional.activation.conftest import WorkingHouse, until_state
from tests.unit.activation.conftest import FAR, HOUR, PATIENCE

REPOSITORY = Path(__file__).parents[3]
AT_ONCE = timedelta(0)


def test_process_ends_though_a_driver_hangs_for_ever(own_store: Store) -> None:
    url = own_store.engine.url.render_as_string(hide_password=False)
    command = (sys.executable, "-m", "tests.functional.activation.hung", url)
    ended = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == "stopped"


def join_visits() -> None:
    """Wait until no thread is visiting a device."""
    for thread in threading.enumerate():
        if thread.name.startswith("visit "):
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.mark.parametrize("point", ["in the push", "while reading"])
def test_visit_that_comes_back_after_the_stop_touches_no_store_and_no_device(
    house: WorkingHouse, point: str
) -> None:
    house.far.held, house.far.deaf = threading.Event(), True
    worker = house.worker()
    if point == "while reading":
        house.far.reading = house.far.held
    worker.start()
    number = house.book_now(stages=((FAR, 0),))
    assert house.far.entered.acquire(timeout=PATIENCE)
    worker.stop(patience=AT_ONCE)
    begun: list[object] = []
    event.listen(house.store._sessions, "after_begin", lambda *args: begun.append(args))
    with capture_logs() as logs:
        house.far.held.set()
        join_visits()
    assert begun == []
    loud = [line for line in logs if line["log_level"] in {"warning", "error"}]
    told = [line["event"] for line in loud if line.get("device") == FAR]
    assert told == ([] if point == "in the push" else ["device failed"])
    assert house.far.ours == []
    outcomes = [change.outcome for change in house.changes(FAR)]
    assert outcomes == ([None] if point == "in the push" else [])
    house.worker("next").start()
    house.until(lambda: house.state(number) is State.ACTIVE)
    assert house.far.collisions == 0


def test_stopped_worker_leaves_no_thread(house: WorkingHouse) -> None:
    worker = house.worker()
    worker.start()
    number = house.book_now(stages=((FAR, 0),), length=HOUR)
    house.until(lambda: house.state(number) is State.ACTIVE)
    worker.stop()
    for thread in threading.enumerate():
        if thread.name.partition(" ")[0] in {"poll", "tick", "visit", "chore", "closing"}:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_stop_waits_for_a_push_that_ends_in_time(house: WorkingHouse) -> None:
    house.far.held = threading.Event()
    worker = house.worker()
    worker.start()
    number = house.book_now(stages=((FAR, 0),))
    assert house.far.entered.acquire(timeout=PATIENCE)
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(worker.stop, patience=timedelta(seconds=PATIENCE))
        house.far.held.set()
        stopping.result(PATIENCE)
    assert house.changes(FAR)[-1].outcome == "pushed"
    assert house.parts(number)[0].in_sync
    assert house.device(FAR).worker is None


@pytest.mark.parametrize("deaf", [False, True])
def test_stop_breaks_off_a_push_that_hangs_and_the_next_worker_finishes_it(
    house: WorkingHouse, deaf: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not deaf:
        # However slow this machine is: what can still end is waited for.
        monkeypatch.setattr("activation.worker.BREAK_OFF", timedelta(seconds=PATIENCE))
    house.far.held, house.far.deaf = threading.Event(), deaf
    worker = house.worker()
    worker.start()
    number = house.book_now(stages=((FAR, 0),))
    assert house.far.entered.acquire(timeout=PATIENCE)
    worker.stop(patience=timedelta(milliseconds=100))
    assert house.far.closed >= 1
    assert deaf or house.device(FAR).worker is None
    # What comes back in time is written down; what does not finds the store shut.
    assert house.changes(FAR)[-1].outcome == (None if deaf else "device-unreachable")
    house.far.held.set()
    assert house.far.pushing.acquire(timeout=PATIENCE)
    house.far.pushing.release()
    house.worker("next").start()
    until_state(house, number, State.ACTIVE)
    assert house.far.collisions == 0


def test_stopped_worker_strikes_no_more(house: WorkingHouse) -> None:
    worker = house.worker()
    worker.start()
    house.until(lambda: house.device(FAR).read_at is not None)
    worker.stop()
    struck = worker.struck_at
    number = house.book_now()
    other = house.worker("other")
    other.start()
    until_state(house, number, State.ACTIVE)
    assert worker.struck_at == struck


def test_worker_may_be_stopped_twice_and_without_a_start(house: WorkingHouse) -> None:
    house.worker().stop()
    worker = house.worker()
    worker.start()
    worker.stop()
    worker.stop()
