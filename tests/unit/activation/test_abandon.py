"""A device that will never come back holds nobody's bandwidth for ever."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from activation.abandon import Abandonment, abandon
from reservation import service
from reservation.errors import UnknownDevice
from reservation.lifecycle import Cause, Outcome, State
from reservation.pauses import PauseCause, end_pauses, list_pauses
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, House
from tests.unit.activation.test_modifications import LATER, modify

pytestmark = pytest.mark.one_database("what a lost device means for each reservation is decided in Python")

MINUTE = timedelta(minutes=1)
WORDS = "far-1 was abandoned: burnt out"


def give_up(house: House, device: str = FAR) -> Abandonment:
    return house.store.write(
        lambda s: abandon(s, device, now=house.clock.now(), actor="operator ann", reason="burnt out")
    )


def last_move(house: House, number: int) -> tuple[Cause | None, str, str | None]:
    move = house.store.read(lambda s: service.history(s, number))[-1]
    return move.cause, move.actor, move.reason


def test_what_waited_for_it_alone_is_released_with_the_reason(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.run()
    house.far.away = True
    house.at(NOON + HOUR)
    assert (house.state(number), house.claims(number)) == (State.RELEASING, 1)
    assert give_up(house) == Abandonment(released=(number,), leaving=(), failed=(), booked=())
    assert house.state(number) is State.RELEASED
    assert house.view(number).outcome is Outcome.COMPLETED
    assert house.view(number).reason == WORDS
    assert house.claims(number) == 0
    assert last_move(house, number) == (Cause.ABANDONED, "operator ann", WORDS)


def test_what_has_more_elsewhere_is_taken_off_there_first(house: House) -> None:
    number = house.book(stages=((FAR, 0), (NEAR, 0)))
    house.run()
    house.far.away = house.near.away = True
    house.at(NOON + HOUR)
    assert give_up(house).leaving == (number,)
    house.run()
    assert house.state(number) is State.RELEASING
    house.near.away = False
    house.at(NOON + HOUR + 2 * MINUTE)
    assert house.state(number) is State.RELEASED
    assert house.near.ours == []
    assert last_move(house, number)[0] is Cause.GONE


def test_next_stage_goes_on_where_the_abandoned_one_was_waited_for(house: House) -> None:
    number = house.book(stages=((NEAR, 0), (FAR, 1)))
    house.run()
    house.far.away = True
    house.at(NOON + HOUR)
    assert len(house.near.ours) == 1
    assert give_up(house).leaving == (number,)
    house.run()
    assert house.state(number) is State.RELEASED
    assert house.near.ours == []


@pytest.mark.any_database("many rows are changed in one transaction")
def test_what_runs_on_it_fails_and_leaves_the_other_devices(house: House) -> None:
    number, waiting = house.book(), house.book(stages=((FAR, 0),))
    house.run()
    house.far.away = True
    starting = house.book(stages=((FAR, 0),))
    house.run()
    assert give_up(house).failed == (number, waiting, starting)
    house.run()
    for one in (number, waiting, starting):
        assert house.state(one) is State.RELEASED
        assert house.view(one).outcome is Outcome.FAILED
        assert house.view(one).reason == WORDS
        assert house.claims(one) == 0
    assert house.near.ours == []


def test_what_is_booked_for_later_and_what_is_elsewhere_stays(house: House) -> None:
    later = house.book(start=HOUR)
    other = house.book(stages=((NEAR, 0),))
    house.run()
    assert give_up(house).booked == (later,)
    house.run()
    assert house.state(later) is State.SCHEDULED
    assert house.state(other) is State.ACTIVE


def test_nothing_is_sent_to_it_until_somebody_says_so_and_then_it_is_cleaned(house: House) -> None:
    house.book(stages=((FAR, 0),))
    house.run()
    house.far.away = True
    give_up(house)
    house.run()
    house.far.away = False
    house.at(NOON + 10 * MINUTE)
    assert len(house.far.ours) == 1
    (pause,) = house.store.read(list_pauses)
    assert (pause.cause, pause.device, pause.reason) == (
        PauseCause.MAINTENANCE,
        FAR,
        "abandoned: burnt out",
    )
    house.store.write(lambda s: end_pauses(s, [PauseCause.MAINTENANCE], device=FAR))
    house.run()
    assert house.far.ours == []


def test_router_that_comes_back_is_waited_for_no_more(house: House) -> None:
    number = house.book(stages=((FAR, 0), (NEAR, 0)))
    house.run()
    house.far.away = house.near.away = True
    house.at(NOON + HOUR)
    give_up(house)
    house.far.away = False
    house.at(NOON + HOUR + 10 * MINUTE)
    assert len(house.far.ours) == 1
    house.near.away = False
    house.at(NOON + HOUR + 20 * MINUTE)
    assert house.state(number) is State.RELEASED


def test_abandoning_twice_changes_nothing_more(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.run()
    give_up(house)
    assert give_up(house).failed in {(), (number,)}
    house.run()
    assert house.state(number) is State.RELEASED
    assert give_up(house) == Abandonment((), (), (), ())


@pytest.mark.parametrize("ticked", [False, True])
def test_what_was_moved_to_a_later_slot_starts_then(house: House, ticked: bool) -> None:
    number = house.book()
    house.run()
    house.far.away = True
    modify(house, number, slot=LATER)
    if ticked:
        house.tick()
    assert give_up(house).leaving == (number,)
    house.run()
    assert house.state(number) is State.SCHEDULED
    assert house.near.ours == []
    house.far.away = False
    house.store.write(lambda s: end_pauses(s, [PauseCause.MAINTENANCE], device=FAR))
    house.at(LATER.start)
    assert house.state(number) is State.ACTIVE
    assert (len(house.far.ours), len(house.near.ours)) == (1, 1)


@pytest.mark.any_database("it counts locks")
def test_what_is_given_back_is_locked_before_the_device(house: House) -> None:
    house.book(stages=((FAR, 0),))
    house.run()
    house.far.away = True
    house.at(NOON + HOUR)
    locked: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        if "name IN" in statement:
            locked.append(statement.split("FROM ")[1].split(maxsplit=1)[0])

    event.listen(house.store.engine, "before_cursor_execute", note)
    assert give_up(house).released
    event.remove(house.store.engine, "before_cursor_execute", note)
    assert locked == ["resource", "device"]


def test_device_nobody_knows_is_refused(house: House) -> None:
    with pytest.raises(UnknownDevice):
        give_up(house, "far-9")
