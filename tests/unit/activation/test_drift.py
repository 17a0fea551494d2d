"""A device somebody else changed is put back; what is not this database's is reported and left alone."""

from datetime import timedelta

import pytest

from reservation.lifecycle import State
from reservation.moves import HIGHEST_ID
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, House

pytestmark = pytest.mark.one_database("what a device carries is compared with what it should in Python")

MINUTE = timedelta(minutes=1)
DRIFT = timedelta(minutes=5)


def test_device_nothing_changed_on_is_read_again_and_not_pushed_to(house: House) -> None:
    house.book()
    house.run()
    reads = house.far.reads
    house.at(NOON + DRIFT - MINUTE)
    assert house.far.reads == reads
    house.at(NOON + DRIFT)
    assert house.far.reads == reads + 1
    assert len(house.far.pushes) == 1


def test_line_taken_away_by_hand_comes_back(house: House) -> None:
    number = house.book()
    house.run()
    lines = house.far.ours
    house.far.lines.remove(lines[0])
    house.at(NOON + DRIFT)
    assert house.far.ours == lines
    assert house.state(number) is State.ACTIVE
    assert house.states(number)[-1] is State.ACTIVE


def test_box_that_forgot_everything_gets_everything_back_in_one_push(house: House) -> None:
    for _ in range(10):
        house.book(stages=((FAR, 0),))
    house.run()
    lines = house.far.ours
    house.far.lines[:] = ["hostname box"]
    house.at(NOON + DRIFT)
    assert house.far.lines == ["hostname box", *lines]
    assert [len(push) for push in house.far.pushes] == [10, 10]


def test_reservation_is_degraded_from_the_drift_seen_until_the_drift_mended(house: House) -> None:
    number, other = house.book(), house.book()
    house.run()
    seen: list[object] = []
    house.far.lines.remove(house.far.ours[0])
    house.far.before_line = lambda _line: seen.append(house.view(number).degraded_since)
    house.at(NOON + DRIFT)
    assert seen == [NOON + DRIFT]
    assert house.view(number).degraded_since is None
    assert house.view(other).degraded_since is None


@pytest.mark.any_database("a time comes back as it was written")
def test_drift_that_cannot_be_mended_shows_since_when(house: House) -> None:
    number, other = house.book(), house.book()
    house.run()
    house.far.lines.remove(house.far.ours[0])
    house.far.before_line = lambda _line: setattr(house.far, "away", True)
    house.at(NOON + DRIFT)
    house.at(NOON + DRIFT + 2 * MINUTE)
    assert house.view(number).degraded_since == NOON + DRIFT
    assert house.view(other).degraded_since is None
    assert not house.parts(number)[0].in_sync
    house.far.before_line, house.far.away = None, False
    house.at(NOON + DRIFT + 5 * MINUTE)
    assert house.view(number).degraded_since is None
    assert house.parts(number)[0].in_sync


def test_one_device_mended_does_not_hide_that_another_is_not(house: House) -> None:
    number = house.book()
    house.run()
    house.far.lines.remove(house.far.ours[0])
    house.near.lines.remove(house.near.ours[0])
    house.near.ignores.add("LS-FNAL")
    house.at(NOON + DRIFT)
    assert house.view(number).degraded_since == NOON + DRIFT
    house.at(NOON + 2 * DRIFT)
    assert house.parts(number)[0].in_sync
    assert house.view(number).degraded_since == NOON + DRIFT
    house.near.ignores.clear()
    house.at(NOON + 3 * DRIFT)
    assert house.view(number).degraded_since is None


def test_repair_cut_short_is_taken_up_at_once(house: House) -> None:
    for _ in range(3):
        house.book(stages=((FAR, 0),))
    house.run()
    lines = house.far.ours
    house.far.lines[:] = ["hostname box"]
    house.clock.forward(DRIFT)
    house.far.after_line = stop_the_process
    try:
        house.strike()
    except KilledError:
        house.far.after_line = None
    assert len(house.far.ours) == 1
    assert FAR in house.due()
    house.run()
    assert house.far.ours == lines


class KilledError(BaseException):
    """The process is gone from one instruction to the next."""


def stop_the_process(_line: str) -> None:
    raise KilledError


def test_degraded_reservation_that_ends_is_degraded_no_more(house: House) -> None:
    number = house.book()
    house.run()
    house.far.lines.remove(house.far.ours[0])
    house.far.ignores.add("LS-FNAL")
    house.at(NOON + DRIFT)
    assert house.view(number).degraded_since is not None
    house.at(NOON + HOUR)
    assert house.view(number).degraded_since is None
    assert house.state(number) is State.RELEASED


def test_object_of_another_database_is_reported_and_stays(house: House) -> None:
    number = house.book()
    foreign = f"LS-FNAL-{number}-77 at 5 db somebody-elses"
    house.far.lines.append(foreign)
    house.run()
    house.at(NOON + HOUR)
    assert foreign in house.far.lines
    assert house.device(FAR).strangers == (f"{foreign} is not this database's",)
    assert house.device(FAR).in_sync
    house.far.lines.remove(foreign)
    house.at(NOON + HOUR + DRIFT)
    assert house.device(FAR).strangers == ()


def test_object_of_a_reservation_nobody_knows_is_reported_and_stays(house: House) -> None:
    ghost = f"LS-FNAL-4711-1 at 5 db {house.ownership.database}"
    house.far.lines.append(ghost)
    house.run()
    assert house.far.ours == [ghost]
    assert len(house.device(FAR).strangers) == 1


@pytest.mark.any_database("a column has no room for it")
def test_number_no_reservation_can_have_does_not_stop_the_device(house: House) -> None:
    absurd = [f"LS-FNAL-{number}-1 at 5 db x" for number in (0, HIGHEST_ID + 1, 2**63, 10**40)]
    house.far.lines += absurd
    number = house.book()
    house.run()
    assert house.state(number) is State.ACTIVE
    assert len(house.device(FAR).strangers) == len(absurd)


def test_empty_database_strips_no_device(house: House) -> None:
    house.far.lines += [f"LS-FNAL-{n}-{n} at {n} db of-the-lost-database" for n in range(1, 6)]
    lines = list(house.far.lines)
    house.run()
    assert (house.far.lines, house.far.pushes) == (lines, [])
    assert len(house.device(FAR).strangers) == 5


@pytest.mark.any_database("numbers that are known are asked of the database")
def test_left_over_of_a_reservation_that_ended_is_taken_away(house: House) -> None:
    number = house.book()
    house.run()
    left = house.far.ours[0]
    house.at(NOON + HOUR)
    assert house.state(number) is State.RELEASED
    house.far.lines.append(left)
    house.at(NOON + HOUR + DRIFT)
    assert house.far.ours == []


def test_what_is_not_ours_is_never_touched(house: House) -> None:
    before = {name: list(box.lines) for name, box in house.boxes.items()}
    house.book()
    house.run()
    house.at(NOON + HOUR)
    assert {name: box.lines for name, box in house.boxes.items()} == before
    assert NEAR in before
