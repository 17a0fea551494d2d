"""Leases of devices: kept as long as the session is, and the session no longer than they."""

import threading
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from activation import leases
from reservation.lifecycle import State
from reservation.parts import lock_devices
from tests.functional.activation.conftest import WorkingHouse, until_state
from tests.unit.activation.conftest import FAR, HOUR, NEAR, PATIENCE

LONG = timedelta(hours=1)


def test_two_workers_share_the_work_and_never_meet_on_a_device(house: WorkingHouse) -> None:
    workers = [house.worker(f"worker {n}", store=house.another_store()) for n in range(2)]
    for worker in workers:
        worker.start()
    for n in range(10):
        stages = ((FAR, 0), (NEAR, 1)) if n % 2 else ((NEAR, 0),)
        house.book_now(length=HOUR, stages=stages)
    house.until(lambda: house.count(State.ACTIVE) == 10)
    house.skip(HOUR)
    house.until(lambda: house.count(State.RELEASED) == 10)
    assert [box.collisions for box in house.boxes.values()] == [0, 0]
    assert house.far.ours == house.near.ours == []


def test_restarted_worker_goes_on_at_once_where_it_was_killed(house: WorkingHouse) -> None:
    number = house.book_now(stages=((FAR, 0),))
    assert leases.take(house.store, FAR, owner="the same", life=LONG) is not None
    house.worker("the same").start()
    until_state(house, number, State.ACTIVE)


def test_lease_outlives_its_life_while_a_push_goes_on(house: WorkingHouse) -> None:
    # It is renewed thrice in its life; a busy machine may be late, but not by two thirds of it.
    life = timedelta(seconds=3)
    house.far.held = threading.Event()
    house.worker("first", lease=life).start()
    number = house.book_now(stages=((FAR, 0),))
    assert house.far.entered.acquire(timeout=PATIENCE)
    first = lease_until(house)
    house.worker("second", store=house.another_store(), lease=life).start()
    house.until(lambda: lease_until(house) > first + life)
    assert house.device(FAR).worker == "first"
    house.far.held.set()
    until_state(house, number, State.ACTIVE)
    assert (house.far.collisions, len(house.far.pushes)) == (0, 1)


def lease_until(house: WorkingHouse) -> datetime:
    until = house.store.read(lambda s: lock_devices(s, [FAR])[FAR].lease_until)
    assert until is not None
    return until


def test_session_is_closed_when_its_lease_is_lost_and_nothing_is_written(house: WorkingHouse) -> None:
    house.far.held = threading.Event()
    house.worker(lease=timedelta(seconds=3)).start()
    number = house.book_now(stages=((FAR, 0),))
    assert house.far.entered.acquire(timeout=PATIENCE)

    def rob(session: Session) -> None:
        row = lock_devices(session, [FAR])[FAR]
        row.lease_token, row.lease_owner = "another's", "another"
        row.lease_until = house.now() + LONG

    house.store.write(rob)
    house.until(lambda: house.changes(FAR)[-1].outcome is not None)
    assert house.far.closed >= 1
    assert house.changes(FAR)[-1].outcome == "device-unreachable"
    assert house.far.ours == []
    assert (house.device(FAR).failures, house.device(FAR).error) == (0, None)
    assert house.state(number) is State.ACTIVATING


def test_session_is_closed_before_its_lease_runs_out_unrenewed(house: WorkingHouse) -> None:
    house.far.held = threading.Event()
    house.worker(lease=timedelta(milliseconds=600)).start()
    number = house.book_now(stages=((FAR, 0),))
    assert house.far.entered.acquire(timeout=PATIENCE)
    house.cut_off(away=True)
    # Only closing the session lets go of the push.
    assert house.far.held.wait(PATIENCE)
    house.cut_off(away=False)
    until_state(house, number, State.ACTIVE)


def test_idle_session_is_closed_and_its_device_let_go(house: WorkingHouse) -> None:
    house.worker(idle=timedelta(0), lease=timedelta(milliseconds=300)).start()
    number = house.book_now(stages=((FAR, 0),))
    until_state(house, number, State.ACTIVE)
    house.until(lambda: house.device(FAR).worker is None and house.device(NEAR).worker is None)
    assert house.far.closed >= 1
