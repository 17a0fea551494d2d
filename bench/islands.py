"""From the start of an island's slot to its gateway having all of it, and from its end to having none of it.

The islands' slots start one after the other, evenly. The gateways are real agents in a process of their own,
spoken to over TLS. The original looked once an hour what was to start or to end.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf

from sqlalchemy.orm import Session

from activation.clock import SystemClock
from activation.devices import register_devices, view_devices
from activation.due import WorkerSettings
from activation.worker import Worker
from bench.databases import fresh_stores
from bench.figure import Figure, Options, quantile
from bench.gateways import Gateways, gateways
from netconfig.driver import Ownership
from netconfig.gateway import ControllerProxy
from netconfig.registry import driver_class
from pathservice.logs import configure_logs
from reservation import service
from reservation.identity import database_identity
from reservation.model import Request, TimeSlot
from store import Store
from tbam.aggregate import AggregateManager, Island
from tbam.islands import ensure_islands, gateway_parts, island_label
from tbam.slivers import KIND
from tbam.values import IslandRequest, Project, Vlan

ISLANDS, SLOTS = 20, 50
LENGTH, GAP = timedelta(seconds=1.4), timedelta(seconds=0.6)
BOOKED_WITHIN = timedelta(seconds=20)
AIM = 1.0
"""Seconds."""
SETTLED_WITHIN = timedelta(seconds=5)
PATIENCE = 180.0
VLANS = (Vlan(10, 0), Vlan(30, 20))
CONTROLLER = ControllerProxy("192.0.2.10", 6633)
PROJECT = Project("1", "bench")


def measure(_options: Options) -> Iterator[Figure]:
    """Lags of every slot's start and end."""
    configure_logs("error")
    with fresh_stores("sqlite", 1) as (store,), gateways(ISLANDS) as running, _worker(store, running):
        slots = _book(store, sorted(running.devices))
        over = max(slot.end for slot in slots.values()) + SETTLED_WITHIN
        _wait(lambda: datetime.now(UTC) > over)
        moments = running.moments()
    # What never came to its gateway was later than any figure.
    lags = {
        "start": [moments.on.get(number, inf) - slot.start.timestamp() for number, slot in slots.items()],
        "end": [moments.off.get(number, inf) - slots[number].end.timestamp() for number in moments.on],
    }
    for what, found in lags.items():
        worst = quantile(found, 0.99)
        yield Figure(
            f"slot {what} to its gateway, {ISLANDS} islands x {SLOTS} slots",
            f"p50 {quantile(found, 0.5) * 1e3:.0f} ms, p99 {worst * 1e3:.0f} ms",
            f"{AIM:.0f} s; the original up to an hour",
            worst / AIM,
            aim=1,
        )


@contextmanager
def _worker(store: Store, running: Gateways) -> Iterator[None]:
    """One that has a session with every gateway, as it keeps them."""
    ownership = Ownership(station="BENCH", database=store.write(database_identity))
    devices = list(running.devices.values())
    store.write(lambda session: register_devices(session, devices))
    drivers = {one.name: partial(driver_class(one.platform), one, ownership) for one in devices}
    worker = Worker(store, drivers, WorkerSettings(owner="bench"), SystemClock())
    worker.start()
    try:
        _wait(lambda: all(device.read_at for device in store.read(view_devices)))
        yield
    finally:
        worker.stop()


def _book(store: Store, names: list[str]) -> dict[int, TimeSlot]:
    """Every island's slots, by the reservation; none has begun when all are booked."""
    islands = tuple(Island(name=name, gateway=name) for name in names)
    settings = AggregateManager(authority="bench.example:tbam", islands=islands)
    store.write(lambda session: ensure_islands(session, settings, now=datetime.now(UTC)))
    first = datetime.now(UTC) + BOOKED_WITHIN
    slots: dict[int, TimeSlot] = {}
    for count in range(SLOTS):
        start = first + count * (LENGTH + GAP)
        slots.update(store.write(partial(_book_slot, names=names, first=TimeSlot(start, start + LENGTH))))
    if (late := (datetime.now(UTC) - first).total_seconds()) > 0:
        raise RuntimeError(f"booking {len(slots)} slots took {late:.1f} s too long")
    return slots


def _book_slot(session: Session, *, names: list[str], first: TimeSlot) -> dict[int, TimeSlot]:
    """A slot of every island, as Allocate and Provision leave it."""
    found: dict[int, TimeSlot] = {}
    for number, name in enumerate(names):
        later = number * (LENGTH + GAP) / len(names)
        slot = TimeSlot(first.start + later, first.end + later)
        wanted = IslandRequest(name, None, slot, VLANS, CONTROLLER, PROJECT)
        request = Request(
            KIND,
            "bench",
            slot,
            slot.end,
            labels=(island_label(name),),
            parts=gateway_parts(name, wanted, login=True),
        )
        found[service.book(session, request, now=datetime.now(UTC), actor="bench").id] = slot
    return found


def _wait(fact: Callable[[], bool]) -> None:
    latest = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > latest:
            raise RuntimeError(f"not within {PATIENCE:.0f} s")
        threading.Event().wait(0.25)
