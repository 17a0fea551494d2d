"""The SOAP service's types, as a client sees them, and the way between them and the station's own values.

svcTicket has the fields of the surviving client (seed: the CHEP 2007 slides) in this fixed order, every one
optional. On openSvcTicket and findWindow the fields that only the station knows (localTicketId,
remoteTicketId, state, actualEndTime, credentialSubject, lambdaStationId, answeredMode, outcome, reason,
dryRun, traffic) are read over: old clients send a whole ticket back. New fields come last and only in
answers to those who asked with words that old clients do not know: a strict one would stumble over them. Only
dryRun, which nobody should overlook, is there for everybody where it is true.
On updateFlowSpecs localTicketId says which ticket, and the others are read over too.
"""

from datetime import UTC, datetime
from typing import Any

from lambdastation.flow_words import format_networks
from lambdastation.spyne_compat import (
    Boolean,
    DateTime,
    Fault,
    Integer32,
    Integer64,
    TypeInfo,
    Unicode,
    UnsignedInteger32,
)
from lambdastation.station import ClientView, PathView, StationStatus
from lambdastation.ticket import DscpRequest, Ticket, TicketRequest, Traffic
from lambdastation.wire_types import (
    ADDRESS_LIST,
    ANSWERED_MODE,
    BANDWIDTH,
    DSCP,
    DSCP_REQUEST,
    LONGEST_SENTENCE,
    NAME,
    NAMESPACE,
    OUTCOME,
    PORT_LIST,
    SENTENCE,
    STATE,
    SUBJECT,
    any_number_of,
    complex_type,
    optional,
    required,
)
from reservation.lifecycle import FINAL

TRAFFIC = complex_type(
    "traffic",
    {
        "localTicketId": required(Integer32),
        "packets": required(Integer64),
        "octets": optional(Integer64),
        "countedTime": required(DateTime),
        "lastPacketTime": optional(DateTime),
    },
)

SVC_TICKET = complex_type(
    "svcTicket",
    {
        name: optional(kind)
        for name, kind in {
            "localTicketId": Integer32,
            "remoteTicketId": Integer32,
            "state": STATE,
            "srcSite": NAME,
            "srcClient": NAME,
            "srcIP": ADDRESS_LIST,
            "srcPort": PORT_LIST,
            "dstSite": NAME,
            "dstClient": NAME,
            "dstIP": ADDRESS_LIST,
            "dstPort": PORT_LIST,
            "localPath": NAME,
            "remotePath": NAME,
            "outBW": BANDWIDTH,
            "inBW": BANDWIDTH,
            "dscpRequestOut": DSCP_REQUEST,
            "dscpRequestIn": DSCP_REQUEST,
            "dscpOut": DSCP,
            "dscpIn": DSCP,
            "boardTime": DateTime,
            "startTime": DateTime,
            "endTime": DateTime,
            "travelTime": UnsignedInteger32,
            "actualEndTime": DateTime,
            "credentialSubject": SUBJECT,
            "lambdaStationId": NAME,
            "answeredMode": ANSWERED_MODE,
            "outcome": OUTCOME,
            "reason": SENTENCE,
            "dryRun": Boolean,
            "traffic": TRAFFIC,
        }.items()
    },
)

PATH = complex_type(
    "path",
    {
        "name": required(NAME),
        "topology": required(NAME),
        "production": required(Boolean),
        "capacity": required(Integer64),
    },
)

CLIENT = complex_type(
    "client", {"name": required(NAME), "site": required(NAME), "prefixes": required(Unicode)}
)

TICKET_COUNT = complex_type("ticketCount", {"state": required(STATE), "count": required(UnsignedInteger32)})

DEVICE = complex_type(
    "device",
    {
        "name": required(NAME),
        "platform": required(NAME),
        "inSync": optional(Boolean),
        "errorCode": optional(NAME),
        "heldBack": optional(NAME),
        "dryRun": optional(Boolean),
    },
)

STATUS = complex_type(
    "status",
    {
        "lambdaStationId": required(NAME),
        "site": required(NAME),
        "version": required(NAME),
        "time": required(DateTime),
        "databaseOk": required(Boolean),
        "ticketCount": any_number_of(TICKET_COUNT),
        "device": any_number_of(DEVICE),
        "traffic": any_number_of(TRAFFIC),
    },
)

TIME_FIELDS = frozenset({"boardTime", "startTime", "endTime", "actualEndTime"})


class StationFault(Fault):  # type: ignore[misc]
    """What a fault's detail holds: the stable code, the field at fault and the sentence."""

    __namespace__ = NAMESPACE
    __type_name__ = "stationFault"
    _type_info = TypeInfo({"code": required(NAME), "field": optional(NAME), "message": required(Unicode)})


