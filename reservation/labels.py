"""Pools of labels (DSCP code points, VLANs): at any instant each label is one reservation's.

A pool is a resource of the calendar that has its labels in its row; a claim on it takes one of them. Of those
that are free throughout a slot it is the lowest by number, found with the pool locked.
"""

import functools
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session, aliased

from reservation import calendar
from reservation.errors import LabelsBooked, LabelsTaken, UnknownResource
from reservation.lifecycle import ON_DEVICES, State
from reservation.model import LabelRequest, TimeSlot
from reservation.moves import lock_reservations
from reservation.overlap import overlapping
from reservation.tables import ClaimRow, ReservationRow, ResourceRow

POOL_PREFIX = "labels:"


def pool_resource(site: str, kind: str) -> str:
    """Name of a site's pool of one kind of labels; it sorts after the site's flows, and before its paths."""
    return f"{POOL_PREFIX}{site}:{kind}"


def offer_labels(session: Session, name: str, labels: Collection[int], *, now: datetime) -> None:
    """Put a pool into the calendar, or change which labels are in it.

    Raises:
        LabelsBooked: some that are in it no more are promised from `now` on.
    """
    row = session.scalar(select(ResourceRow).where(ResourceRow.name == name).with_for_update())
    if row is None:
        row = ResourceRow(name=name, unit="label", longest_seconds=0)
        session.add(row)
    elif missing := _booked(session, row, now) - set(labels):
        raise LabelsBooked(name, missing)
    row.labels = sorted(set(labels))
    row.capacity = len(row.labels)
    session.flush()


def missing_labels(
    session: Session, offered: Mapping[str, Collection[int]], *, now: datetime
) -> tuple[LabelsBooked, ...]:
    """What keeps the pools from being just these, by name: the labels that are promised beyond them.

    Nothing is locked.
    """
    pools = session.scalars(
        select(ResourceRow)
        .where(ResourceRow.name.startswith(POOL_PREFIX, autoescape=True))
        .order_by(ResourceRow.name)
    )
    missing = ((pool.name, _booked(session, pool, now) - set(offered.get(pool.name, ()))) for pool in pools)
    return tuple(LabelsBooked(name, found) for name, found in missing if found)


def _booked(session: Session, pool: ResourceRow, now: datetime) -> set[int]:
    """The labels that are promised from `now` on."""
    booked = select(ClaimRow.label).where(ClaimRow.resource_id == pool.id, ClaimRow.end > now).distinct()
    return {label for label in session.scalars(booked) if label is not None}


def pick_label(session: Session, request: LabelRequest, slot: TimeSlot) -> int:
    """The label that would be taken for the slot; it stays free to the end of the transaction.

    For a door whose flows and parts depend on the label: pick it, and hold it with `among` that one. Whoever
    locks flows of a site has done so before.

    Raises:
        UnknownResource: there is no such pool.
        LabelsTaken: none is free throughout the slot.
    """
    pool = calendar.lock_resources(session, [request.pool])[request.pool]
    return lowest_free(session, pool, request, slot)


def claim_labels(
    session: Session,
    reservation_id: int,
    requests: Sequence[LabelRequest],
    slot: TimeSlot,
    resources: Mapping[str, ResourceRow],
) -> None:
    """Take a label for each request, or nothing. The caller has locked the `resources`, the pools among them.

    Raises:
        UnknownResource: one is no pool.
        LabelsTaken: none is free throughout the slot.
    """
    for request in requests:
        pool = resources[request.pool]
        label = lowest_free(session, pool, request, slot)
        calendar.take(session, reservation_id, pool, 1, slot, label=label)


def lowest_free(
    session: Session, pool: ResourceRow, request: LabelRequest, slot: TimeSlot, *, without: int | None = None
) -> int:
    """The lowest label of a pool, locked by the caller, that will do and is free throughout the slot.

    `without` leaves out one reservation's own labels, for changing it.

    Raises:
        UnknownResource: the resource is no pool.
        LabelsTaken: there is none.
    """
    taken = calendar.taken_labels(session, pool, slot, without=without)
    fitting = [label for label in fitting_labels(pool, request) if label not in taken]
    if not fitting:
        ours = fitting_labels(pool, request)
        asked = ours if request.among is None else request.among
        raise LabelsTaken(pool.name, asked, free_at=min((taken[label] for label in ours), default=None))
    return fitting[0]


def fitting_labels(pool: ResourceRow, request: LabelRequest) -> list[int]:
    """The labels of the pool that will do, in order.

    Raises:
        UnknownResource: the resource is no pool.
    """
    if pool.labels is None:
        raise UnknownResource(f"{pool.name} is no pool of labels")
    return [label for label in sorted(pool.labels) if request.among is None or label in request.among]


