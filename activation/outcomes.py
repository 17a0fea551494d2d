"""What a pass over a device came to. Failures live on devices and parts, not on reservations."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from netconfig.driver import Plan
from netconfig.errors import DeviceError, NotConverged, Rejected
from reservation.lifecycle import ON_DEVICES, Cause, State
from reservation.parts import in_sync
from reservation.service import wish
from reservation.tables import DeviceRow, PartRow, ReservationRow

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=1)


def pause_after(failures: int) -> timedelta:
    """How long a device is left alone after that many failures in a row: doubling, jittered, bounded.

    The jitter keeps devices that failed together from coming back together.
    """
    doubled: timedelta = FIRST_PAUSE * 2 ** min(failures - 1, 10)
    return min(doubled, LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret


def note_failure(row: DeviceRow, error: DeviceError, now: datetime) -> None:
    """The device could not be read or pushed to: keep everything, try again later."""
    row.failures += 1
    row.next_attempt_at = now + pause_after(row.failures)
    row.error_code, row.error = error.code, error.words


def note_refusal(row: DeviceRow, session: Session, refusal: Rejected, now: datetime) -> None:
    """The device refused a line: the reservations that need it fail, in the device's words; no others."""
    refused = session.scalars(select(PartRow).where(PartRow.id.in_(sorted(refusal.parts)))).all()
    failing = [part for part in refused if part.wanted]
    for part in failing:
        part.error = refusal.words
        owner = session.get_one(ReservationRow, part.reservation_id)
        if owner.state in {State.ACTIVATING, State.ACTIVE}:
            wish(owner, Cause.REJECTED, now=now, actor=row.name, reason=str(refusal))
    if failing:
        # The owner is being taken off: there is a next pass, and it will not send that line.
        row.error_code, row.error = refusal.code, refusal.words
        row.next_attempt_at = None
    else:
        note_failure(row, refusal, now)


def note_result(row: DeviceRow, session: Session, generation: int, left: Plan, now: datetime) -> None:
    """The device was read back: each part for itself is in sync or is not.

    `left` is what would still have to be done; empty on a device that is as it should be.
    """
    parts = session.scalars(
        select(PartRow)
        .join(ReservationRow, PartRow.reservation_id == ReservationRow.id)
        .where(PartRow.device_id == row.id, PartRow.generation <= generation)
        .where(ReservationRow.state.in_(ON_DEVICES))
    ).all()
    for part in parts:
        if _pending(left, part):
            part.synced_generation = min(part.synced_generation, part.generation - 1)
            part.error = "the device took the lines and reads back otherwise"
        else:
            part.synced_generation = generation
            part.error = None
    _note_degraded(session, parts, now)
    row.read_at = now
    row.strangers = list(left.strangers)
    if left:
        note_failure(row, NotConverged(row.name, f"still to do after a push: {str(left).strip()}"), now)
        return
    row.synced_generation = max(row.synced_generation, generation)
    row.failures = 0
    row.next_attempt_at = row.error_code = row.error = None


def _pending(left: Plan, part: PartRow) -> bool:
    if left.pending(part.id):
        return True
    return not part.wanted and any(
        line.removal and line.reservation_id == part.reservation_id for line in left.lines
    )


def _note_degraded(session: Session, parts: Sequence[PartRow], now: datetime) -> None:
    missing = {part.reservation_id for part in parts if part.wanted and not in_sync(part)}
    owners = session.scalars(
        select(ReservationRow).where(ReservationRow.id.in_({part.reservation_id for part in parts}))
    )
    for owner in owners:
        if owner.state is State.ACTIVE and owner.id in missing:
            owner.degraded_since = owner.degraded_since or now
        elif owner.degraded_since is not None:
            owner.degraded_since = None
