"""What devices must carry, part by part. The intents are opaque here.

A part is in sync when a pass over its device that began at the part's generation, or later, read back
that the device carries it if wanted and does not otherwise.
"""

import functools
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session

from reservation.errors import DeviceInUse, UnknownDevice
from reservation.lifecycle import FINAL, ON_DEVICES, State
from reservation.model import PartRequest
from reservation.new_rows import add_rows
from reservation.row_locks import lock_by_name
from reservation.tables import DeviceRow, PartRow, ReservationRow

FORMER = and_(PartRow.superseded, ~PartRow.wanted, PartRow.synced_generation >= PartRow.generation)
"""What a reservation had before it was modified, read to be gone, as a condition: it asks for nothing more.

Such a part is kept for what it had in something of the site's, see `activation.remembered`.
"""


def lock_devices(session: Session, names: Sequence[str]) -> dict[str, DeviceRow]:
    """The devices by name, locked in the order of their names: the last lock of the house's order.

    Raises:
        UnknownDevice: the database does not know one of them.
    """
    wanted = sorted(set(names))
    found = lock_by_name(session, DeviceRow, wanted)
    for name in wanted:
        if name not in found:
            raise UnknownDevice(f"there is no device {name}")
    return found


def register_device(
    session: Session, name: str, *, platform: str, capabilities: Iterable[str], dry_run: bool | None = False
) -> None:
    """Make a device known, or note that it now is of another platform or can do other things.

    A device that is a dry run no more is to be given all it was only said to carry. With `dry_run` None one
    that is known stays what it is.

    Raises:
        DeviceInUse: it is to be a dry run and carries something: that would never be taken off.
    """
    row = session.scalar(select(DeviceRow).where(DeviceRow.name == name).with_for_update())
    if row is None:
        row = DeviceRow(name=name, dry_run=bool(dry_run))
        session.add(row)
    row.platform = platform
    row.capabilities = sorted(capabilities)
    session.flush()
    if dry_run is not None and row.dry_run != dry_run:
        _change_mode(session, row, dry_run=dry_run)
        session.flush()


def _change_mode(session: Session, row: DeviceRow, *, dry_run: bool) -> None:
    of_device = select(PartRow).join(ReservationRow).where(PartRow.device_id == row.id)
    carried = session.scalars(of_device.where(ReservationRow.state.in_(ON_DEVICES))).all()
    if dry_run and (held := [part for part in carried if not is_former(part)]):
        raise DeviceInUse(
            f"device {row.name} cannot become a dry run: {len(held)} parts of reservations that "
            "have begun are on it and would never be taken off; let them end first, or freeze pushes"
        )
    row.dry_run, row.shadow = dry_run, None
    row.generation += 1
    row.failures = 0
    row.next_attempt_at = row.error_code = row.error = None
    for part in session.scalars(of_device.where(ReservationRow.state.not_in(FINAL))):
        part.dry_run = dry_run
    for part in carried:
        # What was rehearsed was sent nowhere.
        part.generation, part.placement = row.generation, {}
        part.error = part.detour = None


def rehearsed(session: Session, reservation_ids: Collection[int]) -> frozenset[int]:
    """Those of these reservations of which some device was told, or would be, only in a dry run."""
    found = select(PartRow.reservation_id).where(
        PartRow.reservation_id.in_(sorted(reservation_ids)), PartRow.dry_run
    )
    return frozenset(session.scalars(found))


def detoured(session: Session, reservation_ids: Collection[int]) -> frozenset[int]:
    """Those of these reservations of which some device has packets go by a fallback, as last read."""
    found = select(PartRow.reservation_id).where(
        PartRow.reservation_id.in_(sorted(reservation_ids)), PartRow.wanted, PartRow.detour.is_not(None)
    )
    return frozenset(session.scalars(found))


def add_parts(session: Session, reservation_id: int, requests: Sequence[PartRequest]) -> None:
    """Store what the devices will have to carry, not wanted yet.

    Raises:
        UnknownDevice: the database does not know one of the devices.
    """
    if not requests:
        return
    names = {request.device for request in requests}
    found = session.execute(
        select(DeviceRow.name, DeviceRow.id, DeviceRow.dry_run).where(DeviceRow.name.in_(names))
    )
    known = {row.name: row for row in found}
    for request in requests:
        if request.device not in known:
            raise UnknownDevice(f"there is no device {request.device}")
    rows = [
        {
            "reservation_id": reservation_id,
            "device_id": known[request.device].id,
            "dry_run": known[request.device].dry_run,
            "stage": request.stage,
            "intent": dict(request.intent),
        }
        for request in requests
    ]
    add_rows(session, PartRow, rows)


