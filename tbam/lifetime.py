"""How long slivers live: until when they are kept, renewed, started and stopped, and what deletes them.

Each function is work inside a write transaction of the caller's, with the reservations locked.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from reservation import modification, service
from reservation.errors import LabelsTaken, WrongState
from reservation.lifecycle import State
from reservation.model import Modification, ReservationView, TimeSlot
from tbam.aggregate import AggregateManager
from tbam.errors import Busy, Expired, OutOfRange, Unsupported
from tbam.islands import free_until, gateway_parts, refuse_taken
from tbam.requests import asked_login, load_request
from tbam.slivers import KIND, Found
from tbam.states import is_failed, is_moving, is_running
from tbam.tables import SliverRow
from tbam.values import Action

LOOK_AGAIN = timedelta(seconds=1)
"""How soon one that is being restarted is looked at again."""


def lives_until(slot: TimeSlot, *, latest: datetime, end_by: datetime | None) -> datetime:
    """When a provisioned sliver expires: with its slot or its credential, or when its owner likes."""
    return min(slot.end, latest, end_by or latest)


def keep_until(
    settings: AggregateManager,
    slot: TimeSlot,
    *,
    latest: datetime,
    end_by: datetime | None,
    now: datetime,
) -> datetime:
    """When an allocated sliver expires unless it is provisioned."""
    return min(now + settings.unprovisioned, lives_until(slot, latest=latest, end_by=end_by))


def schedule(row: SliverRow, view: ReservationView, expires_at: datetime) -> None:
    """Let a sliver expire then, and the chore look at it where the core does not end it by itself."""
    row.expires_at = expires_at
    if row.restarting:
        return
    row.due_at = expires_at if view.state is not State.HELD and expires_at < view.slot.end else None


def provision(
    session: Session, found: Found, *, latest: datetime, end_by: datetime | None, now: datetime, actor: str
) -> None:
    """Make one that is allocated firm.

    Raises:
        Expired: its slot, or the credential, has ended.
    """
    row = found.row
    expires_at = lives_until(found.view.slot, latest=latest, end_by=end_by)
    if expires_at <= now:
        raise Expired(f"{row.sliver_urn} could not last: it ends at {expires_at:%Y-%m-%dT%H:%M:%SZ}")
    view = service.confirm(session, row.reservation_id, kind=KIND, now=now, actor=actor)
    row.credential_until = latest
    schedule(row, view, expires_at)
    session.flush()


@dataclass(frozen=True, slots=True)
class Renewal:
    """A Renew with everything it is judged by.

    Attributes:
        until: when the slivers shall expire.
        latest: when the credential ends.
        as_far_as_possible: where that cannot be had, as late as can be (`geni_extend_alap`).
    """

    until: datetime
    latest: datetime
    as_far_as_possible: bool
    settings: AggregateManager
    now: datetime


def renew(session: Session, found: Found, asked: Renewal) -> None:
    """Let a sliver expire at another time; past its slot's end the slot is extended.

    Raises:
        OutOfRange: not then.
        IslandRMAlreadyReserved: the island is another's by then.
        Expired: it is over.
    """
    row, view = found.row, found.view
    _require_whole(found)
    if is_moving(view, now=asked.now):
        raise Busy(f"{row.aggregate} is just being taken off its gateway until the new slot; ask again")
    until = _bounded(found, asked)
    if until > view.slot.end:
        view, until = _extend(session, found, asked, until)
    if view.state is State.HELD:
        view = modification.modify(
            session, view.id, Modification(hold_until=until), kind=KIND, now=asked.now, actor=row.owner_urn
        )
    row.credential_until = asked.latest
    schedule(row, view, until)
    session.flush()


def _require_whole(found: Found) -> None:
    if is_failed(found.view):
        raise Unsupported(f"{found.row.sliver_urn} has failed: delete it, and allocate anew")


def _bounded(found: Found, asked: Renewal) -> datetime:
    """Until when it may be, the island's calendar aside."""
    settings, view, now = asked.settings, found.view, asked.now
    if asked.until <= now:
        raise OutOfRange(f"{asked.until:%Y-%m-%dT%H:%M:%SZ} is over", field="expiration_time")
    bounds = [
        (asked.latest, "the credential ends then"),
        (view.slot.start + settings.longest, f"a slot lasts {settings.longest} at most"),
        (now + settings.horizon, f"a slot ends {settings.horizon} from now at most"),
    ]
    if view.state is State.HELD:
        words = f"it is kept for {settings.unprovisioned} unless it is provisioned"
        bounds.append((now + settings.unprovisioned, words))
    last, why = min(bounds, key=lambda bound: bound[0])
    if asked.until <= last:
        return asked.until
    if asked.as_far_as_possible and last > now:
        return last
    raise OutOfRange(
        f"it can be renewed until {last:%Y-%m-%dT%H:%M:%SZ} at most: {why}", field="expiration_time"
    )


