"""A ticket made again that the site's devices carry already: after its database was lost, or put back."""

from datetime import datetime

from sqlalchemy.orm import Session

from lambdastation.booking import claims_of, flow_request, refuse_to_open
from lambdastation.caller import Caller
from lambdastation.capabilities import require_capable
from lambdastation.errors import SlotInThePast
from lambdastation.participation import participant
from lambdastation.rebuilding import Rebuilt
from lambdastation.records import KIND, write_ticket
from lambdastation.site import Site
from lambdastation.ticket import Ticket
from reservation import errors, service, sharing
from reservation.identity import require_site_version
from reservation.model import Request, TimeSlot


def adopt_ticket(
    session: Session,
    number: int,
    rebuilt: Rebuilt,
    *,
    site: Site,
    owner: Caller,
    actor: str,
    reason: str,
    now: datetime,
    site_version: int | None,
) -> Ticket:
    """Take what the ticket takes and write it down, under its number; its owner is who takes part in it.

    A maintenance is no hindrance: the devices have it. The site must still be in force in that version.

    Raises:
        NumberTaken: a reservation of this database has the number.
        SiteReplaced: another version of the site is in force.
        NotCapable, CapacityExceeded, DscpTaken, FlowConflict, SlotInThePast: what was promised meanwhile, or
            the end, leaves no room for it.
        NotReady: the path or a device is not in the database.
    """
    request, admission = rebuilt.request, rebuilt.admission
    if admission.slot.end <= now:
        raise SlotInThePast(f"that was over at {admission.slot.end.isoformat()}", field="endTime")
    try:
        require_capable(session, admission)
        reservation = service.adopt(
            session,
            number,
            Request(
                kind=KIND,
                owner=owner.subject,
                slot=TimeSlot(now, admission.slot.end),
                hold_until=admission.slot.end,
                flows=flow_request(site, admission),
                claims=claims_of(site, admission),
                labels=() if admission.from_pool is None else (admission.from_pool.label,),
                parts=tuple(placed.part() for placed in admission.placed),
            ),
            now=now,
            actor=actor,
            reason=reason,
        )
        if site_version is not None:
            require_site_version(session, site_version)
    except errors.ReservationError as error:
        refuse_to_open(error, request, admission, site)
    sharing.begin(session, reservation.id, participant(request, owner), now=now)
    return write_ticket(session, reservation, request, admission, station=site.station, issuer=owner.issuer)
