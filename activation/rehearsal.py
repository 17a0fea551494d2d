"""Dry run: a pass over a device that is read and never configured.

Its parts settle against a shadow, the text that it would carry by now; what would have been sent is kept as
a change like any other, marked as rehearsed, once for each change.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from activation.outcomes import Visit, note_result
from netconfig.driver import Config, Plan
from reservation.parts import lock_devices
from reservation.tables import DeviceChangeRow

REHEARSED = "rehearsed"


class ModeChanged(Exception):
    """The device became a dry run, or ceased to be one, since the pass began; nothing was written."""


def waiting(plan: Plan) -> Plan:
    """What a push of the plan would leave to do."""
    return Plan(tuple(line for line in plan.lines if line.waits), plan.strangers)


def note_rehearsal(
    session: Session,
    visit: Visit,
    change: Callable[[int], DeviceChangeRow] | None,
    desired: Config,
    left: Plan,
    *,
    facts: Mapping[str, object],
    now: datetime,
) -> None:
    """The device would carry what is desired by now, but for what is `left`.

    `change` makes the row of what would have been sent, from the device's id; None where nothing would.

    Raises:
        ModeChanged: the device is no dry run any more.
    """
    note_result(session, visit, left, found=(), facts=facts, now=now)
    row = lock_devices(session, [visit.device])[visit.device]
    if not row.dry_run:
        raise ModeChanged
    row.shadow = desired.text
    if change is not None:
        made = change(row.id)
        made.dry_run, made.outcome, made.duration_ms = True, REHEARSED, 0
        session.add(made)
