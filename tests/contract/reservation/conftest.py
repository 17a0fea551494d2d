"""What every database must answer alike: a calendar with one path, and an hour to count from."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings

from reservation import offering, service
from reservation.model import ClaimRequest, PartRequest, Request, ReservationView, TimeSlot
from reservation.parts import register_device
from store import Store

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MEGABIT = 1_000_000
PATH = "path:blue"
KIND = "ticket"


def hours(start: float, end: float) -> TimeSlot:
    """The slot between so many hours after noon."""
    return TimeSlot(NOON + start * HOUR, NOON + end * HOUR)


def a_request(
    slot: TimeSlot,
    *claims: tuple[str, int],
    parts: tuple[PartRequest, ...] = (),
    hold_until: datetime | None = None,
) -> Request:
    return Request(
        kind=KIND,
        owner="CN=Someone",
        slot=slot,
        hold_until=hold_until or slot.end,
        claims=tuple(ClaimRequest(name, amount) for name, amount in claims),
        parts=parts,
    )


class Calendar:
    """The verbs, each in a transaction of its own, an hour before the first slot unless told otherwise."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOON - HOUR

    def offer(self, name: str, capacity: int) -> None:
        self.store.write(
            lambda session: offering.offer(session, name, capacity=capacity, unit="bit/s", now=self.now)
        )

    def hold(self, request: Request) -> ReservationView:
        return self.store.write(lambda session: service.hold(session, request, now=self.now))

    def book(self, start: float, end: float, amount: int, *, of: str = PATH) -> int:
        return self.hold(a_request(hours(start, end), (of, amount))).id

    def confirm(self, number: int) -> ReservationView:
        return self.store.write(
            lambda session: service.confirm(session, number, kind=KIND, now=self.now, actor="x")
        )

    def cancel(self, number: int) -> ReservationView:
        return self.store.write(
            lambda session: service.cancel(session, number, kind=KIND, now=self.now, actor="x", reason="why")
        )

    def get(self, number: int) -> ReservationView:
        return self.store.read(lambda session: service.get(session, number))


def examples(store: Store, most: int) -> settings:
    """Of a property `most` examples on SQLite and a fifth of them on a server, which answers more slowly.

    What is held against the oracle is computed by the same code on each; the fifth shows that it is given the
    same rows. Locks, races and the order of rows have tests of their own.
    """
    return settings(max_examples=most if store.engine.dialect.name == "sqlite" else max(5, most // 5))


@pytest.fixture
def bookings(store: Store) -> Calendar:
    """A calendar with a path of 1000 Mbit/s and a device to go with it."""
    opened = Calendar(store)
    opened.offer(PATH, 1000 * MEGABIT)
    store.write(lambda session: register_device(session, "border-1", platform="fake", capabilities=["x"]))
    return opened
