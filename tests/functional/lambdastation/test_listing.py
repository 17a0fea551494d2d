"""listTickets, getKnownLambdaStations, and how a ticket ended: read by clients that know the WSDL alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zeep
from zeep.helpers import serialize_object

from lambdastation.audit import AuditOutcome
from lambdastation.caller import Caller, Operation
from lambdastation.site import AuthorizationRule
from reservation.lifecycle import Cause, Outcome
from reservation.moves import lock_reservation, move
from tests.functional.lambdastation.conftest import WsgiTransport

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
USER = "CN=Example User,OU=Demo,O=Path Service"
OPERATOR = "CN=Operator,OU=Demo,O=Path Service"
WATCHER = "CN=Nagios,OU=Monitoring,O=Path Service"
GOOD = {"dstSite": "Caltech", "travelTime": 600}
FIRST_WSDL = Path(__file__).parents[2] / "fixtures" / "lambdastation" / "first.wsdl"


@pytest.fixture
def client(station: Any) -> Any:
    found: zeep.Client = station.client()
    return found.service


def numbers(listed: Any) -> list[int]:
    return [ticket.localTicketId for ticket in listed.svcTicket]


def fail(station: Any, number: int, reason: str) -> None:
    """What a router's refusal does to a ticket."""

    def work(session: Any) -> None:
        row = lock_reservation(session, number)
        for cause in (Cause.START, Cause.REJECTED, Cause.GONE):
            move(session, row, cause, now=NOON, actor="test")
        row.outcome, row.reason = Outcome.FAILED, reason

    station.store.write(work)


@pytest.fixture
def five(station: Any, client: Any) -> Any:
    """Five tickets: 3 is cancelled, 4 goes to UNL over green, 5 is the operator's."""
    for _ in range(3):
        client.openSvcTicket(GOOD)
    client.cancelTicket(3)
    client.openSvcTicket({"dstSite": "UNL", "travelTime": 600})
    station.client(OPERATOR).service.openSvcTicket(GOOD)
    return client


def test_all_tickets_are_listed_newest_first(five: Any) -> None:
    listed = five.listTickets()
    assert numbers(listed) == [5, 4, 3, 2, 1]
    assert listed.more is False
    assert listed.svcTicket[1].dstSite == "UNL"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": ["cancelled"]}, [3]),
        ({"state": ["scheduled", "cancelled"]}, [5, 4, 3, 2, 1]),
        ({"state": ["active"]}, []),
        ({"site": "UNL"}, [4]),
        ({"site": "Fermilab"}, [5, 4, 3, 2, 1]),
        ({"site": "Atlantis"}, []),
        ({"localPath": "green"}, [4]),
        ({"localPath": "UltraScienceNet"}, [4]),
        ({"localPath": "red", "state": ["scheduled"]}, [5, 2, 1]),
        ({"credentialSubject": OPERATOR}, [5]),
        ({"credentialSubject": USER, "site": "Caltech"}, [3, 2, 1]),
        ({"credentialSubject": "CN=*"}, []),
        ({"beforeTicketId": 3}, [2, 1]),
        ({"beforeTicketId": -1}, []),
        ({"site": "", "localPath": "", "credentialSubject": ""}, [5, 4, 3, 2, 1]),
    ],
)
def test_only_what_is_asked_for_is_listed(five: Any, asked: dict[str, Any], found: list[int]) -> None:
    assert numbers(five.listTickets(**asked)) == found


def test_an_answer_is_bounded_and_says_when_there_are_more(five: Any) -> None:
    seen: list[int] = []
    before = None
    for page in range(3):
        listed = five.listTickets(limit=2, beforeTicketId=before)
        seen += numbers(listed)
        before = seen[-1]
        assert listed.more is (page < 2)
    assert seen == [5, 4, 3, 2, 1]
    assert five.listTickets(limit=5).more is False


def test_a_hundred_are_listed_where_nobody_says_how_many(station: Any, client: Any) -> None:
    for _ in range(101):
        client.openSvcTicket({**GOOD, "outBW": "1M", "inBW": "1M"})
    listed = client.listTickets()
    assert (len(listed.svcTicket), listed.more) == (100, True)
    assert len(client.listTickets(limit=1000).svcTicket) == 101


