"""The process that gets killed: a worker's passes with the real driver over SSH, and where it drops dead.

It makes the passes itself instead of running `Worker`, so that the same kill always falls on the same
instruction. Imported by a fork server once, so that a case costs a fork and not a start of Python.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from multiprocessing.sharedctypes import Synchronized

from sqlalchemy import event
from sqlalchemy.orm import Session

from activation import leases
from activation.devices import database_identity
from activation.reconcile import reconcile
from activation.settle import settle
from activation.tick import tick
from activation.worker import WorkerSettings, due_devices
from netconfig.driver import Ownership
from netconfig.inventory import Device
from netconfig.registry import driver_class
from store import Store, open_store

STATION = "FNAL"
SETTINGS = WorkerSettings(owner="the one worker of this database")
STRIKES = 50


class Moment(StrEnum):
    """Which side of a commit the process dies on."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Orders:
    """What the process is to do: bring this device to rest at that instant, or die at a commit on the way."""

    database: str
    device: Device
    now: datetime
    dies: Moment | None = None
    at_commit: int = 0


@dataclass
class StandingClock:
    """It is always the same instant."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def drop_dead() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work(orders: Orders, commits: "Synchronized[int]") -> None:
    """Tick, settle and reconcile until nothing is left to do; `commits` counts the transactions."""
    store = open_store(orders.database)
    ownership = Ownership(station=STATION, database=store.write(database_identity))
    _count(store, orders, commits)
    driver = driver_class(orders.device.platform)(orders.device, ownership)
    clock = StandingClock(orders.now)
    for _ in range(STRIKES):
        due = strike(store, clock.at, orders.device.name)
        if not due:
            break
        token = leases.take(store, orders.device.name, owner=SETTINGS.owner, life=timedelta(minutes=5))
        if token is None:
            raise AssertionError("the device is another worker's")
        reconcile(store, orders.device.name, driver, token=token, clock=clock)
    else:
        raise AssertionError("the worker does not come to rest")
    driver.close()
    store.close()


def strike(store: Store, now: datetime, device: str) -> list[str]:
    tick(store, now)
    settle(store, now)
    return store.read(lambda session: due_devices(session, [device], SETTINGS, now))


def _count(store: Store, orders: Orders, commits: "Synchronized[int]") -> None:
    def at(moment: Moment) -> Callable[[Session], None]:
        def look(_session: Session) -> None:
            if moment is Moment.BEFORE:
                commits.value += 1
            if orders.dies is moment and commits.value == orders.at_commit:
                drop_dead()

        return look

    event.listen(store._sessions, "before_commit", at(Moment.BEFORE))
    event.listen(store._sessions, "after_commit", at(Moment.AFTER))
