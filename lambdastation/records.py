"""Tickets in the database: written once, read back together with the reservation they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from lambdastation.admission import Admission
from lambdastation.bandwidth import format_bandwidth
from lambdastation.errors import TicketNotFound
from lambdastation.flow_words import format_networks, format_ports
from lambdastation.tables import TicketRow
from lambdastation.ticket import DscpRequest, Ticket, TicketPage, TicketQuery, TicketRequest, Traffic
from lambdastation.traffic import read_traffic
from reservation import parts, service
from reservation.errors import NotFound
from reservation.lifecycle import ON_DEVICES
from reservation.model import ReservationView
from reservation.moves import HIGHEST_ID

KIND = "ticket"
"""What the core calls our reservations."""


def write_ticket(
    session: Session,
    reservation: ReservationView,
    request: TicketRequest,
    admission: Admission,
    *,
    station: str,
    issuer: str,
) -> Ticket:
    """Keep the ticket's words beside its reservation."""
    source, destination = admission.ends.source, admission.ends.destination
    row = TicketRow(
        reservation_id=reservation.id,
        remote_ticket_id=0,
        station=station,
        src_site=source.site,
        src_client=source.client,
        src_ip=format_networks(admission.source_networks),
        src_port=format_ports(source.ports) or None,
        dst_site=destination.site,
        dst_client=destination.client,
        dst_ip=format_networks(admission.destination_networks),
        dst_port=format_ports(destination.ports) or None,
        local_client=admission.ends.client.name,
        topology=admission.topology.name,
        local_path=admission.topology.path,
        remote_path=request.remote_path,
        out_bits_per_second=admission.out_bits_per_second,
        in_bits_per_second=admission.in_bits_per_second,
        dscp_request_out=request.dscp_request_out,
        dscp_request_in=request.dscp_request_in,
        dscp_out=admission.dscp_out,
        dscp_in=admission.dscp_in,
        board_at=request.board_at,
        credential_issuer=issuer,
    )
    session.add(row)
    session.flush()
    rehearsed = parts.rehearsed(session, [reservation.id])
    return view_ticket(row, reservation, dry_run=bool(rehearsed))


def rewrite_ticket(row: TicketRow, admission: Admission) -> None:
    """Let a ticket's words say what it is for now."""
    source, destination = admission.ends.source, admission.ends.destination
    row.src_ip = format_networks(admission.source_networks)
    row.src_port = format_ports(source.ports) or None
    row.dst_ip = format_networks(admission.destination_networks)
    row.dst_port = format_ports(destination.ports) or None
    row.out_bits_per_second = admission.out_bits_per_second
    row.in_bits_per_second = admission.in_bits_per_second


def ticket_row(session: Session, ticket_id: int, *, field: str = "ticketId") -> TicketRow:
    """The ticket's own row.

    Raises:
        TicketNotFound: there is none of that number.
    """
    row = session.get(TicketRow, ticket_id) if ticket_id <= HIGHEST_ID else None
    if row is None:
        raise TicketNotFound(f"there is no ticket {ticket_id}", field=field)
    return row


def read_ticket(session: Session, ticket_id: int) -> Ticket:
    """One ticket.

    Raises:
        TicketNotFound: there is none of that number.
    """
    row = ticket_row(session, ticket_id)
    view = service.get(session, ticket_id, kind=KIND)
    ticket = view_ticket(row, view, dry_run=bool(parts.rehearsed(session, [ticket_id])))
    return replace(
        ticket,
        by_fallback=bool(parts.detoured(session, [ticket_id])),
        traffic=read_traffic(session, [ticket_id]).get(ticket_id),
    )


def read_tickets(session: Session, query: TicketQuery) -> TicketPage:
    """The tickets that are asked for, newest first."""
    found = service.list_reservations(
        session,
        kind=KIND,
        states=query.states,
        owner=query.owner,
        below=query.before,
        among=_among(query),
        limit=query.limit + 1,
    )
    views = found[: query.limit]
    ids = [view.id for view in views]
    rows = {
        row.reservation_id: row
        for row in session.scalars(select(TicketRow).where(TicketRow.reservation_id.in_(ids)))
    }
    rehearsed, detoured = parts.rehearsed(session, ids), parts.detoured(session, ids)
    tickets = tuple(
        replace(
            view_ticket(rows[view.id], view, dry_run=view.id in rehearsed), by_fallback=view.id in detoured
        )
        for view in views
        if view.id in rows
    )
    return TicketPage(tickets, more=len(found) > query.limit)


def _among(query: TicketQuery) -> Select[int] | None:
    """The numbers of tickets with the words of ours that are asked for; None for any."""
    conditions = []
    if query.site is not None:
        conditions.append(or_(TicketRow.src_site == query.site, TicketRow.dst_site == query.site))
    if query.path is not None:
        conditions.append(or_(TicketRow.local_path == query.path, TicketRow.topology == query.path))
    return select(TicketRow.reservation_id).where(*conditions) if conditions else None


