"""A pass that may not push: what it would do is noted, and the device is read again in a while."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from activation.log import logger
from activation.outcomes import Visit
from netconfig.driver import Plan
from reservation.pauses import Pause
from reservation.tables import DeviceRow, PartRow

LOOK_AGAIN = timedelta(minutes=1)
"""How often a device is read on which something would be done if nothing held it back."""

log = logger("held back")


def note_held_back(
    session: Session, row: DeviceRow, visit: Visit, plan: Plan, pause: Pause, *, now: datetime
) -> None:
    """Nothing of the plan is sent while the pause stands. `row` is the device's, locked, the plan noted."""
    log.info("held back", device=row.name, lines=len(plan.lines), pause=pause.cause)
    row.synced_generation = min(row.synced_generation, visit.generation - 1)
    row.failures = 0
    row.error_code = row.error = None
    row.next_attempt_at = now + LOOK_AGAIN
    if row.generation > visit.generation:
        # What was switched meanwhile need not wait: the device may be as it wants it.
        row.next_attempt_at = None
    missing = {part for line in plan.lines for part in line.parts}
    waiting = select(PartRow).where(PartRow.id.in_(sorted(missing)), PartRow.generation <= visit.generation)
    for part in session.scalars(waiting):
        part.error = f"held back: {pause}"
