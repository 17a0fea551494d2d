"""A ticket's life through SOAP, by a client that knows nothing but the WSDL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zeep
from zeep.helpers import serialize_object

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def client(station: Any) -> zeep.Client:
    found: zeep.Client = station.client()
    return found


def test_a_ticket_is_opened_read_and_cancelled(station: Any, client: zeep.Client) -> None:
    opened = client.service.openSvcTicket(
        svcTicket={
            "dstSite": "Caltech",
            "srcIP": "131.225.204.16/28",
            "dstIP": "192.84.86.64/26",
            "srcPort": "tcp range 5000-6000",
            "outBW": "5G",
            "inBW": "500M",
            "travelTime": 600,
        },
        mode="new",
    )
    assert opened.localTicketId == 1
    assert opened.remoteTicketId == 0
    assert opened.state == "scheduled"
    assert (opened.srcSite, opened.srcClient, opened.dstSite, opened.dstClient) == (
        "Fermilab",
        "CMS-SRM",
        "Caltech",
        None,
    )
    assert (opened.srcIP, opened.dstIP) == ("131.225.204.16/28", "192.84.86.64/26")
    assert opened.srcPort == "tcp range 5000-6000"
    assert (opened.outBW, opened.inBW) == ("5000000000", "500000000")
    assert opened.localPath == "StarLight10G"
    assert (opened.startTime, opened.endTime) == (NOON, NOON + timedelta(minutes=10))
    assert opened.travelTime == 600
    assert opened.actualEndTime is None
    assert opened.credentialSubject == "CN=Example User,OU=Demo,O=Path Service"
    assert opened.lambdaStationId == "FNAL"

    assert client.service.getTicket(ticketId=1) == opened

    station.clock.advance(timedelta(seconds=5))
    assert client.service.cancelTicket(ticketId=1) is True
    cancelled = client.service.getTicket(ticketId=1)
    assert cancelled.state == "cancelled"
    assert cancelled.actualEndTime == NOON + timedelta(seconds=5)
    assert client.service.cancelTicket(ticketId=1) is True, "a repeat does no harm"


def test_a_whole_answer_can_be_sent_back_as_a_request(client: zeep.Client) -> None:
    first = client.service.openSvcTicket(svcTicket={"dstSite": "Caltech", "travelTime": 600})
    again = serialize_object(first)
    second = client.service.openSvcTicket(svcTicket=again)
    assert second.localTicketId == 2, "the numbers and the state of the first are read over"
    assert second.state == "scheduled"


def test_an_absent_source_is_this_site_and_absent_addresses_are_all_of_the_clients(
    client: zeep.Client,
) -> None:
    ticket = client.service.openSvcTicket(svcTicket={"dstSite": "Caltech", "travelTime": 60})
    assert ticket.srcSite == "Fermilab"
    assert ticket.srcIP == "131.225.204.0/24, 2620:6a:0:204::/64"
    assert ticket.dstIP == "192.84.86.0/24, 2605:d9c0:2::/48"
    assert (ticket.outBW, ticket.inBW) == ("100000000", "100000000"), "the path's default"


def test_the_local_end_is_ours_though_the_request_calls_it_destination(client: zeep.Client) -> None:
    ticket = client.service.openSvcTicket(
        svcTicket={"srcSite": "Caltech", "dstSite": "Fermilab", "dstPort": "tcp eq 2811", "travelTime": 600}
    )
    assert (ticket.srcSite, ticket.dstSite, ticket.dstClient) == ("Caltech", "Fermilab", "CMS-SRM")
    assert ticket.dstIP == "131.225.204.0/24, 2620:6a:0:204::/64"


def test_a_path_is_named_or_coloured_and_a_peer_has_its_own_default(client: zeep.Client) -> None:
    opened = client.service.openSvcTicket
    wanted = {"dstSite": "Caltech", "travelTime": 60}
    assert opened(svcTicket={**wanted, "localPath": "UltraScienceNet"}).localPath == "UltraScienceNet"
    assert opened(svcTicket={**wanted, "localPath": "green"}).localPath == "UltraScienceNet"
    assert opened(svcTicket={"dstSite": "UNL", "travelTime": 60}).localPath == "UltraScienceNet"


def test_a_ticket_may_be_booked_ahead_by_board_time_or_start_time_and_end_time(client: zeep.Client) -> None:
    start, end = NOON + timedelta(hours=2), NOON + timedelta(hours=3)
    by_board = client.service.openSvcTicket(
        svcTicket={"dstSite": "Caltech", "boardTime": start, "travelTime": 3600}
    )
    by_start = client.service.openSvcTicket(
        svcTicket={"dstSite": "Caltech", "startTime": start, "endTime": end}
    )
    for ticket in (by_board, by_start):
        assert (ticket.startTime, ticket.endTime) == (start, end)
    assert by_board.boardTime == start


def test_paths_are_told_with_their_capacity_and_which_is_production(client: zeep.Client) -> None:
    paths = client.service.getPaths()
    assert [(path.name, path.topology, path.production, path.capacity) for path in paths] == [
        ("ESnet", "blue", True, 622_000_000),
        ("StarLight10G", "red", False, 10_000_000_000),
        ("UltraScienceNet", "green", False, 10_000_000_000),
    ]


def test_clients_are_told_with_their_site_and_prefixes(client: zeep.Client) -> None:
    clients = client.service.getKnownPBRClients()
    assert [(known.name, known.site, known.prefixes) for known in clients][:1] == [
        ("CMS-SRM", "Fermilab", "131.225.204.0/24, 2620:6a:0:204::/64")
    ]
    assert ("Tier2-SRM", "Caltech") in [(known.name, known.site) for known in clients]


def test_status_counts_the_tickets_that_are_not_over(client: zeep.Client) -> None:
    for _ in range(3):
        client.service.openSvcTicket(svcTicket={"dstSite": "Caltech", "travelTime": 60})
    client.service.cancelTicket(ticketId=2)
    status = client.service.getStatus()
    assert (status.lambdaStationId, status.site, status.version) == ("FNAL", "Fermilab", "0.1.0")
    assert status.time == NOON
    assert status.databaseOk is True
    assert [(count.state, count.count) for count in status.ticketCount] == [("scheduled", 2)]
    assert status.device == []


def test_forty_tickets_fit_at_the_default_bandwidth(client: zeep.Client) -> None:
    for number in range(1, 41):
        ticket = client.service.openSvcTicket(svcTicket={"dstSite": "Caltech", "travelTime": 600})
        assert ticket.localTicketId == number
