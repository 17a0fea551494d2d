"""Slivers in the database: found, locked, and told as values."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from reservation import calendar, service
from reservation.device_reports import device_reports
from reservation.model import ReservationView
from reservation.moves import lock_reservations
from tbam.errors import BadArgs, IslandRMMoreSliceWithSameID, IslandRMNotAllocated, RefusedHere
from tbam.requests import load_request
from tbam.states import condition, is_failed, is_there
from tbam.tables import ShutSliceRow, SliverRow
from tbam.urn import BadUrn, Urn, parse_urn
from tbam.values import Owner, Sliver

KIND = "slice"
"""What the core calls our reservations."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the `urns` of a call name.

    Attributes:
        slice_urn: as it was written, or as the sliver's slice was.
        sliver_urns: those that were named; empty for all of the slice.
        missing: those that were named and are not there, where that was allowed.
    """

    slice_urn: str
    sliver_urns: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A sliver that is there: our words, and the core's."""

    row: SliverRow
    view: ReservationView


def slice_key(slice_urn: str) -> str:
    """The one spelling of a slice's URN.

    Raises:
        BadArgs: it is no slice's URN.
    """
    return _parsed(slice_urn, "slice", field="slice_urn").canonical


def resolve(session: Session, urns: Sequence[str], *, now: datetime, best_effort: bool = False) -> Resolved:
    """What one slice URN, or one or more sliver URNs of one slice, name.

    With `best_effort` one of them at least has to be there, else all.

    Raises:
        BadArgs: they are anything else, or of several slices.
        IslandRMNotAllocated: one is of no sliver that is there.
    """
    if not urns:
        raise BadArgs("name one slice, or one or more of its slivers", field="urns")
    read = [_parsed(urn, None, field="urns") for urn in urns]
    slices = [urn for urn in read if urn.is_a("slice")]
    if slices and len(read) == 1:
        return Resolved(str(slices[0]))
    other = next((urn for urn in read if not urn.is_a("sliver")), None)
    if other is not None:
        raise BadArgs(f"{other} is no sliver; name one slice, or one or more of its slivers", field="urns")
    named = tuple(dict.fromkeys(urn.canonical for urn in read))
    found = _there(session, SliverRow.sliver_urn.in_(named), now=now)
    there = {one.row.sliver_urn for one in found}
    if not (best_effort and found):
        _require_all(named, found)
    if len({one.row.slice_key for one in found}) > 1:
        raise BadArgs("the slivers are of several slices; name those of one", field="urns")
    return Resolved(
        found[0].row.slice_urn,
        tuple(urn for urn in named if urn in there),
        tuple(urn for urn in named if urn not in there),
    )


def find(session: Session, asked: Resolved, *, now: datetime) -> tuple[Found, ...]:
    """The slivers that are asked for, by aggregate.

    Raises:
        IslandRMNotAllocated: there is none, or not all that are named.
        RefusedHere: the slice was shut down.
    """
    require_open(session, asked.slice_urn)
    found = slivers_of(session, asked.slice_urn, now=now)
    named = tuple(map(_canonical_sliver, asked.sliver_urns))
    _require_all(named, found)
    if not found:
        raise IslandRMNotAllocated(f"{asked.slice_urn} has nothing allocated here", field="urns")
    return tuple(one for one in found if not named or one.row.sliver_urn in named)


def slivers_of(session: Session, slice_urn: str, *, now: datetime) -> tuple[Found, ...]:
    """Everything that is there of a slice, shut down or not, by aggregate."""
    return _there(session, SliverRow.slice_key == slice_key(slice_urn), now=now)


def find_locked(session: Session, asked: Resolved, *, now: datetime) -> tuple[Found, ...]:
    """As `find`, with the reservations and then the islands locked to the end of the transaction.

    Raises:
        IslandRMNotAllocated, RefusedHere: as `find`.
    """
    numbers = _lock(session, find(session, asked, now=now))
    # Others may have changed them while this one waited for the locks.
    found = find(session, asked, now=now)
    return tuple(one for one in found if one.row.reservation_id in numbers)


