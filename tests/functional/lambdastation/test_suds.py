"""A second client, suds, which shares no code with zeep: it too needs the WSDL and nothing else."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import suds
from suds.client import Client
from suds.transport import Reply, Request, Transport, TransportError

from tests.functional.lambdastation.conftest import Wire

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class WsgiTransport(Transport):  # type: ignore[misc]
    """suds' way to a WSGI application."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire

    def open(self, request: Request) -> io.BytesIO:
        assert request.url.endswith("?wsdl"), "the WSDL needs nothing beside itself"
        return io.BytesIO(self.wire.get("wsdl").content)

    def send(self, request: Request) -> Reply:
        assert request.url == "https://station.example.org:8443/lambdastation"
        answer = self.wire.post(request.message, content_type=request.headers["Content-Type"])
        if answer.code != 200:
            raise TransportError(answer.status, answer.code, io.BytesIO(answer.content))
        return Reply(answer.code, answer.headers, answer.content)


@pytest.fixture
def client(station: Any) -> Client:
    url = "https://station.example.org:8443/lambdastation?wsdl"
    return Client(url, transport=WsgiTransport(station.wire()), cache=None)


def test_suds_opens_reads_lists_and_cancels_a_ticket(client: Client) -> None:
    wanted = client.factory.create("svcTicket")
    wanted.dstSite, wanted.dstPort, wanted.outBW, wanted.travelTime = "Caltech", "tcp eq 2811", "2G", 600
    opened = client.service.openSvcTicket(wanted, "new")
    assert (opened.localTicketId, opened.state, opened.outBW) == (1, "scheduled", "2000000000")
    assert opened.startTime == NOON
    read = client.service.getTicket(1)
    assert (read.localTicketId, read.endTime) == (1, NOON + timedelta(minutes=10))
    client.service.openSvcTicket(wanted)
    listed = client.service.listTickets(state=["scheduled"], site="Caltech", limit=1)
    assert ([ticket.localTicketId for ticket in listed.svcTicket], listed.more) == ([2], True)
    assert client.service.cancelTicket(1) is True
    over = client.service.getTicket(1, withOutcome=True)
    assert over.state == "cancelled"


def test_suds_finds_a_window_and_books_it(client: Client) -> None:
    wanted = client.factory.create("svcTicket")
    wanted.dstSite, wanted.endTime = "Caltech", NOON + timedelta(hours=12)
    window = client.service.findWindow(wanted, "4.5TB")
    assert (window.fits, window.volume, window.travelTime) == (True, "4500000000000", 3600)
    wanted.startTime, wanted.endTime, wanted.outBW = window.startTime, window.endTime, window.outBW
    assert client.service.openSvcTicket(wanted).outBW == "10000000000"


def test_suds_reads_what_there_is(client: Client) -> None:
    assert [path.name for path in client.service.getPaths()] == ["ESnet", "StarLight10G", "UltraScienceNet"]
    assert [one.lambdaStationId for one in client.service.getKnownLambdaStations()] == ["FNAL", "CIT"]
    assert client.service.getStatus().databaseOk is True
    assert client.service.getKnownPBRClients()[0].name == "CMS-SRM"


def test_suds_reads_a_fault(client: Client) -> None:
    wanted = client.factory.create("svcTicket")
    wanted.dstSite, wanted.travelTime = "Atlantis", 600
    with pytest.raises(suds.WebFault) as refused:
        client.service.openSvcTicket(wanted)
    told = refused.value.fault.detail.stationFault
    assert (told.code, told.field) == ("unknown-site", "dstSite")
