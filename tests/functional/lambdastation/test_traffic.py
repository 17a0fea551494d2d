"""What passed is told over SOAP to those who ask for it, and to nobody else."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from reservation.lifecycle import State
from reservation.parts import parts_of
from reservation.tables import ReservationRow
from tests.functional.lambdastation.conftest import NOON, Station

MINUTE = timedelta(minutes=1)


def carry(station: Station, number: int, packets: int) -> None:
    """As if the worker had brought a ticket up and its router had counted."""

    def write(session: Session) -> None:
        session.get_one(ReservationRow, number).state = State.ACTIVE
        steering = [part for part in parts_of(session, number) if part.intent["kind"] == "policy-route"]
        for part in steering[:1]:
            part.packets, part.octets = packets, 1500 * packets
            part.counted_at, part.grew_at = NOON + 2 * MINUTE, NOON + MINUTE if packets else None

    station.store.write(write)


def open_ticket(client: Any) -> int:
    fields = {"dstSite": "Caltech", "travelTime": 600, "outBW": "1M", "inBW": "1M"}
    return int(client.service.openSvcTicket(fields).localTicketId)


def test_a_tickets_traffic_is_told_where_it_is_asked_for(station: Station) -> None:
    client = station.client()
    number = open_ticket(client)
    assert client.service.getTicket(number, withTraffic=True).traffic is None
    carry(station, number, 7)
    told = client.service.getTicket(number, withTraffic=True).traffic
    assert (told.localTicketId, told.packets, told.octets) == (number, 7, 10_500)
    assert (told.countedTime, told.lastPacketTime) == (NOON + 2 * MINUTE, NOON + MINUTE)


def test_old_clients_are_told_nothing_that_they_do_not_know(station: Station) -> None:
    client, wire = station.client(), station.wire()
    number = open_ticket(client)
    carry(station, number, 7)
    for request in (
        f"<ls:getTicket><ls:ticketId>{number}</ls:ticketId></ls:getTicket>",
        f"<ls:getTicket><ls:ticketId>{number}</ls:ticketId><ls:withOutcome>true</ls:withOutcome></ls:getTicket>",
        "<ls:getStatus/>",
        "<ls:listTickets/>",
    ):
        assert wire.request(request).text("traffic") is None


def test_status_tells_the_traffic_of_every_ticket_on_devices_where_it_is_asked_for(station: Station) -> None:
    client = station.client()
    first, second, third = (open_ticket_to(client, word) for word in ("5000", "5001", "5002"))
    carry(station, first, 7)
    carry(station, third, 0)
    told = client.service.getStatus(withTraffic=True).traffic
    assert [(one.localTicketId, one.packets) for one in told] == [(third, 0), (first, 7)]
    assert [one.lastPacketTime for one in told] == [None, NOON + MINUTE]
    assert second not in {one.localTicketId for one in told}


def open_ticket_to(client: Any, port: str) -> int:
    fields = {
        "dstSite": "Caltech",
        "dstPort": f"tcp eq {port}",
        "travelTime": 600,
        "outBW": "1M",
        "inBW": "1M",
    }
    return int(client.service.openSvcTicket(fields).localTicketId)


def test_a_ticket_that_is_sent_back_whole_may_tell_of_its_traffic(station: Station) -> None:
    client = station.client()
    number = open_ticket_to(client, "5000")
    carry(station, number, 7)
    whole = client.service.getTicket(number, withTraffic=True)
    for name in ("startTime", "endTime", "dstPort", "srcIP", "dstIP"):
        setattr(whole, name, None)
    whole.dstPort = "tcp eq 5001"
    again = client.service.openSvcTicket(whole)
    assert again.localTicketId != number
    assert again.traffic is None
