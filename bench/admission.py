"""What admission costs beside the bare insert and commit of every booking, with few and many claims live."""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.orm import Session

import migrations.models  # every table
from bench.figure import Figure, quantile
from reservation import calendar, service
from reservation.lifecycle import State
from reservation.model import ClaimRequest, Request, TimeSlot
from reservation.tables import ClaimRow, ReservationRow
from store import Store, open_store

RESOURCES = 100
ROUNDS = 300
NOW = datetime(2026, 11, 21, tzinfo=UTC)
HOUR = timedelta(hours=1)


def measure() -> Iterator[Figure]:
    """Admission at 1,000 and at 100,000 live claims."""
    with tempfile.TemporaryDirectory() as scratch:
        costs = {}
        for claims in (1_000, 100_000):
            store = _filled(Path(scratch) / f"{claims}.db", claims)
            bare, admitted = _bare(store), _admitted(store)
            store.close()
            costs[claims] = admitted
            yield Figure(
                f"hold + confirm, {claims:,} live claims",
                f"{admitted * 1e3:.2f} ms (median)",
                f"{bare * 1e3:.2f} ms bare insert + commit",
                admitted / bare,
            )
        few, many = costs.values()
        yield Figure(
            "hold + confirm, 100,000 live claims",
            f"{many * 1e3:.2f} ms",
            f"{few * 1e3:.2f} ms at 1,000",
            many / few,
        )


def _filled(path: Path, claims: int) -> Store:
    store = open_store(f"sqlite:///{path}")
    migrations.models.metadata.create_all(store.engine)
    chance = random.Random(7)

    def fill(session: Session) -> None:
        for number in range(RESOURCES):
            calendar.offer(session, f"path-{number:03}", capacity=10**12, unit="bit/s", now=NOW)
        owner = ReservationRow(
            kind="bench", owner="bench", start=NOW, end=NOW + HOUR, state=State.ACTIVE, created_at=NOW
        )
        session.add(owner)
        session.flush()
        rows = []
        for number in range(claims):
            start = NOW + timedelta(minutes=chance.randrange(60 * 24 * 365))
            rows.append(
                {
                    "reservation_id": owner.id,
                    "resource_id": 1 + number % RESOURCES,
                    "amount": 10**6,
                    "start": start,
                    "end": start + HOUR,
                    "length_seconds": 3600,
                }
            )
        session.execute(insert(ClaimRow), rows)
        for resource in calendar.lock_resources(session, [f"path-{n:03}" for n in range(RESOURCES)]).values():
            resource.longest_seconds = 3600

    store.write(fill)
    return store


def _admitted(store: Store) -> float:
    chance = random.Random(11)

    def book() -> None:
        start = NOW + timedelta(minutes=chance.randrange(60 * 24 * 365))
        request = Request(
            kind="bench",
            owner="bench",
            slot=TimeSlot(start, start + HOUR),
            hold_until=NOW + HOUR,
            claims=(ClaimRequest(f"path-{chance.randrange(RESOURCES):03}", 10**6),),
        )

        def work(session: Session) -> None:
            held = service.hold(session, request, now=NOW)
            service.confirm(session, held.id, kind="bench", now=NOW, actor="bench")

        store.write(work)

    return _median(book)


def _bare(store: Store) -> float:
    def add(session: Session) -> None:
        session.add(
            ReservationRow(
                kind="bare", owner="bench", start=NOW, end=NOW + HOUR, state=State.HELD, created_at=NOW
            )
        )

    return _median(lambda: store.write(add))


def _median(work: Callable[[], None]) -> float:
    samples = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        samples.append(time.perf_counter() - began)
    return quantile(samples, 0.5)
