"""A database that goes away under the worker: nothing is lost, little is asked, and little is said of it."""

import threading
from collections.abc import Callable, Iterable, Mapping

import pytest
from structlog.testing import capture_logs

from activation.outages import Outages
from activation.worker import STRIKE
from netconfig.driver import Config, DeviceDriver
from reservation.lifecycle import Outcome, State
from store import StoreUnavailable
from tests.functional.activation.conftest import WorkingHouse, until_state
from tests.unit.activation.conftest import FAR, HOUR, NEAR, PATIENCE, BoxDriver


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
