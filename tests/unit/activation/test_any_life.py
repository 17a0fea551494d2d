"""Whatever is asked for and whatever devices do, in any order: a small model says what must come of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reservation import service
from reservation.errors import TooLate, WrongState
from reservation.lifecycle import FINAL, MOVES, Cause, Outcome, State
from reservation.model import ReservationView, TransitionView
from store import Store
from tests.unit.activation.conftest import FAR, NEAR, Box, House
from tests.unit.activation.test_modifications import BOTH, intent, modify, parts

MINUTE = timedelta(minutes=1)

UP, DOWN = frozenset({State.ACTIVATING, State.ACTIVE}), frozenset({State.RELEASING, State.RELEASED})


@dataclass
class Expected:
    """What the model knows of a reservation: the states it may be in now."""

    start: datetime
    end: datetime
    hold_until: datetime
    states: frozenset[State] = frozenset({State.HELD})
    cancelled: bool = False

    def tick(self, now: datetime) -> None:
        """What one strike of the worker's clock makes of it."""
        if self.states == {State.HELD} and self.hold_until <= now:
            self.states = frozenset({State.EXPIRED})
        elif self.states == {State.SCHEDULED} and self.end <= now:
            self.states = frozenset({State.CANCELLED})
        elif self.states == {State.SCHEDULED} and self.start <= now:
            self.states = UP
        elif self.states == UP and (self.cancelled or self.end <= now):
            self.states = DOWN

    def rest(self) -> None:
        """What it comes to when every device answers."""
        self.states = {UP: frozenset({State.ACTIVE}), DOWN: frozenset({State.RELEASED})}.get(
            self.states, self.states
        )

    def stir(self) -> None:
        """Undo `rest`: from here on the worker may be anywhere on its way."""
        if self.states == {State.ACTIVE}:
            self.states = UP