def slivers_of_locked(session: Session, slice_urn: str, *, now: datetime) -> tuple[Found, ...]:
    """As `slivers_of`, with the same locks as `find_locked`."""
    numbers = _lock(session, slivers_of(session, slice_urn, now=now))
    found = slivers_of(session, slice_urn, now=now)
    return tuple(one for one in found if one.row.reservation_id in numbers)


def _lock(session: Session, found: Iterable[Found]) -> frozenset[int]:
    numbers = frozenset(one.row.reservation_id for one in found)
    lock_reservations(session, numbers)
    calendar.lock_resources_of(session, numbers)
    return numbers


def live_sliver(session: Session, slice_urn: str, aggregate: str, *, now: datetime) -> Found | None:
    """What a slice has of an island and can be changed, if anything.

    Raises:
        IslandRMMoreSliceWithSameID: it has it twice: never by anything of ours.
    """
    of_island = SliverRow.slice_key == slice_key(slice_urn), SliverRow.aggregate == aggregate
    found = [one for one in _there(session, *of_island, now=now) if not is_failed(one.view)]
    if len(found) > 1:
        raise IslandRMMoreSliceWithSameID(f"{slice_urn} has {aggregate} more than once")
    return found[0] if found else None


def require_open(session: Session, slice_urn: str) -> None:
    """Return if the slice was not shut down.

    Raises:
        RefusedHere: it was.
    """
    shut = session.scalar(select(ShutSliceRow.at).where(ShutSliceRow.slice_key == slice_key(slice_urn)))
    if shut is not None:
        raise RefusedHere(
            f"{slice_urn} was shut down at {shut:%Y-%m-%dT%H:%M:%SZ}; ask the aggregate's operator",
            field="slice_urn",
        )


def tell(session: Session, found: Iterable[Found]) -> tuple[Sliver, ...]:
    """Slivers as they are now."""
    known = list(found)
    reports = device_reports(session, {one.row.gateway for one in known})
    return tuple(
        _tell(session, one, reports[one.row.gateway].error if one.row.gateway in reports else None)
        for one in known
    )


def _tell(session: Session, found: Found, gateway_error: str | None) -> Sliver:
    row, view = found.row, found.view
    told = condition(
        view, service.list_parts(session, view.id), stopped=row.stopped, gateway_error=gateway_error
    )
    request = load_request(row.request, slice_urn=row.slice_urn, aggregate=row.aggregate)
    return Sliver(
        reservation_id=view.id,
        sliver_urn=row.sliver_urn,
        slice_urn=row.slice_urn,
        aggregate=row.aggregate,
        owner=Owner(row.owner_urn, row.owner_subject),
        slot=view.slot,
        expires_at=row.expires_at,
        allocation=told.allocation,
        operational=told.operational,
        stopped=row.stopped,
        error=told.error,
        request=replace(request, slot=view.slot),
    )


def everything_there(session: Session, *, now: datetime) -> tuple[Found, ...]:
    """Every sliver that is there, by aggregate and then by number."""
    return _there(session, now=now)


def _there(session: Session, *which: ColumnElement[bool], now: datetime) -> tuple[Found, ...]:
    rows = session.scalars(
        select(SliverRow)
        .where(~SliverRow.deleted, SliverRow.expires_at > now, *which)
        .order_by(SliverRow.aggregate, SliverRow.reservation_id)
        .execution_options(populate_existing=True)
    ).all()
    numbers = [row.reservation_id for row in rows]
    ours = select(SliverRow.reservation_id).where(SliverRow.reservation_id.in_(numbers))
    views = service.list_reservations(session, kind=KIND, among=ours, limit=len(rows)) if rows else ()
    view = {one.id: one for one in views}
    found = (Found(row, view[row.reservation_id]) for row in rows)
    return tuple(one for one in found if is_there(one.view))


def _require_all(named: Collection[str], found: Collection[Found]) -> None:
    there = {one.row.sliver_urn for one in found}
    missing = next((urn for urn in named if urn not in there), None)
    if missing is not None:
        raise IslandRMNotAllocated(f"there is no sliver {missing}", field="urns")


def _canonical_sliver(urn: str) -> str:
    return _parsed(urn, "sliver", field="urns").canonical


def _parsed(text: str, kind: str | None, *, field: str) -> Urn:
    try:
        return parse_urn(text, kind=kind)
    except BadUrn as error:
        raise BadArgs(str(error), field=field) from error
