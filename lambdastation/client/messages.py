"""The requests' XML, and values out of the answers'. Nothing is sent here."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from xml.etree import ElementTree as ET

from lambdastation.client.errors import BadAnswer, ClientError, Refused
from lambdastation.client.values import (
    Device,
    Path,
    PbrClient,
    Station,
    Status,
    Ticket,
    TicketPage,
    Window,
)
from lambdastation.ticket import DscpRequest, Mode, TicketQuery, TicketRequest, Traffic
from reservation.lifecycle import Outcome, State

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_NAMESPACE = "urn:pathservice:lambdastation:1"
_NO_XML_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Value = TypeVar("Value")
Fields = Iterable[tuple[str, object]]


def request(operation: str, *arguments: ET.Element | None) -> bytes:
    """A request's envelope; arguments that are None are left out.

    Raises:
        ClientError: a value has a character that XML has not.
    """
    envelope = ET.Element(f"{{{_SOAP}}}Envelope")
    asked = ET.SubElement(ET.SubElement(envelope, f"{{{_SOAP}}}Body"), _tag(operation))
    asked.extend(argument for argument in arguments if argument is not None)
    for element in asked.iter():
        if element.text is not None and _NO_XML_CHARACTER.search(element.text):
            raise _no_text(element)
    return bytes(ET.tostring(envelope, encoding="utf-8", xml_declaration=True))


def element(name: str, value: object) -> ET.Element | None:
    """One argument, as its type is written; None where there is no value."""
    if value is None:
        return None
    made = ET.Element(_tag(name))
    made.text = _written(value)
    return made


def svc_ticket(asked: TicketRequest, ticket_id: int | None = None) -> ET.Element:
    """The svcTicket of a request, in the schema's order."""
    fields: Fields = (
        ("localTicketId", ticket_id),
        ("srcSite", asked.src_site),
        ("srcClient", asked.src_client),
        ("srcIP", asked.src_ip),
        ("srcPort", asked.src_port),
        ("dstSite", asked.dst_site),
        ("dstClient", asked.dst_client),
        ("dstIP", asked.dst_ip),
        ("dstPort", asked.dst_port),
        ("localPath", asked.local_path),
        ("remotePath", asked.remote_path),
        ("outBW", asked.out_bandwidth),
        ("inBW", asked.in_bandwidth),
        ("dscpRequestOut", asked.dscp_request_out),
        ("dscpRequestIn", asked.dscp_request_in),
        ("dscpOut", asked.dscp_out),
        ("dscpIn", asked.dscp_in),
        ("boardTime", asked.board_at),
        ("startTime", asked.start_at),
        ("endTime", asked.end_at),
        ("travelTime", asked.travel_seconds),
    )
    made = ET.Element(_tag("svcTicket"))
    made.extend(_elements(fields))
    return made


def list_arguments(query: TicketQuery) -> list[ET.Element]:
    """The arguments of listTickets."""
    states = [("state", state) for state in query.states]
    rest = (
        ("site", query.site),
        ("localPath", query.path),
        ("credentialSubject", query.owner),
        ("beforeTicketId", query.before),
        ("limit", query.limit),
    )
    return _elements([*states, *rest])


def read_answer(content: bytes, operation: str) -> "Found":
    """What stands in the answer to an operation.

    Raises:
        Refused: it is a fault.
        BadAnswer: it is no answer to that.
    """
    if b"<!DOCTYPE" in content:
        raise BadAnswer("the answer has a DOCTYPE")
    try:
        body = ET.fromstring(content).find(f"{{{_SOAP}}}Body")  # noqa: S314 - bounded, and no DOCTYPE
    except (ET.ParseError, ValueError) as error:
        raise BadAnswer("the answer is no XML") from error
    fault = None if body is None else body.find(f"{{{_SOAP}}}Fault")
    if fault is not None:
        raise _refused(fault)
    answer = None if body is None else body.find(_tag(f"{operation}Response"))
    if answer is None:
        raise BadAnswer(f"the answer holds no {operation}Response")
    return Found(answer)


class Found:
    """An element of an answer, and typed values of those in it.

    Every reading raises BadAnswer where a value is missing or not what it should be.
    """

    def __init__(self, inner: ET.Element) -> None:
        self._element = inner

    def one(self, name: str) -> "Found":
        """The element of that name."""
        found = self._element.find(_tag(name))
        if found is None:
            raise BadAnswer(f"the answer lacks {name}")
        return Found(found)

    def each(self, name: str) -> list["Found"]:
        """Every element of that name."""
        return [Found(found) for found in self._element.findall(_tag(name))]

    def text(self, name: str) -> str | None:
        """The text of an element; None where there is none."""
        return self._element.findtext(_tag(name))

    def maybe(self, name: str, read: Callable[[str], Value]) -> Value | None:
        """A value that may be absent."""
        text = self.text(name)
        try:
            return None if text is None else read(text.strip())
        except (ValueError, OverflowError) as error:
            raise BadAnswer(f"{name} of the answer is not understood: {text!r:.80}") from error

    def value(self, name: str, read: Callable[[str], Value]) -> Value:
        """A value that must be there."""
        found = self.maybe(name, read)
        if found is None:
            raise BadAnswer(f"the answer lacks {name}")
        return found


