"""What is told of islands: switches and links, who has them when, and when they are free."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from netconfig.driver import Config
from reservation.model import TimeSlot
from reservation.pauses import PauseCause, begin_pause
from store import StoreUnavailable
from tbam.errors import BadArgs, DbError, GeniCode, MissingArgs, OutOfRange, Unavailable
from tbam.manager import IslandManager
from tbam.refusals import in_geni_words
from tbam.values import Link, Reserved, Switch
from tests.unit.activation.conftest import NOON, BoxDriver
from tests.unit.tbam.island_house import BLUE, EAST, GATEWAYS, HOUR, RED, SETTINGS, WEST, Islands, hours

FIRST, SECOND = "00:00:00:00:00:00:00:01", "00:00:00:00:00:00:00:02"
FACTS: Mapping[str, object] = {
    "switches": [{"dpid": FIRST}, {"dpid": SECOND}],
    "links": [{"dpidSrc": FIRST, "portSrc": "5", "dpidDst": SECOND, "portDst": "1"}],
}


class Telling(BoxDriver):
    """A box that tells of its switches, until it has forgotten them."""

    facts = FACTS

    def read(self) -> Config:
        read = super().read()
        return Config(text=read.text, found=read.found, facts=self.facts)


@pytest.fixture
def telling(house: Islands, monkeypatch: pytest.MonkeyPatch) -> Islands:
    monkeypatch.setattr(house, "driver", lambda name: Telling(house.boxes[name], house.ownership))
    return house


def test_switches_and_links_are_those_that_the_gateway_last_told(telling: Islands) -> None:
    manager = telling.manager
    assert manager.get_sws(EAST) == ()
    telling.run()
    assert manager.get_sws(EAST) == (Switch(FIRST), Switch(SECOND))
    assert manager.get_links(EAST) == (Link(FIRST, "5", SECOND, "1"),)
    assert len(manager.get_sws()) == 4
    telling.east.away = True
    telling.at(NOON + HOUR)
    assert len(manager.get_sws(EAST)) == 2
    with pytest.raises(BadArgs):
        manager.get_links("north")


@pytest.mark.parametrize("switch", [SECOND, {"dpid": SECOND}])
def test_what_is_told_anew_replaces_what_was_told_and_nothing_else(
    telling: Islands, monkeypatch: pytest.MonkeyPatch, switch: object
) -> None:
    telling.run()
    monkeypatch.setattr(Telling, "facts", {"switches": [switch]})
    telling.at(NOON + HOUR)
    assert telling.manager.get_sws(EAST) == (Switch(SECOND),)
    assert telling.manager.get_links(EAST) == (Link(FIRST, "5", SECOND, "1"),)


def test_nonsense_that_a_gateway_tells_is_passed_over(
    telling: Islands, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonsense = {"switches": [7, {"dpid": None}, {}], "links": ["x", {"dpidSrc": FIRST}]}
    monkeypatch.setattr(Telling, "facts", nonsense)
    telling.run()
    assert (telling.manager.get_sws(), telling.manager.get_links()) == ((), ())


def test_calendar_tells_who_has_an_island_from_now_on(house: Islands) -> None:
    house.allocate(BLUE, hours(3, 4))
    house.book_slice(RED, hours(1, 2))
    house.allocate(RED, hours(1, 2), island=WEST)
    red, blue = Reserved(EAST, hours(1, 2), RED), Reserved(EAST, hours(3, 4), BLUE)
    assert house.manager.get_availability(EAST) == (red, blue)
    assert house.manager.get_availability() == (red, blue, Reserved(WEST, hours(1, 2), RED))
    house.at(NOON + 2 * HOUR)
    assert house.manager.get_availability(EAST) == (blue,)


def test_island_that_is_still_being_taken_off_is_told_as_reserved(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    house.at(NOON + HOUR)
    house.east.away = True
    house.at(NOON + 2 * HOUR)
    (reserved,) = house.manager.get_availability(EAST)
    assert reserved.slice_urn == RED
    assert reserved.slot.end > NOON + 2 * HOUR


def test_free_is_free_throughout(house: Islands) -> None:
    house.allocate(RED, hours(1, 2))
    free = house.manager.check_availability
    assert [free(hours(*slot), EAST) for slot in ((0, 1), (2, 3), (0, 1.5), (1.5, 3), (0, 3))] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert free(hours(1, 2), WEST)
    with pytest.raises(MissingArgs):
        free(hours(1, 2))


def test_next_free_slot_of_a_length(house: Islands) -> None:
    house.allocate(RED, hours(1, 2))
    house.allocate(BLUE, hours(3, 4))
    find = house.manager.find_free
    assert find(EAST, HOUR, hours(0, 9)) == hours(0, 1)
    assert find(EAST, HOUR, hours(0.5, 9)) == hours(2, 3)
    assert find(EAST, 2 * HOUR, hours(0.5, 9)) == hours(4, 6)
    assert find(EAST, 2 * HOUR, hours(0.5, 5)) is None
    with pytest.raises(OutOfRange):
        find(EAST, timedelta(days=31), hours(0, 9999))
    with pytest.raises(OutOfRange):
        find(EAST, HOUR, TimeSlot(NOON - 9 * HOUR, NOON - 8 * HOUR))


def test_island_is_available_unless_its_gateway_is_in_maintenance(house: Islands) -> None:
    assert [one.available for one in house.manager.islands()] == [True, True]
    house.store.write(
        lambda s: begin_pause(
            s, PauseCause.MAINTENANCE, device=GATEWAYS[EAST], now=NOON, actor="op", reason="cable"
        )
    )
    assert [(one.name, one.available) for one in house.manager.islands()] == [(EAST, False), (WEST, True)]


def test_island_that_is_in_no_calendar_yet_is_unavailable(house: Islands) -> None:
    more = SETTINGS.islands[0].model_copy(update={"name": "north", "gateway": "gateway-north"})
    house.manager.replace_settings(SETTINGS.model_copy(update={"islands": (*SETTINGS.islands, more)}))
    with pytest.raises(Unavailable):
        house.allocate(RED, hours(1, 2), island="north")
    with pytest.raises(Unavailable):
        house.manager.check_availability(hours(1, 2), "north")


def test_database_that_does_not_answer_is_said_so() -> None:
    with pytest.raises(DbError) as caught, in_geni_words():
        raise StoreUnavailable("gone")
    assert caught.value.code is GeniCode.DBERROR


def test_all_slivers_are_told_by_island(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2), island=WEST)
    house.book_slice(BLUE, hours(1, 2))
    assert [(one.aggregate, one.slice_urn) for one in house.manager.all_slivers()] == [
        (EAST, BLUE),
        (WEST, RED),
    ]
    assert isinstance(house.manager, IslandManager)
