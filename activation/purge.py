"""Forgetting pushes that are long past."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from activation.devices import last_change_first
from reservation.tables import DeviceChangeRow, DeviceRow
from store import Store

BATCH = 100
"""Changes deleted in one transaction: each may be as long as a device's whole configuration."""


def purge_changes(store: Store, *, before: datetime) -> int:
    """Delete pushes that began before that instant, `BATCH` at most. Returns how many.

    The last push of a device stays however old it is: it tells whether the device was told to save.
    """
    found = store.read(lambda session: _purgeable(session, before))
    if found:
        store.write(
            lambda session: session.execute(delete(DeviceChangeRow).where(DeviceChangeRow.id.in_(found)))
        )
    return len(found)


def _purgeable(session: Session, before: datetime) -> Sequence[int]:
    found: list[int] = []
    for device in session.scalars(select(DeviceRow.id).order_by(DeviceRow.id)):
        of_device = select(DeviceChangeRow.id).where(DeviceChangeRow.device_id == device)
        last = session.scalar(last_change_first(of_device.where(~DeviceChangeRow.dry_run)).limit(1)) or 0
        old = of_device.where(DeviceChangeRow.at < before, DeviceChangeRow.id != last)
        found += session.scalars(old.order_by(DeviceChangeRow.at).limit(BATCH - len(found)))
        if len(found) == BATCH:
            break
    return found
