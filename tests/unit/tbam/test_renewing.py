"""Renew and expiry: when slivers go, and what keeps them."""

from datetime import datetime

import pytest

from activation.chores import next_due, run_due
from reservation import service
from reservation.lifecycle import State
from tbam import expiry
from tbam.errors import (
    BadArgs,
    IslandRMAlreadyReserved,
    IslandRMNotAllocated,
    OutOfRange,
    RefusedHere,
    TbamError,
)
from tbam.expiry import Expiry
from tbam.tables import SliverRow
from tbam.values import Action, Allocation, Operational, Sliver
from tests.unit.activation.conftest import NOON
from tests.unit.tbam.island_house import (
    BLUE,
    EAST,
    HOUR,
    RED,
    SECOND,
    WEST,
    Islands,
    a_slice,
    hours,
)

LATEST = NOON + 1000 * HOUR


def renew(house: Islands, to: float, *, latest: float = 1000, alap: bool = False) -> Sliver:
    until, ends = NOON + to * HOUR, NOON + latest * HOUR
    return house.manager.renew(RED, until=until, latest=ends, extend_alap=alap)[0]


def gone(house: Islands, slice_urn: str = RED) -> bool:
    try:
        house.manager.slivers(slice_urn)
    except IslandRMNotAllocated:
        return True
    return False


def test_provisioned_one_expires_with_its_credential_and_frees_the_slot(house: Islands) -> None:
    house.book_slice(RED, hours(5, 9), latest=NOON + 3 * HOUR)
    house.at(NOON + 3 * HOUR - SECOND)
    assert house.sliver(RED).expires_at == NOON + 3 * HOUR
    assert not house.manager.check_availability(hours(5, 6), EAST)
    house.at(NOON + 3 * HOUR)
    assert gone(house)
    assert house.manager.check_availability(hours(5, 9), EAST)


def test_running_one_that_expires_is_taken_off_at_that_second(house: Islands) -> None:
    sliver = house.book_slice(RED, hours(1, 9), latest=NOON + 3 * HOUR)
    house.at(NOON + 3 * HOUR - SECOND)
    assert len(house.east.ours) == 3
    house.at(NOON + 3 * HOUR)
    assert house.east.ours == []
    assert gone(house)
    view = house.view(sliver.reservation_id)
    assert view.state is State.RELEASED
    assert "expired at 2026-01-01T15:00:00" in (view.reason or "")


def test_expired_one_is_found_no_more_though_no_worker_runs(house: Islands) -> None:
    house.book_slice(RED, hours(5, 9), latest=NOON + 3 * HOUR)
    house.clock.at = NOON + 3 * HOUR
    assert gone(house)


def test_worker_is_told_when_the_next_sliver_expires(house: Islands) -> None:
    def due() -> datetime | None:
        return house.store.read(lambda s: next_due(s, [house.expiry]))

    house.book_slice(RED, hours(5, 9), latest=NOON + 3 * HOUR)
    assert due() == NOON + 3 * HOUR
    house.at(NOON + 3 * HOUR)
    assert due() is None


def test_expiry_by_two_workers_is_the_expiry_once(house: Islands) -> None:
    sliver = house.book_slice(RED, hours(5, 9), latest=NOON + 3 * HOUR)
    house.clock.at = NOON + 3 * HOUR
    for _ in range(2):
        Expiry().run(house.store, house.clock.now())
    assert house.states(sliver.reservation_id)[-2:] == [State.SCHEDULED, State.CANCELLED]


def test_renewed_while_the_chore_waits_stays(house: Islands) -> None:
    house.book_slice(RED, hours(5, 9), latest=NOON + 3 * HOUR)
    house.clock.at = NOON + 3 * HOUR - SECOND
    renew(house, 8)
    Expiry().run(house.store, NOON + 3 * HOUR)
    house.at(NOON + 4 * HOUR)
    assert house.sliver(RED).expires_at == NOON + 8 * HOUR


