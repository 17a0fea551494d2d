"""The worker on its real clock: slots, wake-ups, slow and hung devices, leases, a database that goes away."""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from activation import leases
from activation.outages import Outages
from activation.tick import tick
from activation.wanted import read_wanted
from activation.worker import STRIKE
from netconfig.driver import Config, DeviceDriver
from netconfig.errors import BadCredential
from reservation import service
from reservation.lifecycle import Outcome, State
from reservation.parts import lock_devices, parts_of
from store import Store, StoreUnavailable
from tests.functional.activation.conftest import WorkingHouse
from tests.unit.activation.conftest import FAR, HOUR, KIND, NEAR, PATIENCE, SECOND, BoxDriver

LONG = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def until_state(house: WorkingHouse, number: int, state: State) -> None:
    house.until(lambda: house.state(number) is state)


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


@pytest.mark.parametrize("when", ["before a line", "after a line"])
def test_database_that_goes_away_in_mid_push_and_comes_back_loses_nothing(
    house: WorkingHouse, when: str
) -> None:
    gone = threading.Event()

    def cut_off(_line: str) -> None:
        house.cut_off(away=True)
        gone.set()

    if when == "before a line":
        house.far.before_line = cut_off
    else:
        house.far.after_line = cut_off
    house.worker().start()
    number = house.book_now(stages=((FAR, 0),))
    assert gone.wait(PATIENCE)
    house.far.before_line = house.far.after_line = None
    house.cut_off(away=False)
    until_state(house, number, State.ACTIVE)
    assert len(house.far.ours) == 1


def test_slot_that_ends_while_the_database_is_away_ends_when_it_is_back(house: WorkingHouse) -> None:
    house.worker().start()
    number = house.book_now(length=HOUR)
    until_state(house, number, State.ACTIVE)
    house.cut_off(away=True)
    house.skip(HOUR)
    house.cut_off(away=False)
    until_state(house, number, State.RELEASED)
    assert house.view(number).outcome is Outcome.COMPLETED


def test_hold_runs_out_by_the_clock(house: WorkingHouse) -> None:
    house.worker().start()
    house.now()
    number = house.hold(start=HOUR, hold_for=MINUTE)
    house.skip(MINUTE)
    until_state(house, number, State.EXPIRED)
    assert house.claims(number) == 0


def test_outage_is_logged_once_and_the_end_of_it_once(house: WorkingHouse) -> None:
    refused = threading.Semaphore(0)
    worker = house.worker()
    with capture_logs() as logs:
        worker.start()
        number = house.book_now()
        until_state(house, number, State.ACTIVE)
        house.on_refusal = refused.release
        house.cut_off(away=True)
        for _ in range(3):
            assert refused.acquire(timeout=PATIENCE)
        house.cut_off(away=False)
        house.now()
        house.cancel(number)
        until_state(house, number, State.RELEASED)
        worker.stop()
    assert said_of_the_database(logs) == ["database away", "database back"]


def said_of_the_database(logs: Iterable[Mapping[str, object]]) -> list[object]:
    return [line["event"] for line in logs if str(line["event"]).startswith("database")]


def test_device_whose_visit_met_no_database_is_left_alone_while_others_go_on(house: WorkingHouse) -> None:
    visits: list[str] = []

    class Unwritten(BoxDriver):
        def read(self) -> Config:
            visits.append(self.box.name)
            raise StoreUnavailable("the disk is full")

    drivers: dict[str, Callable[[], DeviceDriver]] = {
        FAR: lambda: Unwritten(house.far, house.ownership),
        NEAR: lambda: house.driver(NEAR),
    }
    worker = house.worker(drivers=drivers)
    seconds = [0.0]
    worker._outages = Outages(steady=lambda: seconds[0])
    with capture_logs() as logs:
        worker.start()
        for _ in range(3):
            number = house.book_now(stages=((NEAR, 0),))
            until_state(house, number, State.ACTIVE)
        assert visits == [FAR]
        seconds[0] += PATIENCE
        number = house.book_now(stages=((NEAR, 0),))
        until_state(house, number, State.ACTIVE)
        worker.stop()
    assert visits == [FAR] * 2
    assert said_of_the_database(logs) == ["database away"]


def test_worker_asks_a_database_that_is_away_no_more_than_its_pauses_allow(house: WorkingHouse) -> None:
    refused = threading.Semaphore(0)
    worker = house.worker()
    seconds = [0.0]
    worker._outages = Outages(steady=lambda: seconds[0])
    worker.start()
    number = house.book_now()
    until_state(house, number, State.ACTIVE)
    house.on_refusal = refused.release
    house.cut_off(away=True)
    assert refused.acquire(timeout=PATIENCE)
    house.until(lambda: not worker._outages.may_ask(STRIKE))
    house.cut_off(away=False)
    struck = worker.struck_at
    # Asked for by hand, because nothing else tells that the poll has come and gone.
    worker._strike_soon()
    assert worker.struck_at == struck
    house.now()
    house.cancel(number)

    def is_released_later() -> bool:
        # Whoever met the outage may say so only after the first of these minutes.
        seconds[0] += PATIENCE
        return house.state(number) is State.RELEASED

    house.until(is_released_later)


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