def requested_parts(
    session: Session, *, kind: str, states: Iterable[State]
) -> dict[int, tuple[PartRequest, ...]]:
    """What was asked of the devices for reservations of a kind in these states, by reservation."""
    rows = session.execute(
        select(PartRow.reservation_id, DeviceRow.name, PartRow.stage, PartRow.intent)
        .join(DeviceRow, PartRow.device_id == DeviceRow.id)
        .join(ReservationRow, PartRow.reservation_id == ReservationRow.id)
        .where(ReservationRow.kind == kind, ReservationRow.state.in_(list(states)), ~PartRow.superseded)
        .order_by(PartRow.stage, PartRow.id)
    )
    found: dict[int, list[PartRequest]] = {}
    for row in rows:
        request = PartRequest(device=row.name, stage=row.stage, intent=row.intent)
        found.setdefault(row.reservation_id, []).append(request)
    return {number: tuple(requests) for number, requests in found.items()}


def replace_parts(
    session: Session, reservation_id: int, requests: Sequence[PartRequest], *, on_devices: bool
) -> bool:
    """Let a reservation have these parts; those of before that are like one of them stay as they are.

    Of the others, those that may be on devices are superseded, to be taken away once the new ones are there.
    Returns whether there is anything to bring or to take away.

    Raises:
        UnknownDevice: the database does not know one of the devices.
    """
    # One that is being taken away already is brought anew rather than called back.
    former = [part for part in parts_of(session, reservation_id) if part.wanted or not part.superseded]
    coming = []
    for request in requests:
        same = next((part for part in former if _is_like(part, request)), None)
        if same is None:
            coming.append(request)
        else:
            former.remove(same)
            same.superseded = False
    for part in former:
        if on_devices and part.wanted:
            part.superseded = True
        else:
            session.delete(part)
    add_parts(session, reservation_id, coming)
    session.flush()
    superseded = [part for part in parts_of(session, reservation_id) if part.superseded]
    return bool(coming) or not all(map(is_former, superseded))


def _is_like(part: PartRow, request: PartRequest) -> bool:
    asked = request.device, request.stage, dict(request.intent)
    return (part.device.name, part.stage, part.intent) == asked


def lock_devices_of(session: Session, reservation_ids: Collection[int]) -> None:
    """Lock every device that has parts of these reservations: for who will switch those of several."""
    names = session.scalars(_devices_of(), {"reservations": list(reservation_ids)})
    lock_devices(session, list(names))


@functools.cache
def _devices_of() -> Select[str]:
    # Built once, as the next: every start and every end asks them.
    return (
        select(DeviceRow.name)
        .join(PartRow, PartRow.device_id == DeviceRow.id)
        .where(PartRow.reservation_id.in_(bindparam("reservations", expanding=True)))
        .distinct()
    )


def parts_of(session: Session, reservation_id: int) -> list[PartRow]:
    """The reservation's parts, far to near: by stage, then in the order they were asked for."""
    return parts_of_each(session, [reservation_id])[reservation_id]


def parts_of_each(session: Session, reservation_ids: Collection[int]) -> dict[int, list[PartRow]]:
    """The parts of each of these reservations, in the order of `parts_of`, in one question."""
    found: dict[int, list[PartRow]] = {number: [] for number in reservation_ids}
    for part in session.scalars(_parts_of_each(), {"reservations": list(found)}):
        found[part.reservation_id].append(part)
    return found


@functools.cache
def _parts_of_each() -> Select[PartRow]:
    return (
        select(PartRow)
        .where(PartRow.reservation_id.in_(bindparam("reservations", expanding=True)))
        .order_by(PartRow.stage, PartRow.id)
    )


def switch(session: Session, parts: Sequence[PartRow], *, wanted: bool) -> None:
    """Want these parts, or want them no more; their devices get a new generation to be brought to.

    A device that is being left alone after a failure is tried at once: what was in its way may have been
    what is switched here.
    """
    devices = lock_devices(session, [part.device.name for part in parts])
    for device in devices.values():
        device.generation += 1
        device.next_attempt_at = None
    for part in parts:
        part.wanted = wanted
        part.generation = part.device.generation
        part.misreads = 0
        part.error = None


def tell_end(session: Session, reservation_id: int, *, able: str) -> None:
    """Give those devices of a reservation a new generation that have this capability: its end has changed.

    No part is switched: all of them stay as much in sync as they are.
    """
    of_reservation = [part for part in parts_of(session, reservation_id) if part.wanted]
    if not any(able in part.device.capabilities for part in of_reservation):
        return
    # All of them, in the one order: whoever is next may switch parts on any.
    for device in lock_devices(session, [part.device.name for part in of_reservation]).values():
        if able in device.capabilities:
            device.generation += 1
            device.next_attempt_at = None


def in_sync(part: PartRow) -> bool:
    """Whether the device has been read to be as the part wants it."""
    return part.synced_generation >= part.generation


def is_former(part: PartRow) -> bool:
    """Whether the part is `FORMER`."""
    return part.superseded and not part.wanted and in_sync(part)
