"""A device whose answer to a push tells what is there then is not asked for it again, and is judged by it."""

from activation.outcomes import MISREADS
from reservation.lifecycle import State
from tests.unit.activation.conftest import FAR, NEAR, House


def test_device_that_tells_what_it_has_is_read_once_for_a_push(house: House) -> None:
    house.far.tells = True
    house.run()
    before = house.far.reads, house.near.reads
    number = house.book()
    house.run()
    assert house.state(number) is State.ACTIVE
    assert len(house.far.pushes) == len(house.near.pushes) == 1
    assert (house.far.reads - before[0], house.near.reads - before[1]) == (1, 2)
    assert house.device(FAR).in_sync
    assert house.device(NEAR).in_sync


def test_what_it_tells_to_be_missing_is_not_in_sync(house: House) -> None:
    house.far.tells = True
    house.far.ignores.add("LS-")
    number = house.book()
    for _ in range(MISREADS):
        house.tick()
        house.settle()
        house.visit(FAR)
    assert house.state(number) is State.ACTIVATING
    assert house.device(FAR).error_code == "device-not-converged"
