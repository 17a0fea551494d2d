"""Whose turn it is with a device: one worker at a time, by the database's clock.

A lease is three columns of the device's row. Whoever holds it has its token, and every result of a pass is
written only where that token still stands; so a worker that stalled past its lease changes nothing.
"""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from reservation.parts import lock_devices
from reservation.tables import DeviceRow
from store import Store, database_clock


class LeaseLost(Exception):
    """Another worker has the device; nothing was written."""


def take(store: Store, device: str, *, owner: str, life: timedelta) -> str | None:
    """A token if the device is free or was `owner`'s already; None if another holds it.

    `owner` must be nobody else's while this process lives: that is how a restarted worker takes over at
    once what it held when it was killed.
    """

    def work(session: Session) -> str | None:
        row = lock_devices(session, [device])[device]
        now = database_clock(session)
        if row.lease_until is not None and row.lease_until > now and row.lease_owner != owner:
            return None
        row.lease_token, row.lease_owner, row.lease_until = str(uuid4()), owner, now + life
        return row.lease_token

    return store.write(work)


def renew(store: Store, device: str, token: str, *, life: timedelta) -> None:
    """Hold the device for another `life` from now.

    Raises:
        LeaseLost: the token is not the device's any more.
    """

    def work(session: Session) -> None:
        row = held(session, device, token)
        row.lease_until = database_clock(session) + life

    store.write(work)


def release(store: Store, device: str, token: str) -> None:
    """Let the device go; nothing happens if it is another's by now."""

    def work(session: Session) -> None:
        row = lock_devices(session, [device])[device]
        if row.lease_token == token:
            row.lease_token = row.lease_owner = row.lease_until = None

    store.write(work)


def held(session: Session, device: str, token: str) -> DeviceRow:
    """The device's row, locked, if the token is still its.

    Raises:
        LeaseLost: it is another's.
    """
    row = lock_devices(session, [device])[device]
    if row.lease_token != token:
        raise LeaseLost(f"{device} is another worker's: {row.lease_owner}")
    return row
