"""Who has what, when: claims on resources, judged by their peak; labels of pools, each judged by itself.

A slot is refused when at some instant of it the claims that overlap there would exceed the capacity; the
sum over the slot says nothing. Slots are half-open, so at an instant where one claim ends and another
starts only the second counts.
"""

import functools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, bindparam, delete, func, select
from sqlalchemy.orm import Session

from reservation.errors import CapacityExceeded, LabelsTaken, UnknownResource
from reservation.model import ClaimRequest, TimeSlot
from reservation.new_rows import add_rows
from reservation.overlap import overlapping, peak
from reservation.row_locks import lock_by_name
from reservation.tables import ClaimRow, ResourceRow

UNLIMITED = 2**62
"""The capacity of a resource that has room for everybody; what is taken of it is noted and not added up."""


def lock_resources(session: Session, names: Iterable[str]) -> dict[str, ResourceRow]:
    """The resources by name, locked in the order of their names to the end of the transaction.

    Raises:
        UnknownResource: one of them is not in the calendar.
    """
    wanted = sorted(set(names))
    found = lock_by_name(session, ResourceRow, wanted)
    for name in wanted:
        if name not in found:
            raise UnknownResource(f"there is no resource {name}")
    return found


def lock_resources_of(session: Session, reservation_ids: Collection[int]) -> None:
    """Lock all that these reservations have taken of: for who will give back what several of them have."""
    names = session.scalars(_resources_of(), {"reservations": list(reservation_ids)}).all()
    if names:
        lock_resources(session, names)


def known_resource(session: Session, name: str) -> ResourceRow:
    """The resource of that name, which nothing keeps from changing.

    Raises:
        UnknownResource: it is not in the calendar.
    """
    row = session.scalar(select(ResourceRow).where(ResourceRow.name == name))
    if row is None:
        raise UnknownResource(f"there is no resource {name}")
    return row


def claim(
    session: Session,
    reservation_id: int,
    requests: Sequence[ClaimRequest],
    slot: TimeSlot,
    resources: Mapping[str, ResourceRow],
) -> None:
    """Take all that is asked for, or nothing. The caller has locked the `resources`, all that are asked of.

    Raises:
        UnknownResource: one is a pool of labels.
        CapacityExceeded: one has not enough left throughout the slot; the first by name is told.
    """
    amounts = summed(requests)
    for name, amount in sorted(amounts.items()):
        require_free(session, resources[name], amount, slot)
    rows = [_row(reservation_id, resources[name], amount, slot) for name, amount in amounts.items()]
    add_rows(session, ClaimRow, rows)


def summed(requests: Iterable[ClaimRequest]) -> dict[str, int]:
    """How much is asked for of each resource."""
    amounts: dict[str, int] = {}
    for request in requests:
        amounts[request.resource] = amounts.get(request.resource, 0) + request.amount
    return amounts


def require_free(
    session: Session, resource: ResourceRow, amount: int, slot: TimeSlot, *, without: int | None = None
) -> None:
    """Return if that much of a resource, locked by the caller, is left throughout the slot.

    Raises:
        UnknownResource: it is a pool of labels.
        CapacityExceeded: less is left.
    """
    if resource.labels is not None:
        raise UnknownResource(f"{resource.name} is a pool: ask for one of its labels")
    if resource.capacity >= UNLIMITED:
        return
    free = resource.capacity - peak(session, resource, slot, without=without)
    if amount > free:
        raise CapacityExceeded(resource.name, asked=amount, free=max(free, 0))


def taken_labels(
    session: Session, pool: ResourceRow, slot: TimeSlot, *, without: int | None = None
) -> dict[int, datetime]:
    """The labels of a pool that are taken at some instant of the slot, each with when it is given back."""
    taken = select(ClaimRow.label, func.max(ClaimRow.end).label("until")).where(
        overlapping(pool, slot), ClaimRow.label.is_not(None)
    )
    if without is not None:
        taken = taken.where(ClaimRow.reservation_id != without)
    return {row.label: row.until for row in session.execute(taken.group_by(ClaimRow.label))}


def require_label(
    session: Session, pool: ResourceRow, label: int, slot: TimeSlot, *, without: int | None = None
) -> None:
    """Return if a label of a pool, locked by the caller, is free throughout the slot.

    Raises:
        LabelsTaken: it is not.
    """
    taken = taken_labels(session, pool, slot, without=without)
    if label in taken:
        raise LabelsTaken(pool.name, [label], free_at=taken[label])


def take(
    session: Session,
    reservation_id: int,
    resource: ResourceRow,
    amount: int,
    slot: TimeSlot,
    *,
    label: int | None = None,
    leaving: bool = False,
) -> None:
    """Write a claim down without asking whether there is room; the resource is locked by the caller."""
    add_rows(session, ClaimRow, [_row(reservation_id, resource, amount, slot, label, leaving=leaving)])


def _row(
    reservation_id: int,
    resource: ResourceRow,
    amount: int,
    slot: TimeSlot,
    label: int | None = None,
    *,
    leaving: bool = False,
) -> dict[str, object]:
    """A claim to be written; from now on the calendar looks back as far as it is long."""
    seconds = _whole_seconds(slot)
    if seconds > resource.longest_seconds:  # noqa: PLR1730 - assigned to, the row would be looked at again
        resource.longest_seconds = seconds
    return {
        "reservation_id": reservation_id,
        "resource_id": resource.id,
        "amount": amount,
        "label": label,
        "leaving": leaving,
        "start": slot.start,
        "end": slot.end,
        "length_seconds": seconds,
    }


