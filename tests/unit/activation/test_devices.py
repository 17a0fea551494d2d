"""Devices as operators see them: what is booked on each, and those that nobody looks after any more."""

from activation.devices import stranded_devices
from reservation.lifecycle import State
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, House


def live_parts(house: House) -> tuple[int, int]:
    return house.device(FAR).live_parts, house.device(NEAR).live_parts


def stranded(house: House, *known: str) -> tuple[tuple[str, int], ...]:
    return house.store.read(lambda session: stranded_devices(session, known))


def test_live_parts_are_those_booked_and_those_on_devices(house: House) -> None:
    assert live_parts(house) == (0, 0)
    held = house.hold(start=2 * HOUR, hold_for=HOUR)
    assert live_parts(house) == (0, 0)
    house.book()
    assert live_parts(house) == (1, 1)
    house.run()
    house.book(start=2 * HOUR, stages=((FAR, 0), (FAR, 1)))
    assert live_parts(house) == (3, 1)
    house.far.away = True
    house.at(NOON + HOUR)
    assert live_parts(house) == (3, 1)
    house.far.away = False
    house.at(NOON + 2 * HOUR)
    assert house.state(held) is State.EXPIRED
    assert live_parts(house) == (2, 0)
    house.at(NOON + 3 * HOUR)
    assert live_parts(house) == (0, 0)


def test_device_without_parts_may_leave_the_site(house: House) -> None:
    assert stranded(house) == ()
    house.book(stages=((FAR, 0),))
    assert stranded(house, FAR) == ()
    house.at(NOON + HOUR)
    assert stranded(house) == ()


def test_device_with_parts_of_what_is_not_over_is_stranded_without_a_site(house: House) -> None:
    held = house.hold(start=2 * HOUR, stages=((FAR, 0), (FAR, 1)))
    assert stranded(house, NEAR) == ((FAR, 2),)
    house.book()
    assert stranded(house) == ((FAR, 3), (NEAR, 1))
    house.run()
    assert stranded(house, FAR) == ((NEAR, 1),)
    house.near.away = True
    house.at(NOON + HOUR)
    assert stranded(house, FAR) == ((NEAR, 1),)
    house.near.away = False
    house.cancel(held)
    house.at(NOON + 2 * HOUR)
    assert stranded(house) == ()
