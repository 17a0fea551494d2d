"""A reservation that is modified on its devices: the new is there before the old goes, whatever happens."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_network

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from netconfig.intent import FlowMatch, dump_intent
from reservation import modification, service
from reservation.errors import TooLate, WrongState
from reservation.lifecycle import Cause, Outcome, State
from reservation.model import (
    ClaimRequest,
    Modification,
    PartRequest,
    ReservationView,
    TimeSlot,
)
from reservation.tables import PartRow
from tests.unit.activation.conftest import FAR, HOUR, INTENT, KIND, NEAR, NOON, PATH, ROUTE, House

pytestmark = pytest.mark.one_database(
    "the pass decides in Python what a change needs; the verb's own locks are tests/contract/reservation's"
)

POOL = "labels:Fermilab:dscp"
BOTH = ((FAR, 0), (NEAR, 1))


def intent(network: str) -> dict[str, object]:
    flow = FlowMatch(ip_network(network), ip_network("10.9.0.0/24"))
    return {**INTENT, "flows": dump_intent(replace(ROUTE, flows=(flow,)))["flows"]}


OTHER = intent("10.2.0.0/24")


def parts(
    stages: Sequence[tuple[str, int]] = BOTH, what: dict[str, object] = OTHER
) -> tuple[PartRequest, ...]:
    return tuple(PartRequest(device, stage, what) for device, stage in stages)


def modify(house: House, number: int, **change: object) -> ReservationView:
    return house.store.write(
        lambda session: modification.modify(
            session,
            number,
            Modification(**change),  # type: ignore[arg-type]
            kind=KIND,
            now=house.clock.now(),
            actor="CN=Someone",
        )
    )


def watch(house: House) -> list[str]:
    """Which device takes or loses a line of ours, in order."""
    seen: list[str] = []
    for box in house.boxes.values():
        box.after_line = lambda line, name=box.name: seen.append(
            f"{'-' if line.startswith('no ') else '+'}{name}"
        )
    return seen


def rows(house: House, number: int) -> list[tuple[str, bool, bool]]:
    """Device, wanted and superseded of each part."""
    query = select(PartRow).where(PartRow.reservation_id == number).order_by(PartRow.id)

    def read(session: Session) -> list[tuple[str, bool, bool]]:
        return [(part.device.name, part.wanted, part.superseded) for part in session.scalars(query)]

    return house.store.read(read)


@pytest.fixture
def active(house: House) -> int:
    number = house.book()
    house.run()
    return number


def test_new_parts_come_far_to_near_and_then_the_old_go_near_to_far(house: House, active: int) -> None:
    seen = watch(house)
    view = modify(house, active, parts=parts())
    assert (view.state, view.modifying_since) == (State.ACTIVE, NOON)
    assert seen == []
    house.run()
    assert seen == [f"+{FAR}", f"+{NEAR}", f"-{NEAR}", f"-{FAR}"]
    view = house.view(active)
    assert (view.state, view.modifying_since, view.degraded_since) == (State.ACTIVE, None, None)
    assert rows(house, active) == [(FAR, True, False), (NEAR, True, False)]
    assert State.RELEASING not in house.states(active)


def test_verb_switches_nothing_and_is_due_at_once(house: House, active: int) -> None:
    before = {name: house.device(name).generation for name in house.boxes}
    modify(house, active, parts=parts())
    assert {name: house.device(name).generation for name in house.boxes} == before
    house.tick()
    assert house.device(FAR).generation == before[FAR] + 1
    assert house.device(NEAR).generation == before[NEAR]


def test_part_that_stays_the_same_is_not_touched(house: House, active: int) -> None:
    (kept,) = house.near.ours
    seen = watch(house)
    modify(house, active, parts=(*parts([(FAR, 0)]), *parts([(NEAR, 1)], INTENT)))
    house.run()
    assert seen == [f"+{FAR}", f"-{FAR}"]
    assert house.near.ours == [kept]


def test_change_of_amounts_touches_no_device(house: House, active: int) -> None:
    seen = watch(house)
    view = modify(house, active, claims=(ClaimRequest(PATH, 900),), parts=parts(what=INTENT))
    assert view.modifying_since is None
    house.run()
    assert seen == []
    assert house.state(active) is State.ACTIVE


def test_it_still_ends_when_its_slot_does(house: House, active: int) -> None:
    modify(house, active, parts=parts())
    house.run()
    house.at(NOON + HOUR)
    assert (house.state(active), house.view(active).outcome) == (State.RELEASED, Outcome.COMPLETED)
    assert house.far.ours == house.near.ours == []


def test_old_stays_while_a_device_of_the_new_is_away(house: House, active: int) -> None:
    house.near.away = True
    modify(house, active, parts=parts())
    house.run()
    assert [len(box.ours) for box in (house.far, house.near)] == [2, 1]
    assert (house.state(active), house.view(active).degraded_since) == (State.ACTIVE, None)
    house.near.away = False
    house.at(NOON + HOUR / 2)
    assert [len(box.ours) for box in (house.far, house.near)] == [1, 1]


def test_modified_while_it_is_activating(house: House) -> None:
    number = house.book()
    house.tick()
    house.visit(FAR)
    seen = watch(house)
    modify(house, number, parts=parts())
    assert rows(house, number) == [(FAR, True, True), (FAR, False, False), (NEAR, False, False)]
    house.run()
    assert house.state(number) is State.ACTIVE
    assert seen == [f"+{FAR}", f"+{NEAR}", f"-{FAR}"]


def test_modified_before_it_starts_knows_only_the_new(house: House) -> None:
    number = house.book(start=HOUR)
    view = modify(house, number, parts=parts([(NEAR, 3)]), slot=TimeSlot(NOON + 2 * HOUR, NOON + 3 * HOUR))
    assert (view.state, view.modifying_since) == (State.SCHEDULED, None)
    assert rows(house, number) == [(NEAR, False, False)]
    house.at(NOON + HOUR)
    assert house.state(number) is State.SCHEDULED
    house.at(NOON + 2 * HOUR)
    assert (house.state(number), len(house.far.ours), len(house.near.ours)) == (State.ACTIVE, 0, 1)


def test_modified_again_before_the_first_is_done_ends_at_the_last(house: House, active: int) -> None:
    house.near.away = True
    for network in ("10.2.0.0/24", "10.3.0.0/24", "10.2.0.0/24", "10.4.0.0/24"):
        modify(house, active, parts=parts(what=intent(network)))
        house.strike()
    house.near.away = False
    house.at(NOON + HOUR / 2)
    assert rows(house, active) == [(FAR, True, False), (NEAR, True, False)]
    assert [len(box.ours) for box in (house.far, house.near)] == [1, 1]
    assert {part.intent["flows"][0]["source"] for part in _part_rows(house, active)} == {"10.4.0.0/24"}


def _part_rows(house: House, number: int) -> Sequence[PartRow]:
    query = select(PartRow).where(PartRow.reservation_id == number)
    return house.store.read(lambda session: session.scalars(query).all())


def test_change_that_is_taken_back_at_once_touches_no_device(house: House, active: int) -> None:
    before = list(house.far.ours), list(house.near.ours)
    modify(house, active, parts=parts())
    modify(house, active, parts=parts(what=INTENT))
    house.run()
    assert (house.far.ours, house.near.ours) == before
    assert house.view(active).modifying_since is None


@pytest.mark.parametrize("strikes", range(5))
def test_cancel_at_any_point_of_it_takes_both_away(house: House, active: int, strikes: int) -> None:
    modify(house, active, parts=parts())
    for _ in range(strikes):
        house.strike()
    house.cancel(active)
    house.run()
    assert (house.state(active), house.view(active).outcome) == (State.RELEASED, Outcome.CANCELLED)
    assert house.far.ours == house.near.ours == []
    assert house.claims(active) == 0


@pytest.mark.parametrize("strikes", range(5))
def test_end_at_any_point_of_it_takes_both_away(house: House, active: int, strikes: int) -> None:
    modify(house, active, parts=parts())
    for _ in range(strikes):
        house.strike()
    house.at(NOON + HOUR)
    assert (house.state(active), house.view(active).outcome) == (State.RELEASED, Outcome.COMPLETED)
    assert house.far.ours == house.near.ours == []
    assert house.claims(active) == 0


def test_refusal_of_a_new_part_fails_the_whole_and_nobody_else(house: House, active: int) -> None:
    neighbour = house.book()
    house.run()
    modify(house, active, parts=parts())
    house.near.refuses.add(f"LS-FNAL-{active}-")
    house.near.before_line = lambda line: house.near.refuses.clear() if line.startswith("no ") else None
    house.run()
    house.at(NOON + HOUR / 2)
    view = house.view(active)
    assert (view.state, view.outcome) == (State.RELEASED, Outcome.FAILED)
    assert view.reason is not None
    assert view.reason.startswith(f"{NEAR}: % Invalid input")
    assert house.state(neighbour) is State.ACTIVE
    assert len(house.far.ours) == len(house.near.ours) == 1


@pytest.mark.any_database("what is committed at each step is what the next worker finds")
@pytest.mark.parametrize("lost", range(1, 8))
def test_worker_that_is_lost_after_any_step_is_followed_by_one_that_goes_on(
    house: House, active: int, lost: int
) -> None:
    modify(house, active, parts=parts())
    steps: list[Callable[[], object]] = [
        house.tick,
        lambda: house.visit(FAR),
        house.settle,
        lambda: house.visit(NEAR),
        house.settle,
        lambda: house.visit(NEAR),
        house.settle,
    ]
    for step in steps[:lost]:
        step()
    house.run()
    assert house.state(active) is State.ACTIVE
    assert rows(house, active) == [(FAR, True, False), (NEAR, True, False)]
    assert [len(box.ours) for box in (house.far, house.near)] == [1, 1]


def test_extending_while_it_is_modified_loses_neither(house: House, active: int) -> None:
    modify(house, active, parts=parts())
    house.store.write(
        lambda s: service.extend(s, active, kind=KIND, end=NOON + 2 * HOUR, now=house.clock.now())
    )
    house.run()
    assert rows(house, active) == [(FAR, True, False), (NEAR, True, False)]
    house.at(NOON + HOUR)
    assert house.state(active) is State.ACTIVE
    house.at(NOON + 2 * HOUR)
    assert house.state(active) is State.RELEASED


def test_shorter_slot_ends_earlier(house: House, active: int) -> None:
    modify(house, active, slot=TimeSlot(NOON, NOON + HOUR / 2))
    house.at(NOON + HOUR / 2)
    assert (house.state(active), house.view(active).outcome) == (State.RELEASED, Outcome.COMPLETED)


LATER = TimeSlot(NOON + 2 * HOUR, NOON + 3 * HOUR)


def test_slot_moved_later_takes_it_off_until_then(house: House, active: int) -> None:
    assert modify(house, active, slot=LATER).state is State.ACTIVE
    house.run()
    view = house.view(active)
    assert (view.state, view.slot, view.activated_at) == (State.SCHEDULED, LATER, None)
    assert house.far.ours == house.near.ours == []
    assert house.claims(active) == 1
    house.at(LATER.start)
    assert house.view(active).activated_at == LATER.start
    house.at(LATER.end)
    assert house.view(active).outcome is Outcome.COMPLETED
    causes = [move.cause for move in house.store.read(lambda session: service.history(session, active))]
    assert causes[4:6] == [Cause.MOVED_LATER, Cause.GONE_FOR_NOW]


def test_slot_moved_later_with_other_parts_starts_with_those(house: House, active: int) -> None:
    modify(house, active, slot=LATER, parts=parts([(FAR, 0)]))
    house.run()
    assert rows(house, active) == [(FAR, False, False)]
    house.at(LATER.start)
    assert (house.state(active), len(house.far.ours), len(house.near.ours)) == (State.ACTIVE, 1, 0)


@pytest.mark.any_database("claims are summed up by the database")
def test_both_slots_are_taken_while_the_old_is_being_taken_off(house: House) -> None:
    number = house.book(amount=1000)
    house.run()
    house.far.away = True
    modify(house, number, slot=LATER)
    house.run()
    assert house.state(number) is State.RELEASING
    for start in (0 * HOUR, 2 * HOUR):
        with pytest.raises(Exception, match="free throughout"):
            house.hold(start=start, amount=1)
    house.far.away = False
    house.at(NOON + HOUR / 2)
    assert house.state(number) is State.SCHEDULED
    house.hold(amount=1000, length=HOUR)
    with pytest.raises(Exception, match="free throughout"):
        house.hold(start=1.5 * HOUR, amount=1)


def test_cancel_wins_over_a_slot_that_was_moved_later(house: House, active: int) -> None:
    modify(house, active, slot=LATER)
    house.cancel(active)
    house.run()
    assert (house.state(active), house.view(active).outcome) == (State.RELEASED, Outcome.CANCELLED)


def test_what_is_taken_off_until_later_may_be_cancelled_meanwhile(house: House, active: int) -> None:
    house.near.away = True
    modify(house, active, slot=LATER)
    house.run()
    assert house.state(active) is State.RELEASING
    assert house.cancel(active, reason="enough").cancel_requested
    with pytest.raises(TooLate):
        modify(house, active, parts=parts())
    house.near.away = False
    house.at(NOON + HOUR / 2)
    view = house.view(active)
    assert (view.state, view.outcome, view.reason) == (State.RELEASED, Outcome.CANCELLED, "enough")
    assert house.claims(active) == 0
    with pytest.raises(WrongState):
        house.cancel(active)
