"""What a worker reads to be due while a visit of it is under way."""

import threading
from typing import Any

import pytest

from activation.due import due_devices
from activation.reconcile import reconcile
from reservation.lifecycle import State
from tests.functional.activation.conftest import WorkingHouse
from tests.unit.activation.conftest import FAR, PATIENCE


def test_device_that_was_read_to_be_due_before_its_visit_ended_is_not_visited_for_it_again(
    house: WorkingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = house.worker()
    worker.start()
    house.until(lambda: house.device(FAR).read_at is not None)
    # From here on each visit counts; the strike that reads the device as due waits for the visit's end.
    visits: list[str] = []
    late = threading.Event()

    def counted(store: Any, device: str, *arguments: Any, **words: Any) -> bool:
        visits.extend([device] if device == FAR else [])
        return reconcile(store, device, *arguments, **words)

    def read_early(*arguments: Any, **words: Any) -> list[str]:
        due = due_devices(*arguments, **words)
        if FAR in due and visits and not late.is_set():
            late.set()
            assert house.far.held is not None
            house.far.held.set()
            with worker._quiet:
                assert worker._quiet.wait_for(lambda: not worker._busy, PATIENCE)
        return due

    monkeypatch.setattr("activation.visiting.reconcile", counted)
    monkeypatch.setattr("activation.agenda.due_devices", read_early)
    house.far.held = threading.Event()
    first = house.book_now(stages=((FAR, 0),))
    house.until(lambda: house.state(first) is State.ACTIVE)
    assert late.is_set()
    second = house.book_now(stages=((FAR, 0),))
    house.until(lambda: house.state(second) is State.ACTIVE)
    assert visits == [FAR, FAR]
