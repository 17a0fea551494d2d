"""Next hops are watched beside the passes, and in nobody's way."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from activation import threads
from reservation.lifecycle import State
from tests.functional.activation.conftest import QUICK, WorkingHouse, until_state
from tests.unit.activation.conftest import FAR, NEAR, PATIENCE
from tests.unit.activation.watched import BACK, FALLS_BACK, HERE, HOP, ways

pytestmark = pytest.mark.one_database("it is threads that wait for each other, or not")


class Hung(threading.Event):
    """Waited for longer than any test waits for what must come all the same."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(2 * PATIENCE)


def until_by(house: WorkingHouse, *expected: str) -> None:
    """Wait until the near box steers by these next hops, and is known to."""
    house.until(lambda: tuple(ways(house)) == expected and house.device(NEAR).error_code is None)


def test_worker_moves_what_goes_by_a_next_hop_that_went_and_back_when_it_came(house: WorkingHouse) -> None:
    house.worker(ask_hops_every=QUICK).start()
    number = house.book_now(stages=HERE, intent=FALLS_BACK)
    until_state(house, number, State.ACTIVE)
    house.near.silent = {HOP}
    until_by(house, BACK)
    house.until(lambda: house.parts(number)[0].detour == BACK)
    house.near.silent = {HOP, BACK}
    house.until(lambda: house.view(number).degraded_since is not None and not ways(house))
    house.near.silent = set()
    house.until(lambda: house.view(number).degraded_since is None)
    until_by(house, HOP)
    house.cancel(number)
    until_state(house, number, State.RELEASED)
    assert (house.near.ours, house.device(NEAR).next_hops) == ([], ())


def test_device_that_hangs_on_a_question_delays_no_slot_elsewhere(house: WorkingHouse) -> None:
    house.worker(visits=1, ask_hops_every=QUICK).start()
    watching = house.book_now(stages=HERE, intent=FALLS_BACK)
    until_state(house, watching, State.ACTIVE)
    house.near.pinging = Hung()
    assert house.near.entered.acquire(timeout=PATIENCE)
    other = house.book_now(stages=((FAR, 0),))
    until_state(house, other, State.ACTIVE)
    house.cancel(watching)
    house.near.pinging.set()
    until_state(house, watching, State.RELEASED)


@pytest.mark.parametrize("hangs", ["pinging", "counting"])
def test_devices_that_hang_on_questions_keep_no_other_waiting_for_its_turn(
    house: WorkingHouse, monkeypatch: pytest.MonkeyPatch, hangs: str
) -> None:
    monkeypatch.setattr(threads, "ASKED_AT_ONCE", 1)
    monkeypatch.setattr(threads, "COUNTED_AT_ONCE", 1)
    every = {"pinging": "ask_hops_every", "counting": "count_every"}[hangs]
    settings: dict[str, Any] = {"ask_hops_every": timedelta(0), "count_every": timedelta(0), every: QUICK}
    worker = house.worker(**settings)
    worker.start()
    for name in (FAR, NEAR):
        until_state(house, house.book_now(stages=((name, 0),), intent=FALLS_BACK), State.ACTIVE)
    setattr(house.near, hangs, Hung())
    assert house.near.entered.acquire(timeout=PATIENCE)
    due = house.now() + 4 * QUICK
    # The far box's turn has come too by then.
    house.until(lambda: worker.struck_at is not None and worker.struck_at > due)
    until_state(house, house.book_now(stages=((FAR, 0),)), State.ACTIVE)


def test_worker_that_stops_waits_for_no_answer_and_the_next_goes_on(house: WorkingHouse) -> None:
    worker = house.worker(ask_hops_every=QUICK)
    worker.start()
    number = house.book_now(stages=HERE, intent=FALLS_BACK)
    until_state(house, number, State.ACTIVE)
    house.near.pinging = hung = threading.Event()
    assert house.near.entered.acquire(timeout=PATIENCE)
    house.near.silent = {HOP}
    worker.stop(patience=timedelta(milliseconds=100))
    house.near.pinging = None
    hung.set()
    house.worker("next", ask_hops_every=QUICK).start()
    until_by(house, BACK)


def test_database_that_was_away_while_a_next_hop_went_hears_of_it_afterwards(house: WorkingHouse) -> None:
    house.worker(ask_hops_every=QUICK).start()
    number = house.book_now(stages=HERE, intent=FALLS_BACK)
    until_state(house, number, State.ACTIVE)
    refused = threading.Event()
    house.on_refusal = refused.set
    house.near.pinging = asking = threading.Event()
    assert house.near.entered.acquire(timeout=PATIENCE)
    house.near.silent = {HOP}
    house.cut_off(away=True)
    house.near.pinging = None
    asking.set()
    assert refused.wait(PATIENCE)
    assert ways(house) == [HOP]
    house.cut_off(away=False)
    until_by(house, BACK)
    house.until(lambda: house.parts(number)[0].detour == BACK)


def test_router_that_began_anew_is_brought_back_before_the_next_look(house: WorkingHouse) -> None:
    house.worker(ask_hops_every=QUICK, drift=timedelta(days=1)).start()
    number = house.book_now(stages=HERE, intent=FALLS_BACK)
    until_state(house, number, State.ACTIVE)
    house.near.away, house.near.lines = True, ["hostname box"]
    house.until(lambda: house.device(NEAR).error_code == "device-unreachable")
    house.near.away = False
    house.until(lambda: house.near.ours != [])
    until_by(house, HOP)
