"""A fault strikes at the line it waits for, as often as it should, and nowhere else."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from netconfig.simulator import Action, Fault, IosRouter
from netconfig.simulator.cli_router import Reaction
from netconfig.simulator.faults import FaultList

LINES = ("ip access-list extended A", "permit ip any any", "exit", "hostname r2")


def struck(fault: Fault, *lines: str, configures: bool = True) -> list[int]:
    """At which of the lines, counted from 1, the fault strikes."""
    faults = FaultList()
    faults.add(fault)
    return [at for at, line in enumerate(lines, 1) if faults.strike(line, configures=configures)]


def test_fault_waits_for_its_line() -> None:
    assert struck(Fault(Action.HANG, line="^permit"), *LINES) == [2]
    assert struck(Fault(Action.HANG, number=3), *LINES) == [3]
    assert struck(Fault(Action.HANG, line="r2|list", number=2), *LINES) == [4]
    assert struck(Fault(Action.HANG), *LINES) == [1]
    assert struck(Fault(Action.HANG, number=9), *LINES) == []


def test_fault_strikes_as_often_as_it_should() -> None:
    assert struck(Fault(Action.HANG, times=2), *LINES) == [1, 2]
    assert struck(Fault(Action.HANG, number=2, times=None), *LINES) == [2, 3, 4]


def test_fault_tells_configuration_from_exec() -> None:
    assert struck(Fault(Action.HANG), *LINES, configures=False) == []
    assert struck(Fault(Action.HANG, where="exec"), *LINES, configures=False) == [1]
    assert struck(Fault(Action.HANG, where="any"), *LINES, configures=False) == [1]


def test_cleared_faults_do_not_strike() -> None:
    faults = FaultList()
    faults.add(Fault(Action.HANG))
    faults.clear()
    assert faults.strike("hostname r2", configures=True) is None


def test_first_fault_added_strikes_first() -> None:
    faults = FaultList()
    hang, slow = Fault(Action.HANG), Fault(Action.SLOW)
    faults.add(hang)
    faults.add(slow)
    assert [faults.strike("x", configures=True) for _ in range(3)] == [hang, slow, None]


def test_every_fault_is_told_in_the_page_and_no_other() -> None:
    page = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(re.findall("`(.*?)`", " ".join(rows))) == sorted(action.value for action in Action)


@pytest.fixture
def push(router: IosRouter) -> Callable[[Fault], list[Reaction]]:
    """Push LINES to a router with a fault, as far as its connection lasts."""

    def pushed(fault: Fault) -> list[Reaction]:
        router.faults.add(fault)
        session = router.react(router.connect("admin", lambda: None), "configure terminal").session
        reactions = []
        for line in LINES:
            reactions.append(router.react(session, line))
            session = reactions[-1].session
            if reactions[-1].drops or reactions[-1].hangs:
                break
        return reactions

    return pushed


def test_refused_line_changes_nothing(router: IosRouter, push: Callable[[Fault], list[Reaction]]) -> None:
    reactions = push(Fault(Action.REFUSE, line="permit", words="% No space left\n"))
    assert reactions[1].output == "% No space left\n"
    assert router.state.hostname == "r2"
    assert "permit ip any any" not in [entry.line for entry in router.journal if entry.accepted]


def test_refusal_has_ios_words_by_default(push: Callable[[Fault], list[Reaction]]) -> None:
    assert "% Invalid input detected at '^' marker." in push(Fault(Action.REFUSE))[0].output


@pytest.mark.parametrize(
    ("action", "took_effect"),
    [(Action.DROP_BEFORE, False), (Action.DROP_AFTER, True), (Action.HANG, False), (Action.HANG_AFTER, True)],
)
def test_broken_push_ends_before_or_after_its_line(
    router: IosRouter, push: Callable[[Fault], list[Reaction]], action: Action, took_effect: bool
) -> None:
    reactions = push(Fault(action, line="hostname"))
    assert (reactions[-1].drops, reactions[-1].hangs) == ("drop" in action.value, "hang" in action.value)
    assert (router.state.hostname == "r2") == took_effect
    assert router.state.access_list(4, "A")


def test_slow_router_answers_late_and_right(
    router: IosRouter, push: Callable[[Fault], list[Reaction]]
) -> None:
    reactions = push(Fault(Action.SLOW, delay=timedelta(seconds=3), times=None))
    assert {reaction.delay for reaction in reactions} == {timedelta(seconds=3)}
    assert router.state.hostname == "r2"


def test_garbage_comes_instead_of_the_answer(
    router: IosRouter, push: Callable[[Fault], list[Reaction]]
) -> None:
    assert "garbage" in push(Fault(Action.GARBAGE, line="hostname"))[-1].output
    assert router.state.hostname == "r2"


def test_forgetful_router_is_back_at_its_startup(
    router: IosRouter, push: Callable[[Fault], list[Reaction]], text: str
) -> None:
    reactions = push(Fault(Action.FORGET, line="hostname"))
    assert reactions[-1].drops
    assert router.running_config() == text
