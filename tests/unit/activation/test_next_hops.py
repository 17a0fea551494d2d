"""A next hop is asked for before anything is steered there, and what it carries goes and comes with it."""

from datetime import timedelta

import pytest

from reservation.lifecycle import Outcome, State
from reservation.pauses import PauseCause, begin_pause, end_pauses
from tests.unit.activation.conftest import HOUR, NEAR, NOON, SECOND, House
from tests.unit.activation.test_modifications import intent, modify, parts
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

MINUTE = timedelta(minutes=1)
ONE = pytest.mark.one_database("what is carried is decided in Python, from rows read as in every pass")


def packets(house: House, number: int) -> int | None:
    (count,) = (part.count for part in house.parts(number))
    return count.packets if count else None


@ONE
def test_nothing_is_sent_before_the_next_hop_has_answered(house: House) -> None:
    asked: list[list[list[str]]] = []
    house.near.before_line = lambda _line: asked.append(list(house.near.asks))
    number = steer(house)
    assert asked == [[[HOP]]]
    assert (house.state(number), ways(house)) == (State.ACTIVE, [HOP])
    assert hop(house).down_since is None


@ONE
def test_next_hop_that_nobody_cares_for_is_never_asked(house: House) -> None:
    number = house.book()
    house.run()
    house.clock.forward(MINUTE)
    assert house.ask_devices() == []
    assert (house.state(number), house.near.asks, house.device(NEAR).next_hops) == (State.ACTIVE, [], ())


def test_ticket_to_where_nobody_is_waits_and_begins_as_soon_as_somebody_is(house: House) -> None:
    house.near.silent = {HOP}
    number = steer(house)
    device = house.device(NEAR)
    assert (house.state(number), house.near.pushes) == (State.ACTIVATING, [])
    assert (device.error_code, device.error, device.failures) == ("device-waiting", NOT_ANSWERING, 0)
    assert house.parts(number)[0].error == NOT_ANSWERING
    assert hop(house).down_since == NOON
    house.near.silent.clear()
    watch(house, 2)
    assert (house.state(number), ways(house)) == (State.ACTIVATING, [])
    watch(house)
    assert (house.state(number), ways(house)) == (State.ACTIVE, [HOP])
    assert house.view(number).activated_at == NOON + 3 * ASKED
    assert (house.device(NEAR).error_code, house.parts(number)[0].error) == (None, None)


def test_policy_is_withdrawn_after_two_misses_and_back_after_three_answers(house: House) -> None:
    number = steer(house)
    house.near.silent = {HOP}
    watch(house)
    assert (ways(house), house.view(number).degraded_since) == ([HOP], None)
    watch(house)
    gone = NOON + 2 * ASKED
    assert ways(house) == []
    assert (house.state(number), house.view(number).degraded_since) == (State.ACTIVE, gone)
    assert (house.parts(number)[0].in_sync, house.parts(number)[0].error) == (False, NOT_ANSWERING)
    assert (hop(house).down_since, hop(house).asked_at, hop(house).told_at) == (gone, gone, gone)
    house.near.silent.clear()
    watch(house, 2)
    assert ways(house) == []
    watch(house)
    assert ways(house) == [HOP]
    assert (house.view(number).degraded_since, house.parts(number)[0].error) == (None, None)
    assert house.device(NEAR).in_sync


def test_ticket_that_goes_by_its_fallback_has_what_was_promised(house: House) -> None:
    number = steer(house, FALLS_BACK)
    assert house.near.asks == [[HOP, BACK]]
    house.near.silent = {HOP}
    watch(house, 2)
    (part,) = house.parts(number)
    assert ways(house) == [BACK]
    assert (part.detour, part.in_sync, part.error) == (BACK, True, None)
    assert (house.state(number), house.view(number).degraded_since) == (State.ACTIVE, None)
    assert house.device(NEAR).in_sync
    house.near.silent.clear()
    watch(house, 3)
    assert (ways(house), house.parts(number)[0].detour) == ([HOP], None)


@ONE
def test_ticket_may_begin_by_its_fallback(house: House) -> None:
    house.near.silent = {HOP}
    number = steer(house, FALLS_BACK)
    assert (house.state(number), ways(house), house.parts(number)[0].detour) == (State.ACTIVE, [BACK], BACK)


@ONE
def test_without_a_fallback_that_answers_it_is_withdrawn_and_goes_by_whichever_comes_first(
    house: House,
) -> None:
    number = steer(house, FALLS_BACK)
    house.near.silent = {HOP}
    watch(house, 2)
    house.near.silent = {HOP, BACK}
    watch(house, 2)
    (part,) = house.parts(number)
    assert (ways(house), part.detour) == ([], None)
    assert part.error == f"{NOT_ANSWERING}, nor does its fallback {BACK}"
    house.near.silent = {HOP}
    watch(house, 3)
    assert (ways(house), house.parts(number)[0].detour) == ([BACK], BACK)


