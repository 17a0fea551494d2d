"""After `stop` nothing of a worker is left: no thread to wait for, no transaction, however late."""

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from reservation.lifecycle import State
from store import Store
from tests.functional.activation.conftest import WorkingHouse
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
