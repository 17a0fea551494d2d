"""How often a worker looks and how long it waits, and which devices are due by that."""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from activation.backing_off import LONGEST_PAUSE
from netconfig.errors import NotConverged, Rejected, Waiting
from reservation.tables import DeviceRow
from store import UtcDateTime

HOPS_TOLD_FOR = timedelta(seconds=30)
"""What a next hop answered longer ago says nothing of it, however seldom it is asked."""
AHEAD = timedelta(seconds=10)
"""What was done so much later than now was done before the clock was set back."""
_HAS_ANSWERED = (Waiting.code, NotConverged.code, Rejected.code)
"""What can be wrong with a device that answers all the same."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How often and how long.

    Attributes:
        owner: this worker's name in a lease; no other living process may have it.
        poll: how often it looks for whatever there is to do, of other workers' making too.
        glance: how often it only asks what is due; a request from another process waits no longer.
        drift: how often a device is read though nothing of it changed.
        lease: how long a device stays a worker's that says nothing.
        idle: after how long without work a session is closed and its device let go.
        visits: how many devices are worked on at once.
        ask_hops_every: how often a device is asked which of its next hops answer; never, if not positive.
        count_every: how often a device is asked what passes by what it carries; never, if not positive.
        keep_changes: for how long pushes are kept word for word; the last of each device always is.
    """

    owner: str
    poll: timedelta = timedelta(milliseconds=250)
    glance: timedelta = timedelta(milliseconds=100)
    drift: timedelta = timedelta(minutes=5)
    lease: timedelta = timedelta(seconds=30)
    idle: timedelta = timedelta(minutes=10)
    visits: int = 8
    ask_hops_every: timedelta = timedelta(seconds=5)
    count_every: timedelta = timedelta(seconds=30)
    keep_changes: timedelta = timedelta(days=90)

    @property
    def hops_told_for(self) -> timedelta:
        """For how long what a next hop answered says something of it."""
        return max(HOPS_TOLD_FOR, 3 * self.ask_hops_every)


def due_devices(
    session: Session,
    devices: Collection[str],
    settings: WorkerSettings,
    now: datetime,
    *,
    since: datetime | None = None,
) -> list[str]:
    """Those of the devices that have something to be done, may be tried now and are nobody else's.

    One that was not read `since` then has: a database put back from a copy does not know what came after it.
    """
    asked = {
        **last_done(now, every=settings.drift),
        "since": since or now - settings.drift,
        "latest": now + LONGEST_PAUSE + AHEAD,
        "owner": settings.owner,
    }
    return [name for name in session.scalars(_devices_due(), asked) if name in devices]


def last_done(now: datetime, *, every: timedelta) -> Mapping[str, datetime]:
    """What `is_due_again` has to be told."""
    return {"now": now, "before": now - every, "ahead": now + AHEAD}


def is_due_again(done_at: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Whether what was last done then is to be done again, as a condition."""
    before, ahead = (bindparam(name, type_=UtcDateTime) for name in ("before", "ahead"))
    return or_(done_at <= before, done_at > ahead)


@functools.cache
def _devices_due() -> Select[str]:
    # Built once: it is asked at every strike.
    work = or_(
        DeviceRow.generation > DeviceRow.synced_generation,
        DeviceRow.error_code.is_not(None),
        DeviceRow.read_at.is_(None),
        is_due_again(DeviceRow.read_at),
        DeviceRow.read_at < bindparam("since", type_=UtcDateTime),
    )
    return select(DeviceRow.name).where(work, *may_be_visited()).order_by(DeviceRow.name)


def may_be_visited() -> tuple[ColumnElement[bool], ...]:
    """What is so of a device that may be tried `now` and is nobody's but this `owner`'s, as conditions."""
    allowed = or_(
        DeviceRow.next_attempt_at.is_(None),
        DeviceRow.next_attempt_at <= bindparam("now", type_=UtcDateTime),
        # No pause is so long: the clock was set back.
        DeviceRow.next_attempt_at > bindparam("latest", type_=UtcDateTime),
    )
    return allowed, _is_ours()


def may_be_asked() -> tuple[ColumnElement[bool], ...]:
    """What is so of a device that answered when it was last visited and is nobody's but this `owner`'s.

    Whatever waits on it, or is to be tried again on it later, is in no question's way.
    """
    answers = or_(DeviceRow.error_code.is_(None), DeviceRow.error_code.in_(_HAS_ANSWERED))
    return answers, _is_ours()


def _is_ours() -> ColumnElement[bool]:
    return or_(
        DeviceRow.lease_until.is_(None),
        DeviceRow.lease_until <= bindparam("now", type_=UtcDateTime),
        DeviceRow.lease_owner == bindparam("owner"),
    )


def look_at_once(row: DeviceRow) -> None:
    """Have a device read as soon as somebody can: it may carry something else by now."""
    row.read_at = row.next_attempt_at = None
