"""Values out of the answers' XML."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import TypeVar
from xml.etree import ElementTree as ET

from lambdastation.client.errors import BadAnswer, Refused
from lambdastation.client.messages import SOAP, tag
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
from lambdastation.ticket import DscpRequest, Mode, Traffic
from reservation.lifecycle import Outcome, State

Value = TypeVar("Value")


def read_answer(content: bytes, operation: str) -> "Found":
    """What stands in the answer to an operation.

    Raises:
        Refused: it is a fault.
        BadAnswer: it is no answer to that.
    """
    # In UTF-16 or 32, which have bytes that are 0, it would not be found.
    if b"<!DOCTYPE" in content or b"\0" in content:
        raise BadAnswer("the answer has a DOCTYPE, or is not in UTF-8")
    try:
        body = ET.fromstring(content).find(f"{{{SOAP}}}Body")  # noqa: S314 - bounded, and no DOCTYPE
    except (ET.ParseError, ValueError, LookupError) as error:
        raise BadAnswer("the answer is no XML") from error
    fault = None if body is None else body.find(f"{{{SOAP}}}Fault")
    if fault is not None:
        raise _refused(fault)
    answer = None if body is None else body.find(tag(f"{operation}Response"))
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
        found = self._element.find(tag(name))
        if found is None:
            raise BadAnswer(f"the answer lacks {name}")
        return Found(found)

    def each(self, name: str) -> list["Found"]:
        """Every element of that name."""
        return [Found(found) for found in self._element.findall(tag(name))]

    def text(self, name: str) -> str | None:
        """The text of an element; None where there is none."""
        return self._element.findtext(tag(name))

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
        src_ip=found.value("srcIP", _blocks),
        src_port=found.text("srcPort"),
        dst_site=found.value("dstSite", str),
        dst_client=found.text("dstClient"),
        dst_ip=found.value("dstIP", _blocks),
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
    prefixes = found.value("prefixes", _blocks)
    return PbrClient(found.value("name", str), found.value("site", str), tuple(_words(prefixes)))


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


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(text)
    return time.astimezone(UTC)


def _blocks(text: str) -> str:
    """Blocks of addresses, as they are written."""
    for block in _words(text):
        ip_network(block)
    return text


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if word]


_TRUTHS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}


def truth(text: str) -> bool:
    """An xs:boolean."""
    if text not in _TRUTHS:
        raise ValueError(text)
    return _TRUTHS[text]


def _refused(fault: ET.Element) -> Refused:
    detail = fault.find(f"detail/{tag('stationFault')}")
    told = Found(fault if detail is None else detail)
    kind = (fault.findtext("faultcode") or "").rpartition(":")[2]
    return Refused(
        told.text("code") or "fault",
        told.text("message") or fault.findtext("faultstring") or "no reason given",
        field=told.text("field"),
        repeatable=kind == "Server" and told.text("code") != "internal-error",
    )