def _extend(
    session: Session, found: Found, asked: Renewal, until: datetime
) -> tuple[ReservationView, datetime]:
    row, view = found.row, found.view
    added = TimeSlot(view.slot.end, until)
    if asked.as_far_as_possible:
        until = free_until(session, row.aggregate, added, own=view.id)
    try:
        return service.extend(session, view.id, kind=KIND, end=until, now=asked.now), until
    except LabelsTaken as error:
        refuse_taken(session, row.aggregate, added, row.slice_urn, error, own=view.id)


def act(session: Session, found: Found, action: Action, *, now: datetime, actor: str) -> None:
    """Switch what a sliver has on its gateway off or on again, or off and then on.

    Raises:
        Unsupported: its slot has not begun, or it has failed.
    """
    row, view = found.row, found.view
    _require_whole(found)
    if not is_running(view, now=now):
        raise Unsupported(
            f"{row.sliver_urn} is not running; {action} is possible once its slot has begun, at "
            f"{view.slot.start:%Y-%m-%dT%H:%M:%SZ}, and the island is its own"
        )
    if action is Action.START:
        _switch_on(session, found, now=now, actor=actor)
        return
    change = Modification(parts=())
    modification.modify(session, view.id, change, kind=KIND, now=now, actor=actor)
    row.stopped, row.restarting = True, action is Action.RESTART
    if row.restarting:
        row.due_at = now
    else:
        schedule(row, view, row.expires_at)
    session.flush()


def _switch_on(session: Session, found: Found, *, now: datetime, actor: str) -> None:
    row, view = found.row, found.view
    request = load_request(row.request, slice_urn=row.slice_urn, aggregate=row.aggregate)
    change = Modification(parts=gateway_parts(row.gateway, request, login=asked_login(row.request)))
    modification.modify(session, view.id, change, kind=KIND, now=now, actor=actor)
    row.stopped = row.restarting = False
    schedule(row, view, row.expires_at)
    session.flush()


def go_on_restarting(session: Session, found: Found, *, now: datetime, actor: str) -> None:
    """Switch on again what is being restarted, once it is off."""
    row, view = found.row, found.view
    if not is_running(view, now=now):
        row.restarting = False
        schedule(row, view, row.expires_at)
    elif view.modifying_since is None and view.state is State.ACTIVE:
        _switch_on(session, found, now=now, actor=actor)
    else:
        row.due_at = now + LOOK_AGAIN
    session.flush()


def delete(session: Session, found: Found, *, now: datetime, actor: str, reason: str | None = None) -> None:
    """End a sliver: from now on it is not found; what its gateway carries the worker takes off."""
    row = found.row
    row.deleted, row.restarting, row.due_at = True, False, None
    # One that has failed is over, or on its way to be.
    with suppress(WrongState):
        service.cancel(session, row.reservation_id, kind=KIND, now=now, actor=actor, reason=reason)
    session.flush()
