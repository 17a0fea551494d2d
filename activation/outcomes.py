"""What a pass over a device came to. Failures live on devices and parts, not on reservations.

Each function is one transaction's work under the device's lease. Reservations are locked before the device,
as everywhere in the house.
"""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from activation.backing_off import LONGEST_PAUSE, pause_after, soon
from activation.leases import held
from netconfig.driver import Plan
from netconfig.errors import DeviceError, NetconfigError, NotConverged, Rejected, Waiting
from netconfig.intent import IpAddress
from reservation.lifecycle import ON_DEVICES, Cause, State
from reservation.moves import lock_reservations
from reservation.parts import in_sync
from reservation.pauses import pause_over
from reservation.service import wish
from reservation.tables import DeviceRow, PartRow, ReservationRow
from store import ASKED_AT_ONCE

MISREADS = 3
"""Pushes in a row that a part is taken with and reads back otherwise before it is called `NotConverged`."""
MISREAD = "the device took the lines again and again and reads back otherwise"


@dataclass(frozen=True, slots=True)
class Visit:
    """One pass over one device: on whose turn, and what it can speak for.

    Attributes:
        token: of the lease it is made under.
        generation: the device's when the pass began; parts switched since are the next pass's.
        unreadable: parts whose intent cannot be understood; of those nothing is said.
        by_name: those of the unreadable that are to go and can be found by their reservation's number.
        detours: the fallbacks by which it has parts go, by part id.
        withheld: parts that are wanted and not to be there now, for they wait for their next hop.
    """

    device: str
    token: str
    generation: int
    unreadable: frozenset[int] = frozenset()
    by_name: frozenset[int] = frozenset()
    detours: Mapping[int, IpAddress] = field(default_factory=dict)
    withheld: frozenset[int] = frozenset()


def note_failure(session: Session, visit: Visit, error: NetconfigError, *, now: datetime) -> None:
    """The device could not be read or pushed to: keep everything, try again later."""
    _back_off(held(session, visit.device, visit.token), error, now)


def note_refusal(session: Session, visit: Visit, refusal: Rejected, *, now: datetime) -> None:
    """The device refused a line: the reservations that need it fail, in the device's words; no others.

    The device is left alone for a moment: until the line is out of what it should carry. While nothing may
    be pushed nobody fails: an operator may be at work on what is in the way.
    """
    if pause_over(session, visit.device) is not None:
        note_failure(session, visit, refusal, now=now)
        return
    row = fail_parts(session, visit, refusal.parts, words=refusal.words, now=now)
    _back_off(row, refusal, now)


def fail_parts(
    session: Session, visit: Visit, part_ids: Collection[int], *, words: str, now: datetime
) -> DeviceRow:
    """The reservations that want these parts fail, for that reason. Returns the device's row, locked."""
    of_parts = select(PartRow.reservation_id).where(PartRow.id.in_(sorted(part_ids)))
    owners = {owner.id: owner for owner in lock_reservations(session, session.scalars(of_parts))}
    row = held(session, visit.device, visit.token)
    failing = select(PartRow).where(PartRow.id.in_(sorted(part_ids)))
    for part in session.scalars(failing.execution_options(populate_existing=True)):
        part.error = words
        owner = owners[part.reservation_id]
        if part.wanted and owner.wish is None and owner.state in {State.ACTIVATING, State.ACTIVE}:
            reason = f"{visit.device}: {words}"
            wish(owner, Cause.REJECTED, now=now, actor=visit.device, reason=reason)
    return row


