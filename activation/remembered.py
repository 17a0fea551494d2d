"""What parts may have left on a device that nothing on the device says is theirs."""

from contextlib import suppress

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from netconfig.driver import PartIntent, Placement
from netconfig.intent import load_intent
from reservation.lifecycle import FINAL
from reservation.parts import FORMER
from reservation.tables import DeviceRow, PartRow, ReservationRow

REMEMBERED = 5_000
"""Of so many reservations, the newest, it is still known what they had in lists of the site's."""

OURS = ("LS-", "LS ")
"""What the names of our own objects, and fingerprints, begin with, on every platform."""


def read_over(session: Session, row: DeviceRow) -> list[PartIntent]:
    """Parts that are long gone, but may come back with a configuration that somebody kept.

    Their reservations are over, or were modified. Only those that nothing on the device would give away.
    Looked for where nothing else is to be expected: a part that is new meanwhile and takes such a line for
    the site's is put right with the next look.
    """
    # By rank: numbers are left out where others were seen on a device.
    newest_first = select(ReservationRow.id).order_by(ReservationRow.id.desc())
    forgotten = session.scalar(newest_first.offset(REMEMBERED).limit(1)) or 0
    rows = session.execute(
        select(PartRow.id, PartRow.reservation_id, PartRow.intent, PartRow.placement)
        .join(ReservationRow, PartRow.reservation_id == ReservationRow.id)
        .where(PartRow.reservation_id > forgotten, PartRow.device_id == row.id, ~PartRow.dry_run)
        .where(or_(ReservationRow.state.in_(FINAL), FORMER))
        .order_by(PartRow.id)
    )
    over = []
    for part_id, reservation_id, intent, placement in rows:
        if not is_found_by_name(placement):
            # What cannot be understood any more was told while its reservation lived.
            with suppress(ValueError):
                loaded = load_intent(intent)
                over.append(PartIntent(part_id, reservation_id, loaded, False, placement, over=True))
    return over


def is_found_by_name(placement: Placement) -> bool:
    """Whether all that a part can have left is in objects of our own, named after its reservation.

    A placement that holds more than names of ours and numbers remembers lines in something of the site's;
    those are known by nothing else, and what they mean only the driver could tell, from the intent.
    """
    return all(
        isinstance(value, int) or (isinstance(value, str) and value.startswith(OURS))
        for value in placement.values()
    )
