"""Requests that meet a sliver between two of its states, and slots that are asked for a second time."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from reservation import service
from reservation.lifecycle import Outcome, State
from reservation.model import TimeSlot
from reservation.parts import lock_devices
from reservation.tables import DeviceRow
from tbam.errors import Busy, OutOfRange, Unsupported
from tbam.tables import SliverRow
from tbam.values import Action, Operational, Sliver
from tests.unit.activation.conftest import NOON
from tests.unit.tbam.island_house import BLUE, EAST, GATEWAYS, HOUR, MINUTE, RED, SECOND, WEST, Islands, hours

DAY = timedelta(days=1)
LATEST = NOON + 300 * DAY


def booked(house: Islands, slice_urn: str, slot: TimeSlot, *, island: str = EAST) -> Sliver:
    house.allocate(slice_urn, slot, island=island, latest=LATEST)
    return house.provision(slice_urn)


def running(house: Islands) -> Sliver:
    sliver = booked(house, RED, hours(1, 3))
    house.at(NOON + HOUR)
    return sliver


@pytest.mark.parametrize("off", [False, True])
def test_restarting_one_that_is_moved_later_comes_in_its_new_slot(house: Islands, off: bool) -> None:
    running(house)
    house.manager.act(RED, Action.RESTART)
    if off:
        house.run()
    house.allocate(RED, hours(5, 6))
    house.run()
    assert house.east.ours == []
    house.at(NOON + 5 * HOUR)
    told = house.sliver(RED)
    assert (told.operational, told.stopped, len(house.east.ours)) == (Operational.READY, False, 3)


def test_restarting_one_is_changed_and_comes_again(house: Islands) -> None:
    running(house)
    house.manager.act(RED, Action.RESTART)
    house.allocate(RED, hours(1, 4))
    house.run()
    assert house.east.ours == []
    house.at(NOON + HOUR + SECOND)
    assert len(house.east.ours) == 3


def test_restarting_one_whose_slot_ends_has_completed(house: Islands) -> None:
    number = running(house).reservation_id
    house.east.away = True
    house.manager.act(RED, Action.RESTART)
    house.at(NOON + 3 * HOUR)
    house.east.away = False
    house.at(NOON + 3 * HOUR + 10 * MINUTE)
    view = house.store.read(lambda session: service.get(session, number))
    assert (view.state, view.outcome, view.reason) == (State.RELEASED, Outcome.COMPLETED, None)


def test_what_is_about_to_be_moved_is_busy_and_does_not_run(house: Islands) -> None:
    running(house)
    house.allocate(RED, hours(5, 6))
    for moved in (False, True):
        with pytest.raises(Busy):
            house.allocate(RED, hours(1, 3))
        with pytest.raises(Busy):
            house.manager.renew(RED, until=NOON + 7 * HOUR, latest=LATEST)
        with pytest.raises(Unsupported, match="17:00:00Z"):
            house.manager.act(RED, Action.STOP)
        if not moved:
            house.tick()
            assert house.state(house.sliver(RED).reservation_id) is State.RELEASING


def test_one_that_cannot_be_looked_at_keeps_no_other_from_expiring(house: Islands) -> None:
    broken = running(house)
    house.allocate(BLUE, hours(1, 3), island=WEST, latest=NOON + 2 * HOUR)
    other = house.provision(BLUE)

    def spoil(session: Session) -> None:
        row = session.get_one(SliverRow, broken.reservation_id)
        row.request, row.restarting, row.due_at = {}, True, NOON + HOUR

    house.store.write(spoil)
    house.at(NOON + 2 * HOUR)
    assert house.state(other.reservation_id) is State.CANCELLED


def test_running_slot_is_made_longer_only_as_far_as_slots_go(house: Islands) -> None:
    booked(house, RED, TimeSlot(NOON, NOON + 20 * DAY))
    house.at(NOON)
    house.at(NOON + 19 * DAY)
    with pytest.raises(OutOfRange, match="30 days"):
        house.allocate(RED, TimeSlot(house.clock.at, NOON + 31 * DAY), latest=LATEST)
    sliver = house.allocate(RED, TimeSlot(house.clock.at, NOON + 30 * DAY), latest=LATEST)
    assert sliver.slot == TimeSlot(NOON, NOON + 30 * DAY)


@pytest.mark.parametrize("firm", [False, True])
def test_slot_that_began_a_little_late_keeps_its_start_when_it_is_made_longer(
    house: Islands, firm: bool
) -> None:
    start = NOON - 5 * SECOND
    house.allocate(RED, TimeSlot(start, NOON + HOUR))
    if firm:
        house.provision(RED)
    house.clock.at = NOON + 3 * MINUTE
    sliver = house.allocate(RED, TimeSlot(start, NOON + 2 * HOUR))
    assert sliver.slot == TimeSlot(NOON, NOON + 2 * HOUR)
    with pytest.raises(OutOfRange):
        house.allocate(RED, TimeSlot(start, NOON - SECOND))


def test_gateways_of_several_islands_are_locked_together_in_the_order_of_all(
    house: Islands, monkeypatch: pytest.MonkeyPatch
) -> None:
    for island in (EAST, WEST):
        house.allocate(RED, hours(1, 2), island=island)
    locked: list[list[str]] = []

    def note(session: Session, names: Iterable[str]) -> dict[str, DeviceRow]:
        locked.append(sorted(names))
        return lock_devices(session, locked[-1])

    monkeypatch.setattr("reservation.parts.lock_devices", note)
    house.manager.approve_aggregate(RED)
    assert locked == [sorted(GATEWAYS.values())]


def test_one_that_has_failed_is_told_so_whatever_is_asked_of_it(house: Islands) -> None:
    house.east.refuses = {"LS-"}
    running(house)
    house.at(NOON + HOUR + 2 * MINUTE)
    with pytest.raises(Unsupported, match="has failed: delete it"):
        house.manager.act(RED, Action.START)
    with pytest.raises(Unsupported, match="has failed: delete it"):
        house.manager.renew(RED, until=NOON + 2 * HOUR, latest=LATEST)


def test_one_that_is_stopped_before_its_gateway_carries_it_never_comes_there(house: Islands) -> None:
    sliver = house.book_slice(RED, hours(1, 3))
    house.east.away = True
    house.at(NOON + HOUR)
    assert house.state(sliver.reservation_id) is State.ACTIVATING
    assert house.manager.act(RED, Action.STOP)[0].stopped
    house.east.away = False
    house.at(NOON + HOUR + 2 * MINUTE)
    assert (house.east.pushes, house.sliver(RED).operational) == ([], Operational.NOT_READY)
    house.manager.act(RED, Action.START)
    house.run()
    assert (len(house.east.ours), house.sliver(RED).operational) == (3, Operational.READY)


def test_one_that_is_there_and_comes_to_have_no_effect_fails_in_the_gateways_words_until_it_has(
    house: Islands,
) -> None:
    sliver = running(house)
    house.east.hinders = {"LS-"}
    house.east.lines = [line for line in house.east.lines if not line.startswith("LS-")]
    house.at(NOON + HOUR + 10 * MINUTE)
    told = house.sliver(RED)
    assert told.operational is Operational.FAILED
    assert told.error == "the card is out"
    assert house.state(sliver.reservation_id) is State.ACTIVE
    house.east.hinders = set()
    house.at(NOON + HOUR + 12 * MINUTE)
    assert (house.sliver(RED).operational, house.sliver(RED).error) == (Operational.READY, "")
