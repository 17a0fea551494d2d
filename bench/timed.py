"""Where the time of a pass goes: a driver and a store that say how long they were busy."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar, TypeVar

from sqlalchemy.orm import Session

from netconfig.capability import Capability
from netconfig.driver import Config, DeviceDriver, PartIntent, Placement, Plan, Transcript
from netconfig.intent import Intent, Steering
from netconfig.inventory import Way
from store import Store

T = TypeVar("T")


class Times(Counter[str]):
    """Milliseconds by what they were spent on."""

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """The block counts as that."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self[what] += round((time.perf_counter() - began) * 1e3)

    def __str__(self) -> str:
        return ", ".join(f"{what} {spent}" for what, spent in self.most_common())


class TimedDriver:
    """Another driver, timed."""

    platform: ClassVar[str] = "timed"
    ways: ClassVar[frozenset[Way]] = frozenset({Way.SSH})
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)

    def __init__(self, driver: DeviceDriver, times: Times) -> None:
        self._driver = driver
        self._times = times

    def read(self) -> Config:
        with self._times.of("read"):
            return self._driver.read()

    def place(self, actual: Config, parts: Sequence[PartIntent]) -> Mapping[int, Placement]:
        with self._times.of("place"):
            return self._driver.place(actual, parts)

    def render(self, parts: Sequence[PartIntent]) -> Config:
        with self._times.of("render"):
            return self._driver.render(parts)

    def plan(self, actual: Config, desired: Config, *, known: frozenset[int]) -> Plan:
        with self._times.of("plan"):
            return self._driver.plan(actual, desired, known=known)

    def imagine(self, actual: Config, carried: str) -> Config:
        with self._times.of("imagine"):
            return self._driver.imagine(actual, carried)

    def evict(self, actual: Config, reservation_id: int, *, database: str) -> Plan:
        with self._times.of("evict"):
            return self._driver.evict(actual, reservation_id, database=database)

    def recover(self, actual: Config, reservation_id: int, *, database: str) -> tuple[Steering, ...]:
        with self._times.of("recover"):
            return self._driver.recover(actual, reservation_id, database=database)

    def take_over(
        self, actual: Config, reservation_id: int, intents: Sequence[Intent], *, database: str
    ) -> tuple[Placement, ...]:
        with self._times.of("take over"):
            return self._driver.take_over(actual, reservation_id, intents, database=database)

    def push(self, plan: Plan, *, may_go_on: Callable[[], bool] = lambda: True) -> Transcript:
        with self._times.of("push"):
            return self._driver.push(plan, may_go_on=may_go_on)

    def save(self) -> Transcript:
        with self._times.of("save"):
            return self._driver.save()

    def close(self) -> None:
        self._driver.close()


class TimedStore(Store):
    """Another store's transactions, timed."""

    def __init__(self, store: Store, times: Times) -> None:
        super().__init__(store.engine)
        self._inner = store
        self._times = times

    def write(self, work: Callable[[Session], T]) -> T:
        with self._times.of("database"):
            return self._inner.write(work)

    def read(self, work: Callable[[Session], T]) -> T:
        with self._times.of("database"):
            return self._inner.read(work)
