"""A database that is not the last one removes nothing from a device and waits for somebody to look."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from activation.evictions import order_eviction
from reservation.identity import database_identity
from reservation.lifecycle import State
from reservation.moves import HIGHEST_ID
from reservation.pauses import Pause, PauseCause, end_pauses, list_pauses
from reservation.tables import DeviceRow
from store import Base
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, House

MINUTE = timedelta(minutes=1)


def line(house: House, number: int, *, database: str | None = None) -> str:
    return f"LS-FNAL-{number}-{number} at 5 db {database or house.ownership.database}"


def observed(house: House) -> Pause | None:
    return next((pause for pause in house.store.read(list_pauses) if pause.cause is PauseCause.OBSERVE), None)


def thaw(house: House) -> None:
    house.store.write(lambda s: end_pauses(s, [PauseCause.OBSERVE]))


@pytest.mark.parametrize("database", [None, "of-the-lost-database"])
def test_number_above_our_highest_lets_nothing_be_pushed_anywhere(house: House, database: str | None) -> None:
    running = house.book(stages=((NEAR, 0),))
    house.run()
    ghosts = [line(house, running + n, database=database) for n in range(1, 4)]
    house.far.lines += ghosts
    house.at(NOON + 5 * MINUTE)
    pause = observed(house)
    assert pause is not None
    assert pause.actor == "worker"
    assert (
        f"far-1 carries objects of reservations {running + 1}, {running + 2}, {running + 3}" in pause.reason
    )
    assert "may be an older copy" in pause.reason
    house.at(NOON + HOUR)
    assert house.state(running) is State.RELEASING
    assert len(house.near.ours) == 1
    assert house.far.ours == ghosts
    assert len(house.device(FAR).strangers) == 3


def test_what_is_booked_meanwhile_has_a_number_above_all_that_were_seen_and_starts_at_the_thaw(
    house: House,
) -> None:
    first = house.book(stages=((NEAR, 0),))
    house.run()
    house.far.lines.append(line(house, first + 40))
    house.at(NOON + 5 * MINUTE)
    number = house.book()
    assert number == first + 41
    house.run()
    assert house.state(number) is State.ACTIVATING
    thaw(house)
    house.run()
    assert house.state(number) is State.ACTIVE
    assert observed(house) is None
    assert line(house, first + 40) in house.far.ours


def test_pass_that_finds_it_pushes_nothing_itself(house: House) -> None:
    number = house.book()
    house.far.lines.append(line(house, number + 3))
    house.run()
    assert not house.far.pushes
    assert observed(house) is not None


def test_higher_number_on_another_device_is_told_as_well(house: House) -> None:
    first = house.book(start=HOUR)
    house.run()
    house.far.lines.append(line(house, first + 1))
    house.at(NOON + 5 * MINUTE)
    house.near.lines.append(line(house, first + 9))
    house.at(NOON + 10 * MINUTE)
    pause = observed(house)
    assert pause is not None
    assert f"far-1 carries objects of reservation {first + 1}" in pause.reason
    assert f"near-1 carries objects of reservation {first + 9}" in pause.reason
    assert house.book(start=HOUR) == first + 10


def test_object_of_a_reservation_that_is_still_to_come_is_kept(house: House) -> None:
    number = house.book(start=HOUR)
    house.run()
    ghost = line(house, number)
    house.far.lines.append(ghost)
    house.at(NOON + 5 * MINUTE)
    pause = observed(house)
    assert pause is not None
    assert f"far-1 carries objects of reservation {number}, which it was never sent" in pause.reason
    house.at(NOON + HOUR)
    assert house.state(number) is State.ACTIVATING
    assert house.far.ours == [ghost]
    thaw(house)
    house.run()
    assert house.far.ours == [ghost], "it is no less odd after the thaw"
    assert observed(house) is not None


def test_object_that_was_sent_after_the_copy_was_made_is_taken_off_by_its_number(house: House) -> None:
    number = house.book(start=HOUR)
    ghost = line(house, number)
    house.far.lines.append(ghost)
    house.at(NOON + HOUR)
    assert observed(house) is not None
    house.store.write(lambda s: order_eviction(s, FAR, number))
    house.run()
    assert house.far.ours == []
    assert house.state(number) is State.ACTIVATING
    thaw(house)
    house.run()
    assert observed(house) is None
    assert house.state(number) is State.ACTIVE
    house.store.write(lambda s: order_eviction(s, FAR, number))
    house.run()
    assert len(house.far.ours) == 1, "what was sent since is the database's own"


def test_object_of_a_reservation_that_starts_just_now_is_kept(house: House) -> None:
    number = house.book()
    ghost = line(house, number)
    house.far.lines.append(ghost)
    house.run()
    assert house.far.ours == [ghost]
    assert observed(house) is not None


def test_emptied_database_beside_a_live_device_removes_nothing(house: House) -> None:
    for _ in range(3):
        house.book(stages=((FAR, 0),))
    house.run()
    lines = house.far.ours
    house.store.write(_empty)
    house.run()
    assert house.far.ours == lines
    assert observed(house) is not None


def _empty(session: Session) -> None:
    """As after the loss of every row but those of the devices."""
    for table in reversed(Base.metadata.sorted_tables):
        if table.name != "device":
            session.execute(table.delete())
    session.execute(update(DeviceRow).values(generation=0, synced_generation=0, read_at=None))
    database_identity(session)


@pytest.mark.parametrize("number", [HIGHEST_ID, HIGHEST_ID + 1])
def test_absurd_number_costs_no_numbers(house: House, number: int) -> None:
    first = house.book(start=HOUR)
    house.far.lines.append(line(house, number, database="x"))
    house.run()
    assert house.book(start=HOUR) == first + 1


def test_left_overs_and_strangers_of_old_are_no_reason(house: House) -> None:
    number = house.book()
    house.run()
    house.far.lines.append(line(house, number, database="of-somebody-else"))
    house.at(NOON + 5 * MINUTE)
    assert observed(house) is None
