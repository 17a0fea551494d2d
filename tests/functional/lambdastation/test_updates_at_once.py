"""Two updateFlowSpecs for one ticket at once, on databases that let both read before one is written."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambdastation import updating
from lambdastation.caller import Caller
from lambdastation.site import Site
from lambdastation.ticket import TicketRequest
from reservation.moves import lock_reservation
from reservation.tables import ReservationRow
from store import Store
from tests.functional.lambdastation.conftest import ISSUER, open_station
from tests.functional.lambdastation.test_updates import OURS, THEIRS, USER, steered


@pytest.mark.parametrize("database_kind", ["mariadb", "postgresql"], indirect=True)
def test_the_later_begins_with_what_the_earlier_left(
    store: Store, site: Site, schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    station, caller = open_station(store, site, schema), Caller(USER, ISSUER)
    opened = TicketRequest(dst_site="Caltech", travel_seconds=600, src_ip=OURS, dst_ip=THEIRS)
    number = station.service.open_ticket(opened, caller=caller).ticket_id
    earlier = [TicketRequest(src_ip="131.225.204.0/24", out_bandwidth="3G")]

    def lock_after_the_earlier(session: Any, ticket_id: int, *, kind: str) -> ReservationRow:
        if earlier:
            elsewhere.submit(station.service.update_flows, number, earlier.pop(), caller=caller).result(60)
        return lock_reservation(session, ticket_id, kind=kind)

    monkeypatch.setattr(updating, "lock_reservation", lock_after_the_earlier)
    with ThreadPoolExecutor(1) as elsewhere:
        station.service.update_flows(number, TicketRequest(dst_ip="192.84.86.0/25"), caller=caller)
    ticket = station.service.get_ticket(number, caller=caller)
    assert (ticket.src_ip, ticket.dst_ip) == ("131.225.204.0/24", "192.84.86.0/25")
    assert ticket.out_bits_per_second == 3_000_000_000
    assert steered(station, number) == {("131.225.204.0/24", "192.84.86.0/25", None, False)}
