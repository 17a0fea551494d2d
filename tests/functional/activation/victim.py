"""The process that gets killed: a worker's passes with the real driver over SSH, and where it drops dead.

`work` makes the passes itself, so that the same kill always falls on the same instruction; `serve` runs the
real `Worker` by the real clock. Imported by a fork server once, so that a case costs a fork and not a start
of Python.
"""

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from multiprocessing.sharedctypes import Synchronized

from sqlalchemy import event
from sqlalchemy.orm import Session

from activation import leases
from activation.clock import SystemClock
from activation.due import WorkerSettings, due_devices
from activation.reconcile import reconcile
from activation.settle import settle
from activation.tick import tick
from activation.worker import Worker
from netconfig.driver import Ownership
from netconfig.inventory import Device
from netconfig.registry import driver_class
from reservation import service
from reservation.identity import database_identity
from reservation.lifecycle import FINAL, State
from store import Store, open_store

STATION = "FNAL"
SETTINGS = WorkerSettings(owner="the one worker of this database")
STRIKES = 50
PATIENCE = 60.0


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


def serve(orders: Orders, _commits: "Synchronized[int]") -> None:
    """Run a `Worker` until no reservation is on its way any more."""
    store = open_store(orders.database)
    ownership = Ownership(station=STATION, database=store.write(database_identity))
    make = driver_class(orders.device.platform)
    drivers = {orders.device.name: partial(make, orders.device, ownership)}
    changed = threading.Condition()

    def tell(_session: Session) -> None:
        with changed:
            changed.notify_all()

    event.listen(store._sessions, "after_commit", tell)
    worker = Worker(store, drivers, replace(SETTINGS, poll=timedelta(milliseconds=50)), SystemClock())
    worker.start()
    with changed:
        at_rest = changed.wait_for(lambda: is_at_rest(store), PATIENCE)
    worker.stop()
    store.close()
    if not at_rest:
        raise AssertionError("the worker does not come to rest")


def is_at_rest(store: Store) -> bool:
    views = store.read(service.list_reservations)
    return all(view.state in {*FINAL, State.ACTIVE} and not view.cancel_requested for view in views)


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
