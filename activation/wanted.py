"""What a device should carry, as the database says it: what a pass begins with."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from activation.devices import last_change_first
from activation.hysteresis import Hop
from activation.next_hops import read_hops
from activation.remembered import is_found_by_name, read_over
from netconfig.driver import Config, PartIntent
from netconfig.intent import IpAddress, load_intent
from reservation.lifecycle import ON_DEVICES
from reservation.moves import HIGHEST_ID
from reservation.parts import FORMER
from reservation.tables import DeviceChangeRow, DeviceRow, PartRow, ReservationRow
from store import ASKED_AT_ONCE

PUSHED = "pushed"
INTERRUPTED = "interrupted"
"""How a push may have ended, beside the codes of errors."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a device should carry, as read in one transaction.

    Attributes:
        generation: the device's as of the parts: every part switched up to it is among them as it is.
        parts: of every reservation that may be on a device, wanted or being taken away; at a look for drift
            those too that are over, or were modified, and had something in what is the site's.
        unreadable: why a part's intent cannot be understood, by part id; those are not in `parts`.
        by_name: those of them that are to go and can be found without their intent.
        hops: what is known of the next hops that the device is asked to watch.
        detours: the fallbacks by which parts went when the device was last read, by part id.
        in_sync: ids of the wanted parts that it was last read to carry.
        counted: ids of the parts that the device told a count of.
        drifting: False when some part waits for this pass, so that a difference is to be expected.
        unfinished: the last push did not come to its end, so the device may not have been told to save.
        evictions: reservations whose objects an operator wants off it though they are strangers.
        shadow: what the device would carry by now if it is only rehearsed on; None if it is configured.
    """

    generation: int
    parts: tuple[PartIntent, ...]
    unreadable: Mapping[int, str]
    by_name: frozenset[int]
    hops: Mapping[IpAddress, Hop]
    detours: Mapping[int, IpAddress]
    in_sync: frozenset[int]
    counted: frozenset[int]
    drifting: bool
    unfinished: bool
    evictions: tuple[int, ...]
    shadow: str | None


def read_wanted(session: Session, device: str) -> Wanted:
    """What the device should carry now, and what may have to leave it."""
    row = session.scalars(_device(), {"device": device}).one()
    rows = session.execute(_parts_on(), {"device": row.id}).all()
    # Parts may have been switched since the device was read. Generations are given out under the device's
    # lock, so where one query sees a part of the newest, it sees all that were switched before it.
    generation = max([row.generation, *(part.generation for part in rows)])
    drifting = row.synced_generation >= generation
    parts, unreadable, by_name = [], {}, set()
    for part in rows:
        try:
            intent = load_intent(part.intent)
        except ValueError as error:
            unreadable[part.id] = str(error)
            if not part.wanted and is_found_by_name(part.placement):
                by_name.add(part.id)
            elif not part.wanted:
                unreadable[part.id] += "; and what it may have left in lists of the site's cannot be told"
            continue
        parts.append(
            PartIntent(
                part_id=part.id,
                reservation_id=part.reservation_id,
                intent=intent,
                wanted=part.wanted,
                placement=part.placement,
                until=part.end,
            )
        )
    return Wanted(
        generation=generation,
        parts=(*parts, *read_over(session, row)) if drifting else tuple(parts),
        unreadable=unreadable,
        by_name=frozenset(by_name),
        hops=read_hops(session, row.id),
        detours={part.id: ip_address(part.detour) for part in rows if part.detour is not None},
        in_sync=frozenset(
            part.id for part in rows if part.wanted and part.synced_generation >= part.generation
        ),
        counted=frozenset(part.id for part in rows if part.read_packets is not None),
        drifting=drifting,
        unfinished=_last_outcome(session, row) not in {None, PUSHED},
        evictions=tuple(row.evictions),
        shadow=(row.shadow or "") if row.dry_run else None,
    )


def _last_outcome(session: Session, row: DeviceRow) -> str | None:
    """How the last push to a device ended; None if there was none."""
    change = session.execute(_last_push(), {"device": row.id}).first()
    return None if change is None else change.outcome or INTERRUPTED


# Each built once: every pass begins with them.


@functools.cache
def _device() -> Select[DeviceRow]:
    return select(DeviceRow).where(DeviceRow.name == bindparam("device"))


@functools.cache
def _parts_on() -> Select[
    int, int, dict[str, Any], bool, dict[str, Any], int, int, str | None, int | None, datetime
]:
    return (
        select(
            PartRow.id,
            PartRow.reservation_id,
            PartRow.intent,
            PartRow.wanted,
            PartRow.placement,
            PartRow.generation,
            PartRow.synced_generation,
            PartRow.detour,
            PartRow.read_packets,
            ReservationRow.end,
        )
        .join(ReservationRow, PartRow.reservation_id == ReservationRow.id)
        .where(PartRow.device_id == bindparam("device"))
        .where(ReservationRow.state.in_(sorted(ON_DEVICES)), ~FORMER)
        .order_by(PartRow.id)
    )


@functools.cache
def _last_push() -> Select[str | None]:
    pushes = select(DeviceChangeRow.outcome).where(
        DeviceChangeRow.device_id == bindparam("device"), ~DeviceChangeRow.dry_run
    )
    return last_change_first(pushes).limit(1)


def known_reservations(session: Session, actual: Config) -> frozenset[int]:
    """Those of the reservations found on a device that this database has."""
    # A device may carry whatever number somebody typed.
    possible = sorted(number for number in actual.found if 0 < number <= HIGHEST_ID)
    known: set[int] = set()
    for begin in range(0, len(possible), ASKED_AT_ONCE):
        asked = ReservationRow.id.in_(possible[begin : begin + ASKED_AT_ONCE])
        known.update(session.scalars(select(ReservationRow.id).where(asked)))
    return frozenset(known)
