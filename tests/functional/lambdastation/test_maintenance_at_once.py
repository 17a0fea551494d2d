"""A ticket is opened while maintenance ends: what it waits for is true when it is written."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambdastation.caller import Caller
from lambdastation.site import Site
from lambdastation.ticket import TicketRequest
from reservation import service
from reservation.model import Request, ReservationView
from store import Store
from tests.functional.lambdastation.conftest import ISSUER, open_station
from tests.functional.lambdastation.test_station import maintain
from tests.functional.lambdastation.test_updates import USER


@pytest.mark.parametrize("database_kind", ["mariadb", "postgresql"], indirect=True)
def test_a_ticket_waits_for_no_maintenance_that_ended_while_it_was_opened(
    store: Store, site: Site, schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = open_station(store, site, schema)
    station.service.replace_site(site.model_copy(update={"maintenance": "warn"}))
    book, caller = service.book, Caller(USER, ISSUER)
    asked = TicketRequest(dst_site="Caltech", travel_seconds=600)
    maintain(station, on=True)
    assert station.service.open_ticket(asked, caller=caller).waiting_for is not None

    def book_once_it_has_ended(session: Any, request: Request, **more: Any) -> ReservationView:
        elsewhere.submit(maintain, station, on=False).result(60)
        return book(session, request, **more)

    monkeypatch.setattr(service, "book", book_once_it_has_ended)
    with ThreadPoolExecutor(1) as elsewhere:
        number = station.service.open_ticket(asked, caller=caller).ticket_id
    assert station.service.get_ticket(number, caller=caller).waiting_for is None
