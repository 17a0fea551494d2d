"""The requests' XML. Nothing is sent here."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from lambdastation.client.errors import ClientError, Refused
from lambdastation.ticket import TicketQuery, TicketRequest

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_NAMESPACE = "urn:pathservice:lambdastation:1"
_NO_XML_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Fields = Iterable[tuple[str, object]]


def request(operation: str, *arguments: ET.Element | None) -> bytes:
    """A request's envelope; arguments that are None are left out.

    Raises:
        ClientError: a value has a character that XML has not.
    """
    envelope = ET.Element(f"{{{SOAP}}}Envelope")
    asked = ET.SubElement(ET.SubElement(envelope, f"{{{SOAP}}}Body"), tag(operation))
    asked.extend(argument for argument in arguments if argument is not None)
    for element in asked.iter():
        if element.text is not None and _NO_XML_CHARACTER.search(element.text):
            raise _no_text(element)
    return bytes(ET.tostring(envelope, encoding="utf-8", xml_declaration=True))


def element(name: str, value: object) -> ET.Element | None:
    """One argument, as its type is written; None where there is no value."""
    if value is None:
        return None
    made = ET.Element(tag(name))
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
    made = ET.Element(tag("svcTicket"))
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


def tag(name: str) -> str:
    """The name of an element of the station's, as ElementTree has it."""
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
