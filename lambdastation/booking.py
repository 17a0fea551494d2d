"""A new ticket's writes, inside a transaction of the caller's, and offering the paths it may take.

The core's refusals are put into the door's words here: which field of the request is at fault.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy.orm import Session

from lambdastation.admission import Admission, named_path
from lambdastation.bandwidth import format_bandwidth
from lambdastation.caller import Caller
from lambdastation.capabilities import require_capable
from lambdastation.errors import (
    CapacityExceeded,
    DscpTaken,
    FlowConflict,
    InMaintenance,
    NotReady,
    SlotInThePast,
)
from lambdastation.participation import participant
from lambdastation.records import KIND, write_ticket
from lambdastation.site import Direction, Site
from lambdastation.steering import (
    BANDWIDTH_UNIT,
    PATH_PREFIX,
    bandwidth_claims,
    dscp_pool,
    parse_resource,
    path_resource,
    steered_flows,
)
from lambdastation.ticket import Ticket, TicketRequest
from reservation import conflicts, errors, labels, offering, parts, service, sharing
from reservation.flows import FlowSpec
from reservation.identity import require_site_version
from reservation.lifecycle import FINAL, State
from reservation.model import ClaimRequest, FlowRequest, LabelRequest, Request
from reservation.pauses import Pause, in_maintenance, wait_for
from reservation.window_values import LabelledFlows


def ensure_resources(session: Session, site: Site, *, now: datetime) -> None:
    """Put the site's flows, code points, and the bandwidth of its alternate paths, into the calendar.

    Raises:
        CapacityBooked: a path or the pool was made smaller than what is promised from `now` on, or is gone.
    """
    lock_resources(session, site, now=now)
    capacities = path_capacities(site)
    for name, capacity in capacities.items():
        offering.offer(session, name, capacity=capacity, unit=BANDWIDTH_UNIT, now=now)
    offering.withdraw_others(session, capacities, prefix=PATH_PREFIX, now=now)
    pools = label_pools(site)
    for pool, offered in pools.items():
        labels.offer_labels(session, pool, offered, now=now)
    offering.withdraw_others(session, pools, prefix=labels.POOL_PREFIX, now=now)


def lock_resources(session: Session, site: Site, *, now: datetime) -> None:
    """Let nobody book on the site to the end of the transaction: its flows, its pools, then its paths."""
    conflicts.offer_flows(session, site.name, now=now)
    offering.lock_prefixed(session, labels.POOL_PREFIX)
    offering.lock_prefixed(session, PATH_PREFIX)


def overbooked_paths(session: Session, site: Site, *, now: datetime) -> tuple[errors.CapacityBooked, ...]:
    """Each path, one way, of which more is promised from `now` on than the site has of it."""
    return offering.overbooked(session, path_capacities(site), prefix=PATH_PREFIX, now=now)


def missing_code_points(session: Session, site: Site, *, now: datetime) -> tuple[errors.LabelsBooked, ...]:
    """The code points that are promised from `now` on and are not in the site's pool."""
    return labels.missing_labels(session, label_pools(site), now=now)


def label_pools(site: Site) -> dict[str, tuple[int, ...]]:
    """The site's pools of labels, by the resource's name."""
    return {dscp_pool(site): site.dscp_pool} if site.dscp_pool else {}


def path_capacities(site: Site) -> dict[str, int]:
    """Bits per second of every alternate path, each way, by the resource's name, in the order of names."""
    return dict(
        sorted(
            (path_resource(site, topology, direction), topology.capacity)
            for topology in site.topologies
            if not topology.production
            for direction in Direction
        )
    )


def flow_request(site: Site, admission: Admission) -> FlowRequest:
    """The packets a ticket steers, in the core's words."""
    flows = FlowSpec.of(steered_flows(admission.placed))
    return FlowRequest(site=site.name, path=admission.topology.path, flows=flows)


def labelled_flows(site: Site, admission: Admission, label: LabelRequest) -> LabelledFlows:
    """The packets a ticket steers once it is marked with a code point of the pool."""
    return LabelledFlows(label, lambda dscp: flow_request(site, admission.marked(dscp)).flows)