class AnyLife(RuleBasedStateMachine):
    """People hold, confirm, modify and cancel; devices come and go; the worker strikes whenever it does."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        for box in self.house.boxes.values():
            box.away = False
        self.expected: dict[int, Expected] = {}

    @rule(start=st.integers(0, 30), length=st.integers(1, 30), held=st.integers(0, 20), stages=st.booleans())
    def hold(self, start: int, length: int, held: int, stages: bool) -> None:
        now = self.house.clock.now()
        number = self.house.hold(
            start=start * MINUTE,
            length=length * MINUTE,
            hold_for=held * MINUTE,
            stages=((FAR, 0), (NEAR, 1)) if stages else ((NEAR, 0),),
        )
        self.expected[number] = Expected(
            now + start * MINUTE, now + (start + length) * MINUTE, now + held * MINUTE
        )

    def pick(self, which: int) -> tuple[int, Expected]:
        numbers = sorted(self.expected)
        number = numbers[which % len(numbers)]
        return number, self.expected[number]

    @precondition(lambda self: self.expected)
    @rule(which=st.integers(0, 20))
    def confirm(self, which: int) -> None:
        number, expected = self.pick(which)
        now = self.house.clock.now()
        if expected.states == {State.HELD} and now < min(expected.hold_until, expected.end):
            self.house.confirm(number)
            expected.states = frozenset({State.SCHEDULED})
        else:
            with pytest.raises(WrongState):
                self.house.confirm(number)

    @precondition(lambda self: self.expected)
    @rule(which=st.integers(0, 20))
    def cancel(self, which: int) -> None:
        number, expected = self.pick(which)
        expected.stir()
        if expected.states == UP:
            assert self.house.cancel(number).cancel_requested
            expected.cancelled = True
        elif expected.states <= {State.HELD, State.SCHEDULED}:
            assert self.house.cancel(number).state is State.CANCELLED
            expected.states = frozenset({State.CANCELLED})
        elif expected.states == DOWN and expected.cancelled and self.house.state(number) not in FINAL:
            assert self.house.cancel(number).state is State.RELEASING
        else:
            with pytest.raises(WrongState):
                self.house.cancel(number)

    @precondition(lambda self: self.expected)
    @rule(which=st.integers(0, 20), network=st.integers(2, 4), stages=st.booleans())
    def modify(self, which: int, network: int, stages: bool) -> None:
        number, expected = self.pick(which)
        expected.stir()
        now = self.house.clock.now()
        until = expected.end
        if expected.states == {State.HELD}:
            until = min(until, expected.hold_until)
        asked = parts(BOTH if stages else BOTH[1:], intent(f"10.{network}.0.0/24"))
        if (
            expected.states in (UP, {State.HELD}, {State.SCHEDULED})
            and not expected.cancelled
            and now < until
        ):
            modify(self.house, number, parts=asked)
        else:
            with pytest.raises(TooLate):
                modify(self.house, number, parts=asked)

    @rule(minutes=st.integers(1, 20))
    def wait(self, minutes: int) -> None:
        self.house.clock.forward(minutes * MINUTE)

    @rule(box=st.sampled_from([FAR, NEAR]), away=st.booleans())
    def turn(self, box: str, away: bool) -> None:
        self.house.boxes[box].away = away

    @rule()
    def tick(self) -> None:
        for expected in self.expected.values():
            expected.stir()
            expected.tick(self.house.clock.now())
        self.house.tick()

    @rule()
    def strike(self) -> None:
        for expected in self.expected.values():
            expected.stir()
            expected.tick(self.house.clock.now())
        self.house.strike()

    @rule()
    def rest(self) -> None:
        for box in self.house.boxes.values():
            box.away = False
        # Longer than any pause after a failure.
        self.house.clock.forward(2 * MINUTE)
        for expected in self.expected.values():
            expected.stir()
            expected.tick(self.house.clock.now())
            expected.rest()
        self.house.run()

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        for number, expected in self.expected.items():
            view = self.house.view(number)
            assert view.state in expected.states
            log = self.house.store.read(lambda session, n=number: service.history(session, n))  # type: ignore[misc]
            assert replay(log) is view.state
            assert self.house.claims(number) == (view.state not in FINAL)
            check_outcome(view, log, cancelled=expected.cancelled)
            stages = len(self.house.parts(number))
            carried = sum(carries(box, number) for box in self.house.boxes.values())
            if view.state is State.ACTIVE and view.modifying_since is None:
                assert carried == stages
            elif view.state is State.ACTIVE:
                assert 0 < carried <= stages
            elif view.state not in {State.ACTIVATING, State.RELEASING}:
                assert carried == 0

    def teardown(self) -> None:
        for number in self.expected:
            if self.house.state(number) in {State.HELD, State.SCHEDULED}:
                self.house.cancel(number)
        self.house.clock.forward(timedelta(days=1))
        self.rest()
        assert {self.house.state(number) for number in self.expected} <= FINAL
        assert all(box.ours == [] for box in self.house.boxes.values())


def carries(box: Box, number: int) -> int:
    return sum(line.startswith(f"LS-FNAL-{number}-") for line in box.ours)


def replay(log: tuple[TransitionView, ...]) -> State:
    """Where the log of moves leads, each of them one the table has."""
    first, *others = log
    assert (first.from_state, first.cause, first.to_state) == (None, None, State.HELD)
    state = State.HELD
    for move in others:
        assert move.from_state is state
        assert move.cause is not None
        state = MOVES[state][move.cause]
        assert move.to_state is state
    assert [move.at for move in log] == sorted(move.at for move in log)
    return state


def check_outcome(view: ReservationView, log: tuple[TransitionView, ...], *, cancelled: bool) -> None:
    seen = {move.to_state for move in log}
    causes = {move.cause for move in log}
    assert (view.outcome is None) == (view.state is not State.RELEASED)
    assert (view.ended_at is None) == (view.state not in FINAL)
    assert (view.activated_at is None) == (State.ACTIVE not in seen)
    if view.outcome is Outcome.COMPLETED:
        assert State.ACTIVE in seen
        assert not cancelled
    if view.outcome is Outcome.CANCELLED:
        assert cancelled
        assert Cause.CANCEL in causes
    if view.outcome is Outcome.FAILED:
        assert State.ACTIVE not in seen
        assert view.reason


def test_every_life_is_one_the_model_allows(store: Store) -> None:
    house = House(store, FAR, NEAR)
    run_state_machine_as_test(
        type("AnyLifeHere", (AnyLife,), {"house": house}),
        settings=settings(
            # The property is the core's; a server answers each of a life's hundreds of questions more slowly.
            max_examples=12 if store.engine.dialect.name == "sqlite" else 4,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
