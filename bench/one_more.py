"""One ticket more on a router that carries a thousand: what a pass costs, and where its time goes.

The router is in another process, reached over SSH; the session is open already.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from activation import leases
from activation.clock import SystemClock
from activation.reconcile import reconcile
from activation.settle import settle
from activation.tick import tick
from bench.databases import fresh_stores
from bench.figure import Figure, Options
from bench.house import House
from bench.routers import routers
from bench.timed import TimedDriver, TimedStore, Times
from pathservice.logs import configure_logs

CARRIED = 1_000
AIM = 2.0


def measure(_options: Options) -> Iterator[Figure]:
    """The pass that brings a new ticket's first part, beside the one that found a bare router."""
    configure_logs("error")
    with fresh_stores("sqlite", 1) as (store,), routers(1) as devices:
        (name,) = devices
        began = datetime.now(UTC)
        house = House(store, devices.values(), now=began)
        times = Times()
        timed, driver = TimedStore(store, times), TimedDriver(house.drivers[name](), times)
        token = leases.take(store, name, owner="bench", life=timedelta(hours=1))
        if token is None:
            raise RuntimeError("nobody else can have the lease")

        def bring(numbers: range) -> float:
            """The seconds of the first of the passes that bring these."""
            house.book([name], numbers, start=began)
            tick(store, datetime.now(UTC))
            times.clear()
            at = time.perf_counter()
            reconcile(timed, name, driver, token=token, clock=SystemClock())
            took = time.perf_counter() - at
            told.append(str(times))
            settle(store, datetime.now(UTC))
            reconcile(timed, name, driver, token=token, clock=SystemClock())
            settle(store, datetime.now(UTC))
            return took

        told: list[str] = []
        try:
            at = time.perf_counter()
            bring(range(CARRIED))
            carried = time.perf_counter() - at
            took = bring(range(CARRIED, CARRIED + 1))
        finally:
            driver.close()
    yield Figure(
        f"a pass that brings one ticket to {CARRIED:,}",
        f"{took:.2f} s ({told[-1]} ms)",
        f"{AIM:.0f} s; {carried:.0f} s to bring the {CARRIED:,} from nothing",
        took / AIM,
        aim=1,
    )
