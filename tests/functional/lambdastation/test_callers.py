"""Who may do what: asked before anything else, answered by the site's rules, written down either way."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lambdastation.audit import AuditOutcome, AuditRecord
from lambdastation.caller import Caller
from lambdastation.site import AuthorizationRule
from lambdastation.ticket import TicketQuery, TicketRequest

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ISSUER = "CN=Demo Certificate Authority,O=Path Service"
USER = "CN=Example User,OU=Demo,O=Path Service"
OPERATOR = "CN=Operator,OU=Demo,O=Path Service"
STRANGER = "CN=Stranger,O=Elsewhere"
WATCHER = "CN=Nagios,OU=Monitoring,O=Path Service"
GOOD = {"dstSite": "Caltech", "travelTime": 600}
REQUESTS = {
    "openSvcTicket": "<ls:openSvcTicket><ls:svcTicket/></ls:openSvcTicket>",
    "getTicket": "<ls:getTicket><ls:ticketId>1</ls:ticketId></ls:getTicket>",
    "cancelTicket": "<ls:cancelTicket><ls:ticketId>1</ls:ticketId></ls:cancelTicket>",
    "listTickets": "<ls:listTickets/>",
    "findWindow": "<ls:findWindow><ls:svcTicket/></ls:findWindow>",
    "getPaths": "<ls:getPaths/>",
    "getKnownPBRClients": "<ls:getKnownPBRClients/>",
    "getKnownLambdaStations": "<ls:getKnownLambdaStations/>",
    "getStatus": "<ls:getStatus/>",
}


@pytest.mark.parametrize("operation", REQUESTS)
def test_a_stranger_may_do_nothing(station: Any, operation: str) -> None:
    fault = station.wire(STRANGER).request(REQUESTS[operation]).fault
    assert (fault.faultcode, fault.code) == ("Client", "not-authorized")
    assert station.audit == [
        AuditRecord(
            at=NOON,
            subject=STRANGER,
            issuer=ISSUER,
            operation=operation,
            outcome=AuditOutcome.DENIED,
            code="not-authorized",
            peer="192.0.2.7",
            request_id="r7",
        )
    ]


@pytest.mark.parametrize("operation", REQUESTS)
@pytest.mark.parametrize(
    ("subject", "issuer"),
    [(None, None), (None, ISSUER), (USER, None), ("", ISSUER), ("CN=" + "x" * 2000, ISSUER)],
)
def test_without_an_identity_nothing_is_read(
    station: Any, operation: str, subject: str | None, issuer: str | None
) -> None:
    fault = station.wire(subject, issuer).request(REQUESTS[operation]).fault
    assert (fault.faultcode, fault.code) == ("Client", "not-authenticated")
    assert station.wire(subject, issuer).get("wsdl").code == 403
    (line,) = station.audit
    assert (line.outcome, line.operation, line.subject) == (AuditOutcome.DENIED, "unknown", "")


def test_the_answer_is_the_same_whatever_a_stranger_asks_for(station: Any) -> None:
    """So nobody learns which sites, clients and tickets there are."""
    station.wire().open_ticket(**GOOD)
    for fields in (GOOD, {"dstSite": "Atlantis"}, {"dstSite": "Caltech", "srcClient": "D0"}):
        assert station.wire(STRANGER).open_ticket(**fields).fault.code == "not-authorized"
    for number in (1, 77):
        answer = station.wire(STRANGER).request(REQUESTS["getTicket"].replace("1", str(number)))
        assert answer.fault.code == "not-authorized"


def test_a_rule_opens_some_operations_only(station: Any) -> None:
    watcher = station.wire(WATCHER)
    station.wire().open_ticket(**GOOD)
    assert watcher.request(REQUESTS["getStatus"]).code == 200
    assert watcher.request(REQUESTS["getTicket"]).text("localTicketId") == "1"
    assert watcher.open_ticket(**GOOD).fault.code == "not-authorized"
    assert watcher.request(REQUESTS["cancelTicket"]).fault.code == "not-authorized"


def test_only_the_owner_and_an_operator_cancel_a_ticket(station: Any) -> None:
    other = "CN=Other User,OU=Demo,O=Path Service"
    rules = (*station.site.authorization, AuthorizationRule(action="allow", subject=other))
    station.service.replace_site(station.site.model_copy(update={"authorization": rules}))
    station.wire().open_ticket(**GOOD)
    station.wire().open_ticket(**GOOD)
    fault = station.wire(other).request(REQUESTS["cancelTicket"]).fault
    assert (fault.code, fault.field) == ("not-authorized", "ticketId")
    assert station.audit[-1].outcome is AuditOutcome.DENIED
    assert station.audit[-1].ticket_id == 1
    assert station.wire().request(REQUESTS["getTicket"]).text("state") == "scheduled"
    assert station.wire(OPERATOR).request(REQUESTS["cancelTicket"]).text("cancelled") == "true"
    mine = REQUESTS["cancelTicket"].replace("1", "2")
    assert station.wire().request(mine).text("cancelled") == "true"


def test_the_same_name_from_another_authority_is_somebody_else(station: Any) -> None:
    station.wire().open_ticket(**GOOD)
    impostor = station.wire(USER, "CN=Other Authority,O=Elsewhere")
    assert impostor.request(REQUESTS["cancelTicket"]).fault.code == "not-authorized"


def test_a_client_and_a_path_may_be_closed_to_somebody(station: Any) -> None:
    rules = (
        AuthorizationRule(action="deny", subject=USER, topologies=("green",)),
        AuthorizationRule(action="allow", subject=USER, clients=("CMS-SRM",)),
    )
    station.service.replace_site(station.site.model_copy(update={"authorization": rules}))
    wire = station.wire()
    assert wire.open_ticket(**GOOD).code == 200
    assert wire.open_ticket(**GOOD, localPath="green").fault.code == "not-authorized"
    assert wire.open_ticket(srcClient="SC-Demo", **GOOD).fault.code == "not-authorized"


def test_what_was_done_is_written_down_with_the_ticket(station: Any) -> None:
    wire = station.wire()
    wire.open_ticket(**GOOD)
    for request in REQUESTS.values():
        wire.request(request)
    assert [(line.operation, line.outcome.value, line.ticket_id) for line in station.audit] == [
        ("openSvcTicket", "ok", 1),
        ("openSvcTicket", "refused", None),
        ("getTicket", "ok", 1),
        ("cancelTicket", "ok", 1),
        ("listTickets", "ok", None),
        ("findWindow", "refused", None),
        ("getPaths", "ok", None),
        ("getKnownPBRClients", "ok", None),
        ("getKnownLambdaStations", "ok", None),
        ("getStatus", "ok", None),
    ]
    assert {(line.at, line.subject, line.issuer) for line in station.audit} == {(NOON, USER, ISSUER)}


def test_every_line_tells_where_the_request_came_from(station: Any) -> None:
    wire = station.wire()
    wire.open_ticket(**GOOD)
    wire.request("<ls:stealTicket/>")
    wire.post(b"nonsense")
    station.wire(None).request("<ls:getPaths/>")
    assert [line.outcome.value for line in station.audit] == ["ok", "refused", "refused", "denied"]
    assert {(line.peer, line.request_id) for line in station.audit} == {("192.0.2.7", "r7")}


def test_a_line_without_a_front_before_it_is_whole_too(station: Any) -> None:
    for _ in range(2):
        station.wire(origin={}).request("<ls:getPaths/>")
    assert {line.peer for line in station.audit} == {"unknown"}
    assert len({line.request_id for line in station.audit}) == 2


def test_who_sits_at_the_machine_is_asked_for_no_rule(station: Any) -> None:
    here = Caller("operator on the console", "", local=True)
    station.wire().open_ticket(**GOOD)
    opened = station.service.open_ticket(TicketRequest(dst_site="Caltech", travel_seconds=60), caller=here)
    listed = station.service.list_tickets(TicketQuery(), caller=here).tickets
    assert [ticket.ticket_id for ticket in listed] == [opened.ticket_id, 1]
    assert station.service.cancel_ticket(1, caller=here, reason="maintenance") is True
    assert station.service.get_ticket(1, caller=here).reason == "maintenance"
    lines = station.audit[1:]
    assert {line.peer for line in lines} == {"local"}
    assert len({line.request_id for line in station.audit}) == len(station.audit), "each has its own name"
