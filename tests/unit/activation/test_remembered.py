"""What parts had in something of the site's is known after they are gone, and is in nobody's way."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from activation import remembered
from activation.devices import stranded_devices
from activation.remembered import read_over
from reservation.lifecycle import State
from reservation.numbers import pass_by
from reservation.tables import DeviceRow, PartRow
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, House
from tests.unit.activation.test_modifications import LATER, intent, modify, parts, rows

SITES = {"acl": "EDGE-IN", "lines": ["permit ip any any"]}


def leave_something(house: House, number: int) -> None:
    """As if its parts had lines in a list of the site's."""
    placed = update(PartRow).where(PartRow.reservation_id == number, PartRow.wanted)
    house.store.write(lambda s: s.execute(placed.values(placement={"at": 10, **SITES})))


def over(house: House, device: str = FAR) -> list[int]:
    """The reservations that are remembered on a device."""

    def read(session: Session) -> Sequence[int]:
        row = session.scalars(select(DeviceRow).where(DeviceRow.name == device)).one()
        return [part.reservation_id for part in read_over(session, row)]

    return list(house.store.read(read))


@pytest.fixture
def modified(house: House) -> int:
    """One that runs, and had something of the site's on both devices before."""
    number = house.book()
    house.run()
    leave_something(house, number)
    modify(house, number, parts=parts([(FAR, 1)]))
    house.run()
    return number


def test_newest_are_counted_and_not_told_by_their_numbers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "REMEMBERED", 2)
    numbers: list[int] = []
    for _ in range(3):
        house.store.write(lambda s: pass_by(s, 1000 * (1 + len(numbers))))
        numbers.append(house.book(stages=((FAR, 0),)))
    house.run()
    for number in numbers:
        leave_something(house, number)
        house.cancel(number)
    house.run()
    assert over(house) == numbers[1:]


def test_what_it_had_before_it_was_modified_is_remembered_and_asks_for_nothing(
    house: House, modified: int
) -> None:
    assert rows(house, modified) == [(FAR, False, True), (NEAR, False, True), (FAR, True, False)]
    assert (over(house), over(house, NEAR)) == ([modified], [modified])
    assert [(part.device, part.wanted) for part in house.parts(modified)] == [(FAR, True)]
    assert house.store.read(lambda s: stranded_devices(s, [FAR])) == ()
    assert house.device(NEAR).live_parts == 0
    pushes = len(house.far.pushes), len(house.near.pushes)
    assert modify(house, modified, parts=parts([(FAR, 1)])).modifying_since is None
    house.at(NOON + HOUR / 2)
    assert (len(house.far.pushes), len(house.near.pushes)) == pushes
    house.at(NOON + HOUR)
    assert house.state(modified) is State.RELEASED
    assert house.far.ours == []
    assert over(house, NEAR) == [modified]


def test_what_it_had_before_is_not_started_with_it_in_a_later_slot(house: House, modified: int) -> None:
    modify(house, modified, slot=LATER)
    house.run()
    assert house.state(modified) is State.SCHEDULED
    house.at(LATER.start)
    assert house.state(modified) is State.ACTIVE
    assert (len(house.far.ours), house.near.ours) == (1, [])


def test_what_it_had_before_may_be_asked_for_again(house: House, modified: int) -> None:
    modify(house, modified, parts=parts([(NEAR, 0)], intent("10.7.0.0/24")))
    house.run()
    assert house.view(modified).modifying_since is None
    assert (house.far.ours, len(house.near.ours)) == ([], 1)
