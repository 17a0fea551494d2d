"""Ending early: at every point of a life, whatever the devices do meanwhile."""

import pytest

from reservation.errors import WrongState
from reservation.lifecycle import Cause, Outcome, State
from reservation.service import history
from tests.unit.activation.conftest import FAR, HOUR, NOON, House


def test_cancel_while_active_takes_it_off_every_device(house: House) -> None:
    number = house.book()
    house.run()
    house.cancel(number, reason="enough")
    assert (house.state(number), house.claims(number)) == (State.ACTIVE, 1)
    house.at(NOON + HOUR / 2)
    view = house.view(number)
    assert (view.state, view.outcome, view.reason) == (State.RELEASED, Outcome.CANCELLED, "enough")
    assert house.far.ours == house.near.ours == []
    assert house.claims(number) == 0


def test_history_of_a_cancel_names_who_asked_and_then_who_did_it(house: House) -> None:
    number = house.book()
    house.run()
    house.cancel(number, reason="enough")
    house.run()
    *_, releasing, released = house.store.read(lambda session: history(session, number))
    assert (releasing.cause, releasing.actor, releasing.reason) == (Cause.CANCEL, "CN=Someone", "enough")
    assert (released.cause, released.actor, released.reason) == (Cause.GONE, "worker", "enough")


def test_cancel_before_the_second_stage_never_reaches_the_second_device(house: House) -> None:
    number = house.book()
    house.tick()
    house.visit(FAR)
    house.cancel(number)
    house.run()
    assert (house.state(number), house.view(number).outcome) == (State.RELEASED, Outcome.CANCELLED)
    assert house.far.ours == []
    assert house.near.pushes == []


def test_cancel_between_tick_and_first_visit_pushes_nothing_at_all(house: House) -> None:
    number = house.book()
    house.tick()
    house.cancel(number)
    house.run()
    assert house.state(number) is State.RELEASED
    assert house.far.pushes == house.near.pushes == []


def test_cancel_that_comes_while_a_push_is_under_way_is_carried_out_after_it(house: House) -> None:
    number = house.book()
    house.far.after_line = lambda line: None if line.startswith("no ") else cancel(house, number)
    house.run()
    assert (house.state(number), house.view(number).outcome) == (State.RELEASED, Outcome.CANCELLED)
    assert house.far.ours == house.near.ours == []
    assert State.ACTIVE not in house.states(number)


def cancel(house: House, number: int) -> None:
    house.cancel(number)


def test_cancel_that_comes_between_reading_back_and_settling_wins(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.tick()
    house.visit(FAR)
    house.cancel(number)
    house.settle()
    assert house.state(number) is State.ACTIVATING
    house.run()
    assert State.ACTIVE not in house.states(number)
    assert house.far.ours == []


def test_device_that_is_away_keeps_a_cancelled_reservation_releasing_with_its_claims(house: House) -> None:
    number = house.book()
    house.run()
    house.far.away = True
    house.cancel(number)
    house.run()
    assert (house.state(number), house.claims(number)) == (State.RELEASING, 1)
    house.far.away = False
    house.at(NOON + HOUR / 2)
    assert (house.state(number), house.claims(number)) == (State.RELEASED, 0)


def test_cancel_of_what_ends_by_itself_is_refused(house: House) -> None:
    number = house.book()
    house.run()
    house.near.away = True
    house.at(NOON + HOUR)
    with pytest.raises(WrongState):
        house.cancel(number)
    house.near.away = False
    house.at(NOON + 1.1 * HOUR)
    assert house.view(number).outcome is Outcome.COMPLETED


def test_cancel_asked_for_first_decides_the_outcome_even_if_a_device_refuses_after(house: House) -> None:
    number = house.book()
    house.far.refuses.add("LS-FNAL")
    house.far.before_line = lambda _line: cancel(house, number)
    house.run()
    assert house.view(number).outcome is Outcome.CANCELLED


def test_what_never_was_active_never_ends_completed(house: House) -> None:
    number = house.book()
    house.near.away = True
    house.run()
    house.at(NOON + HOUR)
    house.near.away = False
    house.at(NOON + 1.1 * HOUR)
    view = house.view(number)
    assert (view.state, view.outcome, view.activated_at) == (State.RELEASED, Outcome.FAILED, None)
    assert view.reason == "the slot ended before every device carried it"
    assert house.far.ours == []


def test_ending_while_a_pass_of_the_older_generation_is_under_way_is_not_taken_for_gone(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.run()
    house.far.lines.remove(house.far.ours[0])

    def end(_line: str) -> None:
        house.far.after_line = None
        house.clock.at = NOON + HOUR
        house.tick()

    house.far.after_line = end
    # The pass repairs drift while the reservation ends: what it reads back says nothing about the removal.
    house.visit(FAR)
    house.settle()
    assert house.state(number) is State.RELEASING
    assert len(house.far.ours) == 1
    house.run()
    assert (house.state(number), house.far.ours) == (State.RELEASED, [])
