"""The one table of moves."""

import re

import pytest

from reservation.lifecycle import FINAL, MOVES, ON_DEVICES, Cause, State, mermaid


def reached_from(start: State) -> set[State]:
    found, ahead = {start}, [start]
    while ahead:
        news = set(MOVES[ahead.pop()].values()) - found
        found |= news
        ahead.extend(news)
    return found


def test_every_state_is_a_key() -> None:
    assert set(MOVES) == set(State)


def test_every_state_is_reached_from_the_first() -> None:
    assert reached_from(State.HELD) == set(State)


def test_every_cause_moves_something() -> None:
    assert {cause for moves in MOVES.values() for cause in moves} == set(Cause)


def test_nothing_leaves_a_final_state() -> None:
    assert {State.RELEASED, State.CANCELLED, State.EXPIRED} == FINAL
    assert all(not MOVES[state] for state in FINAL)


def test_every_state_can_end() -> None:
    assert all(reached_from(state) & FINAL for state in State)


def test_no_move_stays_where_it_is() -> None:
    assert all(to is not state for state, moves in MOVES.items() for to in moves.values())


def test_what_may_be_on_a_device_leaves_only_through_releasing() -> None:
    for state in ON_DEVICES - {State.RELEASING}:
        assert set(MOVES[state].values()) - ON_DEVICES == set()
    entered = {state for state, moves in MOVES.items() if set(moves.values()) & ON_DEVICES} - ON_DEVICES
    assert entered == {State.SCHEDULED}
    assert set(MOVES[State.RELEASING].values()) == {State.RELEASED, State.SCHEDULED}


def test_diagram_shows_exactly_the_moves_of_the_table() -> None:
    arrows = re.findall(r"^    (\w+) --> (\w+): (.+)$", mermaid(), re.MULTILINE)
    drawn = {(source, to, cause) for source, to, causes in arrows for cause in causes.split(" | ")}
    assert drawn == {(state, to, cause) for state, moves in MOVES.items() for cause, to in moves.items()}


def test_diagram_begins_at_hold_and_ends_at_every_final_state() -> None:
    assert "    [*] --> held: hold\n" in mermaid()
    ends = re.findall(r"^    (\w+) --> \[\*\]$", mermaid(), re.MULTILINE)
    assert sorted(ends) == sorted(FINAL)


@pytest.mark.parametrize("state", State)
def test_word_of_a_state_is_its_wire_word(state: State) -> None:
    assert state.value == state.name.lower() == str(state)
