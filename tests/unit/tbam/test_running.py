"""A slice's life on its gateway: start, changes, stop and start, failure, end; told as GENI's states."""

import pytest

from netconfig.capability import Capability
from reservation.lifecycle import State
from reservation.model import TimeSlot
from store import Store
from tbam.aggregate import Island
from tbam.errors import IslandRMNotAllocated, IslandRMNotUnivocal, Unavailable, Unsupported
from tbam.values import Action, Allocation, Operational
from tests.conftest import emptied
from tests.unit.activation.conftest import NOON, BoxDriver
from tests.unit.tbam.island_house import (
    BLUE,
    EAST,
    GATEWAYS,
    HOUR,
    MINUTE,
    OTHER_CONTROLLER,
    RED,
    SECOND,
    SETTINGS,
    WEST,
    Islands,
    hours,
)


def operational(house: Islands, slice_urn: str = RED) -> Operational:
    return house.sliver(slice_urn).operational


def running(house: Islands) -> Islands:
    house.book_slice(RED, hours(1, 3))
    house.at(NOON + HOUR)
    return house


def test_states_follow_the_slot(house: Islands) -> None:
    sliver = house.book_slice(RED, hours(1, 2))
    assert (sliver.allocation, sliver.operational) == (Allocation.PROVISIONED, Operational.CONFIGURING)
    house.at(NOON + HOUR - SECOND)
    assert operational(house) is Operational.CONFIGURING
    assert house.east.ours == []
    house.clock.at = NOON + HOUR
    house.strike()
    house.strike()
    assert operational(house) is Operational.READY
    assert len(house.east.ours) == 3
    house.at(NOON + 2 * HOUR)
    with pytest.raises(IslandRMNotAllocated):
        house.manager.slivers(RED)
    assert house.east.ours == []
    assert house.state(sliver.reservation_id) is State.RELEASED


def test_island_where_nobody_logs_in_needs_no_gateway_that_lets_anybody_in(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoxDriver, "capabilities", BoxDriver.capabilities - {Capability.USER_ACCESS})
    island = Island(name=EAST, gateway=GATEWAYS[EAST], login=False)
    house = Islands(emptied(sqlite_store), SETTINGS.model_copy(update={"islands": (island,)}))
    house.run()
    running(house)
    assert operational(house) is Operational.READY
    assert len(house.east.ours) == 2
    for action in (Action.STOP, Action.START):
        house.manager.act(RED, action)
        house.run()
    assert operational(house) is Operational.READY
    assert len(house.east.ours) == 2
    house.manager.replace_settings(SETTINGS)
    with pytest.raises(Unavailable, match="cannot do user-access"):
        house.allocate(RED, hours(1, 3))


def test_new_controller_while_it_runs_pushes_that_alone(house: Islands) -> None:
    running(house)
    before = set(house.east.ours)
    sliver = house.allocate(RED, hours(1, 3), controller=OTHER_CONTROLLER)
    assert (sliver.allocation, sliver.operational) == (Allocation.PROVISIONED, Operational.CONFIGURING)
    house.run()
    came, went = house.east.pushes[1:]
    assert (len(came), len(went)) == (1, 1)
    assert len(before & set(house.east.ours)) == 2
    assert operational(house) is Operational.READY


def test_longer_slot_while_it_runs_pushes_nothing(house: Islands) -> None:
    running(house)
    house.allocate(RED, hours(1, 4))
    house.run()
    assert len(house.east.pushes) == 1
    house.at(NOON + 3 * HOUR)
    assert operational(house) is Operational.READY


def test_later_slot_while_it_runs_takes_it_off_until_then(house: Islands) -> None:
    running(house)
    house.allocate(RED, hours(4, 5))
    house.run()
    assert house.east.ours == []
    assert operational(house) is Operational.CONFIGURING
    house.at(NOON + 4 * HOUR)
    assert operational(house) is Operational.READY


def test_stop_takes_it_off_and_keeps_the_island(house: Islands) -> None:
    running(house)
    told = house.manager.act(RED, Action.STOP)[0]
    assert (told.operational, told.stopped) == (Operational.STOPPING, True)
    house.run()
    assert house.east.ours == []
    assert operational(house) is Operational.NOT_READY
    assert house.state(told.reservation_id) is State.ACTIVE
    assert not house.manager.check_availability(hours(2, 3), "east")
    house.manager.act(RED, Action.START)
    house.run()
    assert len(house.east.ours) == 3
    assert operational(house) is Operational.READY
    house.manager.act(RED, Action.STOP)
    house.at(NOON + 3 * HOUR)
    assert house.state(told.reservation_id) is State.RELEASED


def test_stop_and_start_do_no_harm_twice(house: Islands) -> None:
    running(house)
    house.manager.act(RED, Action.START)
    house.run()
    assert len(house.east.pushes) == 1
    for _ in range(2):
        house.manager.act(RED, Action.STOP)
        house.run()
    assert (len(house.east.pushes), operational(house)) == (2, Operational.NOT_READY)


def test_restart_takes_it_off_and_brings_it_again(house: Islands) -> None:
    running(house)
    house.manager.act(RED, Action.RESTART)
    house.run()
    assert house.east.ours == []
    house.at(NOON + HOUR + SECOND)
    assert len(house.east.ours) == 3
    told = house.sliver(RED)
    assert (told.operational, told.stopped) == (Operational.READY, False)


