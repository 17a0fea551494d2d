"""Experimenters who ask for the same island at the same moment: it is one's, and nobody's request is lost."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from reservation.lifecycle import State
from reservation.model import TimeSlot
from tbam.errors import IslandRMAlreadyReserved, IslandRMNotAllocated, RefusedHere, TbamError
from tbam.expiry import Expiry
from tbam.values import Sliver
from tests.unit.activation.conftest import NOON
from tests.unit.tbam.island_house import HOUR, RED, WEST, Islands, a_slice, hours

PATIENCE = 120.0
RACE_ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))
"""How often two race for one slot on each database; a thousand times takes minutes."""


class Racers:
    """So many threads, all let go at the same moment, again and again."""

    def __init__(self, pool: ThreadPoolExecutor, number: int) -> None:
        self._pool = pool
        self._number = number
        self._gate = threading.Barrier(number)

    def ask(self, work: Callable[[int], object]) -> list[object]:
        """What each of them got out of it; refusals are answers too."""

        def run(number: int) -> object:
            self._gate.wait(PATIENCE)
            try:
                return work(number)
            except TbamError as error:
                return error

        return list(self._pool.map(run, range(self._number)))


def race(work: Callable[[int], object], *, threads: int = 8) -> list[object]:
    with ThreadPoolExecutor(threads) as pool:
        return Racers(pool, threads).ask(work)


@pytest.mark.timeout(300 + 2 * RACE_ROUNDS)
def test_slot_goes_to_exactly_one_of_two_experimenters_every_time(house: Islands) -> None:
    with ThreadPoolExecutor(2) as pool:
        racers = Racers(pool, 2)
        for number in range(RACE_ROUNDS):
            slot = TimeSlot(NOON + number * HOUR / 2, NOON + (number + 1) * HOUR / 2)
            answers = racers.ask(
                lambda who, n=number, slot=slot: house.allocate(a_slice(f"r{n}-{who}"), slot)  # type: ignore[misc]
            )
            assert sum(isinstance(answer, Sliver) for answer in answers) == 1
            (refusal,) = [answer for answer in answers if not isinstance(answer, Sliver)]
            assert isinstance(refusal, IslandRMAlreadyReserved)
            assert f"slice+r{number}-" in str(refusal)


def test_slice_that_asks_many_times_at_once_has_one_sliver(house: Islands) -> None:
    answers = race(lambda n: house.allocate(RED, hours(n % 3, 4 + n % 3)))
    assert all(isinstance(answer, Sliver) for answer in answers), answers
    assert len(house.manager.slivers(RED)) == 1
    assert len(house.manager.get_availability("east")) == 1


def test_two_islands_for_one_slice_at_once_are_two_slivers(house: Islands) -> None:
    answers = race(lambda n: house.allocate(RED, hours(1, 2), island=("east", WEST)[n % 2]))
    assert all(isinstance(answer, Sliver) for answer in answers), answers
    assert len(house.manager.slivers(RED)) == 2


def test_nothing_slips_into_a_slice_that_is_being_shut_down(house: Islands) -> None:
    for number in range(5):
        urn = a_slice(f"shut-{number}")

        def work(who: int, urn: str = urn) -> object:
            if who == 0:
                house.manager.shutdown(urn, by="op")
                return None
            return house.allocate(urn, hours(1, 2), island=("east", WEST)[who % 2])

        answers = race(work, threads=4)
        assert all(isinstance(answer, (Sliver, RefusedHere, type(None))) for answer in answers), answers
        with pytest.raises(RefusedHere):
            house.manager.slivers(urn)
        assert house.manager.get_availability() == ()


def test_expiry_renewal_and_deletion_at_once_leave_a_sliver_or_none(house: Islands) -> None:
    for number in range(5):
        urn = a_slice(f"life-{number}")
        sliver = house.book_slice(urn, hours(5, 9), latest=NOON + HOUR)

        def work(who: int, urn: str = urn) -> object:
            if who == 0:
                Expiry().run(house.store, NOON + HOUR)
                return None
            if who == 1:
                return house.manager.delete_aggregate(urn)
            return house.manager.renew(urn, until=NOON + 8 * HOUR, latest=NOON + 9 * HOUR)

        answers = race(work, threads=4)
        assert all(isinstance(answer, (tuple, IslandRMNotAllocated, type(None))) for answer in answers), (
            answers
        )
        assert house.state(sliver.reservation_id) is State.CANCELLED
        assert house.manager.get_availability() == ()
