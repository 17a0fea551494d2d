"""What passes by the parts on a device: asked now and then, and kept as totals.

A device counts from when it began: after a reboot, where somebody cleared its counters, and in an object
that was made anew. The totals are ours and only grow. No failure here is a failure of the device: it is
logged, its session is closed for it may be in disorder, and it is asked again later. One whose session broke,
or whose counters fell, is read at once: it may have begun anew, without what it should carry.
"""

import functools
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session

from activation.clock import Clock
from activation.detours import as_last_read
from activation.due import WorkerSettings, is_due_again, last_done, look_at_once, may_be_asked
from activation.leases import LeaseLost, held
from activation.log import logger
from activation.wanted import read_wanted
from netconfig.capability import Capability
from netconfig.driver import Count, DeviceDriver, PartIntent, is_counting
from netconfig.errors import NetconfigError, StateUnknown, Unreachable
from reservation.lifecycle import ON_DEVICES
from reservation.parts import in_sync
from reservation.tables import DeviceRow, PartRow, ReservationRow
from store import ASKED_AT_ONCE, Store, StoreUnavailable

MOST = 2**63 - 1
"""No count and no total is higher: that is what every database can hold, and no device gets there."""

log = logger("counting")


def devices_to_count(
    session: Session, devices: Collection[str], settings: WorkerSettings, now: datetime
) -> list[str]:
    """Those of the devices that carry something and were not asked what passes for `count_every`.

    First who was not asked for longest: they may not all be asked at once.
    """
    if settings.count_every <= timedelta(0):
        return []
    asked = {**last_done(now, every=settings.count_every), "owner": settings.owner}
    found = session.execute(_devices_not_asked(), asked)
    return [name for name, can in found if name in devices and Capability.COUNTERS in can]


@functools.cache
def _devices_not_asked() -> Select[str, list[str]]:
    # Built once: it is asked at every strike.
    carries = exists().where(
        PartRow.device_id == DeviceRow.id,
        PartRow.wanted,
        PartRow.synced_generation >= PartRow.generation,
        PartRow.reservation_id == ReservationRow.id,
        ReservationRow.state.in_(sorted(ON_DEVICES)),
    )
    return (
        select(DeviceRow.name, DeviceRow.capabilities)
        .where(or_(DeviceRow.counted_at.is_(None), is_due_again(DeviceRow.counted_at)))
        .where(carries, *may_be_asked())
        .order_by(DeviceRow.counted_at.is_not(None), DeviceRow.counted_at, DeviceRow.name)
    )


def count_device(store: Store, device: str, driver: DeviceDriver, *, token: str, clock: Clock) -> None:
    """Ask a device what passes by all that it carries, and add it up; one that fails is asked again later.

    Raises:
        LeaseLost: the token is not the device's any more; nothing was written.
        StoreUnavailable: the database is away.
    """
    wanted = store.read(lambda session: read_wanted(session, device))
    parts = as_last_read(wanted.parts, wanted.detours)
    count_parts(store, device, driver, parts, token=token, clock=clock)


def count_parts(
    store: Store, device: str, driver: DeviceDriver, parts: Sequence[PartIntent], *, token: str, clock: Clock
) -> bool:
    """The same for these parts, as they were placed; whether the device told.

    Raises:
        LeaseLost, StoreUnavailable: as `count_device`.
    """
    if not is_counting(driver):
        return True
    placed = [part for part in parts if part.placement and not part.over]
    # As of when it is asked: what passes while it answers is told the next time.
    now = clock.now()
    counts: Mapping[int, Count] = {}
    told = broken = False
    try:
        counts = driver.count(placed) if placed else {}
        _require_sane(device, counts.values())
        told = True
    except NetconfigError as error:
        broken = isinstance(error, Unreachable)
        log.warning("device not counted", device=device, code=error.code, error=str(error))
    except (LeaseLost, StoreUnavailable):
        raise
    except Exception:
        log.exception("device not counted", device=device)
    if not told:
        driver.close()
    asked = [part.part_id for part in placed] if told else []
    store.write(lambda session: _note_counts(session, device, token, asked, counts, broken=broken, now=now))
    return told


def _require_sane(device: str, counts: Collection[Count]) -> None:
    for count in counts:
        if not (0 <= count.packets <= MOST and 0 <= (count.octets or 0) <= MOST):
            raise StateUnknown(device, f"it counts {count.packets} packets, {count.octets} octets")


def _note_counts(
    session: Session,
    device: str,
    token: str,
    asked: Sequence[int],
    counts: Mapping[int, Count],
    *,
    broken: bool,
    now: datetime,
) -> None:
    row = held(session, device, token)
    row.counted_at = now
    # Whether the device may have begun anew, and carry what it began with.
    anew = broken
    for begin in range(0, len(asked), ASKED_AT_ONCE):
        parts = select(PartRow).where(PartRow.id.in_(asked[begin : begin + ASKED_AT_ONCE]))
        for part in session.scalars(parts.execution_options(populate_existing=True)):
            if part.id in counts:
                anew = add_count(part, counts[part.id], now=now) or anew
            else:
                # What is not there any more begins anew when it is.
                anew = anew or (part.wanted and in_sync(part) and part.read_packets is not None)
                part.read_packets = part.read_octets = None
    if anew:
        look_at_once(row)


def add_count(part: PartRow, count: Count, *, now: datetime) -> bool:
    """Add what a device says of a part to what passed before; where it says less, it began anew.

    Returns whether it did.
    """
    before = Count(part.read_packets or 0, part.read_octets)
    anew = count.packets < before.packets or _is_less(count.octets, before.octets)
    if anew:
        before = Count(0, None)
    more = Count(count.packets - before.packets, _grown(count.octets, before.octets))
    part.packets = min((part.packets or 0) + more.packets, MOST)
    if more.octets is not None:
        part.octets = min((part.octets or 0) + more.octets, MOST)
    part.read_packets = count.packets
    part.read_octets = before.octets if count.octets is None else count.octets
    part.counted_at = now
    if more.packets or more.octets:
        part.grew_at = now
    return anew


def _is_less(octets: int | None, before: int | None) -> bool:
    # What is not told this time says nothing.
    return octets is not None and before is not None and octets < before


def _grown(octets: int | None, before: int | None) -> int | None:
    return None if octets is None else octets - (before or 0)