def test_restart_waits_until_it_is_off(house: Islands) -> None:
    running(house)
    house.east.away = True
    house.manager.act(RED, Action.RESTART)
    house.at(NOON + HOUR + 10 * SECOND)
    house.east.away = False
    house.at(NOON + HOUR + 2 * MINUTE)
    assert house.east.ours == []
    house.at(NOON + HOUR + 2 * MINUTE + SECOND)
    assert len(house.east.ours) == 3


def test_what_is_changed_while_it_is_stopped_comes_with_the_start(house: Islands) -> None:
    running(house)
    house.manager.act(RED, Action.STOP)
    house.run()
    house.allocate(RED, hours(1, 3), controller=OTHER_CONTROLLER)
    house.run()
    assert (house.east.ours, operational(house)) == ([], Operational.NOT_READY)
    house.manager.act(RED, Action.START)
    house.run()
    assert len(house.east.ours) == 3


@pytest.mark.parametrize("action", list(Action))
def test_actions_outside_the_slot_are_not_possible(house: Islands, action: Action) -> None:
    house.allocate(RED, hours(1, 2))
    with pytest.raises(Unsupported):
        house.manager.act(RED, action)
    house.provision(RED)
    with pytest.raises(Unsupported, match="13:00:00Z"):
        house.manager.act(RED, action)


def test_action_on_several_islands_is_done_on_all_or_on_none(house: Islands) -> None:
    house.book_slice(RED, hours(1, 3))
    house.book_slice(RED, hours(2, 3), island=WEST)
    house.at(NOON + HOUR)
    with pytest.raises(Unsupported):
        house.manager.act(RED, Action.STOP)
    assert not house.sliver(RED).stopped


def test_gateway_that_does_not_answer_is_told_and_tried_again(house: Islands) -> None:
    house.book_slice(RED, hours(1, 3))
    house.east.away = True
    house.at(NOON + HOUR)
    told = house.sliver(RED)
    assert (told.operational, told.error) == (Operational.FAILED, "no answer")
    house.east.away = False
    house.at(NOON + HOUR + 2 * MINUTE)
    told = house.sliver(RED)
    assert (told.operational, told.error) == (Operational.READY, "")


def test_what_a_gateway_refuses_is_told_in_its_words_until_it_is_deleted(house: Islands) -> None:
    house.east.refuses = {"LS-"}
    house.book_slice(RED, hours(1, 3))
    house.at(NOON + HOUR)
    house.at(NOON + HOUR + 2 * MINUTE)
    told = house.sliver(RED)
    assert (told.allocation, told.operational) == (Allocation.PROVISIONED, Operational.FAILED)
    assert "% Invalid input" in told.error
    assert house.manager.check_availability(hours(2, 3), "east")
    with pytest.raises(Unsupported):
        house.manager.act(RED, Action.START)
    house.manager.delete_aggregate(RED)
    with pytest.raises(IslandRMNotAllocated):
        house.manager.slivers(RED)


def test_after_a_failure_it_is_allocated_anew(house: Islands) -> None:
    house.east.refuses = {"LS-"}
    house.book_slice(RED, hours(1, 3))
    house.at(NOON + HOUR)
    house.at(NOON + HOUR + 2 * MINUTE)
    house.east.refuses = set()
    failed = house.sliver(RED)
    again = house.book_slice(RED, TimeSlot(house.clock.now(), NOON + 3 * HOUR))
    assert again.sliver_urn != failed.sliver_urn
    house.run()
    assert house.manager.slivers(RED) == (house.sliver(RED),)
    assert operational(house) is Operational.READY


def test_drift_is_told_and_put_right(house: Islands) -> None:
    running(house)
    house.east.lines = ["hostname box", "banner not ours"]
    house.at(NOON + HOUR + 6 * MINUTE)
    assert len(house.east.ours) == 3
    assert operational(house) is Operational.READY


def test_deleted_one_is_gone_at_once_and_its_island_when_the_gateway_says_so(house: Islands) -> None:
    running(house)
    house.east.away = True
    told = house.manager.delete_aggregate(RED)
    assert [one.allocation for one in told] == [Allocation.UNALLOCATED]
    with pytest.raises(IslandRMNotAllocated):
        house.manager.delete_aggregate(RED)
    house.run()
    with pytest.raises(IslandRMNotUnivocal, match="still being taken off"):
        house.allocate(RED, TimeSlot(house.clock.now(), NOON + 3 * HOUR))
    house.east.away = False
    house.at(NOON + HOUR + 2 * MINUTE)
    assert house.east.ours == []
    house.allocate(RED, TimeSlot(house.clock.now(), NOON + 3 * HOUR))


def test_back_to_back_slices_hand_the_island_over(house: Islands) -> None:
    first, second = house.book_slice(RED, hours(1, 2)), house.book_slice(BLUE, hours(2, 3))
    house.at(NOON + HOUR)
    pushes = len(house.east.pushes)
    house.at(NOON + 2 * HOUR)
    off, on = house.east.pushes[pushes:]
    assert all(line.startswith(f"no LS-FNAL-{first.reservation_id}-") for line in off)
    assert all(line.startswith(f"LS-FNAL-{second.reservation_id}-") for line in on)
    assert operational(house, BLUE) is Operational.READY


def test_next_slice_waits_and_says_for_whom_until_the_former_is_off(house: Islands) -> None:
    running(house)
    house.book_slice(BLUE, hours(3, 4))
    house.east.away = True
    house.at(NOON + 3 * HOUR)
    told = house.sliver(BLUE)
    assert told.operational is Operational.CONFIGURING
    assert "may still have on its devices" in told.error
    house.east.away = False
    house.at(NOON + 3 * HOUR + 2 * MINUTE)
    assert operational(house, BLUE) is Operational.READY
