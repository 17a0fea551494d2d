"""The devices as the database has them: made known with what their drivers can do, and shown."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from activation.due import look_at_once
from activation.next_hops import forget_hops
from netconfig.inventory import Device
from netconfig.registry import driver_class
from reservation.lifecycle import FINAL, ON_DEVICES, State
from reservation.parts import FORMER, lock_devices, register_device
from reservation.pauses import Pause, list_pauses
from reservation.tables import DeviceChangeRow, DeviceRow, NextHopRow, PartRow, ReservationRow
from store import database_clock


def register_devices(session: Session, devices: Iterable[Device], *, going_live: bool = False) -> None:
    """Make every device of the inventory known, with its driver's capabilities and whether it is a dry run.

    A dry run ceases to be one only with `going_live`: when processes are started that shall configure it.

    Raises:
        UnknownPlatform: a device has a platform without a driver.
        DeviceInUse: as `register_device`.
    """
    for device in sorted(devices, key=lambda device: device.name):
        can = driver_class(device.platform).capabilities
        dry_run = device.dry_run or (False if going_live else None)
        register_device(session, device.name, platform=device.platform, capabilities=can, dry_run=dry_run)


def read_anew(session: Session, names: Collection[str]) -> None:
    """Have these devices read as soon as somebody can: where they are, or how one logs in, has changed.

    Which next hops answer was told by what may be another device.
    """
    for row in lock_devices(session, sorted(names)).values():
        look_at_once(row)
        forget_hops(session, row.name)


@dataclass(frozen=True, slots=True)
class NextHopView:
    """A next hop that a device is asked to watch.

    Attributes:
        down_since: since when it does not answer; None while it does, or nobody can tell.
        asked_at: when the device was last asked.
        told_at: when it last could say whether the next hop answers; None while it never has.
    """

    address: str
    down_since: datetime | None
    asked_at: datetime
    told_at: datetime | None


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
        live_parts: how many parts of reservations that are booked or on devices it has.
        pause: why nothing is pushed to it now.
        evictions: numbers whose objects an operator wants off it though they are strangers.
        dry_run: nothing ever is: it is read, and what it would carry is told.
        next_hops: those that it is asked to watch, in the order of their addresses.
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
    live_parts: int
    pause: Pause | None
    evictions: tuple[int, ...]
    dry_run: bool
    next_hops: tuple[NextHopView, ...] = ()


def view_devices(session: Session) -> tuple[DeviceView, ...]:
    """Every device the database knows, by name."""
    live = _count_parts(session, {*ON_DEVICES, State.SCHEDULED})
    # Of several over one device the one that is over it alone is told.
    pauses = sorted(list_pauses(session), key=lambda pause: pause.device is None)
    hops = _next_hops(session)
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
            live_parts=live.get(row.name, 0),
            pause=next((pause for pause in pauses if pause.device in {None, row.name}), None),
            evictions=tuple(row.evictions),
            dry_run=row.dry_run,
            next_hops=tuple(hops.get(row.id, ())),
        )
        for row in rows
    )


def _next_hops(session: Session) -> dict[int, list[NextHopView]]:
    """What is watched, by the device's id."""
    found: dict[int, list[NextHopView]] = {}
    for row in session.scalars(select(NextHopRow).order_by(NextHopRow.address)):
        hop = NextHopView(row.address, row.down_since, row.asked_at, row.told_at)
        found.setdefault(row.device_id, []).append(hop)
    return found


def stranded_devices(session: Session, known: Collection[str]) -> tuple[tuple[str, int], ...]:
    """Devices that are not among the `known` though reservations that are not over have parts on them.

    By name, with how many parts; nobody would ever take those away, and their reservations never end.
    """
    parts = _count_parts(session, set(State) - FINAL)
    return tuple(sorted((name, count) for name, count in parts.items() if name not in known))


def other_platforms(session: Session, devices: Iterable[Device]) -> tuple[tuple[str, str, int], ...]:
    """Those of the devices that have parts of what is not over, made by the driver of another platform.

    By name, with that platform and how many parts: where those were put only that driver understands.
    """
    parts = _count_parts(session, set(State) - FINAL)
    rows = session.execute(select(DeviceRow.name, DeviceRow.platform))
    known = {row.name: row.platform for row in rows}
    return tuple(
        sorted(
            (device.name, known[device.name], parts[device.name])
            for device in devices
            if device.name in parts and known[device.name] != device.platform
        )
    )


def _count_parts(session: Session, states: Collection[State]) -> dict[str, int]:
    """How many parts of reservations in these states each device has, by name; only those that have any."""
    counted = session.execute(
        select(DeviceRow.name, func.count())
        .select_from(ReservationRow)
        .join(PartRow, PartRow.reservation_id == ReservationRow.id)
        .join(DeviceRow, PartRow.device_id == DeviceRow.id)
        .where(ReservationRow.state.in_(sorted(states)), ~FORMER)
        .group_by(DeviceRow.name)
    )
    return {row[0]: row[1] for row in counted}


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One push to a device: its lines, what the device answered, and how it ended (None: cut short).

    With `dry_run` it was only rehearsed: nothing was sent.
    """

    at: datetime
    device: str
    reservations: tuple[int, ...]
    plan: str
    transcript: str
    duration_ms: int | None
    outcome: str | None
    dry_run: bool


def view_changes(session: Session, device: str, *, limit: int = 20) -> tuple[ChangeView, ...]:
    """The last pushes to a device, newest first."""
    of_device = (
        select(DeviceChangeRow)
        .join(DeviceRow, DeviceChangeRow.device_id == DeviceRow.id)
        .where(DeviceRow.name == device)
    )
    rows = session.scalars(last_change_first(of_device).limit(limit))
    return tuple(
        ChangeView(
            at=row.at,
            device=device,
            reservations=tuple(row.reservations),
            plan=row.plan,
            transcript=row.transcript,
            duration_ms=row.duration_ms,
            outcome=row.outcome,
            dry_run=row.dry_run,
        )
        for row in rows
    )


def pushes_under_way(session: Session) -> tuple[str, ...]:
    """The devices whose last push has not come to its end and whose lease still runs, by name."""
    rows = session.scalars(
        select(DeviceRow).where(DeviceRow.lease_until > database_clock(session)).order_by(DeviceRow.name)
    )
    return tuple(row.name for row in rows if _is_pushed_to(session, row))


def _is_pushed_to(session: Session, row: DeviceRow) -> bool:
    of_device = select(DeviceChangeRow).where(DeviceChangeRow.device_id == row.id)
    last = session.scalars(last_change_first(of_device).limit(1)).first()
    return last is not None and last.outcome is None


def last_change_first(changes: Select[Any]) -> Select[Any]:
    """The query of a device's pushes, in the order that says which is its last."""
    return changes.order_by(DeviceChangeRow.at.desc(), DeviceChangeRow.id.desc())
