"""Devices that end a slot by themselves learn when that is, and each time it changes; others hear nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from activation.wanted import read_wanted
from netconfig.capability import Capability
from netconfig.driver import Config, PartIntent, Plan, PlanLine
from reservation import modification, service
from reservation.lifecycle import State
from reservation.model import Modification, TimeSlot
from reservation.parts import register_device
from tests.unit.activation.conftest import FAR, HOUR, KIND, NEAR, NOON, SECOND, BoxDriver, House

pytestmark = pytest.mark.one_database("what a device is told of a slot's end is planned in Python")


class PunctualDriver(BoxDriver):
    """Of a box that has a line with the end it was told."""

    def render(self, parts: Sequence[PartIntent]) -> Config:
        ends = {part.until for part in parts if part.wanted}
        text = super().render(parts)
        return replace(text, text=text.text + "".join(f"\nuntil {end}" for end in ends))

    def plan(self, actual: Config, desired: Config, *, known: frozenset[int]) -> Plan:
        lines = [line for line in desired.text.splitlines() if not line.startswith("until")]
        plan = super().plan(actual, replace(desired, text="\n".join(lines)), known=known)
        has = [line for line in self.box.lines if line.startswith("until")]
        wants = [line for line in desired.text.splitlines() if line.startswith("until")]
        news = [PlanLine(f"no {line}", removal=True) for line in has if line not in wants]
        news += [PlanLine(line) for line in wants if line not in has]
        return replace(plan, lines=(*plan.lines, *news))


class PunctualHouse(House):
    """The near box ends slots by itself."""

    def driver(self, name: str) -> BoxDriver:
        return (PunctualDriver if name == NEAR else BoxDriver)(self.boxes[name], self.ownership)

    def told(self) -> list[str]:
        return [line for line in self.near.lines if line.startswith("until")]

    def extend(self, number: int, end: datetime) -> None:
        self.store.write(lambda s: service.extend(s, number, kind=KIND, end=end, now=self.clock.now()))


@pytest.fixture
def punctual(house: House) -> PunctualHouse:
    made = PunctualHouse(house.store)
    made.boxes = house.boxes
    house.store.write(lambda session: register_device(session, NEAR, platform="box", capabilities=Capability))
    return made


def test_end_is_told_at_the_start_and_taken_back_at_the_end(punctual: PunctualHouse) -> None:
    number = punctual.book()
    punctual.run()
    assert punctual.told() == [f"until {NOON + HOUR}"]
    punctual.at(NOON + HOUR)
    assert punctual.state(number) is State.RELEASED
    assert punctual.told() == []


def test_extension_is_told_at_once_and_nothing_counts_as_drift(punctual: PunctualHouse) -> None:
    number = punctual.book()
    punctual.run()
    far = punctual.device(FAR).generation
    punctual.clock.forward(SECOND)
    punctual.extend(number, NOON + 3 * HOUR)
    assert punctual.strike() == [NEAR]
    assert punctual.told() == [f"until {NOON + 3 * HOUR}"]
    assert punctual.view(number).degraded_since is None
    assert all(part.in_sync for part in punctual.parts(number))
    assert punctual.device(FAR).generation == far
    assert punctual.strike() == []
    punctual.at(NOON + 3 * HOUR)
    assert punctual.state(number) is State.RELEASED


def test_extension_that_cannot_be_told_is_the_devices_trouble_and_is_tried_again(
    punctual: PunctualHouse,
) -> None:
    number = punctual.book()
    punctual.run()
    punctual.near.refuses = {"until"}
    punctual.extend(number, NOON + 2 * HOUR)
    punctual.strike()
    assert punctual.state(number) is State.ACTIVE
    assert punctual.view(number).degraded_since is None
    assert punctual.device(NEAR).error
    punctual.near.refuses = set()
    punctual.at(NOON + HOUR)
    assert punctual.told() == [f"until {NOON + 2 * HOUR}"]
    assert punctual.device(NEAR).error is None


def test_end_that_moves_by_a_modification_is_told(punctual: PunctualHouse) -> None:
    number = punctual.book(length=2 * HOUR)
    punctual.run()
    change = Modification(slot=TimeSlot(NOON, NOON + HOUR))
    punctual.store.write(
        lambda s: modification.modify(
            s, number, change, kind=KIND, now=punctual.clock.now(), actor="CN=Someone"
        )
    )
    punctual.run()
    assert punctual.told() == [f"until {NOON + HOUR}"]


def test_routers_hear_nothing_of_an_extension(house: House) -> None:
    number = house.book()
    house.run()
    house.store.write(lambda s: service.extend(s, number, kind=KIND, end=NOON + 2 * HOUR, now=NOON))
    assert house.strike() == []
    assert house.state(number) is State.ACTIVE
    assert house.view(number).degraded_since is None


def test_part_knows_the_end_of_its_reservation(house: House) -> None:
    house.book()
    house.run()
    wanted = house.store.read(lambda session: read_wanted(session, NEAR))
    assert [part.until for part in wanted.parts] == [NOON + HOUR]