def request_from_wire(element: Any) -> TicketRequest:
    """The request in a svcTicket that was deserialised; empty text counts as absent."""
    return TicketRequest(
        src_site=_text(element.srcSite),
        src_client=_text(element.srcClient),
        src_ip=_text(element.srcIP),
        src_port=_text(element.srcPort),
        dst_site=_text(element.dstSite),
        dst_client=_text(element.dstClient),
        dst_ip=_text(element.dstIP),
        dst_port=_text(element.dstPort),
        local_path=_text(element.localPath),
        remote_path=_text(element.remotePath),
        out_bandwidth=_text(element.outBW),
        in_bandwidth=_text(element.inBW),
        dscp_request_out=None if element.dscpRequestOut is None else DscpRequest(element.dscpRequestOut),
        dscp_request_in=None if element.dscpRequestIn is None else DscpRequest(element.dscpRequestIn),
        dscp_out=element.dscpOut,
        dscp_in=element.dscpIn,
        board_at=element.boardTime,
        start_at=element.startTime,
        end_at=element.endTime,
        travel_seconds=element.travelTime,
    )


def ticket_to_wire(ticket: Ticket, *, with_outcome: bool = False, with_traffic: bool = False) -> Any:
    """The svcTicket of a ticket.

    Once it is over, with how it ended and why if that is asked for; and so with what its devices counted.
    """
    told = with_outcome and ticket.state in FINAL
    return SVC_TICKET(
        localTicketId=ticket.ticket_id,
        remoteTicketId=ticket.remote_ticket_id,
        state=ticket.state.value,
        srcSite=ticket.src_site,
        srcClient=ticket.src_client,
        srcIP=ticket.src_ip,
        srcPort=ticket.src_port,
        dstSite=ticket.dst_site,
        dstClient=ticket.dst_client,
        dstIP=ticket.dst_ip,
        dstPort=ticket.dst_port,
        localPath=ticket.local_path,
        remotePath=ticket.remote_path,
        outBW=str(ticket.out_bits_per_second),
        inBW=str(ticket.in_bits_per_second),
        dscpRequestOut=None if ticket.dscp_request_out is None else ticket.dscp_request_out.value,
        dscpRequestIn=None if ticket.dscp_request_in is None else ticket.dscp_request_in.value,
        dscpOut=ticket.dscp_out,
        dscpIn=ticket.dscp_in,
        boardTime=in_utc(ticket.board_at),
        startTime=in_utc(ticket.start_at),
        endTime=in_utc(ticket.end_at),
        travelTime=ticket.travel_seconds,
        actualEndTime=in_utc(ticket.actual_end_at),
        credentialSubject=ticket.credential_subject,
        lambdaStationId=ticket.station,
        answeredMode=None if ticket.answered is None else ticket.answered.value,
        outcome=ticket.outcome.value if told and ticket.outcome is not None else None,
        reason=_sentence(ticket.reason) if told and ticket.reason is not None else None,
        dryRun=ticket.dry_run or None,
        traffic=None if ticket.traffic is None or not with_traffic else traffic_to_wire(ticket.traffic),
    )


def traffic_to_wire(traffic: Traffic) -> Any:
    """The element of what passed."""
    return TRAFFIC(
        localTicketId=traffic.ticket_id,
        packets=traffic.packets,
        octets=traffic.octets,
        countedTime=in_utc(traffic.counted_at),
        lastPacketTime=in_utc(traffic.grew_at),
    )


def path_to_wire(path: PathView) -> Any:
    """The element of a path."""
    return PATH(
        name=path.name, topology=path.topology, production=path.production, capacity=path.bits_per_second
    )


def client_to_wire(client: ClientView) -> Any:
    """The element of a PBR client."""
    return CLIENT(name=client.name, site=client.site, prefixes=format_networks(client.prefixes))


def status_to_wire(status: StationStatus) -> Any:
    """The element of the station's status."""
    return STATUS(
        lambdaStationId=status.station,
        site=status.site,
        version=status.version,
        time=in_utc(status.at),
        databaseOk=status.database_ok,
        ticketCount=[TICKET_COUNT(state=state.value, count=count) for state, count in status.tickets],
        device=[
            DEVICE(
                name=device.name,
                platform=device.platform,
                inSync=device.in_sync,
                errorCode=device.error_code,
                heldBack=device.held_back,
                dryRun=device.dry_run or None,
            )
            for device in status.devices
        ],
        traffic=[traffic_to_wire(one) for one in status.traffic],
    )


def _sentence(text: str) -> str:
    """A text that devices and people wrote, as it may stand on the wire: one line, bounded, no controls."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= LONGEST_SENTENCE else line[: LONGEST_SENTENCE - 3] + "..."


def _text(given: str | None) -> str | None:
    return (given or "").strip() or None


def in_utc(time: datetime | None) -> datetime | None:
    """The same instant, written in UTC."""
    return None if time is None else time.astimezone(UTC)
