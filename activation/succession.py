"""Which parts of a reservation come next, and which go next: what tick begins and settle continues.

Coming goes stage by stage upwards; then what a modification superseded goes, the highest stage first. Each
step looks at the parts alone, so whoever takes it goes on from wherever the last one stopped.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from activation.remembered import is_found_by_name
from reservation import calendar, conflicts, labels, parts
from reservation.lifecycle import Cause, State
from reservation.moves import move
from reservation.tables import PartRow, ReservationRow

WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the next step of a reservation depends on.

    Attributes:
        parts: all it has, far to near.
        held: what keeps it from the devices, see `labels.still_held`.
    """

    parts: list[PartRow]
    held: str | None


def standing(session: Session, reservation_id: int) -> Standing:
    """How one reservation stands."""
    return standings(session, [reservation_id])[reservation_id]


def standings(session: Session, reservation_ids: Collection[int]) -> dict[int, Standing]:
    """How each of these reservations stands, before any of them moves."""
    held = labels.still_held_of(session, reservation_ids)
    of_each = parts.parts_of_each(session, reservation_ids)
    return {number: Standing(found, held.get(number)) for number, found in of_each.items()}


def go_on(session: Session, row: ReservationRow, stands: Standing, now: datetime) -> None:
    """Take the next step of a reservation that is activating, or active and being modified.

    Does nothing while a device is still to be brought to what the last step wants.
    """
    current = [part for part in stands.parts if not part.superseded]
    if not all(parts.in_sync(part) for part in current if part.wanted):
        return
    ahead = [part for part in current if not part.wanted]
    if ahead:
        row.waiting_for = stands.held
        if row.waiting_for is None:
            parts.switch(session, [part for part in ahead if part.stage == ahead[0].stage], wanted=True)
        return
    if row.state is State.ACTIVATING:
        move(session, row, Cause.IN_SYNC, now=now, actor=WORKER)
        row.activated_at = now
        row.next_action_at = row.end
    _take_away(session, row, [part for part in stands.parts if part.superseded])


def _take_away(session: Session, row: ReservationRow, superseded: list[PartRow]) -> None:
    """Take the next of what a modification superseded, or end the modification."""
    if not all(parts.in_sync(part) for part in superseded if not part.wanted):
        return
    if row.modifying_since is not None and not release_next_stage(session, superseded):
        forget_former(session, row)


def forget_former(session: Session, row: ReservationRow) -> None:
    """Give back what a reservation had before it was modified: no device carries it any more."""
    calendar.free_claims(session, row.id, only_leaving=True)
    conflicts.forget_leaving(session, row.id)
    for part in parts.parts_of(session, row.id):
        # What it had in something of the site's may come back: that only the part can tell.
        if part.superseded and not part.wanted and (part.dry_run or is_found_by_name(part.placement)):
            session.delete(part)
    row.modifying_since = None


def release_next_stage(session: Session, of_reservation: list[PartRow]) -> bool:
    """Want the highest stage still wanted no more; False when no stage is."""
    wanted = [part for part in of_reservation if part.wanted]
    if not wanted:
        return False
    highest = max(part.stage for part in wanted)
    parts.switch(session, [part for part in wanted if part.stage == highest], wanted=False)
    return True
