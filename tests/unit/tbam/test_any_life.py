"""Any sequence of requests, as time goes by, against a calendar small enough to be seen to be right."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from reservation.model import TimeSlot
from store import Store
from tbam.errors import (
    IslandRMAlreadyReserved,
    IslandRMNotAllocated,
    IslandRMNotUnivocal,
    OutOfRange,
    TbamError,
)
from tbam.values import Allocation
from tests.conftest import emptied
from tests.unit.activation.conftest import NOON
from tests.unit.tbam.island_house import EAST, HOUR, SETTINGS, Islands, a_slice

STEP = HOUR
KEPT = 6
"""Steps for which an island is kept that is not provisioned."""
FAR_AHEAD = 30

Answer = type[TbamError] | None


@dataclass
class Entry:
    """What the calendar has for one slice: a slot, in steps, as it is and as it was asked for."""

    start: int
    end: int
    asked: tuple[int, int]
    expires: int
    held: bool = True


@dataclass
class Oracle:
    """One island's calendar, step by step: whatever is over is gone at once."""

    now: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)

    def allocate(self, name: str, start: int, end: int) -> Answer:
        entry = self.entries.get(name)
        if entry is None:
            if start < self.now:
                return OutOfRange
            if self._taken(name, start, end):
                return IslandRMAlreadyReserved
            self.entries[name] = Entry(start, end, (start, end), self._kept(end))
            return None
        changed = replace(entry, asked=(start, end))
        if (start, end) != entry.asked:
            runs = not entry.held and entry.start <= self.now
            if end <= self.now or (not runs and start != entry.start and start < self.now):
                return OutOfRange
            changed.start = entry.start if runs and start <= self.now else start
            changed.end = end
            if self._taken(name, max(changed.start, self.now), end):
                return IslandRMAlreadyReserved
        changed.expires = self._kept(changed.end) if entry.held else changed.end
        self.entries[name] = changed
        return None

    def provision(self, name: str) -> Answer:
        entry = self.entries.get(name)
        if entry is None:
            return IslandRMNotAllocated
        if not entry.held:
            return IslandRMNotUnivocal
        entry.held, entry.expires = False, entry.end
        return None

    def renew(self, name: str, until: int) -> Answer:
        entry = self.entries.get(name)
        if entry is None:
            return IslandRMNotAllocated
        if until <= self.now or (entry.held and until > self.now + KEPT):
            return OutOfRange
        if until > entry.end:
            if self._taken(name, entry.end, until):
                return IslandRMAlreadyReserved
            entry.end = until
        entry.expires = until
        return None

    def delete(self, name: str) -> Answer:
        return None if self.entries.pop(name, None) else IslandRMNotAllocated

    def wait(self, steps: int) -> None:
        self.now += steps
        self.entries = {name: entry for name, entry in self.entries.items() if entry.expires > self.now}

    def running(self) -> set[str]:
        return {name for name, entry in self.entries.items() if not entry.held and entry.start <= self.now}

    def _kept(self, end: int) -> int:
        return min(self.now + KEPT, end)

    def _taken(self, name: str, start: int, end: int) -> bool:
        others = (entry for other, entry in self.entries.items() if other != name)
        return any(entry.start < end and start < entry.end for entry in others)


def at(step: int) -> datetime:
    return NOON + step * STEP


NAMES = st.sampled_from([a_slice("red"), a_slice("blue"), a_slice("green")])
STEPS = st.integers(0, FAR_AHEAD)
SLOTS = st.tuples(st.integers(0, FAR_AHEAD - 1), st.integers(1, 8)).map(lambda s: (s[0], s[0] + s[1]))
REQUESTS = st.one_of(
    st.tuples(st.just("allocate"), NAMES, SLOTS),
    st.tuples(st.just("provision"), NAMES, st.none()),
    st.tuples(st.just("renew"), NAMES, STEPS),
    st.tuples(st.just("delete"), NAMES, st.none()),
    st.tuples(st.just("wait"), st.just(""), st.integers(1, 5)),
)


def ask(house: Islands, word: str, name: str, value: object) -> Answer:
    try:
        match word, value:
            case "allocate", (int(start), int(end)):
                house.allocate(name, TimeSlot(at(start), at(end)))
            case "provision", _:
                house.provision(name)
            case "renew", int(until):
                house.manager.renew(name, until=at(until), latest=at(10 * FAR_AHEAD))
            case "delete", _:
                house.manager.delete_aggregate(name)
            case _, int(steps):
                house.at(house.clock.at + steps * STEP)
    except TbamError as error:
        return type(error)
    house.run()
    return None


def answer(oracle: Oracle, word: str, name: str, value: object) -> Answer:
    match word, value:
        case "allocate", (int(start), int(end)):
            return oracle.allocate(name, start, end)
        case "provision", _:
            return oracle.provision(name)
        case "renew", int(until):
            return oracle.renew(name, until)
        case "delete", _:
            return oracle.delete(name)
        case _, int(steps):
            oracle.wait(steps)
    return None


@settings(max_examples=25)
@given(requests=st.lists(REQUESTS, max_size=14))
def test_manager_and_gateway_are_as_a_simple_calendar_says(
    sqlite_store: Store, requests: list[tuple[str, str, object]]
) -> None:
    kept = SETTINGS.model_copy(update={"unprovisioned": KEPT * STEP, "longest": timedelta(days=365)})
    house, oracle = Islands(emptied(sqlite_store), kept), Oracle()
    for request in requests:
        assert ask(house, *request) is answer(oracle, *request), request
        told = {
            sliver.slice_urn: (sliver.slot, sliver.expires_at, sliver.allocation is Allocation.ALLOCATED)
            for sliver in house.manager.all_slivers()
        }
        assert told == {
            name: (TimeSlot(at(entry.start), at(entry.end)), at(entry.expires), entry.held)
            for name, entry in oracle.entries.items()
        }
        carried = {int(line.split("-")[2]) for line in house.east.ours}
        slices = {sliver.reservation_id: sliver.slice_urn for sliver in house.manager.all_slivers()}
        assert {slices[number] for number in carried} == oracle.running()
        assert len(carried) <= 1
        assert {reserved.slice_urn for reserved in house.manager.get_availability(EAST)} == set(told)
