"""The worker on its real clock: slots, wake-ups, chores, slow devices and drivers that fail."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from activation.tick import tick
from activation.wanted import read_wanted
from netconfig.errors import BadCredential
from reservation import service
from reservation.lifecycle import Outcome, State
from reservation.parts import parts_of
from store import Store
from tests.functional.activation.conftest import WorkingHouse, until_state
from tests.unit.activation.conftest import FAR, HOUR, KIND, NEAR, PATIENCE, SECOND, BoxDriver

LONG = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_ticket_lives_its_whole_life_by_the_clock(house: WorkingHouse) -> None:
    house.worker().start()
    house.now()
    number = house.book(start=SECOND, length=HOUR)
    until_state(house, number, State.ACTIVE)
    house.skip(HOUR)
    until_state(house, number, State.RELEASED)
    view = house.view(number)
    assert view.outcome is Outcome.COMPLETED
    assert view.activated_at is not None
    assert view.ended_at is not None
    assert view.slot.start <= view.activated_at < view.slot.end <= view.ended_at
    assert house.far.ours == house.near.ours == []


def test_what_came_due_while_no_worker_ran_is_taken_up_first(house: WorkingHouse) -> None:
    for _ in range(40):
        house.book_now()
    house.worker().start()
    house.until(lambda: house.count(State.ACTIVE) == 40)
    assert [len(push) for push in house.far.pushes] == [40]
    assert [len(push) for push in house.near.pushes] == [40]


class Cancelling:
    """A chore that cancels a reservation at an instant, and can be made to fail before."""

    name = "cancelling"

    def __init__(self, house: WorkingHouse, number: int, at: datetime) -> None:
        self._house = house
        self._number = number
        self.at: datetime | None = at
        self.failures = 0

    def next_at(self, session: Session) -> datetime | None:
        return self.at

    def run(self, store: Store, now: datetime) -> bool:
        assert self.at is not None
        assert self.at <= now
        if self.failures:
            self.failures -= 1
            raise LookupError("no luck")
        store.write(lambda s: service.cancel(s, self._number, kind=KIND, now=now, actor="chore"))
        self.at = None
        return False


def test_chore_is_done_at_its_instant_and_what_it_made_due_at_once(house: WorkingHouse) -> None:
    number = house.book_now()
    chore = Cancelling(house, number, house.now() + SECOND)
    # Nobody looks in between: it is the chore's own instant that strikes.
    house.worker(chores=[chore], poll=LONG, glance=LONG).start()
    until_state(house, number, State.RELEASED)
    assert house.view(number).outcome is Outcome.CANCELLED


def test_chore_that_fails_comes_again_and_keeps_nobody_waiting(house: WorkingHouse) -> None:
    number, other = house.book_now(), house.book_now()
    chore = Cancelling(house, number, house.now())
    chore.failures = 3
    with capture_logs() as logs:
        house.worker(chores=[chore]).start()
        until_state(house, other, State.ACTIVE)
        until_state(house, number, State.RELEASED)
    assert [line["chore"] for line in logs if line["event"] == "chore failed"] == ["cancelling"] * 3


def test_wish_of_another_process_is_noticed(house: WorkingHouse) -> None:
    house.worker(store=house.another_store()).start()
    number = house.book_now()
    until_state(house, number, State.ACTIVE)
    house.now()
    house.cancel(number)
    until_state(house, number, State.RELEASED)
    assert house.view(number).outcome is Outcome.CANCELLED


def test_wish_of_another_process_waits_for_a_glance_only(house: WorkingHouse) -> None:
    house.worker(store=house.another_store(), poll=LONG).start()
    number = house.book_now()
    until_state(house, number, State.ACTIVE)
    house.now()
    house.cancel(number)
    until_state(house, number, State.RELEASED)


def test_what_a_dead_worker_left_in_sync_and_unsettled_is_moved_on(house: WorkingHouse) -> None:
    number = house.book_now(stages=((FAR, 0),))
    house.tick()
    house.visit(FAR)
    assert house.state(number) is State.ACTIVATING
    house.worker().start()
    until_state(house, number, State.ACTIVE)
    assert len(house.far.pushes) == 1


def test_what_another_worker_left_unsettled_is_moved_on_by_one_that_runs(house: WorkingHouse) -> None:
    worker = house.worker()
    worker.start()
    house.until(lambda: house.device(FAR).read_at is not None and house.device(NEAR).read_at is not None)
    # Another worker had the device, brought it into sync and died before it settled anything.
    house.far.away = True
    number = house.book_now(stages=((FAR, 0),))
    until_state(house, number, State.ACTIVATING)
    house.store.write(lambda session: note_in_sync(session, number))
    until_state(house, number, State.ACTIVE)


def note_in_sync(session: Session, number: int) -> None:
    for part in parts_of(session, number):
        part.synced_generation = part.generation


def test_hung_device_delays_no_other_devices_slot(house: WorkingHouse) -> None:
    house.far.held = threading.Event()
    house.worker().start()
    stuck = house.book_now(stages=((FAR, 0),))
    assert house.far.entered.acquire(timeout=PATIENCE)
    lucky = house.book_now(stages=((NEAR, 0),))
    until_state(house, lucky, State.ACTIVE)
    assert house.state(stuck) is State.ACTIVATING
    house.far.held.set()
    until_state(house, stuck, State.ACTIVE)


def test_bug_in_a_driver_is_noted_backed_off_from_and_ends_nothing(house: WorkingHouse) -> None:
    house.far.bug = ZeroDivisionError()
    house.worker().start()
    number, other = house.book_now(stages=((FAR, 0),)), house.book_now(stages=((NEAR, 0),))
    until_state(house, other, State.ACTIVE)
    house.until(lambda: house.device(FAR).failures > 0)
    assert house.device(FAR).error_code == "device"
    assert house.device(FAR).next_attempt_at is not None
    house.far.bug = None
    house.skip(MINUTE)
    until_state(house, number, State.ACTIVE)
    assert house.device(FAR).error_code is None


@pytest.mark.parametrize("error", [BadCredential("password: nowhere"), ZeroDivisionError()])
def test_driver_that_cannot_be_made_is_noted_and_backed_off_from(
    house: WorkingHouse, error: Exception
) -> None:
    broken = [error]

    def make() -> BoxDriver:
        if broken:
            raise broken[0]
        return house.driver(FAR)

    house.worker(drivers={FAR: make}).start()
    number = house.book_now(stages=((FAR, 0),))
    house.until(lambda: house.device(FAR).failures >= 1 and house.device(FAR).worker is None)
    assert house.device(FAR).error_code == getattr(error, "code", "device")
    broken.clear()
    house.skip(MINUTE)
    until_state(house, number, State.ACTIVE)


def test_part_switched_while_the_wishes_are_read_is_of_the_generation_read(house: WorkingHouse) -> None:
    number = house.book_now(stages=((FAR, 0),))

    other = house.another_store()

    def switch_after_the_device_is_read(*arguments: object) -> None:
        if "FROM device" in str(arguments[2]) and house.state(number) is State.SCHEDULED:
            tick(other, house.running_clock.now())

    event.listen(house.store.engine, "after_cursor_execute", switch_after_the_device_is_read)
    wanted = house.store.read(lambda session: read_wanted(session, FAR))
    assert house.state(number) is State.ACTIVATING
    # A database may show the part as it was before; then the next pass takes it up.
    seen = any(part.wanted for part in wanted.parts)
    assert wanted.generation == (house.device(FAR).generation if seen else 0)
    assert not (seen and wanted.drifting)


def test_hold_runs_out_by_the_clock(house: WorkingHouse) -> None:
    house.worker().start()
    house.now()
    number = house.hold(start=HOUR, hold_for=MINUTE)
    house.skip(MINUTE)
    until_state(house, number, State.EXPIRED)
    assert house.claims(number) == 0


def test_worker_purges_old_changes_and_keeps_the_last_ones(house: WorkingHouse) -> None:
    day = timedelta(days=1)
    number = house.book_now(stages=((FAR, 0),), length=HOUR)
    house.run()
    house.cancel(number)
    house.run()
    assert len(house.changes(FAR)) == 2
    house.skip(90 * day)
    house.worker(keep_changes=90 * day).start()
    house.until(lambda: len(house.changes(FAR)) == 1)
    assert house.changes(FAR)[0].outcome == "pushed"
