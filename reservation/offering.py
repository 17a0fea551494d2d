"""What there is to take: resources offered to the calendar, made larger or smaller, and withdrawn."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reservation.errors import CapacityBooked
from reservation.model import TimeSlot
from reservation.overlap import peak
from reservation.row_locks import lock_by_name
from reservation.tables import ClaimRow, ResourceRow


def offer(session: Session, name: str, *, capacity: int, unit: str, now: datetime) -> None:
    """Put a resource into the calendar, or change how much of it there is.

    Raises:
        CapacityBooked: less than what is promised from `now` on.
    """
    row = session.scalar(select(ResourceRow).where(ResourceRow.name == name).with_for_update())
    if row is None:
        row = ResourceRow(name=name, longest_seconds=0)
        session.add(row)
    elif capacity < row.capacity:
        booked = _booked(session, row, now)
        if booked > capacity:
            raise CapacityBooked(name, offered=capacity, booked=booked)
    row.capacity = capacity
    row.unit = unit
    session.flush()


def overbooked(
    session: Session, offered: Mapping[str, int], *, prefix: str, now: datetime
) -> tuple[CapacityBooked, ...]:
    """What keeps resources so prefixed from being just these, with these capacities; by name, nothing locked.

    One for each that is to be less than it is, or offered no more, and of which more is promised from `now`
    on. What is being released may be promised beyond the capacity there is: that is nobody's who changes
    something else.
    """
    rows = session.scalars(
        select(ResourceRow)
        .where(ResourceRow.name.startswith(prefix, autoescape=True))
        .order_by(ResourceRow.name)
    )
    shrinking = (row for row in rows if offered.get(row.name, 0) < row.capacity)
    booked = ((row.name, _booked(session, row, now)) for row in shrinking)
    return tuple(
        CapacityBooked(name, offered=offered.get(name, 0), booked=amount)
        for name, amount in booked
        if amount > offered.get(name, 0)
    )


def lock_prefixed(session: Session, prefix: str) -> None:
    """Lock every resource so prefixed, in the order of their names, to the end of the transaction."""
    names = session.scalars(
        select(ResourceRow.name).where(ResourceRow.name.startswith(prefix, autoescape=True))
    )
    lock_by_name(session, ResourceRow, sorted(names))


def withdraw_others(session: Session, offered: Collection[str], *, prefix: str, now: datetime) -> None:
    """See that nothing is promised from `now` on of a resource so prefixed that is offered no more.

    Raises:
        CapacityBooked: something is; the first by name is told.
    """
    others = session.scalars(
        select(ResourceRow)
        .where(ResourceRow.name.startswith(prefix, autoescape=True), ResourceRow.name.not_in(offered))
        .order_by(ResourceRow.name)
        .with_for_update()
    )
    for row in others:
        if booked := _booked(session, row, now):
            raise CapacityBooked(row.name, offered=0, booked=booked)


def _booked(session: Session, row: ResourceRow, now: datetime) -> int:
    """The most that is promised of a resource at any instant from `now` on."""
    last = session.scalar(select(func.max(ClaimRow.end)).where(ClaimRow.resource_id == row.id))
    return peak(session, row, TimeSlot(now, last)) if last is not None and last > now else 0
