"""Which next hops answer a device: asked before anything is steered towards them, and every few seconds.

What is known stands in rows, one for each next hop that a wanted part of the device goes by, so that a crash
or another worker changes nothing of it. Those rows say who is asked; a pass over the device makes them, and
takes away what no part needs any more.

A device that cannot tell is no failure: what is known stays so. One whose session broke is read at once, for
it may have begun anew.
"""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address

from sqlalchemy import Select, bindparam, delete, exists, func, select
from sqlalchemy.orm import Session

from activation.clock import Clock
from activation.due import WorkerSettings, is_due_again, last_done, look_at_once, may_be_asked
from activation.hysteresis import Hop
from activation.leases import held
from activation.log import logger
from netconfig.capability import Capability
from netconfig.driver import AskingDriver, DeviceDriver, is_asking
from netconfig.errors import DeviceError, NetconfigError, StateUnknown, Unreachable
from netconfig.intent import IpAddress
from reservation.tables import DeviceRow, NextHopRow
from store import Store

AT_A_TIME = 4
"""How many next hops are asked for before a slot may come between: a device waits for each that is silent."""

log = logger("next hops")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of asking a device.

    Attributes:
        told: whether it is answered, by next hop; those of which it could not tell are missing.
        untold: why it could not.
        unclear: what it said was no answer.
        broken: the session broke over it.
    """

    told: Mapping[IpAddress, bool]
    untold: str = ""
    unclear: bool = False
    broken: bool = False


def devices_to_ask(
    session: Session, devices: Collection[str], settings: WorkerSettings, now: datetime
) -> list[str]:
    """Those of the devices that have next hops to watch and were not asked for `ask_hops_every`.

    First who was not asked for longest: they may not all be asked at once.
    """
    if settings.ask_hops_every <= timedelta(0):
        return []
    asked = {**last_done(now, every=settings.ask_hops_every), "owner": settings.owner}
    found = session.execute(_devices_not_asked(), asked)
    return [name for name, can in found if name in devices and Capability.NEXT_HOPS in can]


@functools.cache
def _devices_not_asked() -> Select[str, list[str]]:
    # Built once: it is asked at every strike.
    watches = exists().where(NextHopRow.device_id == DeviceRow.id, is_due_again(NextHopRow.asked_at))
    last = select(func.min(NextHopRow.asked_at)).where(NextHopRow.device_id == DeviceRow.id).scalar_subquery()
    return (
        select(DeviceRow.name, DeviceRow.capabilities)
        .where(watches, *may_be_asked())
        .order_by(last, DeviceRow.name)
    )


def read_hops(session: Session, device_id: int) -> dict[IpAddress, Hop]:
    """What is known of the next hops that a device is asked to watch."""
    rows = session.scalars(_hops_of(), {"device": device_id})
    return {ip_address(row.address): _known(row) for row in rows}


@functools.cache
def _hops_of() -> Select[NextHopRow]:
    # Built once: every pass asks it.
    return select(NextHopRow).where(NextHopRow.device_id == bindparam("device"))


def _known(row: NextHopRow) -> Hop:
    return Hop(row.told_at, row.misses, row.answers, row.down_since)


def ask_device(
    store: Store,
    device: str,
    driver: DeviceDriver,
    *,
    token: str,
    every: timedelta,
    lately: timedelta,
    clock: Clock,
) -> None:
    """Ask a device which of the next hops that it watches answer; where one comes or goes, a pass is due.

    Of those that it was not asked for so long as `every`, `AT_A_TIME`. One that cannot tell, or fails, is
    asked again later.

    Raises:
        LeaseLost: the token is not the device's any more; nothing was written.
        StoreUnavailable: the database is away.
    """
    begun = clock.now()
    asked = store.read(lambda session: _not_asked(session, device, every=every, now=begun))
    if not asked:
        return
    answer = _ask(device, driver, asked)
    now = clock.now()

    def note(session: Session) -> Mapping[IpAddress, Hop]:
        row = held(session, device, token)
        if answer.broken and _has_told(session, row, asked):
            # Only then: one on which each question ends the session would be read for each.
            look_at_once(row)
        return _note(session, row, asked, answer.told, lately=lately, begun=begun, now=now)

    _log_changes(device, store.write(note))


def ask_before_steering(
    store: Store,
    device: str,
    driver: DeviceDriver,
    hops: Mapping[IpAddress, Hop],
    watched: Collection[IpAddress],
    *,
    token: str,
    lately: timedelta,
    clock: Clock,
) -> tuple[Mapping[IpAddress, Hop], str]:
    """What is known of the `watched` once those have been asked for that it was not told of `lately`.

    `hops` is what was known before. Others are forgotten. With it, why the device could not tell, where it
    could not: its session is closed then.

    Raises:
        LeaseLost, StoreUnavailable: as `ask_device`.
    """
    begun = clock.now()
    unsure = {hop for hop in watched if not hops.get(hop, Hop()).was_told(lately=lately, now=begun)}
    if not unsure and hops.keys() <= set(watched):
        return hops, ""
    answer = _ask(device, driver, unsure) if unsure else _Answer({})
    now = clock.now()

    def note(session: Session) -> tuple[Mapping[IpAddress, Hop], Mapping[IpAddress, Hop]]:
        row = held(session, device, token)
        _watch(session, row, watched, now=now)
        changes = _note(session, row, unsure, answer.told, lately=lately, begun=begun, now=now)
        session.flush()
        return changes, read_hops(session, row.id)

    changes, known = store.write(note)
    _log_changes(device, changes)
    return known, answer.untold


def forget_hops(session: Session, device: str) -> None:
    """Watch no next hop of a device any more."""
    of_device = select(DeviceRow.id).where(DeviceRow.name == device).scalar_subquery()
    session.execute(delete(NextHopRow).where(NextHopRow.device_id == of_device))


def _ask(device: str, driver: DeviceDriver, hops: Collection[IpAddress]) -> _Answer:
    """Ask for all of them; for each alone where that is not clear, since one may hide what is told of others.

    Where `untold` is not empty the session was closed.
    """
    if not is_asking(driver):
        return _Answer({}, "its driver cannot ask")
    answer = _ask_for(device, driver, hops)
    if not answer.unclear or len(hops) == 1:
        return answer
    told: dict[IpAddress, bool] = {}
    for hop in sorted(hops, key=str):
        one = _ask_for(device, driver, [hop])
        told.update(one.told)
        if one.untold and not one.unclear:
            return replace(one, told=told)
    return replace(answer, told=told)


def _ask_for(device: str, driver: AskingDriver, hops: Collection[IpAddress]) -> _Answer:
    try:
        answering = driver.answering(hops)
        return _Answer({hop: hop in answering for hop in hops})
    except NetconfigError as error:
        words = error.words if isinstance(error, DeviceError) else str(error)
        unclear, broken = isinstance(error, StateUnknown), isinstance(error, Unreachable)
        log.warning("next hops not asked", device=device, code=error.code, error=str(error))
    except Exception:
        words, unclear, broken = "an error of ours; the log has it", False, False
        log.exception("next hops not asked", device=device)
    # It may be in disorder.
    driver.close()
    return _Answer({}, words, unclear, broken)


def _not_asked(session: Session, device: str, *, every: timedelta, now: datetime) -> frozenset[IpAddress]:
    """Those of the next hops that a device watches whose turn it is."""
    found = session.scalars(
        select(NextHopRow.address)
        .join(DeviceRow, NextHopRow.device_id == DeviceRow.id)
        .where(DeviceRow.name == device, is_due_again(NextHopRow.asked_at))
        .order_by(NextHopRow.asked_at, NextHopRow.address)
        .limit(AT_A_TIME),
        last_done(now, every=every),
    )
    return frozenset(map(ip_address, found))


def _has_told(session: Session, device: DeviceRow, asked: Collection[IpAddress]) -> bool:
    """Whether the device could tell of any of these when it was last asked for it."""
    rows = session.scalars(_hops_of(), {"device": device.id})
    return any(row.told_at == row.asked_at for row in rows if ip_address(row.address) in asked)


def _note(
    session: Session,
    device: DeviceRow,
    asked: Collection[IpAddress],
    told: Mapping[IpAddress, bool],
    *,
    lately: timedelta,
    begun: datetime,
    now: datetime,
) -> Mapping[IpAddress, Hop]:
    """Write down who was asked for, and what was told of whom. Returns those that came or went by that.

    `begun` is when the device was asked, `now` when it had told; what it no longer watches is passed over.
    Where a next hop came or went the device is to be brought to that at once, by whatever worker.
    """
    rows = {row.address: row for row in session.scalars(_hops_of(), {"device": device.id})}
    changes: dict[IpAddress, Hop] = {}
    for address in sorted(asked, key=str):
        row = rows.get(str(address))
        if row is None:
            continue
        row.asked_at = now
        if address not in told:
            continue
        before = _known(row)
        after = before.heard(answered=told[address], lately=lately, asked=begun, now=now)
        row.told_at, row.misses, row.answers = after.told_at, after.misses, after.answers
        row.down_since = after.down_since
        if before.is_up is not after.is_up:
            changes[address] = after
    if changes:
        device.synced_generation = min(device.synced_generation, device.generation - 1)
        device.next_attempt_at = None
    return changes


def _log_changes(device: str, changes: Mapping[IpAddress, Hop]) -> None:
    for address, hop in changes.items():
        if hop.is_up:
            log.info("next hop answers", device=device, next_hop=str(address))
        else:
            log.warning("next hop does not answer", device=device, next_hop=str(address))


def _watch(session: Session, device: DeviceRow, watched: Collection[IpAddress], *, now: datetime) -> None:
    """Watch these next hops from now on, and forget all others."""
    rows = {row.address: row for row in session.scalars(_hops_of(), {"device": device.id})}
    texts = set(map(str, watched))
    for address in rows.keys() - texts:
        session.delete(rows[address])
    for address in sorted(texts - rows.keys()):
        session.add(NextHopRow(device_id=device.id, address=address, asked_at=now, misses=0, answers=0))
