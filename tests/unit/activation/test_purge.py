"""Pushes that are long past are forgotten, but for the last of each device."""

from datetime import timedelta

import pytest

from activation.purge import BATCH, purge_changes
from reservation.lifecycle import State
from reservation.parts import lock_devices
from reservation.tables import DeviceChangeRow
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, House

DAY = timedelta(days=1)


def purge(house: House, *, keep: timedelta) -> int:
    return purge_changes(house.store, before=house.clock.now() - keep)


def test_change_is_kept_as_long_as_is_said_and_then_purged(house: House) -> None:
    house.book()
    house.run()
    house.at(NOON + HOUR)
    house.clock.at = NOON + 90 * DAY
    assert purge(house, keep=90 * DAY) == 0
    house.clock.forward(timedelta(microseconds=1))
    assert purge(house, keep=90 * DAY) == 2
    assert [change.at for name in (FAR, NEAR) for change in house.changes(name)] == [NOON + HOUR] * 2
    assert purge(house, keep=90 * DAY) == 0


def test_last_change_of_a_device_is_never_purged(house: House) -> None:
    house.book(stages=((FAR, 0),))
    house.run()
    house.clock.forward(1000 * DAY)
    assert purge(house, keep=DAY) == 0
    assert len(house.changes(FAR)) == 1


def test_push_cut_short_long_ago_is_still_saved_after_a_purge(house: House) -> None:
    number = house.book(stages=((FAR, 0),), length=1000 * DAY)
    house.far.after_line = lambda _line: setattr(house.far, "away", True)
    house.run()
    house.clock.forward(200 * DAY)
    purge(house, keep=90 * DAY)
    house.far.away, house.far.after_line = False, None
    house.run()
    assert house.far.saved == house.far.lines
    assert house.state(number) is State.ACTIVE


@pytest.mark.one_database("a month of passes; the statement that purges is seen below on each")
def test_device_that_does_not_converge_for_days_keeps_a_bounded_history(house: House) -> None:
    house.book(stages=((FAR, 0),), length=365 * DAY)
    house.far.ignores.add("LS-FNAL")
    for day in range(30):
        house.at(NOON + day * DAY)
        while purge(house, keep=7 * DAY) == BATCH:
            pass
        assert len(house.changes(FAR)) <= 8
    assert house.changes(FAR)[0].at >= NOON + 22 * DAY


def test_purge_deletes_a_batch_at_a_time_oldest_first(house: House) -> None:
    device = house.store.read(lambda s: lock_devices(s, [FAR])[FAR].id)
    house.store.write(
        lambda s: s.add_all(
            DeviceChangeRow(
                device_id=device,
                at=NOON + n * timedelta(minutes=1),
                generation=1,
                reservations=[],
                plan="",
                outcome="pushed",
            )
            for n in range(2 * BATCH + 3)
        )
    )
    house.clock.forward(DAY)
    sizes = [purge(house, keep=timedelta(0)) for _ in range(4)]
    assert sizes == [BATCH, BATCH, 2, 0]
    (last,) = house.changes(FAR)
    assert last.at == NOON + (2 * BATCH + 2) * timedelta(minutes=1)
