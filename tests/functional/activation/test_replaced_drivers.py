"""A worker whose devices are replaced while it runs: new ones are visited, those that left are let go."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from netconfig.driver import DeviceDriver
from netconfig.errors import BadCredential
from reservation.lifecycle import State
from reservation.parts import register_device
from tests.functional.activation.conftest import WorkingHouse
from tests.unit.activation.conftest import FAR, NEAR, PATIENCE, Box

OTHER = "other-1"


@dataclass(frozen=True)
class Maker:
    """Makes drivers of a device at an address, and notes it; equal to another for the same."""

    house: WorkingHouse
    device: str
    address: str = "here"
    made: list[str] = field(default_factory=list, compare=False)

    def __call__(self) -> DeviceDriver:
        self.made.append(self.address)
        return self.house.driver(self.device)

    def __hash__(self) -> int:
        return hash((self.device, self.address))


def makers(house: WorkingHouse, *devices: str, **at: str) -> dict[str, Callable[[], DeviceDriver]]:
    return {device: Maker(house, device, at.get(device.partition("-")[0], "here")) for device in devices}


def visited(house: WorkingHouse, device: str) -> bool:
    return house.device(device).read_at is not None


def test_a_new_device_is_visited_at_once_and_carries_what_is_booked_on_it(house: WorkingHouse) -> None:
    worker = house.worker(drivers=makers(house, FAR))
    worker.start()
    house.until(lambda: visited(house, FAR))
    house.boxes[OTHER] = Box(OTHER)
    house.store.write(lambda session: register_device(session, OTHER, platform="box", capabilities=["x"]))
    worker.replace_drivers(makers(house, FAR, OTHER))
    house.until(lambda: visited(house, OTHER))
    number = house.book_now(stages=((OTHER, 0), (FAR, 1)))
    house.until(lambda: house.state(number) is State.ACTIVE)
    assert len(house.boxes[OTHER].pushes) == 1


def test_a_device_that_left_is_let_go_and_visited_no_more(house: WorkingHouse) -> None:
    worker = house.worker(drivers=makers(house, FAR, NEAR))
    worker.start()
    house.until(lambda: visited(house, FAR) and visited(house, NEAR))
    worker.replace_drivers(makers(house, NEAR))
    house.until(lambda: house.device(FAR).worker is None)
    assert house.far.closed == 1
    reads = house.far.reads
    waiting, lucky = house.book_now(stages=((FAR, 0),)), house.book_now(stages=((NEAR, 0),))
    house.until(lambda: house.state(lucky) is State.ACTIVE)
    assert house.state(waiting) is State.ACTIVATING
    assert house.far.reads == reads
    worker.replace_drivers(makers(house, NEAR, FAR))
    house.until(lambda: house.state(waiting) is State.ACTIVE)


def test_a_device_whose_maker_equals_the_old_one_keeps_its_session(house: WorkingHouse) -> None:
    worker = house.worker(drivers=makers(house, FAR, NEAR))
    worker.start()
    house.until(lambda: visited(house, FAR) and visited(house, NEAR))
    for times in (1, 2, 3):
        maker = Maker(house, NEAR, f"place {times}")
        worker.replace_drivers({FAR: Maker(house, FAR), NEAR: maker})
        # Not by what was read: a last reading in the old session is none of the new one's.
        house.until(lambda maker=maker: bool(maker.made))  # type: ignore[misc]
        house.until(lambda times=times: house.near.closed == times)  # type: ignore[misc]
    number = house.book_now()
    house.until(lambda: house.state(number) is State.ACTIVE)
    assert house.far.closed == 0


def test_a_push_under_way_is_ended_in_the_old_session_and_the_next_pass_is_in_a_new_one(
    house: WorkingHouse,
) -> None:
    house.far.held = threading.Event()
    worker = house.worker(drivers=makers(house, FAR))
    worker.start()
    number = house.book_now(stages=((FAR, 0),))
    assert house.far.entered.acquire(timeout=PATIENCE)
    worker.replace_drivers(makers(house, FAR, far="there"))
    assert house.far.closed == 0
    house.far.held.set()
    house.until(lambda: house.state(number) is State.ACTIVE)
    house.until(lambda: house.far.closed == 1)
    assert [len(push) for push in house.far.pushes] == [1]
    assert house.far.collisions == 0
    # Read before and after the push, and once more where it is said to be now.
    house.until(lambda: house.far.reads >= 3)


def test_a_push_under_way_on_a_device_that_leaves_is_ended_and_then_it_is_let_go(house: WorkingHouse) -> None:
    house.far.held = threading.Event()
    worker = house.worker(drivers=makers(house, FAR, NEAR))
    worker.start()
    house.book_now(stages=((FAR, 0),))
    assert house.far.entered.acquire(timeout=PATIENCE)
    worker.replace_drivers(makers(house, NEAR))
    house.far.held.set()
    house.until(lambda: house.device(FAR).worker is None)
    assert len(house.far.ours) == 1
    assert house.far.closed == 1


def test_a_device_that_failed_is_tried_at_once_where_it_is_said_to_be_now(house: WorkingHouse) -> None:
    def nowhere() -> DeviceDriver:
        raise BadCredential("password: nowhere")

    worker = house.worker(drivers={FAR: nowhere})
    worker.start()
    number = house.book_now(stages=((FAR, 0),))
    house.until(lambda: house.device(FAR).failures >= 1 and house.device(FAR).worker is None)
    worker.replace_drivers(makers(house, FAR))
    house.until(lambda: house.state(number) is State.ACTIVE)
    assert house.device(FAR).error_code is None


def test_drivers_replaced_again_and_again_under_many_passes_leave_one_session_each(
    house: WorkingHouse,
) -> None:
    worker = house.worker(drivers=makers(house, FAR, NEAR))
    worker.start()
    for number in range(20):
        house.book_now()
        worker.replace_drivers(makers(house, FAR, NEAR, far=str(number), near=str(number % 2)))
    house.until(lambda: house.count(State.ACTIVE) == 20)
    worker.stop()
    assert house.far.collisions == house.near.collisions == 0
    assert house.device(FAR).worker is None
    assert house.device(NEAR).worker is None
    assert len(house.far.ours) == len(house.near.ours) == 20