@ONE
@pytest.mark.parametrize("silent", [set(), {HOP}, {HOP, BACK}], ids=["as asked", "fallback", "withdrawn"])
def test_whichever_way_it_went_nothing_is_left_of_it_and_nobody_asked_for_it(
    house: House, silent: set[str]
) -> None:
    number = steer(house, FALLS_BACK)
    house.near.silent = silent
    watch(house, 2)
    house.cancel(number)
    house.run()
    assert (house.state(number), house.near.ours, house.claims(number)) == (State.RELEASED, [], 0)
    assert (house.device(NEAR).next_hops, house.parts(number)[0].detour) == ((), None)
    house.clock.forward(MINUTE)
    assert house.ask_devices() == []


@ONE
def test_others_on_the_device_come_and_go_meanwhile(house: House) -> None:
    waiting = steer(house)
    house.near.silent = {HOP}
    watch(house, 2)
    other = house.book(stages=HERE, length=MINUTE)
    house.run()
    assert house.state(other) is State.ACTIVE
    house.at(NOON + 2 * MINUTE)
    assert (house.state(other), house.state(waiting)) == (State.RELEASED, State.ACTIVE)
    assert house.near.ours == []


@ONE
def test_rule_that_does_not_care_stays_where_another_is_withdrawn(house: House) -> None:
    steer(house)
    careless = house.book(stages=HERE)
    house.run()
    house.near.silent = {HOP}
    watch(house, 2)
    assert [line.split("-")[2] for line in house.near.ours] == [str(careless)]


@ONE
def test_slot_that_ends_while_it_waits_has_failed_for_that_reason(house: House) -> None:
    house.near.silent = {HOP}
    number = steer(house)
    house.at(NOON + HOUR)
    view = house.view(number)
    assert (view.state, view.outcome) == (State.RELEASED, Outcome.FAILED)
    assert view.reason == f"the slot ended before every device carried it: {NEAR}: {NOT_ANSWERING}"


@ONE
def test_ticket_that_waits_can_be_moved_to_packets_or_hops_that_do_not(house: House) -> None:
    number = steer(house)
    house.near.silent = {HOP}
    watch(house, 2)
    assert modify(house, number, parts=parts(HERE, intent("10.2.0.0/24"))).modifying_since is not None
    house.run()
    view = house.view(number)
    assert (view.state, view.modifying_since, view.degraded_since) == (State.ACTIVE, None, None)
    assert (len(house.near.ours), house.device(NEAR).next_hops) == (1, ())


@ONE
def test_what_it_was_stays_until_the_next_hop_of_what_it_is_to_be_answers(house: House) -> None:
    number = house.book(stages=HERE)
    house.run()
    house.near.silent = {HOP}
    modify(house, number, parts=parts(HERE, WITHDRAWN))
    house.run()
    assert (house.state(number), house.view(number).degraded_since) == (State.ACTIVE, None)
    assert house.view(number).modifying_since is not None
    assert ways(house) == [""]
    house.near.silent.clear()
    watch(house, 3)
    assert (house.view(number).modifying_since, ways(house)) == (None, [HOP])


@ONE
def test_nothing_is_withdrawn_while_pushes_are_frozen(house: House) -> None:
    number = steer(house)
    house.store.write(
        lambda s: begin_pause(
            s, PauseCause.FREEZE, device=None, now=house.clock.now(), actor="ann", reason="core upgrade"
        )
    )
    house.near.silent = {HOP}
    watch(house, 2)
    assert (ways(house), hop(house).down_since) == ([HOP], NOON + 2 * ASKED)
    assert "held back" in (house.parts(number)[0].error or "")
    watch(house)
    assert hop(house).asked_at == NOON + 3 * ASKED
    house.store.write(lambda s: end_pauses(s, [PauseCause.FREEZE], device=None))
    house.run()
    assert ways(house) == []


@ONE
def test_while_it_waits_it_is_looked_at_each_minute_and_what_passes_elsewhere_is_counted(
    house: House,
) -> None:
    number, other = steer(house), house.book(stages=HERE)
    house.run()
    house.near.carry(5, reservation=number)
    house.count_devices()
    house.near.silent = {HOP}
    watch(house, 2)
    reads = house.near.reads
    house.near.carry(7, reservation=other)
    house.clock.forward(30 * SECOND)
    assert house.count_devices() == [NEAR]
    assert (packets(house, number), packets(house, other)) == (5, 7)
    # What is not there for that reason is no sign that the device began anew.
    assert house.device(NEAR).read_at is not None
    house.at(house.clock.now() + MINUTE)
    assert house.near.reads == reads + 1
    assert house.state(number) is State.ACTIVE


@ONE
def test_what_passes_by_the_fallback_is_counted_too(house: House) -> None:
    number = steer(house, FALLS_BACK)
    house.near.carry(3, reservation=number)
    house.count_devices()
    house.near.silent = {HOP}
    watch(house, 2)
    house.near.carry(4, reservation=number)
    house.clock.forward(30 * SECOND)
    house.count_devices()
    assert packets(house, number) == 7
    house.near.carry(5, reservation=number)
    house.cancel(number)
    house.run()
    assert packets(house, number) == 12
