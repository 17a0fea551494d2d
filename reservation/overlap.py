"""What a slot overlaps: which claims on a resource, and the most that they take of it at one instant."""

import functools
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from reservation.model import TimeSlot
from reservation.tables import ClaimRow, ResourceRow


def overlapping(resource: ResourceRow, slot: TimeSlot) -> ColumnElement[bool]:
    """The claims on a resource that some instant of the slot falls into, as a condition on `ClaimRow`."""
    return and_(
        ClaimRow.resource_id == resource.id,
        # No live claim is longer than the longest, so none that started before this still runs.
        ClaimRow.start > _earliest_start(slot, resource),
        ClaimRow.start < slot.end,
        slot.start < ClaimRow.end,
    )


def _earliest_start(slot: TimeSlot, resource: ResourceRow) -> datetime:
    try:
        return slot.start - timedelta(seconds=resource.longest_seconds)
    except OverflowError:
        # Someone booked for thousands of years; that must not be the end of all bookings.
        return datetime.min.replace(tzinfo=UTC)


def peak(session: Session, resource: ResourceRow, slot: TimeSlot, *, without: int | None = None) -> int:
    """The most that is taken of a resource at any instant of the slot, in its unit.

    `without` leaves out one reservation's own claims, for changing it.
    """
    asked = {
        "resource": resource.id,
        "earliest": _earliest_start(slot, resource),
        "start": slot.start,
        "end": slot.end,
        "without": without,
    }
    return int(session.connection().scalar(_peak_query(everybody=without is None), asked) or 0)


@functools.cache
def _peak_query(*, everybody: bool) -> Select[tuple[int | None]]:
    # Built once: building it costs more than running it.
    start = bindparam("start", type_=ClaimRow.start.type)
    end = bindparam("end", type_=ClaimRow.end.type)
    # Those of `overlapping`.
    begins, ends = _as_stored(ClaimRow.start), _as_stored(ClaimRow.end)
    taken = select(begins.label("start"), ends.label("end"), ClaimRow.amount).where(
        ClaimRow.resource_id == bindparam("resource"),
        ClaimRow.start > bindparam("earliest"),
        ClaimRow.start < end,
        start < ends,
    )
    if not everybody:
        taken = taken.where(ClaimRow.reservation_id != bindparam("without"))
    claims = taken.cte("taken")
    # What has begun by the start counts from there as one, and what outlasts the slot is not taken off: so
    # only what begins or ends within is put in order, which is little beside what overlaps.
    begun = func.coalesce(func.sum(claims.c.amount), 0)
    steps = union_all(
        select(start.label("at"), begun.label("change")).where(claims.c.start <= start),
        select(claims.c.start.label("at"), claims.c.amount.label("change")).where(claims.c.start > start),
        select(claims.c.end.label("at"), (-claims.c.amount).label("change")).where(claims.c.end < end),
    ).subquery()
    # At one instant the ends count before the starts: that is what half-open means.
    level = func.sum(steps.c.change).over(order_by=(steps.c.at, steps.c.change), rows=(None, 0))
    levels = select(level.label("level")).subquery()
    return select(func.max(levels.c.level))


def _as_stored(instant: InstrumentedAttribute[datetime]) -> ColumnElement[datetime]:
    # To SQLite a column of times is one of numbers, and it tries to read every text as one before comparing
    # it; with what an expression gives it does not. A third of the whole query.
    return func.coalesce(instant, instant)
