"""From the start of a slot to its end, when everything goes well."""

from datetime import timedelta

from sqlalchemy import select

from activation.tick import CLAIMS_KEPT_FOR, next_action_at
from reservation.errors import CapacityExceeded
from reservation.lifecycle import Outcome, State
from reservation.tables import TransitionRow
from store import Store
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, SECOND, Box, House, whose

WHOLE_LIFE = [
    State.HELD,
    State.SCHEDULED,
    State.ACTIVATING,
    State.ACTIVE,
    State.RELEASING,
    State.RELEASED,
]


def watch(house: House) -> list[tuple[str, str]]:
    """The lines of both boxes as they come, with the box that takes them."""
    seen: list[tuple[str, str]] = []

    def note(box: Box) -> None:
        box.before_line = lambda line: seen.append((box.name, whose(line)))

    for box in house.boxes.values():
        note(box)
    return seen


def test_slot_goes_up_far_to_near_and_down_near_to_far_and_leaves_nothing(house: House) -> None:
    seen = watch(house)
    number = house.book(start=HOUR)
    before = {name: list(box.lines) for name, box in house.boxes.items()}
    house.run()
    assert house.state(number) is State.SCHEDULED
    assert seen == []
    house.at(NOON + HOUR)
    assert house.state(number) is State.ACTIVE
    assert seen == [(FAR, f"LS-FNAL-{number}"), (NEAR, f"LS-FNAL-{number}")]
    seen.clear()
    house.at(NOON + 2 * HOUR)
    assert seen == [(NEAR, f"no LS-FNAL-{number}"), (FAR, f"no LS-FNAL-{number}")]
    assert house.states(number) == WHOLE_LIFE
    assert {name: box.lines for name, box in house.boxes.items()} == before


def test_times_and_outcome_of_a_whole_life_are_told(house: House) -> None:
    number = house.book(start=HOUR)
    house.at(NOON + HOUR)
    assert house.view(number).activated_at == NOON + HOUR
    assert house.view(number).outcome is None
    house.at(NOON + 2 * HOUR)
    view = house.view(number)
    assert (view.outcome, view.reason, view.ended_at) == (Outcome.COMPLETED, None, NOON + 2 * HOUR)
    assert (view.hold_until, view.cancel_requested, view.degraded_since) == (None, False, None)


def test_nothing_happens_a_microsecond_before_the_slot(house: House) -> None:
    number = house.book(start=HOUR)
    house.at(NOON + HOUR - timedelta(microseconds=1))
    assert house.state(number) is State.SCHEDULED
    house.at(NOON + 2 * HOUR - timedelta(microseconds=1))
    assert house.state(number) is State.ACTIVE


def test_slot_that_starts_now_is_due_now(house: House) -> None:
    number = house.book()
    house.run()
    assert house.state(number) is State.ACTIVE


def test_far_device_is_done_before_the_near_one_is_asked(house: House) -> None:
    number = house.book()
    house.far.away = True
    house.run()
    assert house.state(number) is State.ACTIVATING
    assert house.near.ours == []
    assert [part.wanted for part in house.parts(number)] == [True, False]


def test_near_device_is_clean_before_the_far_one_is_taken_away(house: House) -> None:
    number = house.book()
    house.run()
    house.near.away = True
    house.at(NOON + HOUR)
    assert house.state(number) is State.RELEASING
    assert len(house.far.ours) == 1
    house.near.away = False
    house.at(NOON + HOUR + timedelta(minutes=2))
    assert house.state(number) is State.RELEASED
    assert house.far.ours == house.near.ours == []


def test_stages_need_not_be_numbered_without_gaps(store: Store) -> None:
    house = House(store, "a", "b", "c")
    number = house.book(stages=(("c", 7), ("a", 2), ("b", 2)))
    house.run()
    assert house.state(number) is State.ACTIVE
    house.at(NOON + HOUR)
    assert house.state(number) is State.RELEASED
    assert all(box.ours == [] for box in house.boxes.values())


def test_two_stages_on_one_device_are_two_pushes_each_way(house: House) -> None:
    house.book(stages=((FAR, 0), (FAR, 1)))
    house.run()
    assert [len(push) for push in house.far.pushes] == [1, 1]
    house.at(NOON + HOUR)
    assert [len(push) for push in house.far.pushes] == [1, 1, 1, 1]


def test_reservation_without_parts_lives_its_whole_life(house: House) -> None:
    number = house.book(stages=())
    house.run()
    assert house.state(number) is State.ACTIVE
    house.at(NOON + HOUR)
    assert house.states(number) == WHOLE_LIFE
    assert house.claims(number) == 0


