"""A database is one site's and one station's, for good."""

from datetime import timedelta

import pytest

from reservation import offering
from reservation.errors import CapacityBooked, WrongSite
from reservation.identity import belong_to, database_identity
from store import Store
from tests.contract.reservation.conftest import MEGABIT, PATH, Calendar


def test_a_database_keeps_its_identity(store: Store) -> None:
    first = store.write(database_identity)
    store.write(lambda session: belong_to(session, site="Fermilab", station="FNAL"))
    assert store.write(database_identity) == first


@pytest.mark.parametrize(("site", "station"), [("Fermilab", "FNX"), ("Caltech", "FNAL")])
def test_another_sites_service_is_refused_with_both_names(store: Store, site: str, station: str) -> None:
    store.write(lambda session: belong_to(session, site="Fermilab", station="FNAL"))
    with pytest.raises(WrongSite, match=f"site Fermilab, station FNAL.*{site}, {station}"):
        store.write(lambda session: belong_to(session, site=site, station=station))
    store.write(lambda session: belong_to(session, site="Fermilab", station="FNAL"))


def test_a_path_cannot_be_taken_away_while_it_is_promised(bookings: Calendar) -> None:
    bookings.book(1, 2, MEGABIT)

    def withdraw(after: timedelta) -> None:
        now = bookings.now + after
        bookings.store.write(lambda s: offering.withdraw_others(s, {"path:other"}, prefix="path:", now=now))

    with pytest.raises(CapacityBooked, match=f"{PATH}: {MEGABIT} of it are booked, so it cannot be made 0"):
        withdraw(timedelta(0))
    withdraw(timedelta(hours=3))


def test_another_doors_resources_are_not_a_paths_business(bookings: Calendar) -> None:
    bookings.offer("island:1", 1)
    bookings.book(1, 2, 1, of="island:1")
    bookings.store.write(lambda s: offering.withdraw_others(s, {PATH}, prefix="path:", now=bookings.now))
