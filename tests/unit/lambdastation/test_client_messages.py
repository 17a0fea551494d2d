"""The client's XML: what is sent is in the schema's order, and what is no answer is one clear error."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from lambdastation.client import (
    BadAnswer,
    ClientError,
    DscpRequest,
    Mode,
    Refused,
    State,
    TicketQuery,
    TicketRequest,
    answers,
    messages,
)

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 6, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
NAMESPACE = "urn:pathservice:lambdastation:1"
EVERYTHING = TicketRequest(
    src_site="Fermilab",
    src_client="CMS-SRM",
    src_ip="131.225.204.0/24",
    src_port="tcp",
    dst_site="Caltech",
    dst_client="Tier2-SRM",
    dst_ip="192.84.86.0/24",
    dst_port="tcp eq 5201",
    local_path="red",
    remote_path="<red> & blue",
    out_bandwidth="1G",
    in_bandwidth="1G",
    dscp_request_out=DscpRequest.YES,
    dscp_request_in=DscpRequest.NO,
    dscp_out=32,
    dscp_in=0,
    board_at=NOON,
    start_at=NOON,
    end_at=NOON,
    travel_seconds=600,
)


@pytest.fixture(scope="module")
def schema() -> Any:
    return etree.XMLSchema(file=str(ROOT / "schemas" / "lambdastation.xsd"))


def body(message: bytes) -> Any:
    return etree.fromstring(message)[0][0]


def answer(inner: str, operation: str = "getTicket") -> bytes:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<{operation}Response xmlns="{NAMESPACE}">{inner}</{operation}Response></s:Body></s:Envelope>'
    ).encode()


def fault(code: str, detail: str = "") -> bytes:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
        f"<faultcode>s:{code}</faultcode><faultstring>sorry</faultstring>{detail}</s:Fault></s:Body></s:Envelope>"
    ).encode()


def test_every_field_that_is_asked_stands_in_the_schema_s_order(schema: Any) -> None:
    sent = body(
        messages.request(
            "openSvcTicket", messages.svc_ticket(EVERYTHING), messages.element("mode", Mode.EXTEND)
        )
    )
    schema.assertValid(sent)
    fields = {etree.QName(element).localname: element.text for element in sent[0]}
    assert len(fields) == 20
    assert fields["startTime"] == "2026-06-01T12:00:00+00:00"
    assert fields["remotePath"] == "<red> & blue"
    assert fields["dscpIn"] == "0"


def test_a_query_stands_in_the_schema_s_order(schema: Any) -> None:
    query = TicketQuery(
        states=(State.ACTIVE, State.SCHEDULED), site="Caltech", path="red", owner="CN=x", before=9, limit=3
    )
    schema.assertValid(body(messages.request("listTickets", *messages.list_arguments(query))))


def test_a_character_that_xml_has_not_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Refused, match="dstSite") as refused:
        messages.request("findWindow", messages.svc_ticket(TicketRequest(dst_site="Cal\x00tech")))
    assert (refused.value.code, refused.value.field) == ("bad-value", "dstSite")


def test_a_time_without_a_zone_is_a_mistake_of_the_program() -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="zone"):
        messages.svc_ticket(TicketRequest(start_at=naive))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html/>",
        b"<!DOCTYPE x><x/>",
        b'<?xml version="1.0" encoding="martian"?><a/>',
        "<!DOCTYPE x><x/>".encode("utf-16"),
        answer("", "cancelTicket"),
        answer(""),
        answer("<svcTicket><localTicketId>one</localTicketId></svcTicket>"),
        answer("<svcTicket><localTicketId>1</localTicketId><state>asleep</state></svcTicket>"),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(BadAnswer):
        answers.ticket(answers.read_answer(content, "getTicket").one("svcTicket"))


def test_addresses_that_are_none_are_no_answer() -> None:
    for word in ("10.0.0.0/33", "10.0.0.1/8", "everywhere", "10.0.0.0/8 2620:6a::/129"):
        told = answer(
            f"<client><name>x</name><site>y</site><prefixes>{word}</prefixes></client>", "getKnownPBRClients"
        )
        with pytest.raises(BadAnswer, match="prefixes"):
            answers.pbr_client(answers.read_answer(told, "getKnownPBRClients").one("client"))


def test_a_fault_keeps_its_code_its_field_and_its_sentence() -> None:
    told = "<code>capacity-exceeded</code><field>outBW</field><message>2G free</message>"
    detail = f'<detail><stationFault xmlns="{NAMESPACE}">{told}</stationFault></detail>'
    with pytest.raises(ClientError) as raised:
        answers.read_answer(fault("Client", detail), "getTicket")
    assert isinstance(raised.value, Refused)
    assert (raised.value.code, raised.value.field, str(raised.value)) == (
        "capacity-exceeded",
        "outBW",
        "2G free",
    )
    assert not raised.value.repeatable


def test_only_the_station_s_own_trouble_may_be_asked_again() -> None:
    for code, repeatable in (("Server", True), ("Client", False)):
        with pytest.raises(Refused, match="sorry") as raised:
            answers.read_answer(fault(code), "getTicket")
        assert raised.value.repeatable is repeatable


def test_times_of_an_answer_are_utc() -> None:
    found = answers.read_answer(
        answer("<window><fits>1</fits><localPath>red</localPath><startTime>2026-06-01T14:00:00+02:00"
               "</startTime></window>", "findWindow"), "findWindow"
    )  # fmt: skip
    window = answers.window(found.one("window"))
    assert window.fits
    assert window.start_at == NOON
    assert window.start_at is not None
    assert window.start_at.tzinfo is UTC