def book(
    session: Session,
    request: TicketRequest,
    admission: Admission,
    *,
    site: Site,
    caller: Caller,
    now: datetime,
    hold_for: timedelta,
    site_version: int | None = None,
) -> Ticket:
    """Take what the ticket takes and write it down; whoever asks is its first participant.

    With a `site_version` the site must still be in force in that version.

    Raises:
        SiteReplaced: it is not.
        NotCapable, InMaintenance, CapacityExceeded, DscpTaken, FlowConflict, SlotInThePast: what is asked for
            does not fit.
        NotReady: the path or a device is not in the database.
    """
    try:
        admission = require_capable(session, admission)
        maintenance = check_maintenance(session, admission, site)
        admission = _marked(session, admission, site, now=now)
        reservation = service.book(
            session,
            Request(
                kind=KIND,
                owner=caller.subject,
                slot=admission.slot,
                hold_until=now + hold_for,
                flows=flow_request(site, admission),
                claims=claims_of(site, admission),
                labels=() if admission.from_pool is None else (admission.from_pool.label,),
                parts=tuple(placed.part() for placed in admission.placed),
            ),
            now=now,
            actor=caller.subject,
        )
        if site_version is not None:
            # Under the lock on the site's flows, which the claims have taken and which a new version takes.
            require_site_version(session, site_version)
        if maintenance is not None and (still := _lock_maintenance(session, admission)) is not None:
            words = wait_for(session, reservation.id, still)
            reservation = replace(reservation, waiting_for=words)
    except errors.ReservationError as error:
        refuse_to_open(error, request, admission, site)
    sharing.begin(session, reservation.id, participant(request, caller), now=now)
    return write_ticket(session, reservation, request, admission, station=site.station, issuer=caller.issuer)


def claims_of(site: Site, admission: Admission) -> tuple[ClaimRequest, ...]:
    """What a ticket takes of its path, and of those it may fall back to."""
    return bandwidth_claims(
        site,
        admission.paths,
        out_bits_per_second=admission.out_bits_per_second,
        in_bits_per_second=admission.in_bits_per_second,
    )


def _marked(session: Session, admission: Admission, site: Site, *, now: datetime) -> Admission:
    """What is to be marked with a code point of the pool, marked with the one it gets."""
    if admission.from_pool is None:
        return admission
    # Before the pool: that is the order of locks.
    conflicts.lock_flows(session, site.name)
    asked = admission.from_pool.label
    try:
        dscp = labels.pick_label(session, asked, service.clamped(admission.slot, now))
    except errors.LabelsTaken:
        if admission.from_pool.needed:
            raise
        return replace(admission, from_pool=None)
    taken = replace(admission.from_pool, label=LabelRequest(asked.pool, frozenset({dscp})))
    return replace(admission.marked(dscp), from_pool=taken)


def count_open(session: Session, *, owner: str | None = None) -> tuple[tuple[State, int], ...]:
    """How many tickets, of this owner or of all, are in each state that is not final; none is left out."""
    live = [state for state in State if state not in FINAL]
    counts = service.count_reservations(session, kind=KIND, states=live, owner=owner)
    return tuple((state, counts[state]) for state in live if state in counts)


def check_maintenance(session: Session, admission: Admission, site: Site) -> Pause | None:
    """What the ticket may have to wait for, where the site takes it all the same.

    Raises:
        InMaintenance: a device is in maintenance, and the site does not.
    """
    found = in_maintenance(session, {placed.device for placed in admission.placed})
    if found is not None and site.maintenance == "refuse":
        path = admission.topology.path
        raise InMaintenance(
            f"a device on {path} is in maintenance since {found.since:%Y-%m-%d %H:%M} UTC; "
            "ask again later, or for another path",
            field="localPath",
        )
    return found


def _lock_maintenance(session: Session, admission: Admission) -> Pause | None:
    """The maintenance that stands to the end of the transaction; the devices are the last that is locked."""
    names = {placed.device for placed in admission.placed}
    parts.lock_devices(session, sorted(names))
    return in_maintenance(session, names)


def refuse_to_open(
    error: errors.ReservationError, request: TicketRequest, admission: Admission, site: Site
) -> NoReturn:
    """Raise what a refusal of the core means to who asked for a ticket."""
    path = admission.topology.path
    match error:
        case errors.CapacityExceeded() if (taken := parse_resource(error.resource)) is not None:
            full, out = site.topology(taken[0]) or admission.topology, taken[1] is Direction.OUT
            raise CapacityExceeded(
                f"{named_path(full, of=admission.topology)} has {format_bandwidth(error.free)} free "
                f"{'out of' if out else 'into'} {site.name} throughout that time, "
                f"not {format_bandwidth(error.asked)}",
                field="outBW" if out else "inBW",
            ) from error
        case errors.LabelsTaken():
            raise DscpTaken(
                _none_is_free(error),
                field="dscpRequestOut" if request.dscp_out is None else "dscpOut",
            ) from error
        case errors.FlowConflict():
            raise FlowConflict(
                f"ticket {error.other} steers some of the same packets onto {error.path} in that time",
                field="srcIP",
            ) from error
        case errors.SlotInThePast():
            field = "startTime" if request.start_at else "boardTime" if request.board_at else "endTime"
            raise SlotInThePast(str(error), field=field) from error
        case errors.UnknownResource() | errors.UnknownDevice():
            raise NotReady(f"{path} has not been set up in the database yet") from error
        case _:
            raise error


def _none_is_free(error: errors.LabelsTaken) -> str:
    words = f"of DSCP {', '.join(map(str, sorted(error.labels)))} none is free throughout that time"
    if error.free_at is None:
        return words
    return f"{words}; the first is given back at {error.free_at:%Y-%m-%dT%H:%M:%SZ}"
