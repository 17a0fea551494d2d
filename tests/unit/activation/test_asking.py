"""Asking may fail, be late, or be cut short: nothing that works is dropped, and nothing steered blindly."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from activation.abandon import abandon
from activation.adoption import start_adopted
from activation.preview import preview
from activation.read_only import ReadOnly
from activation.wanted import read_wanted
from netconfig.capability import Capability
from netconfig.errors import StateUnknown, Unreachable
from reservation.lifecycle import State
from reservation.parts import register_device
from reservation.tables import NextHopRow, PartRow
from tests.unit.activation.conftest import HOUR, NEAR, NOON, SECOND, BoxDriver, House
from tests.unit.activation.test_drift import KilledError, stop_the_process
from tests.unit.activation.watched import (
    ASKED,
    BACK,
    FALLS_BACK,
    HERE,
    HOP,
    NOT_ANSWERING,
    WITHDRAWN,
    hop,
    steer,
    watch,
    ways,
)

pytestmark = pytest.mark.one_database(
    "what an answer means is decided in Python, from rows read as in every pass"
)

MINUTE = timedelta(minutes=1)
DRIFT = timedelta(minutes=5)
GARBAGE = StateUnknown(NEAR, "it says `% Unknown command`")


def forget_everything_of_next_hops(session: Session) -> None:
    """As in a copy of the database from before."""
    session.execute(delete(NextHopRow))
    session.execute(update(PartRow).values(detour=None))


@pytest.mark.parametrize("dumb", [GARBAGE, RuntimeError("a driver's fault")])
def test_ticket_waits_until_the_device_can_tell(house: House, dumb: Exception) -> None:
    house.near.dumb = dumb
    number = steer(house)
    words = "it says `% Unknown command`" if dumb is GARBAGE else "an error of ours; the log has it"
    assert (house.state(number), house.near.pushes) == (State.ACTIVATING, [])
    assert house.parts(number)[0].error == f"whether next hop {HOP} answers cannot be told: {words}"
    assert (hop(house).down_since, hop(house).told_at, hop(house).asked_at) == (None, None, NOON)
    # Its session may be in disorder.
    assert house.near.closed == len(house.near.asks)
    house.near.dumb = None
    watch(house)
    assert (house.state(number), ways(house)) == (State.ACTIVE, [HOP])


def test_ticket_waits_for_a_driver_that_cannot_ask_any_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    able = BoxDriver.capabilities - {Capability.NEXT_HOPS}
    monkeypatch.setattr(BoxDriver, "capabilities", able)
    house.store.write(lambda s: register_device(s, NEAR, platform="box", capabilities=able, dry_run=None))
    number = steer(house)
    assert house.parts(number)[0].error == (
        f"whether next hop {HOP} answers cannot be told: its driver cannot ask"
    )
    house.clock.forward(ASKED)
    assert house.ask_devices() == []


@pytest.mark.parametrize("silent", [set(), {HOP}])
def test_what_works_stays_while_the_device_cannot_tell(house: House, silent: set[str]) -> None:
    house.near.silent = silent
    number = steer(house, FALLS_BACK)
    carried = list(house.near.ours)
    house.near.dumb, house.near.silent = GARBAGE, {HOP, BACK}
    watch(house, 3)
    house.at(NOON + DRIFT + MINUTE)
    assert (house.near.ours, len(house.near.pushes)) == (carried, 1)
    assert (house.state(number), house.view(number).degraded_since) == (State.ACTIVE, None)
    assert hop(house).told_at == NOON
    assert house.device(NEAR).in_sync


@pytest.mark.parametrize("silent", [set(), {HOP}])
@pytest.mark.parametrize("rebooted", [False, True])
def test_what_works_stays_where_nothing_was_ever_told_to_this_database(
    house: House, silent: set[str], rebooted: bool
) -> None:
    house.near.silent = silent
    number = steer(house, FALLS_BACK)
    carried = list(house.near.ours)
    house.store.write(lambda session: session.execute(delete(NextHopRow)))
    if rebooted:
        house.near.lines = ["hostname box"]
    house.near.dumb = GARBAGE
    house.at(NOON + DRIFT)
    assert (house.near.ours, house.state(number)) == (carried, State.ACTIVE)
    assert house.device(NEAR).in_sync


@pytest.mark.parametrize("silent", [set(), {HOP}, {HOP, BACK}])
def test_older_copy_of_the_database_comes_to_the_right_thing(house: House, silent: set[str]) -> None:
    number = steer(house, FALLS_BACK)
    house.near.silent = silent
    watch(house, 2)
    carried, pushes = list(house.near.ours), len(house.near.pushes)
    house.store.write(forget_everything_of_next_hops)
    house.at(NOON + DRIFT + MINUTE)
    assert (house.near.ours, len(house.near.pushes)) == (carried, pushes)
    assert house.parts(number)[0].detour == (BACK if silent == {HOP} else None)
    house.cancel(number)
    house.run()
    assert (house.state(number), house.near.ours) == (State.RELEASED, [])


def test_older_copy_that_has_it_go_by_its_fallback_hears_that_it_does_not(house: House) -> None:
    number = steer(house, FALLS_BACK)
    house.store.write(lambda session: session.execute(update(PartRow).values(detour=BACK)))
    house.at(NOON + DRIFT)
    assert (house.parts(number)[0].detour, ways(house), len(house.near.pushes)) == (None, [HOP], 1)


def test_what_was_not_asked_lately_is_asked_before_it_is_steered_to_again(house: House) -> None:
    number = steer(house, FALLS_BACK)
    house.near.silent = {HOP}
    with capture_logs() as logs:
        house.at(NOON + DRIFT)
    assert "device drifted, repairing" not in [entry["event"] for entry in logs]
    assert "next hop does not answer" in [entry["event"] for entry in logs]
    assert (ways(house), house.parts(number)[0].detour) == ([BACK], BACK)
    assert house.near.asks == [[HOP, BACK]] * 2
    second = steer(house, FALLS_BACK)
    assert (house.state(second), ways(house)) == (State.ACTIVE, [BACK, BACK])
    assert len(house.near.asks) == 2


@pytest.mark.parametrize("killed", ["before anything is sent", "in the push"])
def test_worker_that_is_killed_leaves_it_to_the_next(house: House, killed: str) -> None:
    number = steer(house, FALLS_BACK)
    house.near.silent = {HOP}
    house.clock.forward(ASKED)
    house.ask_devices()
    house.clock.forward(ASKED)
    house.ask_devices()
    if killed == "in the push":
        house.near.after_line = stop_the_process
    else:
        house.near.before_line = stop_the_process
    with pytest.raises(KilledError):
        house.run()
    house.near.before_line = house.near.after_line = None
    assert NEAR in house.due()
    house.run()
    assert (ways(house), house.parts(number)[0].detour) == ([BACK], BACK)
    assert (house.state(number), house.device(NEAR).in_sync) == (State.ACTIVE, True)


def test_worker_that_is_killed_after_it_asked_in_a_look_leaves_it_to_the_next(house: House) -> None:
    steer(house)
    house.near.silent = {HOP}
    house.clock.forward(DRIFT)
    house.near.before_line = stop_the_process
    with pytest.raises(KilledError):
        house.run()
    house.near.before_line = None
    house.run()
    assert ways(house) == []


def test_release_after_a_push_that_was_cut_short_leaves_nothing(house: House) -> None:
    number = steer(house, FALLS_BACK)
    house.near.silent = {HOP}
    house.near.after_line = lambda _line: setattr(house.near, "away", True)
    watch(house, 2)
    house.near.away, house.near.after_line = False, None
    house.cancel(number)
    house.clock.forward(MINUTE)
    house.run()
    assert (house.state(number), house.near.ours) == (State.RELEASED, [])


def test_device_whose_session_broke_is_read_at_once_and_then_left_alone_as_ever(house: House) -> None:
    number = steer(house)
    house.near.away = True
    house.clock.forward(ASKED)
    assert house.ask_devices() == [NEAR]
    assert house.device(NEAR).read_at is None
    house.run()
    device = house.device(NEAR)
    assert (device.error_code, device.failures) == ("device-unreachable", 1)
    for failures in range(2, 8):
        house.clock.forward(MINUTE)
        house.run()
        assert house.ask_devices() == []
        assert house.device(NEAR).failures == failures
    house.near.away, house.near.lines = False, ["hostname box"]
    house.clock.forward(MINUTE)
    house.run()
    assert (ways(house), house.state(number)) == ([HOP], State.ACTIVE)
    assert house.near.asks == [[HOP]] * 2


def test_device_on_which_each_question_ends_the_session_is_not_read_for_each(house: House) -> None:
    steer(house)
    reads = house.near.reads
    house.near.dumb = Unreachable(NEAR, "the session ended")
    for _ in range(4):
        house.clock.forward(ASKED)
        house.ask_devices()
        house.run()
    assert house.near.reads == reads + 1
    house.clock.forward(DRIFT)
    other = house.book(stages=HERE)
    house.run()
    assert (house.state(other), ways(house)) == (State.ACTIVE, [HOP, ""])
    assert house.device(NEAR).error_code is None


@pytest.mark.parametrize("how", ["the session broke", "the counters fell", "the object is gone"])
def test_router_that_began_anew_is_noticed_when_it_is_counted(house: House, how: str) -> None:
    number = house.book(stages=HERE)
    house.run()
    house.near.carry(9, reservation=number)
    house.count_devices()
    line = house.near.ours[0]
    house.clock.forward(30 * SECOND)
    if how == "the session broke":
        house.near.lines, house.near.mute = ["hostname box"], Unreachable(NEAR, "the session ended")
    elif how == "the counters fell":
        house.near.lines.append("LS-FNAL-77-1 at 5 db of-somebody-else")
        house.near.passed[line] = 2
    else:
        house.near.lines = ["hostname box"]
    assert house.count_devices() == [NEAR]
    house.near.mute = None
    assert NEAR in house.due()
    house.run()
    assert line in house.near.ours
    assert len(house.device(NEAR).strangers) == (how == "the counters fell")
    house.clock.forward(30 * SECOND)
    house.count_devices()
    assert house.due() == []


def test_rehearsal_asks_too_and_goes_by_what_it_heard(house: House) -> None:
    house.store.write(
        lambda s: register_device(s, NEAR, platform="box", capabilities=BoxDriver.capabilities, dry_run=True)
    )
    number = steer(house, FALLS_BACK)
    house.near.silent = {HOP}
    watch(house, 2)
    assert (house.state(number), house.parts(number)[0].detour) == (State.ACTIVE, BACK)
    house.near.silent = {HOP, BACK}
    watch(house, 2)
    assert house.device(NEAR).error_code == "device-waiting"
    assert house.parts(number)[0].detour is None
    assert (house.near.pushes, house.near.ours) == ([], [])
    plans = [change.plan for change in house.changes(NEAR)]
    assert [plan.count(" via ") for plan in plans] == [1, 2, 1]


def test_detour_that_was_only_rehearsed_is_none_of_the_device_that_goes_live(house: House) -> None:
    house.near.silent = {HOP}
    can = BoxDriver.capabilities
    house.store.write(lambda s: register_device(s, NEAR, platform="box", capabilities=can, dry_run=True))
    number = steer(house, FALLS_BACK)
    assert house.parts(number)[0].detour == BACK
    house.store.write(lambda s: register_device(s, NEAR, platform="box", capabilities=can, dry_run=False))
    assert house.parts(number)[0].detour is None
    house.run()
    assert (ways(house), house.parts(number)[0].detour) == ([BACK], BACK)


def test_process_that_may_only_read_asks_and_counts(house: House) -> None:
    number = steer(house)
    house.near.carry(3, reservation=number)
    driver = ReadOnly(house.driver(NEAR), NEAR)
    wanted = house.store.read(lambda session: read_wanted(session, NEAR))
    assert [count.packets for count in driver.count(wanted.parts).values()] == [3]
    house.near.silent = {HOP}
    assert driver.answering({ip_address(HOP), ip_address(BACK)}) == {ip_address(BACK)}


def test_plan_that_is_shown_goes_by_what_is_known_and_asks_nobody(house: House) -> None:
    later = house.book(stages=HERE, intent=FALLS_BACK, start=HOUR)

    def plan(as_if: int | None = None) -> str:
        return str(preview(house.store, NEAR, house.driver(NEAR), as_if=as_if).plan)

    assert f" via {HOP} " in plan(later)
    assert house.near.asks == []
    steer(house)
    asks = len(house.near.asks)
    assert plan() == ""
    house.near.silent = {HOP}
    watch(house, 2)
    asked = len(house.near.asks)
    assert asked == asks + 2
    assert plan() == f"! waiting: {NOT_ANSWERING}\n"
    assert len(house.near.asks) == asked


def test_device_that_is_abandoned_watches_nothing(house: House) -> None:
    steer(house)
    house.near.away = True
    house.store.write(lambda s: abandon(s, NEAR, now=house.clock.now(), actor="ann", reason="it burnt"))
    assert house.device(NEAR).next_hops == ()


@pytest.mark.parametrize(
    ("dumb", "silent", "expected"),
    [(None, set(), [HOP]), (GARBAGE, set(), [HOP]), (None, {HOP}, [])],
    ids=["up", "cannot tell", "down"],
)
def test_what_was_taken_over_stays_unless_its_next_hop_is_known_to_be_down(
    house: House, dumb: Exception | None, silent: set[str], expected: list[str]
) -> None:
    house.near.dumb, house.near.silent = dumb, silent
    number = house.hold(stages=HERE, intent=WITHDRAWN)
    part = house.store.read(lambda s: s.scalar(select(PartRow.id).where(PartRow.reservation_id == number)))
    house.near.lines.append(f"LS-FNAL-{number}-{part} at 10 via {HOP} db {house.ownership.database}")
    house.confirm(number)
    placements = {NEAR: [{"at": 10}]}
    house.store.write(lambda s: start_adopted(s, number, placements, now=house.clock.now(), actor="ann"))
    house.run()
    assert ways(house) == expected
    assert house.state(number) is (State.ACTIVE if expected else State.ACTIVATING)


def test_devices_are_asked_as_often_as_is_set_and_never_where_it_is_nought(house: House) -> None:
    steer(house)
    house.clock.forward(ASKED - SECOND)
    assert house.ask_devices() == []
    house.clock.forward(SECOND)
    assert house.ask_devices() == [NEAR]
    assert house.ask_devices() == []
    house.settings = replace(house.settings, ask_hops_every=timedelta(0))
    house.clock.forward(HOUR)
    assert house.ask_devices() == []
