"""Allocate and Provision: what is taken, for how long, and what is refused with nothing written."""

from dataclasses import replace
from datetime import timedelta

import pytest

from netconfig.intent import load_intent
from reservation.lifecycle import State
from reservation.model import TimeSlot
from reservation.parts import register_device, requested_parts
from reservation.pauses import PauseCause, begin_pause
from tbam.errors import (
    BadArgs,
    Expired,
    GeniCode,
    IslandRMAlreadyReserved,
    IslandRMNotAllocated,
    IslandRMNotUnivocal,
    MissingArgs,
    OutOfRange,
    TbamError,
    Unavailable,
)
from tbam.values import Allocation, Operational, Project, Vlan
from tests.unit.activation.conftest import NOON
from tests.unit.tbam.island_house import (
    ALICE,
    BLUE,
    BOB,
    CONTROLLER,
    EAST,
    HOUR,
    MINUTE,
    OTHER_CONTROLLER,
    RED,
    SECOND,
    SETTINGS,
    WEST,
    Islands,
    a_slice,
    asked,
    hours,
)


def intents(house: Islands, number: int) -> list[object]:
    parts = house.store.read(lambda s: requested_parts(s, kind="slice", states=list(State)))
    return [load_intent(part.intent) for part in parts.get(number, ())]


def refused(house: Islands, error: type[TbamError], slot: TimeSlot | None, slice_urn: str = RED) -> str:
    with pytest.raises(error) as caught:
        house.allocate(slice_urn, slot)
    return str(caught.value)


def test_island_is_taken_and_told_with_all_that_was_asked(house: Islands) -> None:
    sliver = house.allocate(RED, hours(1, 2))
    assert (sliver.slice_urn, sliver.aggregate, sliver.owner) == (RED, EAST, ALICE)
    assert (sliver.slot, sliver.allocation) == (hours(1, 2), Allocation.ALLOCATED)
    assert (sliver.operational, sliver.error) == (Operational.PENDING_ALLOCATION, "")
    assert sliver.request == replace(asked(hours(1, 2)), slice_urn=RED)
    assert house.manager.slivers(RED) == (sliver,)
    assert [type(intent).__name__ for intent in intents(house, sliver.reservation_id)] == [
        "UserAccess",
        "ControllerProxy",
        "VlanMap",
    ]


def test_vlans_that_are_not_set_yet_are_kept_and_left_off_the_gateway(house: Islands) -> None:
    sliver = house.allocate(RED, hours(1, 2), vlans=[Vlan(None, 7), Vlan(30, 20)])
    assert sliver.request.vlans == (Vlan(None, 7), Vlan(30, 20))
    *_, vlan_map = intents(house, sliver.reservation_id)
    assert str(vlan_map).count("VlanPair(") == 1
    none_set = house.allocate(BLUE, hours(2, 3), vlans=[Vlan(None, 7)])
    assert len(intents(house, none_set.reservation_id)) == 2


@pytest.mark.parametrize(
    ("slot", "end_by", "latest", "expires_at"),
    [
        (hours(1, 200), None, None, NOON + 48 * HOUR),
        (hours(1, 2), None, None, NOON + 2 * HOUR),
        (hours(1, 200), None, NOON + 30 * HOUR, NOON + 30 * HOUR),
        (hours(1, 200), NOON + 20 * HOUR, None, NOON + 20 * HOUR),
    ],
    ids=["48 hours", "its slot", "the credential", "as its owner likes"],
)
def test_what_is_not_provisioned_is_kept_until_the_earliest_of(
    house: Islands, slot: object, end_by: object, latest: object, expires_at: object
) -> None:
    sliver = house.allocate(RED, slot, end_by=end_by, latest=latest)  # type: ignore[arg-type]
    assert sliver.expires_at == expires_at
    house.at(sliver.expires_at - SECOND)
    assert house.sliver(RED) == sliver
    house.at(sliver.expires_at)
    with pytest.raises(IslandRMNotAllocated):
        house.manager.slivers(RED)
    assert house.state(sliver.reservation_id) is State.EXPIRED
    assert house.claims(sliver.reservation_id) == 0


def test_overbooked_slot_names_whose_it_is_and_when(house: Islands) -> None:
    house.allocate(BLUE, hours(1, 3), owner=BOB)
    words = refused(house, IslandRMAlreadyReserved, hours(2, 4))
    assert f"{EAST} is reserved by {BLUE} from 2026-01-01T13:00:00Z to 2026-01-01T15:00:00Z" in words
    assert IslandRMAlreadyReserved.code is GeniCode.ALREADYEXISTS
    with pytest.raises(IslandRMNotAllocated):
        house.manager.slivers(RED)


