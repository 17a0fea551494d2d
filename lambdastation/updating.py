"""updateFlowSpecs: other addresses, ports and bandwidth for a ticket that there is; its slot stays."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from lambdastation.admission import Admission, readmit
from lambdastation.authorization import authorize
from lambdastation.booking import claims_of, flow_request, refuse_to_open
from lambdastation.caller import Caller, Operation
from lambdastation.capabilities import require_capable
from lambdastation.errors import Contradiction, NotAuthorized, TooLate
from lambdastation.extent import UNKNOWN, Extent
from lambdastation.records import KIND, read_ticket, rewrite_ticket, ticket_row
from lambdastation.site import Direction, Site, Topology
from lambdastation.steering import path_resource
from lambdastation.tables import TicketRow
from lambdastation.ticket import Ticket, TicketRequest
from reservation import calendar, errors, modification, service, sharing
from reservation.identity import require_site_version
from reservation.model import Modification, TimeSlot
from reservation.moves import lock_reservation

TICKET_ID = "localTicketId"

_FLOW_WORDS = {"src_ip": "srcIP", "src_port": "srcPort", "dst_ip": "dstIP", "dst_port": "dstPort"}
_KEPT = {
    "src_site": "srcSite",
    "src_client": "srcClient",
    "dst_site": "dstSite",
    "dst_client": "dstClient",
    "remote_path": "remotePath",
    "dscp_request_out": "dscpRequestOut",
    "dscp_request_in": "dscpRequestIn",
    "dscp_out": "dscpOut",
    "dscp_in": "dscpIn",
    "start_at": "startTime",
    "end_at": "endTime",
    "travel_seconds": "travelTime",
}
"""What a ticket keeps for good: named alike in a request and on a ticket, and as the wire has it."""


@dataclass(frozen=True, slots=True)
class Update:
    """One updateFlowSpecs that was read; `site_version` as in `booking.book`."""

    ticket_id: int
    request: TicketRequest
    site: Site
    caller: Caller
    now: datetime
    site_version: int | None = None


def update_flows(session: Session, update: Update) -> None:
    """Let a ticket be for other packets or amounts; what the request leaves out, or repeats, stays.

    Raises:
        SiteReplaced: another version of the site is in force; read it anew.
        TicketNotFound: there is none of that number.
        NotAuthorized: the caller is no operator and takes no part in it, or not alone.
        LimitExceeded: the rules do not allow the caller so much bandwidth.
        TooLate: it is over or on its way out.
        Contradiction: the request tells something else of the ticket that cannot be changed.
        Refused, NotReady: as opening a ticket like that.
    """
    row = ticket_row(session, update.ticket_id, field=TICKET_ID)
    operator = _authorize(update, row, UNKNOWN)
    # Nobody joins, leaves or cancels from here on.
    reservation = lock_reservation(session, update.ticket_id, kind=KIND)
    # Another update may have rewritten it while this one waited for the lock.
    session.refresh(row)
    if not operator:
        _require_own(session, update.ticket_id, update.caller)
    try:
        service.require_going(reservation, update.now)
    except errors.TooLate as error:
        raise TooLate(str(error), field=TICKET_ID) from error
    ticket = read_ticket(session, update.ticket_id)
    _require_same(ticket, update.request)
    asked, meant = _completed(ticket, update.request)
    slot = TimeSlot(ticket.start_at, ticket.end_at)
    admission = readmit(asked, update.site, slot=slot, meant=meant)
    if not _authorize(update, row, _growth(ticket, admission)) and operator:
        # The rule that makes an operator does not allow that much.
        _require_own(session, update.ticket_id, update.caller)
    try:
        _carry_out(session, row, admission, update)
    except errors.ReservationError as error:
        refuse_to_open(error, asked, admission, update.site)


def _authorize(update: Update, row: TicketRow, extent: Extent) -> bool:
    return authorize(
        update.site,
        update.caller,
        Operation.UPDATE_FLOWS,
        client=row.local_client,
        topology=row.topology,
        extent=extent,
    )


def _growth(ticket: Ticket, admission: Admission) -> Extent:
    """What rules limit and the ticket would have more of."""
    out, in_ = admission.out_bits_per_second, admission.in_bits_per_second
    return Extent(
        out_bits_per_second=out if out > ticket.out_bits_per_second else None,
        in_bits_per_second=in_ if in_ > ticket.in_bits_per_second else None,
    )


def _carry_out(session: Session, row: TicketRow, admission: Admission, update: Update) -> None:
    former = row.src_ip, row.src_port, row.dst_ip, row.dst_port
    rewrite_ticket(row, admission)
    if (row.src_ip, row.src_port, row.dst_ip, row.dst_port) != former:
        require_capable(session, admission)
        change = Modification(
            claims=claims_of(update.site, admission),
            flows=flow_request(update.site, admission),
            parts=tuple(placed.part() for placed in admission.placed),
        )
    else:
        # What devices carry stays what was frozen, whatever the site file says today, and so by which paths.
        kept = replace(admission, fallbacks=_held_fallbacks(session, row, update.site))
        change = Modification(claims=claims_of(update.site, kept))
    modification.modify(
        session, row.reservation_id, change, kind=KIND, now=update.now, actor=update.caller.subject
    )
    if update.site_version is not None:
        # Under the lock on the site's flows, which a new version takes too.
        require_site_version(session, update.site_version)


def _held_fallbacks(session: Session, row: TicketRow, site: Site) -> tuple[Topology, ...]:
    """The paths beside its own on which a ticket has bandwidth."""
    held = calendar.amounts_of(session, [row.reservation_id])[row.reservation_id]
    return tuple(
        path
        for path in site.topologies
        if path.name != row.topology and path_resource(site, path, Direction.OUT) in held
    )


def _require_own(session: Session, ticket_id: int, caller: Caller) -> None:
    taking_part = {
        (one.participant.subject, one.participant.issuer)
        for one in sharing.participants(session, ticket_id)
        if one.left_at is None
    }
    own = caller.subject, caller.issuer
    if own not in taking_part:
        raise NotAuthorized(f"ticket {ticket_id} belongs to somebody else", field=TICKET_ID)
    if taking_part != {own}:
        raise NotAuthorized(
            f"others take part in ticket {ticket_id} as it is; open one of your own", field=TICKET_ID
        )


def _require_same(ticket: Ticket, request: TicketRequest) -> None:
    differing = [
        field for name, field in _KEPT.items() if getattr(request, name) not in {None, getattr(ticket, name)}
    ]
    if request.local_path not in {None, ticket.local_path, ticket.topology}:
        differing.append("localPath")
    if request.board_at not in {None, ticket.board_at, ticket.start_at}:
        differing.append("boardTime")
    if differing:
        raise Contradiction(
            f"ticket {ticket.ticket_id} keeps its {differing[0]}; leave it out, or open another ticket",
            field=differing[0],
        )


def _completed(ticket: Ticket, request: TicketRequest) -> tuple[TicketRequest, frozenset[str]]:
    """A request for the ticket as it shall be, and the fields that make it another one."""
    news = {
        name: field
        for name, field in _FLOW_WORDS.items()
        if getattr(request, name) not in {None, getattr(ticket, name)}
    }
    asked = TicketRequest(
        src_site=ticket.src_site,
        src_client=ticket.src_client,
        dst_site=ticket.dst_site,
        dst_client=ticket.dst_client,
        local_path=ticket.local_path,
        remote_path=ticket.remote_path,
        dscp_out=ticket.dscp_out,
        dscp_in=ticket.dscp_in,
        out_bandwidth=request.out_bandwidth or str(ticket.out_bits_per_second),
        in_bandwidth=request.in_bandwidth or str(ticket.in_bits_per_second),
        **{name: getattr(request if name in news else ticket, name) for name in _FLOW_WORDS},
    )
    return asked, frozenset(news.values())