def taken_spans(session: Session, pool: ResourceRow, slot: TimeSlot) -> dict[int, list[TimeSlot]]:
    """When the labels of a pool are taken that are so at some instant of the slot. Nothing is locked."""
    claims = select(ClaimRow.label, ClaimRow.start, ClaimRow.end).where(
        overlapping(pool, slot), ClaimRow.label.is_not(None)
    )
    spans: dict[int, list[TimeSlot]] = {}
    for claim in session.execute(claims.order_by(ClaimRow.start)):
        spans.setdefault(claim.label, []).append(TimeSlot(claim.start, claim.end))
    return spans


def holders(session: Session, pool: str, slot: TimeSlot) -> tuple[tuple[TimeSlot, int], ...]:
    """Who has labels of a pool at some instant of the slot: from when to when, and its number, by start.

    Those that a reservation has given up are among them: they are still nobody else's. Nothing is locked.

    Raises:
        UnknownResource: there is no such pool.
    """
    row = calendar.known_resource(session, pool)
    claims = select(ClaimRow.start, ClaimRow.end, ClaimRow.reservation_id).where(
        overlapping(row, slot), ClaimRow.label.is_not(None)
    )
    ordered = claims.order_by(ClaimRow.start, ClaimRow.id)
    return tuple((TimeSlot(start, end), number) for start, end, number in session.execute(ordered))


def labels_of(session: Session, pool: str, slot: TimeSlot) -> dict[int, int]:
    """Which reservations have a label of the pool at some instant of the slot, and which label.

    Those that a reservation has given up are left out. Nothing is locked.

    Raises:
        UnknownResource: there is no such pool.
    """
    row = session.scalar(select(ResourceRow).where(ResourceRow.name == pool))
    if row is None:
        raise UnknownResource(f"there is no resource {pool}")
    claims = select(ClaimRow.reservation_id, ClaimRow.label).where(
        overlapping(row, slot), ClaimRow.label.is_not(None), ~ClaimRow.leaving
    )
    return {found.reservation_id: found.label for found in session.execute(claims)}


def still_held(session: Session, reservation_id: int) -> str | None:
    """What keeps a reservation from the devices: a label of its own that another may still have there."""
    found = session.execute(_holders(), {"reservation": reservation_id}).first()
    if found is None:
        return None
    name, label, kind, other = found
    return f"label {label} of {name}, which {kind} {other} may still have on its devices"


def still_held_of(session: Session, reservation_ids: Collection[int]) -> dict[int, str]:
    """What keeps those of these reservations from the devices that something does; see `still_held`."""
    with_labels = session.scalars(_with_labels(), {"reservations": list(reservation_ids)}).all()
    # Most have no label; of those that have, each is asked for, as the index of claims answers best.
    held = ((number, still_held(session, number)) for number in with_labels)
    return {number: words for number, words in held if words is not None}


@functools.cache
def _with_labels() -> Select[int]:
    # Built once, as the next.
    of_these = ClaimRow.reservation_id.in_(bindparam("reservations", expanding=True))
    return (
        select(ClaimRow.reservation_id)
        .where(of_these, ClaimRow.label.is_not(None), ~ClaimRow.leaving)
        .distinct()
    )


def free_to_start(session: Session, *, now: datetime, within: timedelta) -> tuple[int, ...]:
    """Those whose slot has begun and that wait for a label which is free by now. Nothing is locked.

    `within` is how far ahead of now the next look at one that waits is at most.
    """
    waiting = select(ReservationRow.id).where(
        ReservationRow.state == State.SCHEDULED,
        ReservationRow.waiting_for.is_not(None),
        ReservationRow.start <= now,
        ReservationRow.next_action_at > now,
        ReservationRow.next_action_at <= now + within,
    )
    return tuple(number for number in session.scalars(waiting) if still_held(session, number) is None)


def look_now(session: Session, waiting: Collection[int], *, now: datetime) -> None:
    """Have these looked at now, unless they wait no more.

    In a transaction after the one that freed what they wait for: that has locked a reservation already.
    """
    for row in lock_reservations(session, waiting):
        if row.state is State.SCHEDULED and row.waiting_for is not None and row.start <= now:
            row.next_action_at = now


@functools.cache
def _holders() -> Select[str, int | None, str, int]:
    # Built once: it is asked at every start.
    mine, theirs = aliased(ClaimRow), aliased(ClaimRow)
    same = and_(
        theirs.resource_id == mine.resource_id,
        theirs.label == mine.label,
        theirs.reservation_id != mine.reservation_id,
        # One that is being released may have the label again, in a slot to come.
        theirs.start <= mine.start,
    )
    return (
        select(ResourceRow.name, mine.label, ReservationRow.kind, ReservationRow.id)
        .select_from(mine)
        .join(theirs, same)
        .join(ReservationRow, ReservationRow.id == theirs.reservation_id)
        .join(ResourceRow, ResourceRow.id == mine.resource_id)
        .where(
            mine.reservation_id == bindparam("reservation"),
            ~mine.leaving,
            ReservationRow.state.in_(sorted(ON_DEVICES)),
        )
        .order_by(ResourceRow.name, mine.label, ReservationRow.id)
        .limit(1)
    )
