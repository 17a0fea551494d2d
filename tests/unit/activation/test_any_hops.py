"""Whatever next hops and devices do, in any order: what is carried in the end follows from who answers."""

from datetime import timedelta

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

from netconfig.errors import StateUnknown, Unreachable
from reservation.lifecycle import State
from store import Store
from tests.unit.activation.conftest import FAR, NEAR, SECOND, House
from tests.unit.activation.test_drift import KilledError, stop_the_process
from tests.unit.activation.watched import BACK, FALLS_BACK, HOP, NOT_ANSWERING, WITHDRAWN, steer, watch

pytestmark = pytest.mark.one_database("it is the same rows as in every pass, and what they mean is Python's")

MINUTE = timedelta(minutes=1)
UNTELLING = st.sampled_from([None, StateUnknown(NEAR, "garbage"), Unreachable(NEAR, "the session ended")])


class AnyHops(RuleBasedStateMachine):
    """Next hops come and go; the device tells, or not; tickets begin and end; workers are killed."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        self.forget_faults()
        self.house.near.silent = set()
        # Those that were not cancelled, and whether they fall back.
        self.running: dict[int, bool] = {}

    def forget_faults(self) -> None:
        box = self.house.near
        box.dumb, box.away, box.after_line = None, False, None

    @precondition(lambda self: len(self.running) < 3)
    @rule(falls_back=st.booleans())
    def begin(self, falls_back: bool) -> None:
        intent = FALLS_BACK if falls_back else WITHDRAWN
        self.running[steer(self.house, intent, length=timedelta(days=1))] = falls_back

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 2), strike=st.booleans())
    def end(self, which: int, strike: bool) -> None:
        number = sorted(self.running)[which % len(self.running)]
        del self.running[number]
        self.house.cancel(number)
        if strike:
            self.house.run()

    @rule(silent=st.sets(st.sampled_from([HOP, BACK])), dumb=UNTELLING, away=st.booleans())
    def turn(self, silent: set[str], dumb: Exception | None, away: bool) -> None:
        box = self.house.near
        box.silent, box.dumb, box.away = silent, dumb, away

    @rule(seconds=st.sampled_from([1, 5, 40, 400]))
    def wait(self, seconds: int) -> None:
        self.house.clock.forward(seconds * SECOND)

    @rule()
    def ask(self) -> None:
        self.house.ask_devices()

    @rule(killed=st.booleans())
    def strike(self, killed: bool) -> None:
        self.house.near.after_line = stop_the_process if killed else None
        try:
            self.house.strike()
        except KilledError:
            pass
        finally:
            self.house.near.after_line = None

    @rule()
    def rest(self) -> None:
        self.forget_faults()
        # Longer than any pause after a failure.
        self.house.clock.forward(2 * MINUTE)
        self.house.run()
        watch(self.house, 3)
        assert self.carried() == {number: self.way(number) for number in self.running}
        for number in self.running:
            (part,) = self.house.parts(number)
            way = self.way(number)
            assert part.in_sync is (way is not None)
            assert part.detour == (BACK if way == BACK else None)
            assert (part.error or "").startswith(NOT_ANSWERING) is (way is None)

    @invariant()
    def nothing_is_steered_two_ways_and_nobody_has_failed(self) -> None:
        lines = [line.partition(" at ")[0] for line in self.house.near.ours]
        assert len(lines) == len(set(lines))
        assert {self.house.state(n) for n in self.running} <= {State.ACTIVATING, State.ACTIVE}

    def carried(self) -> dict[int, str | None]:
        """The next hop of each ticket that is running or there, None where it is not."""
        there: dict[int, str | None] = dict.fromkeys(self.running)
        for line in self.house.near.ours:
            there[int(line.split("-")[2])] = line.partition(" via ")[2].partition(" ")[0]
        return there

    def way(self, number: int) -> str | None:
        """Where a ticket's packets should go now."""
        ways = [HOP, BACK] if self.running[number] else [HOP]
        return next((way for way in ways if way not in self.house.near.silent), None)

    def teardown(self) -> None:
        for number in list(self.running):
            self.house.cancel(number)
            del self.running[number]
        self.rest()
        assert self.house.near.ours == []
        assert self.house.device(NEAR).next_hops == ()


def test_what_is_carried_in_the_end_follows_from_who_answers(store: Store) -> None:
    run_state_machine_as_test(
        type("AnyHopsHere", (AnyHops,), {"house": House(store, FAR, NEAR)}),
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