def view_ticket(row: TicketRow, reservation: ReservationView, *, dry_run: bool) -> Ticket:
    """The ticket as a value."""
    return Ticket(
        ticket_id=reservation.id,
        remote_ticket_id=row.remote_ticket_id,
        state=reservation.state,
        src_site=row.src_site,
        src_client=row.src_client,
        src_ip=row.src_ip,
        src_port=row.src_port,
        dst_site=row.dst_site,
        dst_client=row.dst_client,
        dst_ip=row.dst_ip,
        dst_port=row.dst_port,
        local_path=row.local_path,
        topology=row.topology,
        remote_path=row.remote_path,
        out_bits_per_second=row.out_bits_per_second,
        in_bits_per_second=row.in_bits_per_second,
        dscp_request_out=None if row.dscp_request_out is None else DscpRequest(row.dscp_request_out),
        dscp_request_in=None if row.dscp_request_in is None else DscpRequest(row.dscp_request_in),
        dscp_out=row.dscp_out,
        dscp_in=row.dscp_in,
        board_at=row.board_at,
        start_at=reservation.slot.start,
        end_at=reservation.slot.end,
        actual_end_at=reservation.ended_at,
        credential_subject=reservation.owner,
        credential_issuer=row.credential_issuer,
        station=row.station,
        outcome=reservation.outcome,
        reason=reservation.reason,
        waiting_for=reservation.waiting_for,
        degraded_since=reservation.degraded_since,
        dry_run=dry_run,
    )


@dataclass(frozen=True, slots=True)
class TicketDescription:
    """What a page or the command line says about a ticket.

    Attributes:
        summary: one sentence.
        fields: label and value, in the order to show them; times are ISO 8601, UTC.
    """

    ticket_id: int
    summary: str
    fields: tuple[tuple[str, str], ...]


def describe(session: Session, reservation_id: int) -> TicketDescription | None:
    """A ticket for people, None if the reservation is no ticket."""
    try:
        ticket = read_ticket(session, reservation_id)
    except (TicketNotFound, NotFound):
        return None
    source = "/".join(filter(None, (ticket.src_site, ticket.src_client)))
    destination = "/".join(filter(None, (ticket.dst_site, ticket.dst_client)))
    summary = (
        f"{source} to {destination} over {ticket.local_path}, "
        f"{format_bandwidth(ticket.out_bits_per_second)} out and "
        f"{format_bandwidth(ticket.in_bits_per_second)} in, "
        f"{ticket.start_at:%Y-%m-%d %H:%M:%S} to {ticket.end_at:%Y-%m-%d %H:%M:%S} UTC, {ticket.state}"
    )
    detours = [
        f"{part.detour} on {part.device}, since the next hop does not answer"
        for part in service.list_parts(session, reservation_id)
        if part.wanted and part.detour is not None
    ]
    return TicketDescription(ticket.ticket_id, summary, tuple(_shown(ticket, detours)))


def read_all_traffic(session: Session) -> tuple[Traffic, ...]:
    """What passed of each ticket that is on devices, newest first; of no more than are listed at once."""
    found = service.list_reservations(session, kind=KIND, states=ON_DEVICES)
    return tuple(read_traffic(session, [ticket.id for ticket in found]).values())


def traffic_words(traffic: Traffic) -> str:
    """What passed of a ticket, in words: configured is not carrying."""
    seen = _time(traffic.counted_at)
    if traffic.grew_at is None:
        return f"configured; no packet had passed by {seen}"
    octets = "" if traffic.octets is None else f", {traffic.octets} bytes"
    how = "carrying traffic" if traffic.is_flowing else "carried traffic"
    last = _time(traffic.grew_at)
    return f"{how}: {traffic.packets} packets{octets}, the last seen at {last}"


def _shown(ticket: Ticket, detours: Sequence[str]) -> list[tuple[str, str]]:
    since = None if ticket.degraded_since is None else _time(ticket.degraded_since)
    values: list[tuple[str, object]] = [
        ("state", ticket.state),
        ("outcome", ticket.outcome),
        ("reason", ticket.reason),
        ("waiting for", ticket.waiting_for),
        ("degraded", None if since is None else f"not every device carries it, since {since}"),
        ("by fallback", "; ".join(detours) or None),
        ("dry run", "not every device is really configured for it" if ticket.dry_run else None),
        ("traffic", None if ticket.traffic is None else traffic_words(ticket.traffic)),
        ("source", _end(ticket.src_site, ticket.src_client, ticket.src_ip, ticket.src_port)),
        ("destination", _end(ticket.dst_site, ticket.dst_client, ticket.dst_ip, ticket.dst_port)),
        ("path", f"{ticket.local_path} ({ticket.topology})"),
        ("remote path", ticket.remote_path),
        ("bandwidth out", format_bandwidth(ticket.out_bits_per_second)),
        ("bandwidth in", format_bandwidth(ticket.in_bits_per_second)),
        ("DSCP out", ticket.dscp_out),
        ("DSCP in", ticket.dscp_in),
        ("from", _time(ticket.start_at)),
        ("until", _time(ticket.end_at)),
        ("over at", None if ticket.actual_end_at is None else _time(ticket.actual_end_at)),
        ("owner", ticket.credential_subject),
        ("remote ticket", ticket.remote_ticket_id or None),
    ]
    return [(label, str(value)) for label, value in values if value is not None]


def _end(site: str, client: str | None, ip: str, port: str | None) -> str:
    words = [site if client is None else f"{site}/{client}", ip]
    return ": ".join(words) + (f", {port}" if port else "")


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