def test_two_slices_have_two_islands_at_the_same_time_and_one_slice_both(house: Islands) -> None:
    house.allocate(RED, hours(1, 2))
    house.allocate(BLUE, hours(1, 2), island=WEST)
    assert refused(house, IslandRMAlreadyReserved, hours(1, 2), BLUE)
    second = house.allocate(RED, hours(2, 3), island=WEST)
    assert [sliver.aggregate for sliver in house.manager.slivers(RED)] == [EAST, WEST]
    assert second.sliver_urn != house.sliver(RED).sliver_urn


def test_slots_that_cannot_be_had(house: Islands) -> None:
    assert "ended" in refused(house, OutOfRange, TimeSlot(NOON - 2 * HOUR, NOON - HOUR))
    assert "started" in refused(house, OutOfRange, TimeSlot(NOON - 2 * MINUTE, NOON + HOUR))
    assert "lasts" in refused(house, OutOfRange, hours(1, 1 + 24 * 31))
    assert "from now" in refused(house, OutOfRange, hours(24 * 364, 24 * 366))
    assert "timeslot" in refused(house, MissingArgs, None)
    assert house.count(State.HELD) == 0


def test_start_a_few_seconds_ago_is_now(house: Islands) -> None:
    slot = TimeSlot(NOON - 20 * SECOND, NOON + HOUR)
    assert house.allocate(RED, slot).slot == hours(0, 1)
    # The same request again means the same slot, however late it comes.
    house.at(NOON + 5 * MINUTE)
    assert house.allocate(RED, slot, controller=OTHER_CONTROLLER).slot == hours(0, 1)
    assert house.manager.approve_aggregate(RED, slot=slot)[0].allocation is Allocation.PROVISIONED


def test_island_that_is_not_named_is_the_only_one_or_asked_for(house: Islands) -> None:
    with pytest.raises(MissingArgs, match="east, west"):
        house.allocate(RED, hours(1, 2), island=None)
    with pytest.raises(BadArgs, match="no aggregate 'north'; there is east, west"):
        house.allocate(RED, hours(1, 2), island="north")
    alone = SETTINGS.model_copy(update={"islands": SETTINGS.islands[:1]})
    house.manager.replace_settings(alone)
    assert house.allocate(RED, hours(1, 2), island=None).aggregate == EAST


@pytest.mark.parametrize("urn", ["", "red", "urn:publicid:IDN+example.net+user+alice", a_slice("x" * 300)])
def test_what_is_no_slice_is_bad_arguments(house: Islands, urn: str) -> None:
    with pytest.raises(BadArgs):
        house.allocate(urn, hours(1, 2))


def test_project_that_can_be_no_group_is_refused_before_anything_is_written(house: Islands) -> None:
    request = replace(asked(hours(1, 2)), project=Project("1", "a b; reboot"))
    with pytest.raises(BadArgs) as caught:
        house.manager.reserve_aggregate(RED, request, owner=ALICE, latest=NOON + HOUR)
    assert caught.value.field == "project"
    assert house.count(State.HELD) == 0


def test_credential_that_has_ended_allocates_nothing(house: Islands) -> None:
    with pytest.raises(Expired):
        house.allocate(RED, hours(1, 2), latest=NOON)


def test_wish_for_an_end_that_is_over_allocates_nothing(house: Islands) -> None:
    with pytest.raises(OutOfRange) as caught:
        house.allocate(RED, hours(1, 2), end_by=NOON)
    assert caught.value.field == "geni_end_time"
    assert house.count(State.HELD) == 0


@pytest.mark.parametrize("vlans", [[Vlan(5000, 1)], [Vlan(1, 5000)], [Vlan(1, 2), Vlan(1, 3)]])
def test_vlans_that_cannot_be_are_bad_arguments(house: Islands, vlans: list[Vlan]) -> None:
    with pytest.raises(BadArgs) as caught:
        house.allocate(RED, hours(1, 2), vlans=vlans)
    assert caught.value.field == "VLAN"


def test_gateway_that_cannot_carry_it_is_found_out_at_admission(house: Islands) -> None:
    gateway = SETTINGS.islands[0].gateway
    house.store.write(
        lambda s: register_device(s, gateway, platform="box", capabilities=["controller-proxy", "vlan-map"])
    )
    assert "user-access" in refused(house, Unavailable, hours(1, 2))


def maintain(house: Islands) -> None:
    house.store.write(
        lambda s: begin_pause(
            s,
            PauseCause.MAINTENANCE,
            device=SETTINGS.islands[0].gateway,
            now=house.clock.now(),
            actor="op",
            reason="new line card",
        )
    )