def test_renewal_is_held_to_the_credential_unless_as_long_as_possible(house: Islands) -> None:
    house.book_slice(RED, hours(1, 100), latest=NOON + 30 * HOUR)
    with pytest.raises(OutOfRange, match="the credential ends then"):
        renew(house, 50, latest=40)
    assert house.sliver(RED).expires_at == NOON + 30 * HOUR
    assert renew(house, 50, latest=40, alap=True).expires_at == NOON + 40 * HOUR
    with pytest.raises(OutOfRange, match="is over"):
        renew(house, -1)


def test_renewal_within_the_slot_moves_the_expiry_alone(house: Islands) -> None:
    house.book_slice(RED, hours(1, 100))
    told = renew(house, 20)
    assert (told.expires_at, told.slot) == (NOON + 20 * HOUR, hours(1, 100))
    house.at(NOON + 20 * HOUR)
    assert gone(house)


def test_renewal_past_the_slot_extends_it_and_touches_no_gateway(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    house.at(NOON + HOUR)
    pushes = len(house.east.pushes)
    told = renew(house, 4)
    assert (told.expires_at, told.slot) == (NOON + 4 * HOUR, hours(1, 4))
    house.at(NOON + 3 * HOUR)
    assert (len(house.east.pushes), house.sliver(RED).operational) == (pushes, Operational.READY)
    house.at(NOON + 4 * HOUR)
    assert gone(house)
    assert house.east.ours == []


def test_renewal_into_anothers_slot_is_refused_and_as_long_as_possible_ends_there(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    house.book_slice(BLUE, hours(3, 4))
    with pytest.raises(IslandRMAlreadyReserved, match=r"slice\+blue"):
        renew(house, 3.5)
    assert house.sliver(RED).slot == hours(1, 2)
    told = renew(house, 3.5, alap=True)
    assert (told.slot, told.expires_at) == (hours(1, 3), NOON + 3 * HOUR)
    # Not a second more is free, and that is no reason to refuse.
    assert renew(house, 3.5, alap=True).expires_at == NOON + 3 * HOUR


def test_allocated_one_is_renewed_for_as_long_as_it_is_kept(house: Islands) -> None:
    house.allocate(RED, hours(1, 200))
    house.at(NOON + 24 * HOUR)
    with pytest.raises(OutOfRange, match="unless it is provisioned"):
        renew(house, 80)
    assert renew(house, 70).expires_at == NOON + 70 * HOUR
    house.at(NOON + 60 * HOUR)
    assert house.sliver(RED).allocation is Allocation.ALLOCATED
    house.at(NOON + 70 * HOUR)
    assert gone(house)


def test_renewal_of_several_is_of_all_or_of_none(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    house.book_slice(RED, hours(1, 2), island=WEST)
    house.book_slice(BLUE, hours(3, 4), island=WEST)
    with pytest.raises(IslandRMAlreadyReserved):
        renew(house, 5)
    assert {one.slot for one in house.manager.slivers(RED)} == {hours(1, 2)}
    told = house.manager.renew(
        RED, sliver_urns=[house.sliver(RED).sliver_urn], until=NOON + 5 * HOUR, latest=LATEST
    )
    assert [(one.aggregate, one.slot) for one in told] == [(EAST, hours(1, 5))]
    assert [one.slot for one in house.manager.slivers(RED)] == [hours(1, 5), hours(1, 2)]


def test_deleted_slivers_leave_the_others(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    house.book_slice(RED, hours(1, 2), island=WEST)
    told = house.manager.delete_aggregate(RED, sliver_urns=[house.sliver(RED).sliver_urn])
    assert [one.allocation for one in told] == [Allocation.UNALLOCATED]
    assert [one.aggregate for one in house.manager.slivers(RED)] == [WEST]


def test_shut_slice_loses_everything_and_is_refused_everything(house: Islands) -> None:
    house.book_slice(RED, hours(1, 3))
    sliver = house.sliver(RED)
    house.at(NOON + HOUR)
    house.manager.shutdown(RED, by="CN=Operator")
    house.run()
    assert house.east.ours == []
    assert house.state(sliver.reservation_id) is State.RELEASED
    manager = house.manager
    for call in (
        lambda: house.allocate(RED, hours(2, 3)),
        lambda: manager.slivers(RED),
        lambda: manager.delete_aggregate(RED),
        lambda: manager.approve_aggregate(RED),
        lambda: manager.act(RED, Action.START),
        lambda: renew(house, 4),
    ):
        with pytest.raises(RefusedHere, match="was shut down at 2026-01-01T13:00:00Z"):
            call()
    house.manager.shutdown(RED, by="CN=Operator")
    assert house.allocate(BLUE, hours(2, 3)).aggregate == EAST


def test_shutdown_that_was_cut_short_is_finished_by_the_worker(
    house: Islands, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = house.book_slice(RED, hours(1, 3)).reservation_id

    def crash(*_arguments: object, **_words: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr("tbam.manager.slivers_of_locked", crash)
        with pytest.raises(MemoryError):
            house.manager.shutdown(RED, by="CN=Operator")
    assert house.state(number) is State.SCHEDULED
    house.run()
    assert house.state(number) is State.CANCELLED


@pytest.mark.parametrize(
    "urns",
    [
        [],
        ["nonsense"],
        [RED, BLUE],
        [RED, "urn:publicid:IDN+fermilab.example:tbam+sliver+1"],
        ["urn:publicid:IDN+example.net+user+alice"],
    ],
)
def test_urns_that_are_neither_a_slice_nor_slivers_are_bad(house: Islands, urns: list[str]) -> None:
    with pytest.raises(BadArgs):
        house.manager.resolve(urns)


def test_slivers_of_one_slice_are_told_and_of_two_are_refused(house: Islands) -> None:
    red, blue = house.book_slice(RED, hours(1, 2)), house.book_slice(BLUE, hours(2, 3))
    west = house.allocate(RED, hours(1, 2), island=WEST)
    found = house.manager.resolve([west.sliver_urn, red.sliver_urn])
    assert (found.slice_urn, set(found.sliver_urns)) == (RED, {red.sliver_urn, west.sliver_urn})
    assert house.manager.resolve([RED]).sliver_urns == ()
    with pytest.raises(BadArgs, match="several slices"):
        house.manager.resolve([red.sliver_urn, blue.sliver_urn])
    house.manager.delete_aggregate(RED)
    with pytest.raises(IslandRMNotAllocated):
        house.manager.resolve([red.sliver_urn])


def test_slivers_of_another_slice_are_not_this_ones(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    blue = house.book_slice(BLUE, hours(2, 3))
    with pytest.raises(TbamError) as caught:
        house.manager.delete_aggregate(RED, sliver_urns=[blue.sliver_urn])
    assert isinstance(caught.value, IslandRMNotAllocated)
    assert not gone(house)


def test_every_row_of_ours_has_its_reservation(house: Islands) -> None:
    sliver = house.book_slice(RED, hours(1, 2))
    row = house.store.read(lambda s: s.get_one(SliverRow, sliver.reservation_id))
    view = house.store.read(lambda s: service.get(s, row.reservation_id, kind="slice"))
    assert (view.owner, row.owner_subject) == (sliver.owner.urn, sliver.owner.subject)


def test_those_that_expire_together_keep_no_slot_waiting_and_none_of_them_starts(
    house: Islands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 1)
    later = [
        house.book_slice(a_slice(f"later-{count}"), hours(9 + count, 10 + count), latest=NOON + HOUR)
        for count in range(3)
    ]
    starting = house.book_slice(RED, hours(2, 9), latest=NOON + 2 * HOUR)
    # Nobody was there for a while.
    house.clock.at = NOON + 2 * HOUR
    assert run_due(house.store, [house.expiry], house.clock.now())
    assert house.view(starting.reservation_id).state is State.CANCELLED
    states = [house.view(sliver.reservation_id).state for sliver in later]
    assert states == [State.CANCELLED, State.SCHEDULED, State.SCHEDULED]
    while run_due(house.store, [house.expiry], house.clock.now()):
        pass
    assert {house.view(sliver.reservation_id).state for sliver in later} == {State.CANCELLED}
