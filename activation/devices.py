"""The devices as the database has them: made known with what their drivers can do, and shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from netconfig.inventory import Device
from netconfig.registry import driver_class
from reservation.parts import register_device
from reservation.tables import DeviceChangeRow, DeviceRow


def register_devices(session: Session, devices: Iterable[Device]) -> None:
    """Make every device of the inventory known, with its driver's capabilities.

    Raises:
        UnknownPlatform: a device has a platform without a driver.
    """
    for device in sorted(devices, key=lambda device: device.name):
        can = driver_class(device.platform).capabilities
        register_device(session, device.name, platform=device.platform, capabilities=can)


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device as operators see it.

    Attributes:
        in_sync: it was last read to be as the database wants it.
        read_at: when that was.
        error_code, error: what is wrong with it; None when nothing is.
        next_attempt_at: when it is tried again after a failure.
        worker: who has it now.
        strangers: objects on it that look like ours and are not, one sentence each.
    """

    name: str
    platform: str
    in_sync: bool
    generation: int
    read_at: datetime | None
    failures: int
    error_code: str | None
    error: str | None
    next_attempt_at: datetime | None
    worker: str | None
    strangers: tuple[str, ...]


def view_devices(session: Session) -> tuple[DeviceView, ...]:
    """Every device the database knows, by name."""
    rows = session.scalars(select(DeviceRow).order_by(DeviceRow.name))
    return tuple(
        DeviceView(
            name=row.name,
            platform=row.platform,
            in_sync=row.synced_generation >= row.generation
            and row.read_at is not None
            and not row.error_code,
            generation=row.generation,
            read_at=row.read_at,
            failures=row.failures,
            error_code=row.error_code,
            error=row.error,
            next_attempt_at=row.next_attempt_at,
            worker=row.lease_owner,
            strangers=tuple(row.strangers),
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One push to a device: its lines, what the device answered, and how it ended (None: cut short)."""

    at: datetime
    device: str
    reservations: tuple[int, ...]
    plan: str
    transcript: str
    duration_ms: int | None
    outcome: str | None


def view_changes(session: Session, device: str, *, limit: int = 20) -> tuple[ChangeView, ...]:
    """The last pushes to a device, newest first."""
    rows = session.scalars(
        select(DeviceChangeRow)
        .join(DeviceRow, DeviceChangeRow.device_id == DeviceRow.id)
        .where(DeviceRow.name == device)
        .order_by(DeviceChangeRow.id.desc())
        .limit(limit)
    )
    return tuple(
        ChangeView(
            at=row.at,
            device=device,
            reservations=tuple(row.reservations),
            plan=row.plan,
            transcript=row.transcript,
            duration_ms=row.duration_ms,
            outcome=row.outcome,
        )
        for row in rows
    )
