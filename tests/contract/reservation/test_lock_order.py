"""Locks are taken in the order of names, bytewise, whatever the database thinks is quicker."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, select

from reservation import calendar
from reservation.parts import lock_devices, register_device
from reservation.tables import ResourceRow
from tests.contract.reservation.conftest import Calendar

ROUNDS = 50
# As they are sorted byte by byte; a dictionary would mix them.
NAMES = [
    "B",
    "Z",
    "a",
    "a ",
    "a-1",
    "a-10",
    "a-2",
    "a:1",
    "b",
    "vlan-A",
    "vlan-a",
    "z",
    "Ä",
    "ä",
    "ÿ",
    "Ω",
    "😀",
]


@pytest.fixture
def named(bookings: Calendar) -> Calendar:
    """A calendar and devices of all these names, made the other way round."""
    for name in reversed(NAMES):
        bookings.offer(name, 1)
        bookings.store.write(lambda s, n=name: register_device(s, n, platform="fake", capabilities=[]))  # type: ignore[misc]
    return bookings


def test_names_that_differ_in_a_capital_an_accent_or_a_space_are_different_names(named: Calendar) -> None:
    for name in NAMES:
        locked = named.store.write(lambda session, n=name: calendar.lock_resources(session, [n]))  # type: ignore[misc]
        assert list(locked) == [name]


def test_names_are_sorted_byte_by_byte(named: Calendar) -> None:
    assert sorted(NAMES) == NAMES
    query = select(ResourceRow.name).where(ResourceRow.name.in_(NAMES)).order_by(ResourceRow.name)
    assert named.store.read(lambda session: session.scalars(query).all()) == NAMES


def test_rows_are_found_in_the_order_they_are_locked_in(named: Calendar) -> None:
    shuffled = NAMES[1::2] + NAMES[::2]
    assert list(named.store.write(lambda s: calendar.lock_resources(s, shuffled))) == NAMES
    assert list(named.store.write(lambda s: lock_devices(s, shuffled))) == NAMES


@pytest.mark.parametrize("kind", ["resources", "devices"])
def test_those_who_lock_all_and_those_who_lock_two_never_wait_in_a_circle(named: Calendar, kind: str) -> None:
    troubles: list[str] = []

    def note(context: object) -> None:
        troubles.append(str(getattr(context, "original_exception", "")))

    gate = threading.Barrier(4)

    def lock(names: Sequence[str]) -> None:
        gate.wait(60)
        for _ in range(ROUNDS):
            if kind == "resources":
                named.store.write(lambda session: calendar.lock_resources(session, names))
            else:
                named.store.write(lambda session: lock_devices(session, names))

    event.listen(named.store.engine, "handle_error", note)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lock, [NAMES, [NAMES[0], NAMES[-1]], NAMES, [NAMES[1], NAMES[-2]]]))
    event.remove(named.store.engine, "handle_error", note)
    assert troubles == []
