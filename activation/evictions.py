"""Objects named as ours that an operator wants off a device though this database did not put them there.

They may have its own fingerprint: restored from a copy, it knows nothing of what it sent later. What it knows
to have sent is of a reservation of which some part was placed on the device.

The operator's command writes down which; a worker takes them off at its next pass, alone among what may be
pushed while devices are only observed.
"""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from activation.adoption import is_adopted
from netconfig.driver import Config
from reservation.moves import HIGHEST_ID
from reservation.parts import lock_devices
from reservation.pauses import PauseCause
from reservation.tables import DeviceRow, IdentityRow, PartRow

ALLOWED_WHILE = frozenset({PauseCause.OBSERVE})


class NoStranger(Exception):
    """There is nothing on the device under that number that this database did not put there."""

    code = "no-stranger"


def strange_fingerprint(session: Session, device: str, actual: Config, number: int) -> str:
    """The fingerprint of the stranger's objects of that number; empty where it is gone.

    Raises:
        NoStranger: there are none, or they are this database's own.
    """
    if number not in actual.found:
        raise NoStranger(f"nothing there is named for reservation {number}")
    fingerprint = actual.found[number]
    own = fingerprint in {"", session.scalar(select(IdentityRow.database_uuid))}
    if 0 < number <= HIGHEST_ID and (
        _was_placed(session, device, number) if own else is_adopted(session, number, fingerprint)
    ):
        raise NoStranger(
            f"what is there of reservation {number} is this database's own: it goes when its ticket ends"
        )
    return fingerprint


def _was_placed(session: Session, device: str, number: int) -> bool:
    """Whether this database can have sent anything of that reservation to the device."""
    placements = session.scalars(
        select(PartRow.placement)
        .join(DeviceRow, PartRow.device_id == DeviceRow.id)
        .where(PartRow.reservation_id == number, DeviceRow.name == device)
    )
    return any(placements)


def order_eviction(session: Session, device: str, number: int) -> None:
    """Have a worker take off what is there of that number, if it is a stranger's then.

    Raises:
        UnknownDevice: the database does not know the device.
    """
    row = lock_devices(session, [device])[device]
    row.evictions = sorted({*row.evictions, number})
    row.generation += 1
    row.next_attempt_at = None


def drop_evictions(session: Session, device: str, numbers: Collection[int]) -> None:
    """These are done, or there is nothing to be done."""
    row = lock_devices(session, [device])[device]
    row.evictions = [number for number in row.evictions if number not in numbers]
