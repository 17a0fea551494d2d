"""What the database knows of devices beside what they carry: what they can do, and what they last told."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from reservation.errors import UnknownDevice
from reservation.tables import DeviceRow


def capabilities_of(session: Session, devices: Collection[str]) -> dict[str, frozenset[str]]:
    """What each of these devices can carry, in the words of `netconfig.capability.Capability`.

    Raises:
        UnknownDevice: the database does not know one of them.
    """
    found = session.execute(select(DeviceRow.name, DeviceRow.capabilities).where(DeviceRow.name.in_(devices)))
    can = {row.name: frozenset(row.capabilities) for row in found}
    for device in devices:
        if device not in can:
            raise UnknownDevice(f"there is no device {device}")
    return can


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """What the database knows of a device, without its configuration.

    Attributes:
        capabilities: what it can carry, in the words of `netconfig.capability.Capability`.
        facts: what it last told of itself, JSON values: a gateway's `switches` and `links`.
        error: why it could not be brought to what it should carry, in words; None where it could.
    """

    capabilities: frozenset[str]
    facts: Mapping[str, object]
    error: str | None


def device_reports(session: Session, devices: Collection[str]) -> dict[str, DeviceReport]:
    """What is known of those of these devices that the database has, by name."""
    rows = session.execute(
        select(DeviceRow.name, DeviceRow.capabilities, DeviceRow.facts, DeviceRow.error).where(
            DeviceRow.name.in_(devices)
        )
    )
    return {row.name: DeviceReport(frozenset(row.capabilities), row.facts, row.error) for row in rows}
