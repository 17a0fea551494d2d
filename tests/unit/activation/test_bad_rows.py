"""One row that cannot be worked on stops nothing but itself."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import delete, event, update
from sqlalchemy.orm import Session

from reservation.lifecycle import Outcome, State
from reservation.tables import ClaimRow, PartRow, ReservationRow, TransitionRow
from tests.unit.activation.conftest import FAR, HOUR, NOON, House


@pytest.fixture
def spoil_claims(house: House) -> Iterator[Callable[[int], None]]:
    """Makes the calendar unable to free what a reservation holds."""
    spoilt: set[int] = set()

    def refuse(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        values = parameters.values() if isinstance(parameters, dict) else parameters
        if statement.startswith("DELETE FROM claim") and spoilt.intersection(values):
            raise ArithmeticError("these claims cannot be freed")

    event.listen(house.store.engine, "before_cursor_execute", refuse)
    yield spoilt.add
    event.remove(house.store.engine, "before_cursor_execute", refuse)


def test_row_that_cannot_be_moved_leaves_the_others_their_move(
    house: House, spoil_claims: Callable[[int], None]
) -> None:
    bad, good = house.hold(start=HOUR, length=HOUR), house.book(start=2 * HOUR)
    spoil_claims(bad)
    house.at(NOON + 2 * HOUR)
    assert (house.state(bad), house.state(good)) == (State.HELD, State.ACTIVE)


def test_row_that_cannot_be_settled_leaves_the_others_their_move(
    house: House, spoil_claims: Callable[[int], None]
) -> None:
    bad, good = house.book(), house.book()
    house.run()
    house.clock.at = NOON + HOUR
    house.tick()
    spoil_claims(bad)
    house.run()
    assert (house.state(bad), house.state(good)) == (State.RELEASING, State.RELEASED)


def test_row_that_is_gone_when_its_turn_comes_stops_nothing(house: House) -> None:
    gone, good = house.book(start=HOUR, stages=()), house.book(start=HOUR)

    def forget(session: Session) -> None:
        for table in (ClaimRow, TransitionRow):
            session.execute(delete(table).where(table.reservation_id == gone))
        session.execute(delete(ReservationRow).where(ReservationRow.id == gone))

    house.store.write(forget)
    house.at(NOON + HOUR)
    assert house.state(good) is State.ACTIVE


def test_wanted_part_nobody_can_read_fails_its_reservation_alone(house: House) -> None:
    bad = house.confirm(house.hold(stages=((FAR, 0),), intent={"kind": "of a later release"}))
    good = house.book(stages=((FAR, 0),))
    house.run()
    assert house.state(good) is State.ACTIVE
    assert house.state(bad) is State.RELEASING
    view = house.view(bad)
    assert view.reason is not None
    assert view.reason.startswith("far-1: not a stored intent")
    assert not house.parts(bad)[0].in_sync


def test_leaving_part_nobody_can_read_keeps_its_claims_and_says_so(house: House) -> None:
    bad, good = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.run()
    house.store.write(
        lambda s: s.execute(update(PartRow).where(PartRow.reservation_id == bad).values(intent={"kind": "?"}))
    )
    house.at(NOON + HOUR)
    assert house.view(good).outcome is Outcome.COMPLETED
    assert (house.state(bad), house.claims(bad)) == (State.RELEASING, 1)
    assert "not a stored intent" in str(house.parts(bad)[0].error)
