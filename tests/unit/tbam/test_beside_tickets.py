"""Slices and tickets share the core and know nothing of each other."""

from pathlib import Path

import pytest

from activation.abandon import abandon
from lambdastation.booking import count_open
from lambdastation.errors import TicketNotFound
from lambdastation.records import describe, read_ticket, read_tickets
from lambdastation.site_effects import find_effects
from lambdastation.ticket import TicketQuery
from pathservice.sitefile import load_site_file
from reservation import service
from reservation.errors import NotFound
from reservation.lifecycle import State
from tbam.errors import IslandRMNotAllocated
from tbam.values import Operational
from tests.unit.activation.conftest import NOON
from tests.unit.tbam.island_house import GATEWAYS, HOUR, RED, Islands, hours

SITE = Path(__file__).parents[3] / "examples" / "fermilab.yaml"


def test_slices_are_no_tickets(house: Islands) -> None:
    number = house.book_slice(RED, hours(1, 2)).reservation_id
    assert house.store.read(lambda s: read_tickets(s, TicketQuery())).tickets == ()
    assert house.store.read(count_open) == ()
    assert house.store.read(lambda s: describe(s, number)) is None
    with pytest.raises(TicketNotFound):
        house.store.read(lambda s: read_ticket(s, number))
    with pytest.raises(NotFound):
        house.store.read(lambda s: service.get(s, number, kind="ticket"))


def test_another_version_of_the_site_passes_slices_over(house: Islands) -> None:
    house.book_slice(RED, hours(1, 2))
    house.at(NOON + HOUR)
    site = load_site_file(SITE).site
    assert house.store.read(lambda s: find_effects(s, site, now=house.clock.now())) == ()


def test_tickets_are_no_slivers(house: Islands) -> None:
    house.book_ticket()
    assert house.manager.all_slivers() == ()
    with pytest.raises(IslandRMNotAllocated):
        house.manager.slivers(RED)


def test_gateway_that_is_given_up_fails_its_slice_and_frees_the_island(house: Islands) -> None:
    house.book_slice(RED, hours(1, 3))
    house.at(NOON + HOUR)
    house.east.away = True
    told = house.store.write(
        lambda s: abandon(s, GATEWAYS["east"], now=house.clock.now(), actor="op", reason="burnt")
    )
    sliver = house.sliver(RED)
    assert told.failed == (sliver.reservation_id,)
    house.run()
    sliver = house.sliver(RED)
    assert sliver.operational is Operational.FAILED
    assert "burnt" in sliver.error
    assert house.state(sliver.reservation_id) is State.RELEASED
    assert house.manager.check_availability(hours(2, 3), "east")
