"""What passes by the parts is counted now and then, and the totals outlive what a device forgets."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation.counting import add_count
from netconfig.capability import Capability
from netconfig.driver import Count
from netconfig.errors import StateUnknown, Unreachable
from reservation.lifecycle import State
from reservation.model import PartCount
from reservation.parts import register_device
from reservation.tables import PartRow
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, SECOND, House

AGAIN = 30 * SECOND
ONE = pytest.mark.one_database("what the databases are asked here, they are asked in the other tests too")


def totals(house: House, number: int) -> dict[str, PartCount | None]:
    return {part.device: part.count for part in house.parts(number)}


def active(house: House, length: timedelta = HOUR) -> int:
    number = house.book(length=length)
    house.run()
    assert house.state(number) is State.ACTIVE
    return number


def count_again(house: House) -> list[str]:
    house.clock.forward(AGAIN)
    return house.count_devices()


@ONE
def test_nothing_is_asked_of_a_device_that_carries_nothing(house: House) -> None:
    house.run()
    assert house.count_devices() == []
    number = house.book(start=HOUR)
    house.run()
    assert house.count_devices() == []
    assert totals(house, number) == {FAR: None, NEAR: None}


def test_what_passes_is_asked_at_once_and_then_every_so_often(house: House) -> None:
    number = active(house)
    assert house.count_devices() == [FAR, NEAR]
    assert totals(house, number)[FAR] == PartCount(0, 0, counted_at=NOON, grew_at=None)
    assert house.count_devices() == []
    house.far.carry(7, reservation=number)
    house.clock.forward(AGAIN - SECOND)
    assert house.count_devices() == []
    house.clock.forward(SECOND)
    assert house.count_devices() == [FAR, NEAR]
    assert totals(house, number)[FAR] == PartCount(7, 10_500, counted_at=NOON + AGAIN, grew_at=NOON + AGAIN)


@ONE
def test_instant_of_the_last_growth_stays_while_nothing_more_passes(house: House) -> None:
    number = active(house)
    house.far.carry(7, reservation=number)
    house.count_devices()
    count_again(house)
    found = totals(house, number)[FAR]
    assert found == PartCount(7, 10_500, counted_at=NOON + AGAIN, grew_at=NOON)


def test_totals_outlive_a_reboot_and_cleared_counters(house: House) -> None:
    number = active(house)
    house.far.carry(100, reservation=number)
    house.count_devices()
    house.far.passed.clear()
    house.far.carry(5, reservation=number)
    count_again(house)
    house.far.passed.clear()
    count_again(house)
    house.far.carry(1, reservation=number)
    count_again(house)
    found = totals(house, number)[FAR]
    assert found is not None
    assert (found.packets, found.octets) == (106, 159_000)


@ONE
def test_each_reservation_and_each_device_has_its_own(house: House) -> None:
    one, other = active(house), active(house)
    house.far.carry(3, reservation=one)
    house.near.carry(4, reservation=other)
    house.count_devices()
    packets = {
        number: {device: count.packets for device, count in totals(house, number).items() if count}
        for number in (one, other)
    }
    assert packets == {one: {FAR: 3, NEAR: 0}, other: {FAR: 0, NEAR: 4}}


def test_what_is_taken_away_is_counted_a_last_time(house: House) -> None:
    number = active(house)
    house.count_devices()
    house.far.carry(9, reservation=number)
    house.clock.forward(SECOND)
    house.cancel(number)
    house.run()
    assert house.state(number) is State.RELEASED
    assert not house.far.ours
    found = totals(house, number)[FAR]
    assert found == PartCount(9, 13_500, counted_at=NOON + SECOND, grew_at=NOON + SECOND)


@ONE
@pytest.mark.parametrize("mute", [StateUnknown(FAR, "garbage"), RuntimeError("a driver's fault")])
def test_device_that_does_not_tell_is_no_failure_and_is_asked_again_later(
    house: House, mute: Exception
) -> None:
    number = active(house)
    house.far.mute = mute
    assert house.count_devices() == [FAR, NEAR]
    assert house.count_devices() == []
    assert house.device(FAR).error_code is None
    assert house.device(FAR).in_sync
    assert totals(house, number)[FAR] is None
    assert totals(house, number)[NEAR] is not None
    house.far.mute = None
    assert count_again(house) == [FAR, NEAR]
    assert totals(house, number)[FAR] is not None


def test_counters_beyond_what_a_database_holds_are_no_counters(house: House) -> None:
    number = active(house)
    house.far.carry(2**63, reservation=number)
    assert house.count_devices() == [FAR, NEAR]
    assert house.count_devices() == []
    assert totals(house, number)[FAR] is None
    house.cancel(number)
    house.run()
    assert house.state(number) is State.RELEASED
    assert house.device(FAR).error_code is None


@ONE
def test_total_stops_where_databases_do(house: House) -> None:
    number = active(house)
    for _ in range(2):
        house.far.passed.clear()
        house.far.carry(2**63 // 1500 - 1, reservation=number)
        count_again(house)
        house.far.passed.clear()
        count_again(house)
    found = totals(house, number)[FAR]
    assert found is not None
    assert found.octets == 2**63 - 1


def test_octets_that_are_not_told_this_time_are_no_new_life_of_the_counters() -> None:
    part = PartRow()
    for count in (Count(5, 500), Count(6, None), Count(7, 700), Count(1, None), Count(2, 200)):
        add_count(part, count, now=NOON)
    assert (part.packets, part.octets) == (9, 900)


@ONE
@pytest.mark.parametrize("mute", [Unreachable(FAR, "no answer"), RuntimeError("a driver's fault")])
def test_device_that_does_not_tell_is_released_all_the_same(house: House, mute: Exception) -> None:
    number = active(house)
    house.far.mute = mute
    house.cancel(number)
    house.run()
    assert house.far.asked == 1
    assert house.state(number) is State.RELEASED
    assert not house.far.ours


@ONE
def test_device_that_cannot_count_is_not_asked(house: House) -> None:
    number = active(house)
    able = frozenset({Capability.POLICY_ROUTE_IPV4})
    house.store.write(
        lambda session: register_device(session, FAR, platform="box", capabilities=able, dry_run=None)
    )
    assert house.count_devices() == [NEAR]
    counted = {part.device: part.is_counted for part in house.parts(number)}
    assert counted == {FAR: False, NEAR: True}


@ONE
def test_device_that_is_away_is_left_alone(house: House) -> None:
    active(house)
    house.far.away = True
    house.clock.forward(house.settings.drift)
    house.strike()
    assert house.device(FAR).error_code is not None
    assert house.count_devices() == [NEAR]


@ONE
def test_repair_of_what_somebody_changed_counts_on(house: House) -> None:
    number = active(house)
    house.far.carry(5, reservation=number)
    house.count_devices()
    (line,) = house.far.ours
    house.far.take(f"no {line}")
    house.clock.forward(house.settings.drift)
    house.run()
    house.far.carry(6, reservation=number)
    count_again(house)
    found = totals(house, number)[FAR]
    assert found is not None
    assert found.packets == 11


@given(st.lists(st.integers(0, 50), min_size=1), st.booleans())
def test_total_is_the_last_of_each_life_of_the_counters(readings: Sequence[int], has_octets: bool) -> None:
    part = PartRow()
    for reading in readings:
        add_count(part, Count(reading, 100 * reading if has_octets else None), now=NOON)
    lasts = [one for one, following in zip(readings, [*readings[1:], -1], strict=True) if following < one]
    assert part.packets == sum(lasts)
    assert part.octets == (100 * sum(lasts) if has_octets else None)
    assert (part.grew_at is None) == (not any(readings))
