"""Many that start or settle at once: each as if it were alone, and no question for each of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from activation.tick import expire, tick
from activation.together import TOGETHER
from reservation import calendar, labels, service
from reservation.lifecycle import State
from reservation.model import LabelRequest, PartRequest, Request, TimeSlot
from tests.unit.activation.conftest import HOUR, INTENT, KIND, NEAR, NOON, SECOND, HandClock, House

POOL = "labels:Fermilab:dscp"


@contextmanager
def questions(house: House) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            asked.append(statement)

    event.listen(house.store.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(house.store.engine, "before_cursor_execute", note)


def asked_while(house: House, work: Callable[[], object]) -> int:
    with questions(house) as asked:
        work()
    return len(asked)


def test_what_starts_and_settles_together_is_asked_for_together(house: House) -> None:
    asked = []
    for number in (2, 20):
        booked = [house.book() for _ in range(number)]
        starting = asked_while(house, house.tick)
        house.visit("far-1")
        onwards = asked_while(house, house.settle)
        house.visit("near-1")
        active = asked_while(house, house.settle)
        assert {house.state(one) for one in booked} == {State.ACTIVE}
        asked.append((starting, onwards, active))
    assert asked[0] == asked[1]


def test_one_that_waits_for_its_label_keeps_nobody_who_starts_with_it(house: House) -> None:
    def labelled(start: int) -> int:
        slot = TimeSlot(NOON + start * HOUR, NOON + (start + 1) * HOUR)
        request = Request(
            kind=KIND,
            owner="CN=Someone",
            slot=slot,
            hold_until=slot.end,
            labels=(LabelRequest(POOL),),
            parts=(PartRequest("far-1", 0, INTENT),),
        )
        return house.store.write(lambda s: service.book(s, request, now=NOON, actor="CN=Someone")).id

    house.store.write(lambda session: labels.offer_labels(session, POOL, [48], now=NOON))
    first, second = labelled(0), labelled(1)
    others = [house.book(start=HOUR, stages=[(NEAR, 0)]) for _ in range(2)]
    house.run()
    house.far.away = True
    house.at(NOON + HOUR)
    assert house.state(first) is State.RELEASING
    assert house.state(second) is State.SCHEDULED
    assert f"ticket {first} may still have" in str(house.view(second).waiting_for)
    assert {house.state(other) for other in others} == {State.ACTIVE}
    assert {house.view(other).waiting_for for other in others} == {None}


def test_what_ends_together_is_moved_in_one_transaction_and_so_is_what_is_gone(house: House) -> None:
    commits = []
    for number in (2, 20):
        booked = [house.book(stages=[(NEAR, 0)]) for _ in range(number)]
        house.run()
        house.clock.forward(HOUR)
        ending = commits_of(house, house.tick)
        assert {house.state(one) for one in booked} == {State.RELEASING}
        house.visit(NEAR)
        gone = commits_of(house, house.settle)
        assert {house.state(one) for one in booked} == {State.RELEASED}
        commits.append((ending, gone))
    assert commits == [(1, 1), (1, 1)]


def test_one_that_cannot_be_ended_keeps_nobody_who_ends_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, *others = [house.book() for _ in range(3)]
    house.run()

    def keep_claims(session: Session, number: int, **words: Any) -> None:
        if number == stuck:
            raise LookupError("no luck")
        calendar_keeps(session, number, **words)

    calendar_keeps = calendar.keep_claims
    monkeypatch.setattr(calendar, "keep_claims", keep_claims)
    house.at(NOON + HOUR)
    assert house.state(stuck) is State.ACTIVE
    assert {house.state(other) for other in others} == {State.RELEASED}


def test_holds_that_run_out_together_keep_no_slot_waiting_that_comes_meanwhile(house: House) -> None:
    slot = house.book(start=HOUR, stages=[(NEAR, 0)])
    holds = [house.hold(start=2 * HOUR, hold_for=SECOND, stages=[]) for _ in range(TOGETHER + 1)]
    house.clock.forward(SECOND)
    now = house.clock.now()
    others = tick(house.store, now)
    assert not expire(house.store, others, now, clock=HandClock(NOON + HOUR))
    assert [house.state(hold) for hold in holds].count(State.EXPIRED) == TOGETHER
    house.clock.forward(HOUR)
    now = house.clock.now()
    others = tick(house.store, now)
    assert house.state(slot) is State.ACTIVATING
    assert expire(house.store, others, now, clock=house.clock)
    assert {house.state(hold) for hold in holds} == {State.EXPIRED}


def commits_of(house: House, work: Callable[[], object]) -> int:
    """Transactions in which something moved."""
    moves = 0
    commits: list[int] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal moves
        moves += statement.startswith("INSERT INTO transition")

    def count(_connection: object) -> None:
        commits.append(moves)

    engine = house.store.engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", count)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", count)
    return len({told for told in commits if told})