def note_difference(
    session: Session, visit: Visit, plan: Plan, *, saved: bool = True, now: datetime
) -> DeviceRow:
    """The device was read, and the plan is what it lacks: each part for itself is in sync or is not.

    Nothing that the device may forget at a reboot is in sync: unless what it carries is known to be `saved`,
    only what it lacks is noted. An active reservation that lacks something is degraded from now on. Returns
    the device's row, locked.
    """
    missing, leaving = _concerned(plan)
    owners = lock_reservations(session, _may_degrade(session, visit, missing))
    row = held(session, visit.device, visit.token)
    for part in _judged(session, row, visit, plan):
        if part.id in missing or (not part.wanted and part.reservation_id in leaving):
            part.synced_generation = min(part.synced_generation, part.generation - 1)
            if part.id in visit.withheld and part.reservation_id not in leaving:
                part.detour = None
        elif saved:
            _note_in_sync(part, visit)
    if plan:
        # A pass that is cut short from here on is taken up at once, not at the next look for drift.
        row.synced_generation = min(row.synced_generation, visit.generation - 1)
    for owner in owners:
        _note_degraded(session, owner, now)
    row.read_at = now
    row.strangers = list(plan.strangers)
    return row


def note_result(
    session: Session,
    visit: Visit,
    left: Plan,
    *,
    found: Collection[int],
    facts: Mapping[str, object],
    now: datetime,
) -> None:
    """The pass is over and the device was read back; `left` is what would still have to be done.

    `found` are the reservations of which something was read though no part of theirs is wanted there, `facts`
    what the device told of itself.
    """
    row = note_difference(session, visit, left, now=now)
    # What it does not tell this time it has told before.
    known = {**row.facts, **facts}
    if row.facts != known:
        row.facts = known
    _note_gone_by_name(session, row, visit, left, found)
    row.error_code = row.error = None
    if not left:
        row.synced_generation = max(row.synced_generation, visit.generation)
        row.failures = 0
        row.next_attempt_at = None
        return
    stubborn = _note_misreads(session, row, visit, left)
    waiting = Waiting(row.name, "; ".join(line.waits for line in left.lines if line.waits))
    if left.due:
        # What waits is not in the way of what is only to be tried again.
        _back_off(row, NotConverged(row.name, f"still to do after a push: {str(left).strip()}"), now)
        if not stubborn:
            _tell(row, waiting if waiting.words else None)
    else:
        row.failures = 0
        row.next_attempt_at = now + soon(LONGEST_PAUSE)
        _tell(row, waiting)
    if row.generation > visit.generation:
        # Parts that came meanwhile need not wait for those.
        row.next_attempt_at = None


def _note_misreads(session: Session, row: DeviceRow, visit: Visit, left: Plan) -> bool:
    """Count what was pushed for and reads back otherwise, part by part; True if some of it is `NotConverged`.

    What only waits is told why and not counted: nothing was sent for it.
    """
    missing, leaving = _concerned(Plan(left.due))
    counts: list[int] = []
    for part in _judged(session, row, visit, left):
        if in_sync(part):
            continue
        if part.id in missing or (not part.wanted and part.reservation_id in leaving):
            part.misreads += 1
            part.error = MISREAD if part.misreads >= MISREADS else None
            counts.append(part.misreads)
        else:
            part.misreads = 0
            part.error = "; ".join(line.waits for line in left.lines if part.id in line.parts) or None
    # Lines that are no part's (what half of a header left) are counted on the device.
    return bool(left.due) and max(counts, default=row.failures + 1) >= MISREADS


def _note_gone_by_name(
    session: Session, row: DeviceRow, visit: Visit, left: Plan, found: Collection[int]
) -> None:
    """What is left of a known reservation is taken away whether its part can be read or not."""
    if not visit.by_name:
        return
    _, leaving = _concerned(left)
    if any(line.removal and line.reservation_id is None for line in left.lines):
        # It may be of any of them.
        return
    by_name = _reached().where(PartRow.id.in_(sorted(visit.by_name)), ~PartRow.wanted)
    for part in session.scalars(by_name, {"device": row.id, "generation": visit.generation}):
        if part.reservation_id not in leaving and part.reservation_id not in found:
            _note_in_sync(part, visit)


def _note_in_sync(part: PartRow, visit: Visit) -> None:
    part.synced_generation = max(part.synced_generation, part.generation)
    detour = visit.detours.get(part.id)
    part.detour = None if detour is None else str(detour)
    part.misreads = 0
    part.error = None