def test_forty_that_start_together_are_one_push_per_stage(house: House) -> None:
    numbers = [house.book(start=HOUR) for _ in range(40)]
    house.at(NOON + HOUR)
    assert {house.state(number) for number in numbers} == {State.ACTIVE}
    assert [len(push) for push in house.far.pushes] == [40]
    assert [len(push) for push in house.near.pushes] == [40]
    house.at(NOON + 2 * HOUR)
    assert {house.state(number) for number in numbers} == {State.RELEASED}
    assert [len(push) for push in house.far.pushes] == [40, 40]
    assert [len(push) for push in house.near.pushes] == [40, 40]


def test_end_and_start_at_one_instant_are_one_push_and_the_end_is_seen_first(house: House) -> None:
    second = house.book(start=HOUR, amount=1000, stages=((FAR, 0),))
    first = house.book(amount=1000, stages=((FAR, 0),))
    house.run()
    house.at(NOON + HOUR)
    assert (house.state(first), house.state(second)) == (State.RELEASED, State.ACTIVE)
    assert [[whose(line) for line in push] for push in house.far.pushes] == [
        [f"LS-FNAL-{first}"],
        [f"no LS-FNAL-{first}", f"LS-FNAL-{second}"],
    ]
    moves = house.store.read(lambda s: s.scalars(select(TransitionRow).order_by(TransitionRow.id)).all())
    told = [(move.reservation_id, move.to_state) for move in moves]
    assert told.index((first, State.RELEASING)) < told.index((second, State.ACTIVATING))


def test_back_to_back_slots_hand_the_whole_path_over(house: House) -> None:
    numbers = [house.book(start=n * HOUR, amount=1000) for n in range(3)]
    for n in range(3):
        house.at(NOON + n * HOUR)
        shown = [house.state(number) for number in numbers]
        assert shown == [State.RELEASED] * n + [State.ACTIVE] + [State.SCHEDULED] * (2 - n)
        assert len(house.far.ours) == len(house.near.ours) == 1


def test_slot_that_passed_unseen_is_missed_and_no_device_hears_of_it(house: House) -> None:
    number = house.book(start=HOUR)
    house.at(NOON + 2 * HOUR)
    view = house.view(number)
    assert (view.state, view.outcome) == (State.CANCELLED, None)
    assert view.reason == "the slot passed before it could be started"
    assert house.far.pushes == house.near.pushes == []
    assert house.claims(number) == 0


def test_slot_found_late_is_started_late(house: House) -> None:
    number = house.book(start=HOUR)
    house.at(NOON + 1.5 * HOUR)
    assert house.view(number).activated_at == NOON + 1.5 * HOUR
    house.at(NOON + 2 * HOUR)
    assert house.view(number).outcome is Outcome.COMPLETED


def test_hold_that_is_not_confirmed_expires_and_gives_back_what_it_took(house: House) -> None:
    number = house.hold(start=HOUR, amount=1000)
    house.at(NOON + 2 * HOUR - SECOND)
    assert (house.state(number), house.claims(number)) == (State.HELD, 1)
    house.at(NOON + 2 * HOUR)
    view = house.view(number)
    assert (view.state, view.reason) == (State.EXPIRED, "the hold was not confirmed in time")
    assert house.claims(number) == 0


def test_claims_are_kept_a_little_ahead_until_the_last_device_is_clean(house: House) -> None:
    number = house.book(amount=1000)
    house.run()
    house.far.away = True
    for minutes in range(60, 120, 4):
        house.at(NOON + timedelta(minutes=minutes))
        assert house.claims(number) == 1
        assert house.state(number) is State.RELEASING
        again = house.store.read(next_action_at)
        assert again is not None
        assert house.clock.now() < again < house.clock.now() + CLAIMS_KEPT_FOR
        assert not fits(house, starts_in=timedelta(0))
        assert fits(house, starts_in=CLAIMS_KEPT_FOR + SECOND)
    house.far.away = False
    house.at(NOON + 3 * HOUR)
    assert (house.state(number), house.claims(number)) == (State.RELEASED, 0)
    assert fits(house, starts_in=timedelta(0))


def fits(house: House, *, starts_in: timedelta) -> bool:
    try:
        house.cancel(house.hold(start=starts_in, amount=1000))
    except CapacityExceeded:
        return False
    return True


def test_next_action_is_the_earliest_there_is(house: House) -> None:
    assert house.store.read(next_action_at) is None
    house.book(start=2 * HOUR)
    assert house.store.read(next_action_at) == NOON + 2 * HOUR
    held = house.hold(start=HOUR, length=HOUR / 2)
    assert house.store.read(next_action_at) == NOON + 1.5 * HOUR
    house.cancel(held)
    assert house.store.read(next_action_at) == NOON + 2 * HOUR
    house.at(NOON + 2 * HOUR)
    assert house.store.read(next_action_at) == NOON + 3 * HOUR
    house.at(NOON + 3 * HOUR)
    assert house.store.read(next_action_at) is None
