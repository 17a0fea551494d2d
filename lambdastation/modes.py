"""The four modes of openSvcTicket: a ticket of one's own, or a part in one that there is for the same flow.

The same flow is exactly the same packets onto the same path, at the start that is asked for.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from lambdastation.admission import Admission
from lambdastation.authorization import authorize
from lambdastation.booking import book, count_open, flow_request, labelled_flows, refuse_to_open
from lambdastation.caller import Caller, Operation
from lambdastation.errors import BadTime, LimitExceeded, NoSuchFlow, NotAuthorized, StoreAway, TooLate
from lambdastation.extent import Extent
from lambdastation.participation import participant
from lambdastation.records import KIND, read_ticket
from lambdastation.site import Site
from lambdastation.slots import end_field, lasts_too_long
from lambdastation.ticket import Mode, Ticket, TicketRequest
from reservation import conflicts, errors, service, sharing
from reservation.model import ReservationView, TimeSlot
from store import Store

_TRIES = 8


class _Overtaken(Exception):
    """A ticket for the same flow was opened while nobody had locked the site's flows."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One openSvcTicket that was read."""

    request: TicketRequest
    admission: Admission
    mode: Mode
    site: Site
    caller: Caller
    now: datetime
    hold_for: timedelta
    site_version: int | None = None


def require_allowed(opening: Opening) -> None:
    """Return if the rules allow what is asked, as if it were for a ticket of its own.

    How many tickets the caller has is looked at when one more is written.

    Raises:
        NotAuthorized, LimitExceeded: they do not.
    """
    _authorize(opening, _extent(opening))


def open_in(store: Store, opening: Opening) -> Ticket:
    """Do what the mode says, all of it or nothing; `answered` tells what that was, but for mode `new`.

    Raises:
        SiteReplaced: another version of the site is in force than `opening.site_version`; read it anew.
        NoSuchFlow, TooLate: there is nothing to join or extend.
        NotAuthorized, LimitExceeded: one ticket more, or one as long as that, is not allowed to the caller.
        BadTime, CapacityExceeded, DscpTaken, FlowConflict: the later end does not fit.
        Refused, NotReady: as `booking.book`.
        StoreAway: others were faster again and again.
    """
    for _ in range(_TRIES):
        try:
            return store.write(lambda session: _open(session, opening))
        except _Overtaken:
            continue
    raise StoreAway("too many ask for this flow at once; try again")


def _open(session: Session, opening: Opening) -> Ticket:
    try:
        if opening.mode is Mode.NEW:
            # Whoever asks for `new` may be older than the word for what was done.
            return _book(session, opening)
        slot = service.clamped(opening.admission.slot, opening.now)
        joined = _join_any(session, opening, slot)
        if joined is None:
            # Only now, after the rows of reservations: that is the order of locks.
            conflicts.lock_flows(session, opening.site.name)
            if any(map(sharing.may_be_joined, _found(session, opening, slot))):
                raise _Overtaken
            return replace(_book(session, opening), answered=Mode.NEW)
        return _extended(session, opening, joined, slot.end)
    except errors.ReservationError as error:
        refuse_to_open(error, opening.request, opening.admission, opening.site)


def _book(session: Session, opening: Opening) -> Ticket:
    if any(rule.live_tickets is not None for rule in opening.site.authorization):
        # Whoever opens a ticket holds this lock until it is written, so nobody counts without it.
        conflicts.lock_flows(session, opening.site.name)
        live = sum(count for _, count in count_open(session, owner=opening.caller.subject))
        _authorize(opening, replace(_extent(opening), live_tickets=live + 1))
    return book(
        session,
        opening.request,
        opening.admission,
        site=opening.site,
        caller=opening.caller,
        now=opening.now,
        hold_for=opening.hold_for,
        site_version=opening.site_version,
    )


def _found(session: Session, opening: Opening, slot: TimeSlot) -> tuple[ReservationView, ...]:
    """The tickets for the flow that is asked for; what was given a code point of the pool is known by it."""
    admission = opening.admission
    request, taken = flow_request(opening.site, admission), admission.from_pool
    if taken is None or admission.dscp_out is not None:
        return sharing.find_flows(session, request, at=slot.start)
    labelled = labelled_flows(opening.site, admission, taken.label)
    marked = sharing.find_flows(session, request, at=slot.start, labelled=labelled)
    return marked if taken.needed else (*marked, *sharing.find_flows(session, request, at=slot.start))


def _join_any(session: Session, opening: Opening, slot: TimeSlot) -> ReservationView | None:
    """The ticket that was joined; None if there is none and the mode is content with a new one."""
    found = _found(session, opening, slot)
    joining = participant(opening.request, opening.caller)
    for ticket in filter(sharing.may_be_joined, found):
        try:
            return sharing.join(session, ticket.id, joining, kind=KIND, now=opening.now)
        except errors.TooLate:
            continue
    if opening.mode is Mode.AUTO:
        return None
    if found:
        raise TooLate(f"ticket {found[0].id} for this flow is over or being released; open a new one")
    raise NoSuchFlow(
        f"no ticket steers exactly these packets onto {opening.admission.topology.path} at that time"
    )


def _extended(session: Session, opening: Opening, ticket: ReservationView, end: datetime) -> Ticket:
    """The ticket, made to last until a later end if that is asked for; `auto` is content where it cannot."""
    answered = Mode.EXTEND if opening.mode is Mode.EXTEND else Mode.JOIN
    if opening.mode is not Mode.JOIN and end > ticket.slot.end:
        try:
            _extend(session, opening, ticket, end)
            answered = Mode.EXTEND
        except (
            BadTime,
            LimitExceeded,
            NotAuthorized,
            errors.CapacityExceeded,
            errors.LabelsTaken,
            errors.FlowConflict,
        ):
            if opening.mode is Mode.EXTEND:
                raise
    return replace(read_ticket(session, ticket.id), answered=answered)


def _extend(session: Session, opening: Opening, ticket: ReservationView, end: datetime) -> None:
    longest = opening.site.limits.longest
    if end - ticket.slot.start > longest:
        raise lasts_too_long(opening.request, longest)
    taken = read_ticket(session, ticket.id)
    extent = replace(
        _extent(opening),
        out_bits_per_second=taken.out_bits_per_second,
        in_bits_per_second=taken.in_bits_per_second,
        duration=end - ticket.slot.start,
    )
    _authorize(opening, extent)
    service.extend(session, ticket.id, kind=KIND, end=end, now=opening.now)


def _authorize(opening: Opening, extent: Extent) -> None:
    authorize(
        opening.site,
        opening.caller,
        Operation.OPEN_TICKET,
        client=opening.admission.ends.client.name,
        topology=opening.admission.topology.name,
        extent=extent,
    )


def _extent(opening: Opening) -> Extent:
    admission = opening.admission
    return Extent(
        out_bits_per_second=admission.out_bits_per_second,
        in_bits_per_second=admission.in_bits_per_second,
        duration=admission.slot.length,
        horizon=admission.slot.end - opening.now,
        end_field=end_field(opening.request),
    )
