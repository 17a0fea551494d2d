"""Messages that are no honest SOAP 1.1: a fault each, whatever was sent, and the service keeps serving."""

from typing import Any

import pytest

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACE = "urn:pathservice:lambdastation:1"
PATHS = "<ls:getPaths/>"
XSI = 'xmlns:x="http://www.w3.org/2001/XMLSchema-instance"'


def envelope(body: str, *, header: str = "", prologue: str = "") -> str:
    return (
        f'{prologue}<soap:Envelope xmlns:soap="{SOAP}" xmlns:ls="{NAMESPACE}">'
        f"{header}<soap:Body>{body}</soap:Body></soap:Envelope>"
    )


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
HOSTILE: dict[str, str | bytes] = {
    "nothing": "",
    "blanks": "   ",
    "no XML": "hello",
    "cut short": envelope(PATHS)[:-10],
    "two roots": envelope(PATHS) + "<x/>",
    "not an envelope": "<ls:getPaths xmlns:ls='urn:pathservice:lambdastation:1'/>",
    "envelope without a body": f'<s:Envelope xmlns:s="{SOAP}"/>',
    "header alone": f'<s:Envelope xmlns:s="{SOAP}"><s:Header/></s:Envelope>',
    "empty body": envelope(""),
    "text in the body": envelope("getPaths"),
    "text before the request": envelope("please " + PATHS),
    "text after the request": envelope(PATHS + "&#160;&#65;"),
    "text in CDATA": envelope(PATHS + "<![CDATA[x]]>"),
    "text before the body": envelope(PATHS).replace("<soap:Body>", "now<soap:Body>"),
    "text after the body": envelope(PATHS).replace("</soap:Body>", "</soap:Body>now"),
    "text after the header": envelope(PATHS, header="<soap:Header/>now"),
    "text around a comment": envelope("<!-- a -->now<!-- b -->" + PATHS),
    "comment in the body": envelope("<!-- getPaths -->"),
    "two requests": envelope(PATHS + PATHS),
    "two bodies": f'<s:Envelope xmlns:s="{SOAP}"><s:Body/><s:Body/></s:Envelope>',
    "body before header": f'<s:Envelope xmlns:s="{SOAP}"><s:Body/><s:Header/></s:Envelope>',
    "DOCTYPE": envelope(PATHS, prologue="<!DOCTYPE x>"),
    "entity bomb": envelope("<ls:getTicket><ls:ticketId>&c;</ls:ticketId></ls:getTicket>", prologue=BOMB),
    "external entity": envelope(
        "<ls:getTicket><ls:ticketId>&x;</ls:ticketId></ls:getTicket>",
        prologue='<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ),
    "undeclared entity": envelope("<ls:getTicket><ls:ticketId>&x;</ls:ticketId></ls:getTicket>"),
    "href cycle": envelope(
        '<ls:getTicket><ls:ticketId id="a" href="#b"/><ls:ticketId id="b" href="#a"/></ls:getTicket>'
    ),
    "href": envelope('<ls:getTicket><ls:ticketId href="#a">1</ls:ticketId></ls:getTicket>'),
    "attribute": envelope('<ls:getPaths colour="red"/>'),
    "nil": envelope(f'<ls:getTicket><ls:ticketId {XSI} x:nil="true"/></ls:getTicket>'),
    "type of another name": envelope(f'<ls:getTicket><ls:ticketId {XSI} x:type="ls:path"/></ls:getTicket>'),
    "type of no name": envelope(
        f'<ls:getTicket><ls:ticketId {XSI} x:type="q:r">1</ls:ticketId></ls:getTicket>'
    ),
    "very deep": envelope("<ls:getPaths>" + "<a>" * 5000 + "</a>" * 5000 + "</ls:getPaths>"),
    "a fault": envelope("<soap:Fault><faultcode>soap:Client</faultcode><faultstring/></soap:Fault>"),
    "no UTF-8": envelope(PATHS).encode().replace(b"getPaths", b"get\xff\xfePaths"),
    "null byte": envelope(PATHS).encode() + b"\x00",
    "text between": envelope("<ls:getPaths>now</ls:getPaths>"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_request_is_a_fault_and_an_audit_line(station: Any, case: str) -> None:
    message = HOSTILE[case]
    before = station.rows()
    answer = station.wire().post(message if isinstance(message, bytes) else message.encode())
    fault = answer.fault
    assert fault.faultcode == "Client"
    assert fault.code in {"schema-invalid", "unknown-operation"}
    assert "Traceback" not in fault.text
    assert "passwd" not in fault.text
    assert station.rows() == before
    (line,) = station.audit
    assert line.code == fault.code
    assert station.wire().request(PATHS).code == 200


@pytest.mark.parametrize("name", ["stealTicket", "svcTicket", "openSvcTicketResponse", "getpaths", "path"])
def test_a_request_of_another_name_is_unknown(station: Any, name: str) -> None:
    fault = station.wire().request(f"<ls:{name}/>").fault
    assert (fault.faultcode, fault.code) == ("Client", "unknown-operation")
    assert station.audit[0].operation == "unknown"


def test_a_request_of_another_namespace_is_unknown(station: Any) -> None:
    assert station.wire().request('<getPaths xmlns="urn:other"/>').fault.code == "unknown-operation"
    assert station.wire().request("<getPaths/>").fault.code == "unknown-operation"


def test_an_envelope_of_soap_1_2_is_a_version_mismatch(station: Any) -> None:
    message = envelope(PATHS).replace(SOAP, "http://www.w3.org/2003/05/soap-envelope").encode()
    assert station.wire().post(message).fault.faultcode == "VersionMismatch"


@pytest.mark.parametrize("actor", ["", ' soap:actor="http://schemas.xmlsoap.org/soap/actor/next"'])
def test_a_header_that_must_be_understood_is_not(station: Any, actor: str) -> None:
    header = f'<soap:Header><x:pay xmlns:x="urn:x" soap:mustUnderstand="1"{actor}/></soap:Header>'
    answer = station.wire().post(envelope(PATHS, header=header).encode())
    assert answer.fault.faultcode == "MustUnderstand"
    assert answer.body.find("detail") is None, "a header's fault has no detail"
    assert len(station.audit) == 1


@pytest.mark.parametrize(
    "attributes", ["", ' soap:mustUnderstand="0"', ' soap:mustUnderstand="1" soap:actor="urn:somebody-else"']
)
def test_other_headers_are_let_pass(station: Any, attributes: str) -> None:
    header = f'<soap:Header><x:pay xmlns:x="urn:x"{attributes}/></soap:Header>'
    assert station.wire().post(envelope(PATHS, header=header).encode()).code == 200


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8", "text/xml; charset=utf-8"),
        ("utf-8", 'text/xml; charset="UTF-8"'),
        ("utf-8", "text/xml"),
        ("utf-16", "text/xml; charset=utf-16"),
        ("utf-16", "text/xml"),
        ("ascii", "text/xml; charset=us-ascii"),
    ],
)
def test_both_encodings_of_the_profile_are_read(station: Any, encoding: str, content_type: str) -> None:
    answer = station.wire().post(envelope(PATHS).encode(encoding), content_type=content_type)
    assert answer.code == 200


@pytest.mark.parametrize("encoding", ["klingon", "utf-16"])
def test_a_declared_encoding_that_is_unknown_or_untrue_is_refused(station: Any, encoding: str) -> None:
    message = f'<?xml version="1.0" encoding="{encoding}"?>{envelope(PATHS)}'.encode()
    assert station.wire().post(message, content_type="text/xml").fault.code == "schema-invalid"


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-7", "klingon", "x" * 500])
def test_another_charset_is_refused(station: Any, charset: str) -> None:
    answer = station.wire().post(envelope(PATHS).encode(), content_type=f"text/xml; charset={charset}")
    assert answer.fault.code == "schema-invalid"


def test_comments_and_instructions_inside_a_request_do_no_harm(station: Any) -> None:
    answer = station.wire().request(
        "<?a b?><ls:openSvcTicket><!-- x --><ls:svcTicket><ls:dstSite>Cal<!-- y -->tech</ls:dstSite>"
        "<ls:travelTime><![CDATA[60]]></ls:travelTime></ls:svcTicket></ls:openSvcTicket>"
    )
    assert answer.text("dstSite") == "Caltech"


def test_blanks_between_the_elements_do_no_harm(station: Any) -> None:
    message = envelope(f"\n  {PATHS}\t ", header=" <soap:Header/>\r\n")
    assert station.wire().post(message.encode()).code == 200


def test_a_message_that_is_too_long_is_refused_unread(station: Any) -> None:
    answer = station.wire().post(b" " * (1024 * 1024 + 1))
    assert answer.fault.code == "schema-invalid"


def test_only_post_and_the_wsdl_are_served(station: Any) -> None:
    wire = station.wire()
    assert wire.get("").code == 405
    assert wire.get("wsdl").code == 200
    assert wire._ask("DELETE", b"").code == 405


@pytest.mark.parametrize(
    "end", ["2026-06-01T24:00:00Z", "2026-06-02T00:00:00Z", "2026-06-01T24:00:00.00+00:00"]
)
def test_the_end_of_a_day_is_the_next_ones_midnight(station: Any, end: str) -> None:
    answer = station.wire().open_ticket(dstSite="Caltech", endTime=end)
    assert answer.text("endTime") == "2026-06-02T00:00:00+00:00"


@pytest.mark.parametrize("end", ["2026-06-01T24:00:01Z", "2026-06-01T24:30:00Z", "2026-06-01T25:00:00Z"])
def test_an_hour_beyond_the_days_end_is_none(station: Any, end: str) -> None:
    fault = station.wire().open_ticket(dstSite="Caltech", endTime=end).fault
    assert (fault.code, fault.field) == ("schema-invalid", "endTime")


def test_the_end_of_the_last_day_is_out_of_range(station: Any) -> None:
    fault = station.wire().open_ticket(dstSite="Caltech", endTime="9999-12-31T24:00:00Z").fault
    assert (fault.code, fault.field) == ("bad-time", "endTime")
