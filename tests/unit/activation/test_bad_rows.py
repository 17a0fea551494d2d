"""One row that cannot be worked on stops nothing but itself."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, update
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from activation.wanted import known_reservations
from netconfig.driver import Config
from reservation.lifecycle import Outcome, State
from reservation.tables import ClaimRow, PartRow, ReservationRow, TransitionRow
from tests.unit.activation.conftest import FAR, HOUR, INTENT, NOON, House

MINUTE = timedelta(minutes=1)


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
    view = house.view(bad)
    assert (view.state, view.outcome, house.claims(bad)) == (State.RELEASED, Outcome.FAILED, 0)
    assert view.reason is not None
    assert view.reason.startswith("far-1: not a stored intent")


def spoil_parts(house: House, number: int, *, stage: int = 0, **values: object) -> None:
    """Make a reservation's part of that stage one that nobody can read."""
    of_stage = update(PartRow).where(PartRow.reservation_id == number, PartRow.stage == stage)
    house.store.write(lambda s: s.execute(of_stage.values(intent={"kind": "?"}, **values)))


def test_leaving_part_nobody_can_read_is_taken_away_by_its_reservations_number(house: House) -> None:
    bad, good = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.run()
    spoil_parts(house, bad)
    house.at(NOON + HOUR)
    assert house.far.ours == []
    assert [house.view(number).outcome for number in (bad, good)] == [Outcome.COMPLETED] * 2
    assert house.claims(bad) == 0
    assert house.parts(bad)[0].error is None


@pytest.mark.parametrize("bad_stage", [0, 1])
def test_leaving_part_nobody_can_read_is_not_taken_for_its_sister_on_the_same_device(
    house: House, bad_stage: int
) -> None:
    number = house.book(stages=((FAR, 0), (FAR, 1)))
    house.run()
    spoil_parts(house, number, stage=bad_stage)
    house.at(NOON + HOUR)
    assert house.far.ours == []
    assert (house.state(number), house.claims(number)) == (State.RELEASED, 0)


def test_leaving_part_nobody_can_read_keeps_its_claims_while_anything_of_it_is_found(house: House) -> None:
    bad = house.book(stages=((FAR, 0),))
    house.run()
    spoil_parts(house, bad)
    house.far.ignores.add("no LS-FNAL")
    house.at(NOON + HOUR)
    assert (house.state(bad), house.claims(bad)) == (State.RELEASING, 1)
    assert "not a stored intent" in str(house.parts(bad)[0].error)
    house.far.ignores.clear()
    house.at(NOON + HOUR + MINUTE)
    assert (house.state(bad), house.claims(bad)) == (State.RELEASED, 0)


def test_strangers_object_of_the_same_number_keeps_an_unreadable_parts_claims(house: House) -> None:
    bad = house.book(stages=((FAR, 0),))
    house.run()
    spoil_parts(house, bad)
    house.far.lines.append(f"LS-FNAL-{bad}-77 at 5 db somebody-elses")
    house.at(NOON + HOUR)
    assert (house.state(bad), house.claims(bad)) == (State.RELEASING, 1)


@pytest.mark.parametrize(
    "placement",
    [
        {"acl": "EDGE-IN", "lines": [{"text": "permit ip any any", "sequence": 100, "existed": False}]},
        {"acl": "LS-FNAL-1", "map": "THE-SITES-OWN", "sequence": 10},
    ],
)
def test_unreadable_part_in_something_of_the_sites_keeps_its_claims_and_says_why(
    house: House, placement: object
) -> None:
    bad, good = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.run()
    spoil_parts(house, bad, placement=placement)
    with capture_logs() as logs:
        house.at(NOON + HOUR)
    assert house.far.ours == []
    assert house.view(good).outcome is Outcome.COMPLETED
    assert (house.state(bad), house.claims(bad)) == (State.RELEASING, 1)
    words = str(house.parts(bad)[0].error)
    assert words.startswith("not a stored intent")
    assert words.endswith("what it may have left in lists of the site's cannot be told")
    told = [line for line in logs if line["event"] == "part cannot be understood"]
    passes = house.far.reads
    assert 1 <= len(told) <= passes
    assert {line["error"] for line in told} == {words}
    mended = update(PartRow).where(PartRow.reservation_id == bad).values(intent=INTENT, placement={"at": 10})
    house.store.write(lambda s: s.execute(mended))
    house.at(NOON + 2 * HOUR)
    assert (house.state(bad), house.claims(bad)) == (State.RELEASED, 0)


def test_device_full_of_numbers_is_asked_about_however_many(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    found = dict.fromkeys(range(1, 40000), "") | {number: ""}
    known = house.store.read(lambda session: known_reservations(session, Config(text="", found=found)))
    assert known == {number}
