"""Allocate: an island is taken for a slice, or what the slice has of it is changed; all of it or nothing.

Each function is work inside a write transaction of the caller's. The core's refusals pass through; those
that only this door can explain (whose the island is) are explained here.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from reservation import calendar, modification, service
from reservation.errors import LabelsTaken
from reservation.identity import require_site_version
from reservation.lifecycle import State
from reservation.model import Modification, Request, ReservationView, TimeSlot
from reservation.moves import lock_reservation
from tbam.aggregate import AggregateManager, Island
from tbam.errors import BadArgs, Busy, Expired, MissingArgs, OutOfRange
from tbam.islands import (
    check_gateway,
    check_maintenance,
    choose_island,
    gateway_parts,
    island_label,
    island_pool,
    refuse_taken,
    say_what_they_wait_for,
)
from tbam.lifetime import keep_until, lives_until, schedule
from tbam.requests import asked_slot, dump_request
from tbam.slivers import KIND, Found, live_sliver, require_open, slice_key
from tbam.states import RUNNING, is_moving
from tbam.tables import SliverRow
from tbam.urn import Urn
from tbam.values import IslandRequest, Owner


class AskedAgain(Exception):
    """Another request of the same slice came between: this one is to be looked at anew."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """An Allocate with everything it is judged by.

    Attributes:
        latest: when the credential ends it was asked for with.
        end_by: when the sliver is to expire at the latest, if the asker has a wish.
        version: of the site that `settings` are of; None where nobody counts.
    """

    slice_urn: str
    request: IslandRequest
    owner: Owner
    latest: datetime
    end_by: datetime | None
    settings: AggregateManager
    version: int | None
    now: datetime


def allocate(session: Session, asked: Allocation) -> int:
    """Take the island, or change what the slice has of it; the reservation's number.

    Raises:
        AskedAgain: begin anew.
        TbamError: the request does not fit.
        ReservationError, SiteReplaced: as the core's verbs.
    """
    require_open(session, asked.slice_urn)
    if asked.request.slice_urn is not None:
        _require_same_slice(asked)
    if asked.latest <= asked.now:
        raise Expired(f"the credential ended at {asked.latest:%Y-%m-%dT%H:%M:%SZ}", field="credentials")
    island = choose_island(asked.settings, asked.request.aggregate)
    found = live_sliver(session, asked.slice_urn, island.name, now=asked.now)
    number = _take(session, asked, island) if found is None else _change(session, asked, island, found)
    if asked.version is not None:
        # Under the lock on the island, which a new version of the site takes too.
        require_site_version(session, asked.version)
    return number


def _require_same_slice(asked: Allocation) -> None:
    named = asked.request.slice_urn or asked.slice_urn
    if slice_key(named) != slice_key(asked.slice_urn):
        raise BadArgs(f"the RSpec names {named}, the call {asked.slice_urn}", field="slice_urn")


def _take(session: Session, asked: Allocation, island: Island) -> int:
    slot, now = asked.request.slot, asked.now
    if slot is None:
        raise MissingArgs("say when: a timeslot, or geni_start_time and geni_end_time", field="timeslot")
    _require_bounded(asked.settings, slot, now)
    check_gateway(session, island, asked.request)
    maintained = check_maintenance(session, island, asked.settings)
    # From here on nobody else takes the island, or shuts the slice.
    calendar.lock_resources(session, [island_pool(island.name)])
    require_open(session, asked.slice_urn)
    if live_sliver(session, asked.slice_urn, island.name, now=now) is not None:
        raise AskedAgain
    expires_at = _expiry(asked, slot, held=True)
    view = _hold(session, asked, island, slot, expires_at)
    _forget_failed(session, asked.slice_urn, island.name)
    urn = Urn(asked.settings.authority, "sliver", str(view.id)).canonical
    session.add(
        SliverRow(
            reservation_id=view.id,
            sliver_urn=urn,
            slice_urn=asked.slice_urn,
            slice_key=slice_key(asked.slice_urn),
            aggregate=island.name,
            gateway=island.gateway,
            owner_urn=asked.owner.urn,
            owner_subject=asked.owner.subject,
            request=dump_request(asked.request, login=island.login),
            credential_until=asked.latest,
            expires_at=expires_at,
        )
    )
    session.flush()
    if maintained:
        say_what_they_wait_for(session, {view.id: island.gateway})
    return view.id


def _hold(
    session: Session, asked: Allocation, island: Island, slot: TimeSlot, expires_at: datetime
) -> ReservationView:
    request = Request(
        kind=KIND,
        owner=asked.owner.urn,
        slot=slot,
        hold_until=expires_at,
        labels=(island_label(island.name),),
        parts=gateway_parts(island.gateway, asked.request, login=island.login),
    )
    try:
        return service.hold(session, request, now=asked.now)
    except LabelsTaken as error:
        refuse_taken(session, island.name, slot, asked.slice_urn, error, own=None)


def _forget_failed(session: Session, slice_urn: str, aggregate: str) -> None:
    """What the slice had there before is found no more: a gateway refused it."""
    before = SliverRow.slice_key == slice_key(slice_urn), SliverRow.aggregate == aggregate
    session.execute(update(SliverRow).where(*before, ~SliverRow.deleted).values(deleted=True))


def _change(session: Session, asked: Allocation, island: Island, found: Found) -> int:
    number, now = found.row.reservation_id, asked.now
    lock_reservation(session, number, kind=KIND)
    # From here on nobody shuts the slice.
    calendar.lock_resources(session, [island_pool(island.name)])
    current = live_sliver(session, asked.slice_urn, island.name, now=now)
    require_open(session, asked.slice_urn)
    if current is None or current.row.reservation_id != number:
        raise AskedAgain
    row, view = current.row, current.view
    if is_moving(view, now=now):
        raise Busy(f"{island.name} is just being taken off its gateway until the new slot; ask again")
    slot = _other_slot(asked, current)
    if slot is not None:
        _require_bounded(asked.settings, slot, now)
    check_gateway(session, island, asked.request)
    lasts = slot or view.slot
    expires_at = _expiry(asked, lasts, held=view.state is State.HELD)
    if row.restarting and now < lasts.start:
        # It is taken off anyway, and comes again with its new slot.
        row.stopped = row.restarting = False
    parts = () if row.stopped else gateway_parts(island.gateway, asked.request, login=island.login)
    change = Modification(slot=slot, parts=parts, hold_until=expires_at)
    try:
        view = modification.modify(session, number, change, kind=KIND, now=now, actor=asked.owner.urn)
    except LabelsTaken as error:
        refuse_taken(session, island.name, lasts, asked.slice_urn, error, own=number)
    # What was only extended since keeps the slot that it has.
    request = asked.request if asked.request.slot is not None else _with_slot(asked.request, view.slot)
    row.request = dump_request(request, login=island.login)
    row.gateway = island.gateway
    row.credential_until = asked.latest
    schedule(row, view, expires_at)
    session.flush()
    return number


def _expiry(asked: Allocation, slot: TimeSlot, *, held: bool) -> datetime:
    if asked.end_by is not None and asked.end_by <= asked.now:
        raise OutOfRange(f"{asked.end_by:%Y-%m-%dT%H:%M:%SZ} is over", field="geni_end_time")
    if held:
        return keep_until(asked.settings, slot, latest=asked.latest, end_by=asked.end_by, now=asked.now)
    return lives_until(slot, latest=asked.latest, end_by=asked.end_by)


def _other_slot(asked: Allocation, found: Found) -> TimeSlot | None:
    """The slot that is asked for, None where it was before; one that has begun, or begins as before, begins
    when it does.
    """
    wish, before, has = asked.request.slot, asked_slot(found.row.request), found.view.slot
    if wish is None or wish == before:
        return None
    begun = found.view.state in RUNNING and wish.start <= asked.now
    same = before is not None and wish.start == before.start
    return TimeSlot(has.start, wish.end) if (begun or same) and has.start < wish.end else wish


def _require_bounded(settings: AggregateManager, slot: TimeSlot, now: datetime) -> None:
    if slot.length > settings.longest:
        raise OutOfRange(f"a slot lasts {settings.longest} at most, not {slot.length}", field="timeslot")
    if slot.end > now + settings.horizon:
        raise OutOfRange(
            f"a slot ends {settings.horizon} from now at most, not at {slot.end:%Y-%m-%dT%H:%M:%SZ}",
            field="timeslot",
        )


def _with_slot(request: IslandRequest, slot: TimeSlot) -> IslandRequest:
    return IslandRequest(
        aggregate=request.aggregate,
        slice_urn=request.slice_urn,
        slot=slot,
        vlans=request.vlans,
        controller=request.controller,
        project=request.project,
    )
