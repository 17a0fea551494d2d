"""What passes is asked beside the passes, and in nobody's way."""

import threading
from datetime import timedelta

import pytest

from reservation.lifecycle import State
from tests.functional.activation.conftest import WorkingHouse, until_state
from tests.unit.activation.conftest import FAR, NEAR, PATIENCE

MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.one_database("it is threads that wait for each other, or not")


def test_device_that_hangs_on_its_counters_delays_no_slot_elsewhere(house: WorkingHouse) -> None:
    house.far.counting = threading.Event()
    house.worker(visits=1).start()
    counted = house.book_now(stages=((FAR, 0),))
    until_state(house, counted, State.ACTIVE)
    assert house.far.entered.acquire(timeout=PATIENCE)
    other = house.book_now(stages=((NEAR, 0),))
    until_state(house, other, State.ACTIVE)
    house.cancel(counted)
    house.far.counting.set()
    until_state(house, counted, State.RELEASED)


def test_worker_that_stops_waits_for_no_counters(house: WorkingHouse) -> None:
    house.far.counting = threading.Event()
    worker = house.worker()
    worker.start()
    number = house.book_now(stages=((FAR, 0),))
    until_state(house, number, State.ACTIVE)
    assert house.far.entered.acquire(timeout=PATIENCE)
    worker.stop(patience=timedelta(milliseconds=100))
    house.far.counting.set()
    house.far.counting = None
    house.worker("next").start()
    house.cancel(number)
    until_state(house, number, State.RELEASED)


def test_device_without_anything_is_not_asked_however_long_it_lasts(house: WorkingHouse) -> None:
    house.worker().start()
    number = house.book_now(stages=((FAR, 0),))
    until_state(house, number, State.ACTIVE)
    house.until(lambda: house.far.asked > 0)
    for _ in range(3):
        asked = house.far.asked
        house.skip(MINUTE)
        house.until(lambda before=asked: house.far.asked > before)  # type: ignore[misc]
    assert house.near.asked == 0
