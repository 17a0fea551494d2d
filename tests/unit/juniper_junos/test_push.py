"""A push is one commit on trial: others' changes are never committed with it, a refusal finds its owner."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from netconfig.errors import Rejected, StateUnknown, Unreachable, Waiting
from netconfig.intent import PolicyRoute, SequenceRange
from netconfig.simulator import Action, Fault, JunosRouter, RunningSimulator
from tests.contract.drivers.bench import place, reconcile, unwanted
from tests.contract.drivers.juniper_junos_bench import CONFIG, GROUP, PASSWORD, TICKETS, JunosBench, JunosRig

PARTS = [ticket.part for ticket in TICKETS]
EDIT = ["set interfaces ge-0/0/0 description by-hand"]


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def rig() -> Iterator[JunosRig]:
    with JunosBench().start() as started:
        yield started


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def by_timer(clock: Clock) -> JunosRig:
    """A router on which the timer alone takes back a commit, not the end of its session."""
    router = JunosRouter(CONFIG, clock=clock, rolls_back_with_session=False)
    return JunosRig(router, RunningSimulator(router, username="lambda", password=PASSWORD))


def test_somebodys_uncommitted_changes_are_not_committed(rig: JunosRig) -> None:
    original = rig.text()
    rig.router.begin_edit(EDIT)
    with pytest.raises(StateUnknown, match="somebody's uncommitted changes"):
        reconcile(rig.at_once(), PARTS)
    assert rig.text() == original


def test_candidate_that_somebody_has_locked_is_waited_for(rig: JunosRig) -> None:
    driver = rig.at_once()
    driver.read()
    operator = rig.at_once()
    operator.read()
    operator._session.lock()  # type: ignore[attr-defined]
    with pytest.raises(Waiting, match="locked by"):
        reconcile(driver, PARTS)
    operator.close()
    assert not reconcile(driver, PARTS).left


def test_somebodys_commit_on_trial_is_not_confirmed_by_ours(by_timer: JunosRig, clock: Clock) -> None:
    original = by_timer.text()
    driver, operator = by_timer.at_once(), by_timer.at_once()
    actual = driver.read()
    parts = place(driver, actual, PARTS)
    plan = driver.plan(actual, driver.render(parts), known=frozenset({42, 43, 44, 46}))
    operator.read()
    by_timer.router.begin_edit(EDIT)
    operator._session.commit_for(60)  # type: ignore[attr-defined]
    with pytest.raises(Waiting, match="commit confirmed"):
        driver.push(plan)
    with pytest.raises(Waiting, match="commit confirmed"):
        driver.read()
    clock.now += timedelta(seconds=61)
    assert by_timer.text() == original
    driver.push(plan)
    assert not reconcile(driver, parts).plan


def test_session_that_dies_before_it_confirms_is_rolled_back_by_the_timer(
    by_timer: JunosRig, clock: Clock
) -> None:
    original = by_timer.text()
    driver = by_timer.at_once()
    by_timer.router.faults.add(Fault(Action.DROP_BEFORE, line="^commit$"))
    with pytest.raises(Unreachable):
        reconcile(driver, PARTS)
    assert by_timer.text() != original
    # What is read now may be gone in a moment, and must not be taken for done.
    with pytest.raises(Waiting):
        driver.read()
    clock.now += timedelta(seconds=121)
    assert by_timer.text() == original
    assert not reconcile(driver, PARTS).left


def test_end_of_the_session_rolls_back_at_once_where_the_router_does_so(rig: JunosRig) -> None:
    original = rig.text()
    rig.router.faults.add(Fault(Action.DROP_BEFORE, line="^commit$"))
    with pytest.raises(Unreachable):
        reconcile(rig.at_once(), PARTS)
    assert rig.text() == original


@pytest.mark.parametrize("verb", ["^set", "^check"])
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_refusal_fails_the_one_part_that_brings_it(rig: JunosRig, at: int, verb: str) -> None:
    original = rig.text()
    driver = rig.at_once()
    number = PARTS[at].reservation_id
    rig.router.faults.add(Fault(Action.REFUSE, line=f"{verb} .*term LS-FNAL-{number}-1-1 ", times=None))
    with pytest.raises(Rejected, match="constraint check failed") as caught:
        reconcile(driver, PARTS)
    assert caught.value.parts == {PARTS[at].part_id}
    assert rig.text() == original
    others = [part for part in PARTS if part is not PARTS[at]]
    assert not reconcile(driver, others).left


def test_commit_that_is_refused_for_the_sites_sake_fails_no_ticket(rig: JunosRig) -> None:
    rig.edit(
        f"delete {GROUP} apply-macro lambdastation",
        "set routing-options interface-routes rib-group inet6 NONE",
    )
    with pytest.raises(StateUnknown, match="for no ticket's sake"):
        reconcile(rig.at_once(), [PARTS[0]])


def test_what_reads_back_otherwise_is_not_confirmed(rig: JunosRig) -> None:
    original = rig.text()
    driver = rig.at_once()
    rig.router.after_commit = lambda: rig.router.apply([f"delete {GROUP} routing-options interface-routes"])
    with pytest.raises(StateUnknown, match="reads back otherwise"):
        reconcile(driver, PARTS)
    rig.router.after_commit = None
    assert rig.text() == original


def test_lease_that_ran_out_commits_nothing(rig: JunosRig) -> None:
    original = rig.text()
    driver = rig.at_once()
    actual = driver.read()
    parts = place(driver, actual, PARTS)
    plan = driver.plan(actual, driver.render(parts), known=frozenset({42, 43, 44, 46}))
    for turns in range(4):
        answers = iter([True] * turns + [False] * 9)
        with pytest.raises(Unreachable, match="lease had run out"):
            driver.push(plan, may_go_on=lambda answers=answers: next(answers))  # type: ignore[misc]
        assert rig.text() == original


def test_group_that_is_empty_when_the_first_ticket_comes_is_empty_after_the_last(rig: JunosRig) -> None:
    rig.edit(f"delete {GROUP} apply-macro lambdastation")
    original = rig.text()
    driver = rig.at_once()
    parts = reconcile(driver, PARTS).parts
    assert not reconcile(driver, unwanted(parts)).left
    assert rig.text() == original


def test_what_the_operator_keeps_in_our_group_stays(rig: JunosRig) -> None:
    rig.edit(
        f"set {GROUP} system host-name kept", f"set {GROUP} routing-options rib-groups SITE import-rib inet.0"
    )
    original = rig.text()
    driver = rig.at_once()
    parts = reconcile(driver, PARTS).parts
    assert rig.keeps(original)
    reconcile(driver, unwanted(parts))
    assert rig.text() == original


def test_site_filter_and_interface_without_unit_are_refused_before_anything_is_sent(rig: JunosRig) -> None:
    intent = PARTS[0].intent
    assert isinstance(intent, PolicyRoute)
    theirs = dataclasses.replace(intent, policy="SITE-IN", sequences=SequenceRange(1, 9))
    bare = dataclasses.replace(intent, interface="ge-0/0/0")
    driver = rig.at_once()
    for wrong, words in ((theirs, "filter of the site's"), (bare, "without its unit")):
        with pytest.raises(Rejected, match=words) as caught:
            place(driver, driver.read(), [dataclasses.replace(PARTS[0], intent=wrong)])
        assert caught.value.parts == {PARTS[0].part_id}
