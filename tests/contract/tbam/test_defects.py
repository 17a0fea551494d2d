"""What the original aggregate manager did wrong in booking and time, one by one by its number, done right.

The numbers are those of the list of its defects; the others of it are the wire's, the credentials' and the
agent's. What each is about in full is in tests/unit/tbam.
"""

from datetime import UTC, timedelta

import pytest

from reservation.lifecycle import State
from reservation.model import TimeSlot
from tbam.errors import BadArgs, GeniCode, IslandRMAlreadyReserved, IslandRMNotAllocated, OutOfRange
from tbam.values import Allocation, Operational
from tests.unit.activation.conftest import NOON
from tests.unit.tbam.island_house import (
    ALICE,
    BLUE,
    HOUR,
    MINUTE,
    PROJECT,
    RED,
    SECOND,
    WEST,
    Islands,
    a_slice,
    asked,
    hours,
)


def test_1_allocated_and_not_provisioned_expires_after_48_hours(house: Islands) -> None:
    house.allocate(RED, hours(50, 60))
    house.at(NOON + 48 * HOUR - SECOND)
    assert house.sliver(RED).allocation is Allocation.ALLOCATED
    house.at(NOON + 48 * HOUR)
    assert house.allocate(BLUE, hours(50, 60)).slot == hours(50, 60)


def test_2_slots_start_and_end_on_the_second_and_all_of_them(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    house.book_slice(BLUE, hours(1, 2), island=WEST)
    house.at(NOON + HOUR - SECOND)
    assert house.east.ours == house.west.ours == []
    house.at(NOON + HOUR)
    assert {len(house.east.ours), len(house.west.ours)} == {3}
    house.at(NOON + 2 * HOUR - SECOND)
    assert {len(house.east.ours), len(house.west.ours)} == {3}
    house.at(NOON + 2 * HOUR)
    assert house.east.ours == house.west.ours == []


def test_5_every_sliver_says_when_it_expires(house: Islands) -> None:
    told = [house.allocate(RED, hours(1, 2)), house.provision(RED)]
    house.at(NOON + HOUR)
    told += [*house.manager.slivers(RED), *house.manager.delete_aggregate(RED)]
    assert {sliver.expires_at for sliver in told} == {NOON + 2 * HOUR}


def test_6_provision_says_provisioned(house: Islands) -> None:
    house.allocate(RED, hours(1, 2))
    told = house.provision(RED)
    assert (told.allocation, told.operational) == (Allocation.PROVISIONED, Operational.CONFIGURING)


def test_9_past_slots_and_another_slices_urn_are_refused(house: Islands) -> None:
    with pytest.raises(OutOfRange):
        house.allocate(RED, TimeSlot(NOON - 2 * HOUR, NOON - HOUR))
    request = asked(hours(1, 2), slice_urn=BLUE)
    with pytest.raises(BadArgs) as caught:
        house.manager.reserve_aggregate(RED, request, owner=ALICE, latest=NOON + 9 * HOUR)
    assert (caught.value.field, caught.value.code) == ("slice_urn", GeniCode.BADARGS)
    assert house.manager.get_availability() == ()


def test_13_back_to_back_slots_are_booked_and_both_start_on_time(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    house.book_slice(BLUE, hours(2, 3))
    with pytest.raises(IslandRMAlreadyReserved):
        house.allocate(a_slice("green"), TimeSlot(NOON + 2 * HOUR - SECOND, NOON + 2 * HOUR))
    house.at(NOON + HOUR)
    assert house.sliver(RED).operational is Operational.READY
    house.at(NOON + 2 * HOUR)
    assert house.sliver(BLUE).operational is Operational.READY


def test_14_started_slice_is_deleted_though_its_gateway_is_away(house: Islands) -> None:
    house.book_slice(RED, hours(1, 3))
    house.book_slice(RED, hours(1, 3), island=WEST)
    house.at(NOON + HOUR)
    house.east.away = house.west.away = True
    named = [sliver.sliver_urn for sliver in house.manager.slivers(RED)]
    told = house.manager.delete_aggregate(RED, sliver_urns=named)
    assert [sliver.sliver_urn for sliver in told] == named
    assert {sliver.allocation for sliver in told} == {Allocation.UNALLOCATED}
    house.east.away = house.west.away = False
    house.at(NOON + HOUR + 2 * MINUTE)
    assert house.east.ours == house.west.ours == []


def test_15_sliver_is_called_otherwise_than_its_slice(house: Islands) -> None:
    sliver = house.allocate(RED, hours(1, 2))
    assert sliver.sliver_urn.startswith("urn:publicid:IDN+fermilab.example:tbam+sliver+")
    assert sliver.slice_urn == RED


def test_16_project_is_told_again(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    assert house.sliver(RED).request.project == PROJECT


def test_17_gateways_failures_are_seen_and_what_a_reboot_took_comes_again(house: Islands) -> None:
    house.book_slice(RED, hours(1, 3))
    house.east.away = True
    house.at(NOON + HOUR)
    assert (house.sliver(RED).operational, house.sliver(RED).error) == (Operational.FAILED, "no answer")
    house.east.away = False
    house.at(NOON + HOUR + 2 * MINUTE)
    carried = sorted(house.east.ours)
    house.east.lines = ["hostname box", "banner not ours"]
    house.at(NOON + HOUR + 10 * MINUTE)
    assert sorted(house.east.ours) == carried
    assert house.sliver(RED).operational is Operational.READY


def test_18_times_are_utc_wherever_they_are_told(house: Islands) -> None:
    sliver = house.book_slice(RED, hours(1, 2))
    times = (sliver.slot.start, sliver.slot.end, sliver.expires_at)
    assert {time.utcoffset() for time in times} == {timedelta(0)}
    assert sliver.slot.start == NOON.astimezone(UTC) + HOUR
    house.at(sliver.slot.start)
    assert house.state(sliver.reservation_id) is State.ACTIVE


def test_22_slot_is_looked_at_and_taken_in_one_transaction(house: Islands) -> None:
    # Under the island's lock; test_races has those who ask at the same moment.
    house.allocate(RED, hours(1, 2))
    with pytest.raises(IslandRMAlreadyReserved):
        house.allocate(BLUE, hours(1, 2))
    with pytest.raises(IslandRMNotAllocated):
        house.manager.slivers(BLUE)
    assert house.count(State.HELD) == 1
