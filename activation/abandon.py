"""The way out for a device that will never come back: what is on it counts as gone.

Nothing else ends a reservation whose device does not answer: its bandwidth stays taken until the device was
read to be clean. That it never will be is for an operator to say.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from activation.next_hops import forget_hops
from activation.settle import finish
from reservation import calendar, parts
from reservation.lifecycle import ON_DEVICES, Cause, State
from reservation.moves import lock_reservations
from reservation.pauses import PauseCause, begin_pause
from reservation.service import wish
from reservation.tables import DeviceRow, PartRow, ReservationRow


@dataclass(frozen=True, slots=True)
class Abandonment:
    """What became of the reservations that had parts on the device, by their numbers.

    Attributes:
        released: they waited for it alone.
        leaving: they have more to be taken off elsewhere first, or wait for a later slot after that.
        failed: they were running; they are taken off the other devices and end as failed.
        booked: they are still to come, and stay.
    """

    released: tuple[int, ...]
    leaving: tuple[int, ...]
    failed: tuple[int, ...]
    booked: tuple[int, ...]


def abandon(session: Session, device: str, *, now: datetime, actor: str, reason: str) -> Abandonment:
    """Give up all that a device carries. It is in maintenance from then on: nothing is sent to it any more.

    Raises:
        UnknownDevice: the database does not know the device.
    """
    on_device = (
        select(PartRow.reservation_id).join(ReservationRow).join(DeviceRow).where(DeviceRow.name == device)
    )
    begun = session.scalars(on_device.where(ReservationRow.state.in_(ON_DEVICES)))
    rows = [row for row in lock_reservations(session, begun) if row.state in ON_DEVICES]
    # Before the device, as everywhere in the house: those that end here give back what they took.
    calendar.lock_resources_of(session, [row.id for row in rows])
    begin_pause(
        session, PauseCause.MAINTENANCE, device=device, now=now, actor=actor, reason=f"abandoned: {reason}"
    )
    forget_hops(session, device)
    words = f"{device} was abandoned: {reason}"
    told: dict[str, list[int]] = {"released": [], "leaving": [], "failed": []}
    for row in rows:
        _give_up_parts(session, row, device)
        told[_give_up(session, row, words, now=now, actor=actor)].append(row.id)
    later = on_device.where(ReservationRow.state.in_([State.HELD, State.SCHEDULED]))
    return Abandonment(
        released=tuple(told["released"]),
        leaving=tuple(told["leaving"]),
        failed=tuple(told["failed"]),
        booked=tuple(sorted(set(session.scalars(later)))),
    )


def _give_up_parts(session: Session, row: ReservationRow, device: str) -> None:
    of_reservation = parts.parts_of(session, row.id)
    there = [part for part in of_reservation if part.device.name == device]
    elsewhere = [part for part in of_reservation if part.device.name != device]
    waits = row.state is not State.RELEASING or not all(map(_is_gone, elsewhere))
    # What is to come again later keeps its parts.
    waits = waits and not _is_moved_later(row)
    for part in there:
        if waits:
            # If the device does come back no pass shall wait for it again. What is named for a reservation
            # without a part is taken off then.
            session.delete(part)
            continue
        part.wanted = False
        part.synced_generation = max(part.synced_generation, part.generation)
        part.error = part.detour = None
    session.flush()


def _is_moved_later(row: ReservationRow) -> bool:
    # A wish until the next tick, the cause of the release after it.
    return Cause.MOVED_LATER in {row.wish, row.release_cause}


def _is_gone(part: PartRow) -> bool:
    return not part.wanted and parts.in_sync(part)


def _give_up(session: Session, row: ReservationRow, words: str, *, now: datetime, actor: str) -> str:
    moved_later = _is_moved_later(row)
    if row.state is not State.RELEASING and not moved_later:
        if row.wish is None:
            wish(row, Cause.REJECTED, now=now, actor=actor, reason=words)
        return "failed"
    row.reason = words if row.reason is None else f"{row.reason}; {words}"
    if moved_later or not all(map(_is_gone, parts.parts_of(session, row.id))):
        return "leaving"
    finish(session, row, Cause.ABANDONED, now=now, actor=actor)
    return "released"
