"""Real workers in real time over boxes that behave; tests wait for facts, never for time to pass."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from activation.chores import Chore
from activation.due import WorkerSettings
from activation.worker import Worker
from netconfig.driver import DeviceDriver
from reservation.lifecycle import State
from store import Store, open_store
from tests.unit.activation.conftest import FAR, NEAR, PATIENCE, House

QUICK = timedelta(milliseconds=50)


class ShiftedClock:
    """The machine's clock, but for what a test has skipped."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class WorkingHouse(House):
    """A house in which time goes by and whose worker is `Worker`."""

    def __init__(self, store: Store, *names: str) -> None:
        self._changed = threading.Condition()
        self._workers: list[Worker] = []
        self._stores: list[Store] = []
        self.out_of_order = False
        self.on_refusal: Callable[[], object] = lambda: None
        super().__init__(store, *names)
        self.running_clock = ShiftedClock()
        self._watch(store)

    def now(self) -> datetime:
        """The running clock's instant; `clock` follows it."""
        self.clock.at = self.running_clock.now()
        return self.clock.at

    def skip(self, time: timedelta) -> None:
        """Let it be later by so much, for this house and its workers."""
        self.running_clock.ahead += time
        self.now()

    def worker(
        self,
        owner: str = "tests",
        *,
        store: Store | None = None,
        drivers: dict[str, Callable[[], DeviceDriver]] | None = None,
        chores: Sequence[Chore] = (),
        **settings: Any,
    ) -> Worker:
        """A worker, not started; stopped at the end of the test."""
        own: dict[str, Callable[[], DeviceDriver]] = {name: partial(self.driver, name) for name in self.boxes}
        chosen = WorkerSettings(owner=owner, **{"poll": QUICK, **settings})
        made = Worker(store or self.store, drivers or own, chosen, self.running_clock, chores=chores)
        self._workers.append(made)
        return made

    def another_store(self) -> Store:
        """The same database as another process would open it."""
        opened = open_store(self.store.engine.url)
        self._stores.append(opened)
        self._watch(opened)
        return opened

    def book_now(self, **how: Any) -> int:
        self.now()
        return self.book(**how)

    def until(self, fact: Callable[[], bool]) -> None:
        """Wait for a fact: looked at after our transactions, and often enough for what is in no database."""
        with self._changed:
            for _ in range(int(PATIENCE * 10)):
                if self._changed.wait_for(fact, 0.1):
                    return
            raise AssertionError("it never came to be")

    def tell(self) -> None:
        """Something changed that is not in the database."""
        with self._changed:
            self._changed.notify_all()

    def cut_off(self, *, away: bool) -> None:
        """From now on the database answers nothing, or answers again."""
        self.out_of_order = away

    def close(self) -> None:
        self.out_of_order = False
        for box in self.boxes.values():
            box.deaf = False
            for waited_for in (box.held, box.counting, box.pinging):
                if waited_for:
                    waited_for.set()
        for worker in self._workers:
            worker.stop(patience=timedelta(seconds=PATIENCE))
        for store in self._stores:
            store.close()

    def _watch(self, store: Store) -> None:
        event.listen(store._sessions, "after_commit", lambda _session: self.tell())
        for statement in ("do_execute", "do_execute_no_params"):
            event.listen(store.engine, statement, self._answer)

    def _answer(self, *_arguments: object) -> None:
        if self.out_of_order:
            self.on_refusal()
            # From here it is translated as if the driver itself had raised it.
            raise self.store.engine.dialect.loaded_dbapi.OperationalError("the database is away")


@pytest.fixture
def house(own_store: Store) -> Iterator[WorkingHouse]:
    """A house with a far and a near box, at the present instant."""
    made = WorkingHouse(own_store, FAR, NEAR)
    yield made
    made.close()


def until_state(house: WorkingHouse, number: int, state: State) -> None:
    """Wait until a reservation is in this state."""
    house.until(lambda: house.state(number) is state)
