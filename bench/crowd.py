"""A thousand tickets that start in one second on fifty routers: until all are ACTIVE.

The routers are in a process of their own, reached over SSH; the worker has its sessions open already, as it
keeps them. A ticket is two parts on one router, one after the other: a permit, then the steering.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from activation.clock import SystemClock
from activation.devices import view_devices
from activation.due import WorkerSettings
from activation.worker import Worker
from bench.databases import fresh_stores
from bench.figure import Figure, Options
from bench.house import House
from bench.routers import routers
from pathservice.logs import configure_logs
from reservation.lifecycle import State

TICKETS, ROUTERS = 1_000, 50
AT_ONCE = 50
BOOKED_WITHIN = timedelta(seconds=20)
AIM = 10.0
PATIENCE = 180.0


def measure(_options: Options) -> Iterator[Figure]:
    """The wall time from the second all start in."""
    configure_logs("error")
    with fresh_stores("sqlite", 1) as (store,), routers(ROUTERS) as devices:
        house = House(store, devices.values(), now=datetime.now(UTC))
        worker = Worker(store, house.drivers, WorkerSettings(owner="bench"), SystemClock())
        worker.start()
        try:
            _wait(lambda: all(device.read_at for device in store.read(view_devices)))
            start = datetime.now(UTC) + BOOKED_WITHIN
            for first in range(0, TICKETS, AT_ONCE):
                house.book(sorted(devices), range(first, first + AT_ONCE), start=start)
            late = (start - datetime.now(UTC)).total_seconds()
            if late < 0:
                raise RuntimeError(f"booking {TICKETS} tickets took {-late:.1f} s too long")
            _wait(lambda: house.count(State.ACTIVE) == TICKETS)
            took = (datetime.now(UTC) - start).total_seconds()
        finally:
            worker.stop()
    yield Figure(
        f"{TICKETS:,} tickets on {ROUTERS} routers, all ACTIVE",
        f"{took:.1f} s",
        f"{AIM:.0f} s",
        took / AIM,
        aim=1,
    )


def _wait(fact: Callable[[], bool]) -> None:
    latest = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > latest:
            raise RuntimeError(f"not within {PATIENCE:.0f} s")
        threading.Event().wait(0.1)
