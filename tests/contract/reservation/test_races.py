"""Many asking at once, in threads and in processes: never is more given out than there is."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reservation import conflicts, offering, service
from reservation.errors import CapacityExceeded, ReservationError
from reservation.identity import database_identity
from reservation.lifecycle import State
from reservation.parts import register_device
from reservation.tables import (
    ClaimRow,
    DeviceRow,
    IdentityRow,
    ReservationRow,
    ResourceRow,
    TransitionRow,
)
from store import Store, open_store
from tests.contract.reservation.conftest import KIND, MEGABIT, NOON, PATH, Calendar, a_request, hours

THREADS, PROCESSES, ROUNDS = 32, 4, 5
PATIENCE = 120.0
RACE_ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))
"""How often the many race for the last unit on each database; a thousand times takes minutes."""


class Together:
    """So many threads, all let go at the same moment, again and again."""

    def __init__(self, pool: ThreadPoolExecutor, threads: int) -> None:
        self._pool = pool
        self._threads = threads
        self._gate = threading.Barrier(threads)

    def ask(self, work: Callable[[int], object]) -> list[object]:
        """What each of them got out of it; errors are answers too."""

        def run(number: int) -> object:
            self._gate.wait(PATIENCE)
            try:
                return work(number)
            except ReservationError as error:
                return error

        return list(self._pool.map(run, range(self._threads)))


def together(work: Callable[[int], object], *, threads: int = THREADS) -> list[object]:
    """What each of so many threads got out of it, once."""
    with ThreadPoolExecutor(threads) as pool:
        return Together(pool, threads).ask(work)


def winners(answers: list[object]) -> list[object]:
    assert all(isinstance(answer, (int, CapacityExceeded)) for answer in answers)
    return [answer for answer in answers if isinstance(answer, int)]


@pytest.mark.timeout(300 + 2 * RACE_ROUNDS)
def test_last_unit_goes_to_exactly_one_of_many_threads_every_time(bookings: Calendar) -> None:
    bookings.book(0, 2 * RACE_ROUNDS, 999 * MEGABIT)
    with ThreadPoolExecutor(THREADS) as pool:
        clients = Together(pool, THREADS)
        for number in range(RACE_ROUNDS):
            request = a_request(hours(number, number + 1), (PATH, MEGABIT))
            answers = clients.ask(lambda _, r=request: bookings.hold(r).id)  # type: ignore[misc]
            assert len(winners(answers)) == 1


def test_many_threads_share_out_exactly_what_there_is(bookings: Calendar) -> None:
    answers = together(lambda _: bookings.book(0, 1, 100 * MEGABIT))
    assert len(winners(answers)) == 10
    assert len(set(winners(answers))) == 10
    assert bookings.store.read(lambda s: s.scalar(select(func.sum(ClaimRow.amount)))) == 1000 * MEGABIT


def test_threads_that_name_two_resources_in_either_order_do_not_block_each_other(bookings: Calendar) -> None:
    bookings.offer("path:red", 10)
    asked = ((PATH, 100 * MEGABIT), ("path:red", 1))
    answers = together(lambda n: bookings.hold(a_request(hours(0, 1), *asked[:: 1 if n % 2 else -1])).id)
    assert len(winners(answers)) == 10


def test_only_one_of_confirm_and_cancel_and_time_out_takes_a_hold(bookings: Calendar) -> None:
    for _ in range(ROUNDS):
        number = bookings.book(0, 1, MEGABIT)
        together(lambda n, id_=number: (bookings.confirm if n % 2 else bookings.cancel)(id_), threads=8)  # type: ignore[misc]
        moves = bookings.store.read(lambda session, id_=number: service.history(session, id_))  # type: ignore[misc]
        told = [move.to_state for move in moves]
        assert told in (
            [State.HELD, State.CANCELLED],
            [State.HELD, State.SCHEDULED, State.CANCELLED],
        )
        assert bookings.get(number).state is State.CANCELLED


def race(url: str, gate: Barrier, answers: "multiprocessing.Queue[object]") -> None:
    """One process that asks for the last unit, round after round."""
    store = open_store(url)
    try:
        for number in range(ROUNDS):
            gate.wait(PATIENCE)
            request = a_request(hours(number, number + 1), (PATH, MEGABIT))
            try:
                view = store.write(lambda session, r=request: service.hold(session, r, now=NOON))  # type: ignore[misc]
                answers.put((number, view.id))
            except CapacityExceeded:
                answers.put((number, None))
    finally:
        store.close()


def test_last_unit_goes_to_exactly_one_of_several_processes(bookings: Calendar, database: str) -> None:
    bookings.book(0, 100, 999 * MEGABIT)
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__])
    gate, answers = server.Barrier(PROCESSES), server.Queue()
    processes = [server.Process(target=race, args=(database, gate, answers)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    told = [answers.get(timeout=PATIENCE) for _ in range(PROCESSES * ROUNDS)]
    for process in processes:
        process.join(PATIENCE)
        assert process.exitcode == 0
    won = [number for number, view in told if view is not None]
    assert sorted(won) == list(range(ROUNDS))


def test_losers_leave_nothing_behind(bookings: Calendar) -> None:
    bookings.book(0, 100, 999 * MEGABIT)
    together(lambda _: bookings.book(0, 1, MEGABIT))

    def count(table: type) -> Callable[[Store], int]:
        return lambda store: store.read(lambda s: s.scalar(select(func.count()).select_from(table)) or 0)

    assert [count(table)(bookings.store) for table in (ReservationRow, ClaimRow, TransitionRow)] == [2, 2, 2]


def test_cancels_of_one_reservation_in_many_threads_are_one_cancel(bookings: Calendar) -> None:
    number = bookings.book(0, 1, MEGABIT)

    def cancel(_: int) -> State:
        return bookings.store.write(
            lambda s: service.cancel(s, number, kind=KIND, now=bookings.now, actor="x")
        ).state

    answers = together(cancel)
    assert answers.count(State.CANCELLED) == 1
    assert len(bookings.store.read(lambda session: service.history(session, number))) == 2


def test_what_many_find_missing_at_once_is_made_once(store: Store) -> None:
    def set_up(session: Session) -> str:
        # In an order of its own, as nobody should: each is alone with what it found missing.
        conflicts.offer_flows(session, "Fermilab", now=NOON)
        offering.offer(session, PATH, capacity=MEGABIT, unit="bit/s", now=NOON)
        register_device(session, "border-1", platform="fake", capabilities=["x"])
        return database_identity(session)

    assert len(set(together(lambda _: store.write(set_up), threads=8))) == 1

    def count(session: Session) -> list[int]:
        tables = (IdentityRow, ResourceRow, DeviceRow)
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]

    assert store.read(count) == [1, 2, 1]
