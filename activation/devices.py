"""Telling the database which devices there are and what their drivers can do; doors read it there."""

from collections.abc import Iterable
from uuid import uuid4

from sqlalchemy.orm import Session

from netconfig.inventory import Device
from netconfig.registry import driver_class
from reservation.parts import register_device
from reservation.tables import IdentityRow


def register_devices(session: Session, devices: Iterable[Device]) -> None:
    """Make every device of the inventory known, with its driver's capabilities.

    Raises:
        UnknownPlatform: a device has a platform without a driver.
    """
    for device in sorted(devices, key=lambda device: device.name):
        can = driver_class(device.platform).capabilities
        register_device(session, device.name, platform=device.platform, capabilities=can)


def database_identity(session: Session) -> str:
    """The database's own UUID, made at its first use: what marks an object on a device as this database's."""
    row = session.get(IdentityRow, 1)
    if row is None:
        row = IdentityRow(id=1, database_uuid=str(uuid4()))
        session.add(row)
        session.flush()
    return row.database_uuid
