"""Clocks that are set back, answers that take long, devices that are given up or replaced meanwhile."""

from collections.abc import Callable, Collection
from dataclasses import replace
from ipaddress import ip_address
from itertools import chain

import pytest
from sqlalchemy import update

from activation.abandon import abandon
from activation.devices import read_anew
from netconfig.errors import StateUnknown
from netconfig.intent import HopDown, IpAddress, dump_intent
from reservation.lifecycle import State
from reservation.model import Modification, TimeSlot
from reservation.modification import modify
from reservation.tables import NextHopRow
from tests.unit.activation.conftest import FAR, HOUR, KIND, NEAR, NOON, ROUTE, SECOND, BoxDriver, House
from tests.unit.activation.watched import ASKED, BACK, FALLS_BACK, HERE, HOP, hop, steer, watch, ways

pytestmark = pytest.mark.one_database(
    "what an answer means is decided in Python, from rows read as in every pass"
)


MINUTE = 60 * SECOND


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Have something happen while a box is asked which next hops answer it."""
    answering = BoxDriver.answering

    def happens(what: Callable[[], object]) -> None:
        def asked(driver: BoxDriver, next_hops: Collection[IpAddress]) -> frozenset[IpAddress]:
            what()
            return answering(driver, next_hops)

        monkeypatch.setattr(BoxDriver, "answering", asked)

    return happens


def give_up(house: House) -> None:
    house.store.write(lambda s: abandon(s, NEAR, now=house.clock.now(), actor="ann", reason="it burnt"))


def test_next_hop_that_goes_after_the_clock_was_set_back_is_noticed_as_ever(house: House) -> None:
    steer(house, FALLS_BACK)
    watch(house, 2)
    house.clock.forward(-2 * HOUR)
    house.near.silent = {HOP}
    watch(house, 2)
    assert ways(house) == [BACK]


def test_after_the_clock_was_set_back_a_next_hop_is_asked_before_anything_is_steered_there(
    house: House,
) -> None:
    steer(house, FALLS_BACK, length=4 * HOUR)
    house.clock.forward(-2 * HOUR)
    house.near.silent = {HOP}
    other = house.book(stages=HERE, intent=FALLS_BACK)
    house.run()
    assert (house.state(other), ways(house)) == (State.ACTIVE, [BACK, BACK])


def test_device_is_looked_at_and_counted_though_the_clock_was_set_back(house: House) -> None:
    steer(house, length=4 * HOUR)
    house.count_devices()
    house.clock.forward(-2 * HOUR)
    assert (house.due(), house.count_devices()) == ([FAR, NEAR], [NEAR])
    house.run()
    assert (house.due(), house.count_devices()) == ([], [])


def test_device_that_failed_before_the_clock_was_set_back_is_tried_after_it(house: House) -> None:
    steer(house)
    house.near.away = True
    house.clock.forward(HOUR - SECOND)
    house.run()
    assert house.device(NEAR).failures == 1
    house.clock.forward(-2 * HOUR)
    house.near.away = False
    house.run()
    assert house.device(NEAR).failures == 0


def test_one_miss_is_nothing_however_long_the_device_takes_to_tell(
    house: House, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    steer(house, FALLS_BACK)
    meanwhile(lambda: house.clock.forward(40 * SECOND))
    watch(house)
    house.near.silent = {HOP}
    watch(house)
    assert ways(house) == [HOP]
    watch(house)
    assert ways(house) == [BACK]


def test_device_that_is_abandoned_while_it_is_asked_watches_nothing(
    house: House, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    steer(house)
    house.clock.forward(ASKED)
    meanwhile(lambda: give_up(house))
    assert house.ask_devices() == [NEAR]
    assert house.device(NEAR).next_hops == ()


def test_another_device_under_the_name_is_asked_before_anything_is_steered_there(house: House) -> None:
    steer(house, FALLS_BACK)
    house.near.lines, house.near.silent = ["hostname another"], {HOP}
    house.store.write(lambda session: read_anew(session, [NEAR]))
    house.run()
    assert (ways(house), hop(house).down_since) == ([BACK], NOON)


def test_next_hops_are_asked_a_few_at_a_time_so_that_a_slot_need_not_wait_for_all(house: House) -> None:
    hops = [f"192.0.2.{number}" for number in range(1, 8)]
    for address in hops:
        house.book(
            stages=HERE,
            intent=dump_intent(replace(ROUTE, next_hop=ip_address(address), next_hop_down=HopDown())),
        )
    house.run()
    house.near.asks.clear()
    house.clock.forward(ASKED)
    while house.ask_devices():
        pass
    assert sorted(chain.from_iterable(house.near.asks)) == hops
    assert [len(asked) for asked in house.near.asks] == [4, 3]


def test_detour_on_a_device_that_was_abandoned_is_none_when_its_slot_comes_again(house: House) -> None:
    number = steer(house, FALLS_BACK)
    house.near.silent = {HOP}
    watch(house, 2)
    now = house.clock.now()
    later = Modification(slot=TimeSlot(now + HOUR, now + 2 * HOUR))
    house.store.write(lambda s: modify(s, number, later, kind=KIND, now=now, actor="ann"))
    give_up(house)
    assert house.parts(number)[0].detour is None


def test_device_that_was_not_asked_for_longest_comes_first(house: House) -> None:
    steer(house, FALLS_BACK)
    assert house.count_devices() == [NEAR]
    house.clock.forward(SECOND)
    house.book(stages=((FAR, 0),), intent=FALLS_BACK)
    house.run()
    house.clock.forward(MINUTE)
    assert (house.ask_devices(), house.count_devices()) == ([NEAR, FAR], [FAR, NEAR])


def test_next_hop_of_which_the_device_cannot_tell_hides_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, answering = ip_address("192.0.2.77"), BoxDriver.answering

    def asked(driver: BoxDriver, next_hops: Collection[IpAddress]) -> frozenset[IpAddress]:
        if odd in next_hops:
            raise StateUnknown(NEAR, "it says `% VRF`")
        return answering(driver, next_hops)

    monkeypatch.setattr(BoxDriver, "answering", asked)
    steer(house, FALLS_BACK)
    waits = steer(house, dump_intent(replace(ROUTE, next_hop=odd, next_hop_down=HopDown())))
    assert house.parts(waits)[0].error == f"whether next hop {odd} answers cannot be told: it says `% VRF`"
    house.near.silent = {HOP}
    watch(house, 2)
    assert (ways(house), hop(house, str(odd)).told_at) == ([BACK], None)


def test_session_that_broke_is_looked_after_though_of_one_next_hop_was_never_told(
    house: House,
) -> None:
    steer(house, FALLS_BACK)
    house.store.write(
        lambda s: s.execute(update(NextHopRow).where(NextHopRow.address == BACK).values(told_at=None))
    )
    house.clock.forward(ASKED)
    house.near.away = True
    assert house.ask_devices() == [NEAR]
    assert house.device(NEAR).read_at is None