def keep_claims(
    session: Session, reservation_id: int, *, until: datetime, only_leaving: bool = False
) -> None:
    """Let a reservation's claims, or those it has given up, last until that instant: devices may carry it.

    A little at a time, renewed by every pass: an end in the far future would refuse every later booking
    and make the calendar look back for ever.
    """
    for row, resource in claims_of(session, reservation_id, only_leaving=only_leaving):
        move_claim(session, row, resource, end=max(until, row.start + timedelta(seconds=1)))


def extend_claims(session: Session, reservation_id: int, *, until: datetime) -> None:
    """Let a reservation's claims last until that later instant, all of them or none.

    Those it has given up last as long, unasked: devices that carry them still are waited for until then.

    Raises:
        CapacityExceeded: a resource has not enough left throughout the added time; the first by name is told.
        LabelsTaken: a label is another's then.
    """
    everything = claims_of(session, reservation_id)
    held = [(row, resource) for row, resource in everything if not row.leaving]
    amounts: dict[str, int] = {}
    for row, resource in held:
        amounts[resource.name] = amounts.get(resource.name, 0) + row.amount
    for row, resource in sorted(held, key=lambda one: one[1].name):
        added = TimeSlot(row.end, until)
        if row.label is None:
            require_free(session, resource, amounts[resource.name], added, without=reservation_id)
        else:
            require_label(session, resource, row.label, added, without=reservation_id)
    for row, resource in everything:
        move_claim(session, row, resource, end=max(until, row.end))


def free_claims(session: Session, reservation_id: int, *, only_leaving: bool = False) -> None:
    """Give back everything the reservation has taken, or what it has given up."""
    held = claims_of(session, reservation_id, only_leaving=only_leaving)
    freed = delete(ClaimRow).where(ClaimRow.reservation_id == reservation_id)
    session.execute(freed.where(ClaimRow.leaving) if only_leaving else freed)
    for row, resource in held:
        _note_length(session, resource, was=row.length_seconds, now=0)


def claims_of(
    session: Session, reservation_id: int, *, only_leaving: bool = False, locking: Iterable[str] = ()
) -> list[tuple[ClaimRow, ResourceRow]]:
    """What a reservation has taken, with all the resources locked, and those beside them to be `locking`.

    Raises:
        UnknownResource: one of the latter is not in the calendar.
    """
    claims = session.execute(_claims_of(), {"reservation": reservation_id})
    found = [(row, name) for row, name in claims if row.leaving or not only_leaving]
    names = {*locking, *(name for _, name in found)}
    resources = lock_resources(session, names) if names else {}
    return [(row, resources[name]) for row, name in found]


def amounts_of(session: Session, reservation_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """How much each of these reservations has of which resource, labels and what it gave up left out.

    Nothing is locked.
    """
    found: dict[int, dict[str, int]] = {number: {} for number in reservation_ids}
    claims = session.execute(
        select(ClaimRow.reservation_id, ResourceRow.name, ClaimRow.amount)
        .join(ResourceRow, ClaimRow.resource_id == ResourceRow.id)
        .where(ClaimRow.reservation_id.in_(list(found)), ClaimRow.label.is_(None), ~ClaimRow.leaving)
    )
    for number, resource, amount in claims:
        found[number][resource] = found[number].get(resource, 0) + amount
    return found


@functools.cache
def _resources_of() -> Select[str]:
    # Built once, as the next: every end asks them.
    return (
        select(ResourceRow.name)
        .join(ClaimRow, ClaimRow.resource_id == ResourceRow.id)
        .where(ClaimRow.reservation_id.in_(bindparam("reservations", expanding=True)))
        .distinct()
    )


@functools.cache
def _claims_of() -> Select[ClaimRow, str]:
    return (
        select(ClaimRow, ResourceRow.name)
        .join(ResourceRow, ClaimRow.resource_id == ResourceRow.id)
        .where(ClaimRow.reservation_id == bindparam("reservation"))
        .order_by(ClaimRow.id)
    )


def move_claim(
    session: Session,
    row: ClaimRow,
    resource: ResourceRow,
    *,
    end: datetime,
    start: datetime | None = None,
) -> None:
    """Let a claim, its resource locked by the caller, last until then, and begin at another time if given."""
    was = row.length_seconds
    row.start, row.end = start or row.start, end
    row.length_seconds = _whole_seconds(TimeSlot(row.start, row.end))
    _note_length(session, resource, was=was, now=row.length_seconds)


def free_claim(session: Session, row: ClaimRow, resource: ResourceRow) -> None:
    """Give a claim back, its resource locked by the caller."""
    session.delete(row)
    _note_length(session, resource, was=row.length_seconds, now=0)


def _note_length(session: Session, resource: ResourceRow, *, was: int, now: int) -> None:
    """Keep the resource's `longest_seconds` right after a claim of it became longer, shorter or nothing."""
    if now < was >= resource.longest_seconds:
        longest = select(func.max(ClaimRow.length_seconds)).where(ClaimRow.resource_id == resource.id)
        session.flush()
        resource.longest_seconds = session.scalar(longest) or 0
    else:
        resource.longest_seconds = max(resource.longest_seconds, now)


def _whole_seconds(slot: TimeSlot) -> int:
    # Rounded up: the bound must never be shorter than the claim.
    return math.ceil(slot.length.total_seconds())
