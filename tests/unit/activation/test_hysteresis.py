"""A next hop is down after two misses in a row, up after three answers, and the first ask decides alone."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from activation.hysteresis import ANSWERS_UNTIL_UP, MISSES_UNTIL_DOWN, Hop
from tests.unit.activation.conftest import NOON, SECOND

LATELY = timedelta(seconds=30)
HEARD = st.lists(st.booleans(), min_size=1, max_size=30)


def lives(heard: Sequence[bool], *, apart: timedelta = 5 * SECOND) -> list[Hop]:
    """What is known after each of these."""
    hops = [Hop()]
    for number, answered in enumerate(heard):
        now = NOON + number * apart
        hops.append(hops[-1].heard(answered=answered, lately=LATELY, asked=now, now=now))
    return hops[1:]


def test_of_what_was_never_asked_nobody_can_tell() -> None:
    assert Hop().is_up is None


@given(HEARD)
def test_first_decides_alone(heard: Sequence[bool]) -> None:
    assert lives(heard)[0].is_up is heard[0]


@given(HEARD)
def test_down_means_two_misses_in_a_row_and_up_three_answers(heard: Sequence[bool]) -> None:
    for at, (before, after) in enumerate(pairwise(lives(heard)), start=1):
        misses = not any(heard[max(0, at - MISSES_UNTIL_DOWN + 1) : at + 1]) and at + 1 >= MISSES_UNTIL_DOWN
        answers = all(heard[max(0, at - ANSWERS_UNTIL_UP + 1) : at + 1]) and at + 1 >= ANSWERS_UNTIL_UP
        assert after.is_up is ((before.is_up or answers) and not misses)


@given(HEARD, st.sampled_from([5 * SECOND, LATELY + SECOND]))
def test_it_is_down_since_it_went_and_not_since_it_was_last_asked(
    heard: Sequence[bool], apart: timedelta
) -> None:
    for before, after in pairwise([Hop(), *lives(heard, apart=apart)]):
        assert after.told_at is not None
        if after.is_up:
            assert after.down_since is None
        else:
            assert after.down_since == (before.down_since or after.told_at)
        assert min(after.misses, after.answers) == 0 < max(after.misses, after.answers)


@given(HEARD)
def test_what_was_not_heard_of_lately_is_as_if_never_asked(heard: Sequence[bool]) -> None:
    assert [hop.is_up for hop in lives(heard, apart=LATELY + SECOND)] == list(heard)


def test_numbers_are_those_that_are_documented() -> None:
    assert (MISSES_UNTIL_DOWN, ANSWERS_UNTIL_UP) == (2, 3)
