"""SOAP by hand: the two requests `ost2` makes, and the little it reads of the answers."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from xml.etree import ElementTree as ET

from lambdastation.ost2.trouble import Trouble

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_STATION = "urn:pathservice:lambdastation:1"
_ORDER = (
    *("srcSite", "srcClient", "srcIP", "dstSite", "dstClient", "dstIP"),
    *("localPath", "remotePath", "boardTime", "travelTime"),
)
"""The order in which the schema has them."""
_LARGEST_ID = 2**31 - 1
_WORDS = frozenset({"new", "join", "extend"})
_BAD_ANSWER = "bad-answer"


class Ticket(NamedTuple):
    """What an answer says of a ticket. `mode` is None where it was only read; `end` is in epoch seconds."""

    local_id: int
    remote_id: int
    state: str
    mode: str | None
    end: int


def open_request(fields: Mapping[str, str]) -> bytes:
    """openSvcTicket, mode auto."""
    inner = "".join(f"<ls:{name}>{_escaped(fields[name])}</ls:{name}>" for name in _ORDER if name in fields)
    return _envelope(
        f"<ls:openSvcTicket><ls:svcTicket>{inner}</ls:svcTicket><ls:mode>auto</ls:mode></ls:openSvcTicket>"
    )


def get_request(ticket_id: int) -> bytes:
    """getTicket."""
    return _envelope(f"<ls:getTicket><ls:ticketId>{ticket_id}</ls:ticketId></ls:getTicket>")


def read_answer(content: bytes) -> Ticket:
    """The ticket in an answer to either.

    Raises:
        Trouble: a fault, with the station's code and sentence; or what is no answer of a station.
    """
    try:
        if b"<!DOCTYPE" in content:
            raise Trouble(_BAD_ANSWER, "the answer has a DOCTYPE")
        envelope = ET.fromstring(content)  # noqa: S314 - bounded, and expat bounds its entities
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Trouble(_BAD_ANSWER, "the answer is no XML") from error
    fault = envelope.find(f"{{{_SOAP}}}Body/{{{_SOAP}}}Fault")
    if fault is not None:
        raise _trouble(fault)
    ticket = envelope.find(f"{{{_SOAP}}}Body/*/{{{_STATION}}}svcTicket")
    if ticket is None:
        raise Trouble(_BAD_ANSWER, "the answer holds no ticket")
    try:
        return Ticket(
            local_id=_id(_text(ticket, "localTicketId"), least=1),
            remote_id=_id(_text(ticket, "remoteTicketId") or "0", least=0),
            state=_text(ticket, "state"),
            mode=_mode(_text(ticket, "answeredMode")),
            end=int(datetime.fromisoformat(_text(ticket, "endTime")).timestamp()),
        )
    except (ValueError, OverflowError) as error:
        raise Trouble(_BAD_ANSWER, "the ticket in the answer lacks a number, a word or its end") from error


def _trouble(fault: ET.Element) -> Trouble:
    detail = f"detail/{{{_STATION}}}stationFault/{{{_STATION}}}"
    code = fault.findtext(f"{detail}code") or "fault"
    return Trouble(code, fault.findtext(f"{detail}message") or fault.findtext("faultstring") or "no reason")


def _envelope(body: str) -> bytes:
    return (
        f'<soap:Envelope xmlns:soap="{_SOAP}" xmlns:ls="{_STATION}">'
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text(ticket: ET.Element, name: str) -> str:
    return (ticket.findtext(f"{{{_STATION}}}{name}") or "").strip()


def _id(text: str, *, least: int) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= _LARGEST_ID:
        raise ValueError(text)
    return int(text)


def _mode(text: str) -> str | None:
    if text and text not in _WORDS:
        raise ValueError(text)
    return text or None
