"""A label is not given to a device while another may still have it there."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from reservation import labels, service
from reservation.lifecycle import State
from reservation.model import LabelRequest, PartRequest, Request, TimeSlot
from tests.unit.activation.conftest import FAR, HOUR, INTENT, KIND, NOON, SECOND, House

POOL = "labels:Fermilab:dscp"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def pool(house: House) -> House:
    """The house, and a pool of one label."""
    house.store.write(lambda session: labels.offer_labels(session, POOL, [48], now=house.clock.now()))
    return house


def book(house: House, *, start: timedelta, length: timedelta = HOUR, stages: Sequence[str] = (FAR,)) -> int:
    begin = house.clock.now() + start
    request = Request(
        kind=KIND,
        owner="CN=Someone",
        slot=TimeSlot(begin, begin + length),
        hold_until=begin + length,
        labels=(LabelRequest(POOL),),
        parts=tuple(PartRequest(device, 0, INTENT) for device in stages),
    )
    number = house.store.write(lambda session: service.hold(session, request, now=house.clock.now())).id
    return house.confirm(number)


def test_next_one_waits_in_words_and_starts_as_soon_as_the_label_is_free(pool: House) -> None:
    first, second = book(pool, start=0 * HOUR), book(pool, start=HOUR, stages=("near-1",))
    pool.run()
    pool.far.away = True
    pool.at(NOON + HOUR)
    assert pool.state(first) is State.RELEASING
    words = f"label 48 of {POOL}, which ticket {first} may still have on its devices"
    assert (pool.state(second), pool.view(second).waiting_for) == (State.SCHEDULED, words)
    assert pool.near.pushes == []
    pool.far.away = False
    pool.at(NOON + HOUR + 2 * MINUTE)
    pool.at(NOON + HOUR + 2 * MINUTE + SECOND)
    assert (pool.state(first), pool.state(second)) == (State.RELEASED, State.ACTIVE)
    assert pool.view(second).waiting_for is None


def test_it_is_looked_at_every_second_and_no_more_than_that(pool: House) -> None:
    first, second = book(pool, start=0 * HOUR), book(pool, start=HOUR)
    pool.run()
    pool.far.away = True
    pool.at(NOON + HOUR)
    versions = [pool.view(second).version]
    for _ in range(3):
        pool.at(pool.clock.now() + SECOND)
        versions.append(pool.view(second).version)
    assert len(set(versions)) == 4
    pool.run()
    assert pool.view(second).version == versions[-1]
    assert pool.state(first) is State.RELEASING


def test_slot_that_passes_while_it_waits_is_missed_and_says_why(pool: House) -> None:
    first, second = book(pool, start=0 * HOUR), book(pool, start=HOUR)
    pool.run()
    pool.far.away = True
    pool.at(NOON + HOUR)
    pool.at(NOON + 2 * HOUR)
    view = pool.view(second)
    assert (view.state, view.waiting_for) == (State.CANCELLED, None)
    assert view.reason is not None
    assert view.reason.startswith("the slot passed before it could be started: it waited for label 48")
    assert pool.state(first) is State.RELEASING


def test_waiting_one_may_be_cancelled(pool: House) -> None:
    book(pool, start=0 * HOUR)
    second = book(pool, start=HOUR)
    pool.run()
    pool.far.away = True
    pool.at(NOON + HOUR)
    assert pool.cancel(second).state is State.CANCELLED
    assert pool.view(second).waiting_for is None


def test_back_to_back_slots_hand_the_label_over_at_once(pool: House) -> None:
    first, second = book(pool, start=0 * HOUR), book(pool, start=HOUR)
    pool.run()
    pool.at(NOON + HOUR)
    assert (pool.state(first), pool.state(second)) == (State.RELEASED, State.ACTIVE)


def test_label_that_comes_free_starts_nobody_before_the_slot(pool: House) -> None:
    first, second = book(pool, start=0 * HOUR), book(pool, start=HOUR)
    pool.run()
    pool.cancel(first)
    pool.run()
    assert (pool.state(first), pool.state(second)) == (State.RELEASED, State.SCHEDULED)


def test_one_that_waits_for_another_label_is_left_waiting(pool: House) -> None:
    pool.store.write(lambda session: labels.offer_labels(session, POOL, [48, 49], now=NOON))
    first, other = book(pool, start=0 * HOUR), book(pool, start=0 * HOUR, stages=("near-1",))
    second, third = book(pool, start=HOUR), book(pool, start=HOUR)
    pool.run()
    pool.near.away = True
    pool.at(NOON + HOUR)
    assert [pool.state(n) for n in (first, other)] == [State.RELEASED, State.RELEASING]
    assert [pool.state(n) for n in (second, third)] == [State.ACTIVE, State.SCHEDULED]
