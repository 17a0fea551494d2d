"""A dry-run device is read and never configured, and everything else goes on as if it were."""

from datetime import timedelta

import pytest

from activation.read_only import ReadOnly
from netconfig.driver import Plan
from netconfig.errors import DeviceError
from reservation.errors import DeviceInUse
from reservation.lifecycle import Outcome, State
from reservation.parts import register_device, rehearsed
from reservation.pauses import PauseCause, begin_pause
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, BoxDriver, House, whose

pytestmark = pytest.mark.one_database("what is rehearsed and not sent is decided in Python")

MINUTE = timedelta(minutes=1)


def rehearse(house: House, *names: str, dry_run: bool = True) -> None:
    for name in names:
        house.store.write(
            lambda s, name=name: register_device(  # type: ignore[misc]
                s, name, platform="box", capabilities=BoxDriver.capabilities, dry_run=dry_run
            )
        )


@pytest.fixture
def dry(house: House) -> House:
    rehearse(house, FAR, NEAR)
    return house


def untouched(house: House) -> bool:
    boxes = house.boxes.values()
    return not any(box.pushes or box.saved or box.ours for box in boxes)


def plans(house: House, name: str) -> list[list[str]]:
    return [
        [whose(line) for line in change.plan.splitlines()] for change in house.changes(name) if change.dry_run
    ]


def test_whole_life_of_a_reservation_touches_no_device(dry: House) -> None:
    number = dry.book()
    dry.run()
    assert dry.state(number) is State.ACTIVE
    assert all(part.in_sync for part in dry.parts(number))
    assert dry.device(FAR).in_sync
    dry.at(NOON + HOUR)
    assert dry.state(number) is State.RELEASED
    assert dry.view(number).outcome is Outcome.COMPLETED
    assert untouched(dry)
    assert dry.far.reads
    assert plans(dry, FAR) == [[f"LS-FNAL-{number}"], [f"no LS-FNAL-{number}"]]
    assert {change.outcome for change in dry.changes(FAR)} == {"rehearsed"}


def test_plan_is_kept_once_and_not_at_every_look(dry: House) -> None:
    first = dry.book(stages=((FAR, 0),))
    dry.run()
    for looks in range(1, 5):
        dry.at(NOON + looks * 5 * MINUTE)
    second = dry.book(stages=((FAR, 0),))
    dry.run()
    assert plans(dry, FAR) == [[f"LS-FNAL-{first}"], [f"LS-FNAL-{second}"]]
    assert dry.changes(FAR)[0].reservations == (first,)


def test_device_that_is_away_does_not_answer_in_a_dry_run_either(dry: House) -> None:
    dry.far.away = True
    number = dry.book()
    dry.run()
    assert dry.state(number) is State.ACTIVATING
    assert dry.device(FAR).error_code == "device-unreachable"


def test_what_a_device_has_no_room_for_fails_in_the_rehearsal_already(dry: House) -> None:
    dry.far.room = 0
    number = dry.book()
    dry.run()
    assert dry.view(number).outcome is Outcome.FAILED
    assert untouched(dry)


def test_strangers_are_told_and_stay(dry: House) -> None:
    dry.far.lines.append("LS-FNAL-1-1 at 5 db of-somebody-else")
    dry.book()
    dry.run()
    assert len(dry.device(FAR).strangers) == 1
    assert not dry.far.pushes


def test_only_what_is_rehearsed_says_so(house: House) -> None:
    before = house.book(stages=((FAR, 0),), start=HOUR)
    rehearse(house, FAR)
    both, real = house.book(), house.book(stages=((NEAR, 0),))
    assert house.store.read(lambda s: rehearsed(s, [before, both, real])) == {before, both}
    house.run()
    assert house.near.ours
    assert not house.far.pushes
    assert house.state(both) is State.ACTIVE


def test_going_live_pushes_what_was_only_rehearsed(dry: House) -> None:
    number, ended = dry.book(), dry.book(length=MINUTE)
    dry.run()
    dry.at(NOON + MINUTE)
    rehearse(dry, FAR, NEAR, dry_run=False)
    assert not all(part.in_sync for part in dry.parts(number))
    dry.run()
    assert [whose(line) for line in dry.far.ours] == [f"LS-FNAL-{number}"]
    assert all(part.in_sync for part in dry.parts(number))
    assert dry.state(number) is State.ACTIVE
    assert dry.view(number).degraded_since is None
    assert dry.store.read(lambda s: rehearsed(s, [number, ended])) == {ended}
    assert dry.changes(FAR)[-1].outcome == "pushed"
    dry.at(NOON + HOUR)
    assert dry.far.ours == []


def test_going_live_with_a_reservation_on_its_way_out_waits_for_the_device(dry: House) -> None:
    number = dry.book()
    dry.run()
    dry.clock.at = NOON + HOUR
    dry.tick()
    rehearse(dry, FAR, NEAR, dry_run=False)
    dry.near.away = True
    dry.run()
    assert dry.state(number) is State.RELEASING
    dry.near.away = False
    dry.at(NOON + HOUR + 2 * MINUTE)
    assert dry.state(number) is State.RELEASED


def test_device_that_carries_something_cannot_become_a_dry_run(house: House) -> None:
    number = house.book()
    house.run()
    with pytest.raises(DeviceInUse, match="freeze pushes"):
        rehearse(house, FAR)
    assert not house.device(FAR).dry_run
    house.cancel(number)
    house.run()
    rehearse(house, FAR)
    assert house.device(FAR).dry_run


def test_second_rehearsal_begins_with_nothing(dry: House) -> None:
    dry.book(stages=((FAR, 0),))
    dry.run()
    dry.at(NOON + HOUR)
    rehearse(dry, FAR, dry_run=False)
    rehearse(dry, FAR)
    number = dry.book(stages=((FAR, 0),))
    dry.run()
    assert plans(dry, FAR)[-1] == [f"LS-FNAL-{number}"]
    assert dry.state(number) is State.ACTIVE


def test_frozen_rehearsal_goes_on_for_it_pushes_nothing(dry: House) -> None:
    dry.store.write(
        lambda s: begin_pause(s, PauseCause.FREEZE, now=dry.clock.now(), actor="ann", reason="why")
    )
    number = dry.book()
    dry.run()
    assert dry.state(number) is State.ACTIVE


@pytest.mark.parametrize("what", ["push", "save"])
def test_process_that_may_only_read_refuses_though_the_database_has_it_live(house: House, what: str) -> None:
    driver = ReadOnly(house.driver(FAR), FAR)
    with pytest.raises(DeviceError, match="may only read it"):
        driver.save() if what == "save" else driver.push(Plan())
    assert untouched(house)
