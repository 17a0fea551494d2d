"""What a device would forget at a reboot is not in sync: nothing is promised or given back for it."""

from datetime import timedelta

import pytest

from reservation.lifecycle import State
from tests.unit.activation.conftest import FAR, HOUR, NOON, House

pytestmark = pytest.mark.one_database("what is saved on a device is told by its driver, not by the database")

MINUTE = timedelta(minutes=1)


def cut_short_after_its_last_line(house: House) -> None:
    house.far.after_line = lambda _line: setattr(house.far, "away", True)
    house.run()
    house.far.away, house.far.after_line = False, None


def test_reservation_is_not_active_before_its_lines_are_saved(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    cut_short_after_its_last_line(house)
    house.far.full = True
    house.at(NOON + MINUTE)
    assert (len(house.far.ours), house.far.saved) == (1, [])
    assert not house.parts(number)[0].in_sync
    assert house.state(number) is State.ACTIVATING
    assert house.device(FAR).error == "could not save"
    house.far.full = False
    house.at(NOON + 3 * MINUTE)
    assert house.far.saved == house.far.lines
    assert house.state(number) is State.ACTIVE


def test_claims_are_kept_until_the_removal_is_saved(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.run()
    house.clock.at = NOON + HOUR
    cut_short_after_its_last_line(house)
    house.far.full = True
    for minutes in range(1, 30, 4):
        house.at(NOON + HOUR + minutes * MINUTE)
        assert house.far.ours == []
        assert house.far.saved != house.far.lines
        assert (house.state(number), house.claims(number)) == (State.RELEASING, 1)
    house.far.full = False
    house.at(NOON + 2 * HOUR)
    assert house.far.saved == house.far.lines
    assert (house.state(number), house.claims(number)) == (State.RELEASED, 0)


@pytest.mark.parametrize("first", ["comes", "goes"])
def test_unsaved_part_does_not_pass_for_saved_while_its_neighbour_is_pushed(house: House, first: str) -> None:
    length = 2 * HOUR if first == "comes" else timedelta(minutes=10)
    number = house.book(stages=((FAR, 0),), length=length)
    if first == "goes":
        house.run()
        house.clock.at = NOON + length
    house.far.full = True
    house.run()
    second = house.book(stages=((FAR, 0),))
    house.run()
    states = [house.state(number), house.state(second)]
    assert states == [State.ACTIVATING if first == "comes" else State.RELEASING, State.ACTIVATING]
    assert house.claims(number) == 1
    house.far.full = False
    house.at(house.clock.now() + 3 * MINUTE)
    assert house.state(second) is State.ACTIVE
    assert house.state(number) is (State.ACTIVE if first == "comes" else State.RELEASED)


def test_what_is_carried_and_saved_stays_in_sync_while_its_neighbour_cannot_be(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.run()
    house.far.full = True
    house.book(stages=((FAR, 0),))
    house.run()
    house.at(NOON + 3 * MINUTE)
    assert house.parts(number)[0].in_sync
    assert (house.state(number), house.view(number).degraded_since) == (State.ACTIVE, None)