def test_gateway_in_maintenance_is_refused_or_waited_for_as_the_site_says(house: Islands) -> None:
    maintain(house)
    assert "maintenance" in refused(house, Unavailable, hours(1, 2))
    house.manager.replace_settings(SETTINGS.model_copy(update={"maintenance": "warn"}))
    assert "waits for the end of a device's maintenance" in house.allocate(RED, hours(1, 2)).error
    assert "waits for the end of a device's maintenance" in house.provision(RED).error


def test_again_on_the_same_slice_changes_what_it_has(house: Islands) -> None:
    first = house.allocate(RED, hours(1, 2))
    house.at(NOON + MINUTE)
    again = house.allocate(RED, hours(3, 5), controller=OTHER_CONTROLLER, vlans=[])
    assert again.sliver_urn == first.sliver_urn
    assert (again.slot, again.request.controller, again.request.vlans) == (hours(3, 5), OTHER_CONTROLLER, ())
    assert len(intents(house, first.reservation_id)) == 2
    assert house.manager.check_availability(hours(1, 2), EAST)
    assert not house.manager.check_availability(hours(4, 6), EAST)


def test_again_keeps_what_is_provisioned_so(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    again = house.allocate(RED, hours(1, 3), controller=OTHER_CONTROLLER)
    assert (again.allocation, again.expires_at) == (Allocation.PROVISIONED, NOON + 3 * HOUR)
    assert house.state(again.reservation_id) is State.SCHEDULED


def test_again_into_anothers_slot_changes_nothing(house: Islands) -> None:
    before = house.allocate(RED, hours(1, 2))
    house.allocate(BLUE, hours(2, 3))
    with pytest.raises(IslandRMAlreadyReserved, match=r"slice\+blue"):
        house.allocate(RED, hours(1, 2.5), controller=OTHER_CONTROLLER)
    assert house.sliver(RED) == before


def test_slice_is_the_same_in_any_spelling_of_its_authority(house: Islands) -> None:
    first = house.allocate(RED, hours(1, 2))
    again = house.allocate(RED.replace("example", "EXAMPLE"), hours(1, 3))
    assert again.reservation_id == first.reservation_id


def test_provision_is_allowed_until_the_slot_ends(house: Islands) -> None:
    house.allocate(RED, hours(1, 2))
    house.at(NOON + 2 * HOUR - SECOND)
    sliver = house.provision(RED)
    house.run()
    assert house.sliver(RED).operational is Operational.READY
    assert sliver.expires_at == NOON + 2 * HOUR
    house.allocate(BLUE, hours(3, 4))
    house.at(NOON + 4 * HOUR)
    with pytest.raises(IslandRMNotAllocated):
        house.provision(BLUE)


def test_provision_of_nothing_and_a_second_one_say_so(house: Islands) -> None:
    with pytest.raises(IslandRMNotAllocated):
        house.provision(RED)
    house.book_slice(RED, hours(1, 2))
    with pytest.raises(IslandRMNotUnivocal, match="already"):
        house.provision(RED)


def test_provision_of_a_slice_takes_what_is_allocated_of_it(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    house.allocate(RED, hours(1, 2), island=WEST)
    told = house.manager.approve_aggregate(RED)
    assert [sliver.allocation for sliver in told] == [Allocation.PROVISIONED] * 2


def test_provision_of_another_slot_is_refused_and_leaves_all_allocated(house: Islands) -> None:
    house.allocate(RED, hours(1, 2))
    house.allocate(RED, hours(1, 3), island=WEST)
    with pytest.raises(BadArgs, match="from 2026-01-01T13:00:00Z to 2026-01-01T14:00:00Z"):
        house.manager.approve_aggregate(RED, slot=hours(1, 3))
    assert {one.allocation for one in house.manager.slivers(RED)} == {Allocation.ALLOCATED}


def test_provisioned_one_lives_to_the_end_of_slot_or_credential(house: Islands) -> None:
    house.allocate(RED, hours(1, 200))
    assert house.manager.approve_aggregate(RED, latest=NOON + 90 * HOUR)[0].expires_at == NOON + 90 * HOUR
    house.allocate(BLUE, hours(1, 200), island=WEST)
    told = house.manager.approve_aggregate(BLUE, latest=NOON + 900 * HOUR, end_by=NOON + 60 * HOUR)
    assert told[0].expires_at == NOON + 60 * HOUR
    assert timedelta(0) < told[0].slot.length


def test_the_same_words_for_the_gateway_whoever_asks(house: Islands) -> None:
    sliver = house.allocate(RED, hours(1, 2))
    access, controller, _ = intents(house, sliver.reservation_id)
    assert str(access).find("612cca94_Project_test") > 0
    assert controller == CONTROLLER