def _back_off(row: DeviceRow, error: NetconfigError, now: datetime) -> None:
    row.failures += 1
    row.next_attempt_at = now + pause_after(row.failures)
    _tell(row, error)


def _tell(row: DeviceRow, error: NetconfigError | None) -> None:
    row.error_code = error.code if error else None
    row.error = error.words if isinstance(error, DeviceError) else str(error) if error else None


def _concerned(plan: Plan) -> tuple[set[int], set[int]]:
    """The parts that need a line of the plan, and the reservations something is still to be removed of."""
    missing = {part for line in plan.lines for part in line.parts}
    leaving = {line.reservation_id for line in plan.lines if line.removal and line.reservation_id is not None}
    return missing, leaving


def _judged(session: Session, row: DeviceRow, visit: Visit, plan: Plan) -> list[PartRow]:
    """The parts the pass can speak for and may have something new to say of; the plan is what they lack."""
    missing, leaving = _concerned(plan)
    # They may be in sync and have come to be so by another way.
    missing |= visit.detours.keys()
    asked = {"device": row.id, "generation": visit.generation}
    if len(missing) + len(leaving) <= ASKED_AT_ONCE:
        # Most parts of a busy device are as they were: those are left where they are.
        named = {"missing": sorted(missing), "leaving": sorted(leaving)}
        reached = session.scalars(_reached_with_news(), {**asked, **named})
    else:
        reached = session.scalars(_reached(), asked)
    return [part for part in reached if part.id not in visit.unreadable]


@functools.cache
def _reached() -> Select[PartRow]:
    # Built once, as the others below: every pass asks them. The parts that were switched before it began.
    return (
        select(PartRow)
        .join(ReservationRow, PartRow.reservation_id == ReservationRow.id)
        .where(PartRow.device_id == bindparam("device"), PartRow.generation <= bindparam("generation"))
        .where(ReservationRow.state.in_(sorted(ON_DEVICES)))
        .execution_options(populate_existing=True)
    )


@functools.cache
def _reached_with_news() -> Select[PartRow]:
    return _reached().where(
        or_(
            PartRow.synced_generation < PartRow.generation,
            PartRow.error.is_not(None),
            PartRow.misreads > 0,
            PartRow.detour.is_not(None),
            PartRow.id.in_(bindparam("missing", expanding=True)),
            and_(~PartRow.wanted, PartRow.reservation_id.in_(bindparam("leaving", expanding=True))),
        )
    )


def _may_degrade(session: Session, visit: Visit, missing: Collection[int]) -> list[int]:
    """The active reservations whose `degraded_since` may change."""
    asked = {"device": visit.device, "missing": sorted(missing)}
    return list(session.scalars(_actives_that_may_change(), asked))


@functools.cache
def _actives_that_may_change() -> Select[int]:
    is_missing = PartRow.id.in_(bindparam("missing", expanding=True))
    return (
        select(ReservationRow.id)
        .join(PartRow, PartRow.reservation_id == ReservationRow.id)
        .join(DeviceRow, PartRow.device_id == DeviceRow.id)
        .where(DeviceRow.name == bindparam("device"), ReservationRow.state == State.ACTIVE)
        .where(or_(ReservationRow.degraded_since.is_not(None), is_missing))
    )


def _note_degraded(session: Session, owner: ReservationRow, now: datetime) -> None:
    # On any device: what one repaired does not mend another.
    behind = select(PartRow.id).where(
        PartRow.reservation_id == owner.id, PartRow.wanted, PartRow.synced_generation < PartRow.generation
    )
    if owner.modifying_since is not None:
        # What is only now being brought has not drifted.
        behind = behind.where(PartRow.superseded)
    if owner.state is State.ACTIVE and session.scalar(behind.limit(1)) is not None:
        owner.degraded_since = owner.degraded_since or now
    else:
        owner.degraded_since = None