@pytest.mark.parametrize(
    ("inner", "field"),
    [
        ("<ls:state>dreaming</ls:state>", "state"),
        ("<ls:limit>0</ls:limit>", "limit"),
        ("<ls:limit>1001</ls:limit>", "limit"),
        ("<ls:beforeTicketId>2147483648</ls:beforeTicketId>", "beforeTicketId"),
        ("<ls:site>" + "A" * 65 + "</ls:site>", "site"),
        ("<ls:limit>5</ls:limit><ls:state>active</ls:state>", "state"),
    ],
)
def test_a_bad_filter_is_refused_by_name(station: Any, inner: str, field: str) -> None:
    fault = station.wire().request(f"<ls:listTickets>{inner}</ls:listTickets>").fault
    assert (fault.code, fault.field) == ("schema-invalid", field)
    assert station.audit[-1].outcome is AuditOutcome.REFUSED


def test_listing_is_an_operation_of_its_own_in_the_rules(station: Any) -> None:
    assert station.client(WATCHER).service.listTickets().more is False
    rules = (AuthorizationRule(action="allow", subject=USER, operations=(Operation.GET_TICKET,)),)
    station.service.replace_site(station.site.model_copy(update={"authorization": rules}))
    for request in ("<ls:listTickets/>", "<ls:getKnownLambdaStations/>"):
        assert station.wire().request(request).fault.code == "not-authorized"


def test_the_stations_of_the_site_file_are_told_ours_first(client: Any) -> None:
    assert [
        (one.site, one.lambdaStationId, one.url, one.known) for one in client.getKnownLambdaStations()
    ] == [
        ("Fermilab", "FNAL", "https://lambdastation.fnal.gov:8443/lambdastation", True),
        ("Caltech", "CIT", "https://lambdastation.hep.caltech.edu:8443/lambdastation", True),
    ]


def test_a_station_may_have_no_address_and_a_peer_no_station(station: Any, client: Any) -> None:
    peers = tuple(peer.model_copy(update={"url": None}) for peer in station.site.peers)
    site = station.site.model_copy(update={"url": None, "peers": peers})
    station.service.replace_site(site)
    assert [(one.site, one.url) for one in client.getKnownLambdaStations()] == [
        ("Fermilab", None),
        ("Caltech", None),
    ]


def test_how_a_ticket_ended_and_why_is_told_who_asks(station: Any, client: Any) -> None:
    client.openSvcTicket(GOOD)
    alive = client.getTicket(1, withOutcome=True)
    assert (alive.outcome, alive.reason) == (None, None)
    fail(station, 1, "fermilab-border-1: % Invalid\x00 input\n detected\ud800")
    ended = client.getTicket(1, withOutcome=True)
    assert (ended.state, ended.outcome) == ("released", "failed")
    assert ended.reason.startswith("fermilab-border-1: % Invalid")
    assert ended.reason.isprintable()
    (listed,) = client.listTickets(state=["released"]).svcTicket
    assert (listed.outcome, listed.reason) == (ended.outcome, ended.reason)
    # A whole ticket may be sent back, its end too.
    asked = serialize_object(ended)
    again = client.openSvcTicket({**asked, "startTime": None, "endTime": None})
    assert (again.state, again.outcome) == ("scheduled", None)


def test_a_reason_on_the_wire_is_a_sentence_of_bounded_length(station: Any, client: Any) -> None:
    client.openSvcTicket(GOOD)
    fail(station, 1, "no " * 5000)
    reason = client.getTicket(1, withOutcome=True).reason
    assert len(reason) == 1024
    assert reason.endswith("...")


def test_a_ticket_called_off_before_its_start_has_a_reason_and_no_outcome(station: Any, client: Any) -> None:
    client.openSvcTicket(GOOD)
    station.service.cancel_ticket(1, caller=Caller("ann", "here", local=True), reason="maintenance")
    ended = client.getTicket(1, withOutcome=True)
    assert (ended.state, ended.outcome, ended.reason) == ("cancelled", None, "maintenance")


def test_a_strict_client_made_for_the_first_schema_never_meets_what_it_does_not_know(station: Any) -> None:
    class FirstWsdl(WsgiTransport):
        def load(self, url: str) -> bytes:
            return FIRST_WSDL.read_bytes()

    old = zeep.Client(FIRST_WSDL.name, transport=FirstWsdl(station.wire()))
    address = "https://station.example.org:8443/lambdastation"
    service = old.create_service("{urn:pathservice:lambdastation:1}LambdaStation", address)
    service.openSvcTicket(GOOD, mode="new")
    fail(station, 1, "a router said no")
    assert service.getTicket(1).state == "released"
    service.openSvcTicket(GOOD)
    assert service.cancelTicket(2) is True
    assert service.getTicket(2).state == "cancelled"
