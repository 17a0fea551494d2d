"""Who waits longest, whose time is up, and who has to go where bodies crowd."""

import enum
from dataclasses import dataclass
from typing import Any

import pytest

from pathservice.listener.model import Limits
from pathservice.listener.visitor import find_greediest
from pathservice.listener.waiting import WaitingList


class Stage(enum.Enum):
    SHORT = 1
    LONG = 2


class Stopwatch:
    """Seconds that only a test moves on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def waiting(stopwatch: Stopwatch) -> WaitingList[str, Stage]:
    return WaitingList({Stage.SHORT: 1.0, Stage.LONG: 60.0}, monotonic=stopwatch)


def test_nobody_waits_for_nothing(waiting: WaitingList[str, Stage]) -> None:
    assert waiting.seconds_left() is None
    assert list(waiting.late()) == []
    waiting.remove("nobody")
    assert "nobody" not in waiting


def test_first_in_is_first_out(waiting: WaitingList[str, Stage], stopwatch: Stopwatch) -> None:
    for guest in ("a", "b"):
        waiting.move(guest, Stage.LONG)
    stopwatch.now += 10
    waiting.move("c", Stage.SHORT)
    assert waiting.oldest(Stage.LONG, Stage.SHORT) == "a"
    assert waiting.oldest(Stage.SHORT, Stage.LONG) == "c"
    assert waiting.seconds_left() == 1
    stopwatch.now += 2
    assert waiting.seconds_left() == 0
    for late in waiting.late():
        assert late == "c"
        waiting.remove(late)
    assert list(waiting) == ["a", "b"]


def test_move_starts_the_time_anew(waiting: WaitingList[str, Stage], stopwatch: Stopwatch) -> None:
    waiting.move("a", Stage.SHORT)
    stopwatch.now += 0.5
    waiting.move("a", Stage.LONG)
    assert waiting.stage("a") is Stage.LONG
    assert (waiting.count(Stage.SHORT), waiting.count(*Stage)) == (0, 1)
    assert waiting.at(Stage.LONG) == ["a"]
    assert waiting.seconds_left() == 60


@dataclass(frozen=True)
class Body:
    """A visitor, as far as fairness cares."""

    owner: str
    held: int
    number: int = 0


def greediest(limits: Limits, *bodies: Body) -> Any:
    visitors: list[Any] = list(bodies)
    return find_greediest(visitors, limits)


def test_bodies_that_fit_stay() -> None:
    assert greediest(Limits()) is None
    assert greediest(Limits(bodies=2, bodies_bytes=100), Body("a", 50), Body("b", 50)) is None


def test_oldest_of_whoever_has_most_goes() -> None:
    bodies = [Body("alice", 900), *(Body("mallory", 1, number) for number in range(3)), Body("bob", 900)]
    assert greediest(Limits(bodies=4), *bodies) == Body("mallory", 1, 0)


def test_oldest_of_whoever_holds_most_bytes_goes() -> None:
    bodies = [Body("alice", 40), Body("mallory", 30, 1), Body("mallory", 30, 2), Body("bob", 1)]
    assert greediest(Limits(bodies_bytes=100), *bodies) == Body("mallory", 30, 1)