def ticket(found: Found) -> Ticket:
    """A svcTicket of an answer."""
    return Ticket(
        ticket_id=found.value("localTicketId", int),
        remote_ticket_id=found.maybe("remoteTicketId", int) or 0,
        state=found.value("state", State),
        src_site=found.value("srcSite", str),
        src_client=found.text("srcClient"),
        src_ip=found.value("srcIP", str),
        src_port=found.text("srcPort"),
        dst_site=found.value("dstSite", str),
        dst_client=found.text("dstClient"),
        dst_ip=found.value("dstIP", str),
        dst_port=found.text("dstPort"),
        local_path=found.value("localPath", str),
        remote_path=found.text("remotePath"),
        out_bits_per_second=found.value("outBW", int),
        in_bits_per_second=found.value("inBW", int),
        dscp_request_out=found.maybe("dscpRequestOut", DscpRequest),
        dscp_request_in=found.maybe("dscpRequestIn", DscpRequest),
        dscp_out=found.maybe("dscpOut", int),
        dscp_in=found.maybe("dscpIn", int),
        start_at=found.value("startTime", _time),
        end_at=found.value("endTime", _time),
        actual_end_at=found.maybe("actualEndTime", _time),
        credential_subject=found.value("credentialSubject", str),
        station=found.value("lambdaStationId", str),
        answered=found.maybe("answeredMode", Mode),
        outcome=found.maybe("outcome", Outcome),
        reason=found.text("reason"),
        dry_run=found.maybe("dryRun", truth) or False,
        traffic=next(map(_traffic, found.each("traffic")), None),
    )


def page(found: Found) -> TicketPage:
    """A ticketList of an answer."""
    return TicketPage(tuple(map(ticket, found.each("svcTicket"))), found.value("more", truth))


def window(found: Found) -> Window:
    """A window of an answer."""
    return Window(
        fits=found.value("fits", truth),
        local_path=found.value("localPath", str),
        start_at=found.maybe("startTime", _time),
        end_at=found.maybe("endTime", _time),
        out_bits_per_second=found.maybe("outBW", int),
        in_bits_per_second=found.maybe("inBW", int),
        volume=found.maybe("volume", int),
        message=found.text("message"),
    )


def path(found: Found) -> Path:
    """A path of an answer."""
    return Path(
        found.value("name", str),
        found.value("topology", str),
        found.value("production", truth),
        found.value("capacity", int),
    )


def pbr_client(found: Found) -> PbrClient:
    """A client of an answer."""
    prefixes = tuple(block for block in re.split(r"[\s,]+", found.value("prefixes", str)) if block)
    return PbrClient(found.value("name", str), found.value("site", str), prefixes)


def station(found: Found) -> Station:
    """A station of an answer."""
    return Station(
        found.value("site", str),
        found.value("lambdaStationId", str),
        found.text("url"),
        found.value("known", truth),
    )


def status(found: Found) -> Status:
    """A status of an answer."""
    return Status(
        station=found.value("lambdaStationId", str),
        site=found.value("site", str),
        version=found.value("version", str),
        at=found.value("time", _time),
        database_ok=found.value("databaseOk", truth),
        tickets={each.value("state", State): each.value("count", int) for each in found.each("ticketCount")},
        devices=tuple(map(_device, found.each("device"))),
        traffic=tuple(map(_traffic, found.each("traffic"))),
    )


def _device(found: Found) -> Device:
    return Device(
        found.value("name", str),
        found.value("platform", str),
        found.maybe("inSync", truth),
        found.text("errorCode"),
        found.text("heldBack"),
        found.maybe("dryRun", truth) or False,
    )


def _traffic(found: Found) -> Traffic:
    return Traffic(
        ticket_id=found.value("localTicketId", int),
        packets=found.value("packets", int),
        octets=found.maybe("octets", int),
        counted_at=found.value("countedTime", _time),
        grew_at=found.maybe("lastPacketTime", _time),
    )


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


def _elements(fields: Fields) -> list[ET.Element]:
    return [made for name, value in fields if (made := element(name, value)) is not None]


def _written(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"a time needs its zone: {value}")
            return value.astimezone(UTC).isoformat()
        case _:
            return str(value)


def _no_text(element: ET.Element) -> ClientError:
    name = element.tag.rpartition("}")[2]
    return Refused("bad-value", f"{name} has a character that cannot be sent", field=name, repeatable=False)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(text)
    return time.astimezone(UTC)


_TRUTHS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}


def truth(text: str) -> bool:
    """An xs:boolean."""
    if text not in _TRUTHS:
        raise ValueError(text)
    return _TRUTHS[text]


def _refused(fault: ET.Element) -> Refused:
    detail = fault.find(f"detail/{_tag('stationFault')}")
    told = Found(fault if detail is None else detail)
    kind = (fault.findtext("faultcode") or "").rpartition(":")[2]
    return Refused(
        told.text("code") or "fault",
        told.text("message") or fault.findtext("faultstring") or "no reason given",
        field=told.text("field"),
        repeatable=kind == "Server" and told.text("code") != "internal-error",
    )
