"""Devices that refuse, are away, forget or do not do what they say: who suffers, and what happens next."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from activation.backing_off import FIRST_PAUSE, LONGEST_PAUSE, pause_after
from activation.tick import CLAIMS_KEPT_FOR
from reservation.lifecycle import Cause, Outcome, State
from reservation.parts import lock_devices
from reservation.service import history
from reservation.tables import ClaimRow
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, SECOND, House, whose

pytestmark = pytest.mark.one_database("what a device answers, and whose fault it is, is weighed in Python")

MINUTE = timedelta(minutes=1)


@pytest.mark.any_database("a device's words go into a column")
def test_refused_reservation_fails_in_the_devices_words_and_its_neighbours_go_on(house: House) -> None:
    good, bad, other = (house.book(start=HOUR) for _ in range(3))
    house.far.refuses.add(f"LS-FNAL-{bad}-")
    house.at(NOON + HOUR)
    house.at(NOON + HOUR + MINUTE)
    assert [house.state(number) for number in (good, bad, other)] == [
        State.ACTIVE,
        State.RELEASED,
        State.ACTIVE,
    ]
    view = house.view(bad)
    assert view.outcome is Outcome.FAILED
    assert view.reason is not None
    assert view.reason.startswith("far-1: % Invalid input (at 'LS-FNAL-")
    assert view.activated_at is None
    assert house.claims(bad) == 0
    assert [whose(line) for line in house.near.ours] == [f"LS-FNAL-{good}", f"LS-FNAL-{other}"]


def test_refused_line_is_not_sent_again(house: House) -> None:
    number = house.book()
    house.far.refuses.add("LS-FNAL")
    asked: list[str] = []
    house.far.before_line = asked.append
    house.run()
    house.at(NOON + 10 * MINUTE)
    assert len(asked) == 1
    assert house.state(number) is State.RELEASED


def test_history_of_a_refusal_names_the_device_and_the_refusal(house: House) -> None:
    number = house.book()
    house.near.refuses.add("LS-FNAL")
    house.run()
    moves = house.store.read(lambda session: history(session, number))
    (refused,) = [move for move in moves if move.cause is Cause.REJECTED]
    assert (refused.from_state, refused.to_state, refused.actor) == (
        State.ACTIVATING,
        State.RELEASING,
        NEAR,
    )
    assert refused.reason == house.view(number).reason
    assert house.far.ours == []


def test_refusal_while_active_fails_a_reservation_too(house: House) -> None:
    number, other = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.run()
    house.far.lines.remove(next(line for line in house.far.ours if f"-{number}-" in line))
    house.far.refuses.add(f"LS-FNAL-{number}-")
    house.at(NOON + 10 * MINUTE)
    assert (house.state(number), house.view(number).outcome) == (State.RELEASED, Outcome.FAILED)
    assert house.state(other) is State.ACTIVE


def test_device_without_room_for_a_part_refuses_that_part_only(house: House) -> None:
    house.far.room = 2
    first, second, third = (house.book(stages=((FAR, 0),)) for _ in range(3))
    house.run()
    house.at(NOON + MINUTE)
    assert [house.state(number) for number in (first, second)] == [State.ACTIVE] * 2
    assert house.view(third).outcome is Outcome.FAILED
    assert "no room" in (house.view(third).reason or "")


def test_device_that_refused_one_is_well_again_afterwards(house: House) -> None:
    house.book(stages=((FAR, 0),))
    house.far.refuses.add("LS-FNAL")
    house.run()
    device = house.device(FAR)
    assert (device.in_sync, device.failures, device.error_code) == (True, 0, None)


@pytest.mark.any_database("the database compares the times")
def test_device_that_is_away_is_left_alone_longer_and_longer_and_keeps_every_claim(house: House) -> None:
    number = house.book()
    house.far.away = True
    pauses = []
    for failures in range(1, 6):
        house.run()
        device = house.device(FAR)
        assert (device.failures, device.error_code, device.error) == (
            failures,
            "device-unreachable",
            "no answer",
        )
        assert house.due() == []
        assert device.next_attempt_at is not None
        pauses.append(device.next_attempt_at - house.clock.now())
        house.clock.at = device.next_attempt_at
    assert pauses == sorted(pauses)
    assert (house.state(number), house.claims(number)) == (State.ACTIVATING, 1)
    house.far.away = False
    house.run()
    assert house.state(number) is State.ACTIVE
    assert (house.device(FAR).failures, house.device(FAR).error) == (0, None)


def test_pauses_double_with_jitter_up_to_their_bound() -> None:
    for failures in range(1, 2000):
        whole = min(FIRST_PAUSE * 2 ** min(failures - 1, 20), LONGEST_PAUSE)
        assert whole / 2 <= pause_after(failures) <= whole
    assert len({pause_after(3) for _ in range(20)}) > 1


def test_device_that_is_away_keeps_nobody_waiting_elsewhere(house: House) -> None:
    house.near.away = True
    stuck, lucky = house.book(stages=((NEAR, 0),)), house.book(stages=((FAR, 0),))
    house.run()
    assert (house.state(stuck), house.state(lucky)) == (State.ACTIVATING, State.ACTIVE)


def test_new_wish_for_a_device_in_back_off_is_tried_at_once(house: House) -> None:
    house.far.away = True
    house.book(stages=((FAR, 0),))
    house.run()
    house.far.away = False
    assert house.due() == []
    second = house.book(stages=((FAR, 0),))
    house.run()
    assert house.state(second) is State.ACTIVE


def test_session_that_breaks_in_mid_push_is_taken_up_where_it_broke(house: House) -> None:
    numbers = [house.book(stages=((FAR, 0),)) for _ in range(5)]

    def break_off(_line: str) -> None:
        if len(house.far.ours) == 2:
            house.far.away = True

    house.far.after_line = break_off
    house.run()
    assert {house.state(number) for number in numbers} == {State.ACTIVATING}
    house.far.away, house.far.after_line = False, None
    house.at(NOON + MINUTE)
    assert {house.state(number) for number in numbers} == {State.ACTIVE}
    assert [len(push) for push in house.far.pushes] == [2, 3]
    assert len(house.far.ours) == 5


def test_refused_removal_keeps_the_claims_and_is_tried_again_after_reading_anew(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.run()
    house.far.refuses.add("no LS-FNAL")
    house.at(NOON + HOUR)
    assert (house.state(number), house.claims(number)) == (State.RELEASING, 1)
    assert house.device(FAR).error_code == "device-state-unknown"
    reads = house.far.reads
    house.far.refuses.clear()
    house.at(NOON + HOUR + MINUTE)
    assert house.far.reads > reads
    assert (house.state(number), house.view(number).outcome) == (State.RELEASED, Outcome.COMPLETED)


def test_part_that_does_not_converge_holds_up_nobody_else(house: House) -> None:
    stuck, fine = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.far.ignores.add(f"LS-FNAL-{stuck}-")
    house.run()
    assert (house.state(stuck), house.state(fine)) == (State.ACTIVATING, State.ACTIVE)
    # Said of it only after the third time: a device may be slow to show what it took.
    for misreads in (1, 2):
        assert (house.device(FAR).failures, house.device(FAR).error_code) == (misreads, None)
        assert house.parts(stuck)[0].error is None
        assert not house.device(FAR).in_sync
        try_again(house)
    device = house.device(FAR)
    assert device.error_code == "device-not-converged"
    assert f"LS-FNAL-{stuck}-" in (device.error or "")
    assert [part.error is None for number in (stuck, fine) for part in house.parts(number)] == [False, True]
    late = house.book(stages=((FAR, 0),))
    house.run()
    assert house.state(late) is State.ACTIVE
    house.far.ignores.clear()
    house.at(NOON + 2 * MINUTE)
    assert house.state(stuck) is State.ACTIVE
    assert house.device(FAR).error_code is None


def try_again(house: House) -> None:
    """Let the pause after a failure pass, and no more."""
    again = house.device(FAR).next_attempt_at
    assert again is not None
    house.at(again)


def test_unequal_readings_that_are_not_in_a_row_are_not_added_up(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    for _ in range(2):
        house.far.ignores.add("LS-FNAL")
        house.run()
        try_again(house)
        assert (house.device(FAR).failures, house.device(FAR).error_code) == (2, None)
        house.far.ignores.clear()
        try_again(house)
        assert house.state(number) is State.ACTIVE
        house.far.lines.remove(house.far.ours[0])
        house.clock.forward(10 * MINUTE)


def test_line_nobody_owns_that_does_not_go_is_told_in_the_end(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.run()
    left = house.far.ours[0]
    house.at(NOON + HOUR)
    house.far.lines.append(left)
    house.far.ignores.add("no LS-FNAL")
    house.at(NOON + 2 * HOUR)
    try_again(house)
    assert house.device(FAR).error_code is None
    try_again(house)
    assert house.device(FAR).error_code == "device-not-converged"
    assert house.state(number) is State.RELEASED


def test_what_waits_is_no_failure_and_nothing_is_pushed_or_recorded_for_it(house: House) -> None:
    stuck, fine = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.run()
    changes = len(house.changes(FAR))
    house.far.lines = [line for line in house.far.lines if f"-{stuck}-" not in line]
    house.far.hinders.add(f"-{stuck}-")
    for passed in range(1, 4):
        house.at(NOON + passed * 10 * MINUTE)
        device = house.device(FAR)
        assert (device.failures, device.error_code, device.error) == (0, "device-waiting", "the card is out")
        assert not device.in_sync
        assert house.parts(stuck)[0].error == "the card is out"
        assert (house.state(stuck), house.view(stuck).degraded_since) == (State.ACTIVE, NOON + 10 * MINUTE)
        assert house.view(fine).degraded_since is None
        assert device.next_attempt_at is not None
        assert SECOND < device.next_attempt_at - house.clock.now() <= LONGEST_PAUSE
    assert len(house.changes(FAR)) == changes
    house.far.hinders.clear()
    house.at(NOON + 31 * MINUTE)
    assert house.view(stuck).degraded_since is None
    assert (house.device(FAR).error_code, house.parts(stuck)[0].error) == (None, None)


def test_neighbours_come_and_go_while_one_waits(house: House) -> None:
    stuck = house.book(stages=((FAR, 0),), length=2 * HOUR)
    house.far.hinders.add(f"-{stuck}-")
    house.run()
    assert house.state(stuck) is State.ACTIVATING
    other = house.book(stages=((FAR, 0),))
    house.run()
    assert house.state(other) is State.ACTIVE
    assert house.device(FAR).error_code == "device-waiting"
    house.at(NOON + HOUR)
    assert (house.state(other), house.claims(other)) == (State.RELEASED, 0)
    assert (house.state(stuck), house.device(FAR).error_code) == (State.ACTIVATING, "device-waiting")


def test_what_waits_does_not_hide_what_does_not_converge(house: House) -> None:
    waiting, stuck = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.far.hinders.add(f"-{waiting}-")
    house.far.ignores.add(f"-{stuck}-")
    house.run()
    assert house.device(FAR).error_code == "device-waiting"
    try_again(house)
    try_again(house)
    assert house.device(FAR).error_code == "device-not-converged"
    assert house.parts(waiting)[0].error == "the card is out"
    assert "again and again" in (house.parts(stuck)[0].error or "")


def test_push_cut_short_is_saved_though_all_the_rest_waits(house: House) -> None:
    number, other = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.far.hinders.add(f"-{other}-")
    house.far.full = True
    house.run()
    house.far.full = False
    house.at(NOON + 2 * MINUTE)
    assert house.state(number) is State.ACTIVE
    assert len([line for line in house.far.saved if f"-{number}-" in line]) == 1


def test_part_that_comes_while_another_does_not_converge_does_not_wait_for_it(house: House) -> None:
    stuck = house.book(stages=((FAR, 0),))
    house.far.ignores.add(f"LS-FNAL-{stuck}-")
    late: list[int] = []

    def book_another(_line: str) -> None:
        if not late:
            late.append(house.book(stages=((FAR, 0),)))
            house.tick()

    house.far.after_line = book_another
    house.run()
    assert house.state(late[0]) is State.ACTIVE


def test_removal_that_is_taken_and_not_done_keeps_the_claims(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.run()
    house.far.ignores.add("no LS-FNAL")
    house.at(NOON + HOUR)
    assert (house.state(number), house.claims(number)) == (State.RELEASING, 1)
    house.far.ignores.clear()
    house.at(NOON + HOUR + MINUTE)
    assert (house.state(number), house.claims(number)) == (State.RELEASED, 0)


@pytest.mark.parametrize("when", ["reading", "pushing"])
def test_bug_in_a_driver_is_noted_and_ends_nothing(house: House, when: str) -> None:
    # Through the worker, which is what catches it: see tests/functional/activation/test_worker.py.
    house.book(stages=((FAR, 0),))
    house.far.bug = ZeroDivisionError()
    if when == "pushing":
        with pytest.raises(ZeroDivisionError):
            house.run()
        (change,) = house.changes(FAR)
        assert change.outcome == "interrupted"
    house.far.bug = None
    house.run()
    assert len(house.far.ours) == 1


def test_reservation_that_waits_out_its_slot_on_a_dead_device_fails(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.far.away = True
    house.run()
    house.at(NOON + HOUR)
    assert house.state(number) is State.RELEASING
    house.far.away = False
    house.at(NOON + HOUR + 2 * MINUTE)
    assert house.view(number).outcome is Outcome.FAILED


@pytest.mark.any_database("the database compares the times")
def test_back_off_counts_from_when_the_device_failed(house: House) -> None:
    house.book(stages=((FAR, 0),))

    def time_out(_line: str) -> None:
        house.clock.forward(MINUTE)
        house.far.away = True

    house.far.before_line = time_out
    house.strike()
    again = house.device(FAR).next_attempt_at
    assert again is not None
    assert again > NOON + MINUTE
    assert again <= NOON + MINUTE + SECOND


@pytest.mark.any_database("claims are kept by one statement for all")
@pytest.mark.parametrize("trouble", ["away", "refuses the removal", "ignores the removal", "cannot save"])
def test_claims_are_renewed_while_the_device_is_left_alone(house: House, trouble: str) -> None:
    number = house.book(stages=((FAR, 0),))
    house.run()
    house.far.away = trouble == "away"
    house.far.full = trouble == "cannot save"
    if trouble == "refuses the removal":
        house.far.refuses.add("no LS-FNAL")
    if trouble == "ignores the removal":
        house.far.ignores.add("no LS-FNAL")
    house.at(NOON + HOUR)
    reads = house.far.reads
    forbid_visits(house, until=NOON + 3 * HOUR)
    for passed in range(1, 8):
        house.at(NOON + HOUR + passed * CLAIMS_KEPT_FOR / 2)
        assert house.due() == []
        assert (house.state(number), house.claims(number)) == (State.RELEASING, 1)
        assert claimed_until(house, number) == house.clock.now() + CLAIMS_KEPT_FOR
    assert house.far.reads == reads


def forbid_visits(house: House, *, until: datetime) -> None:
    """As while another worker has the devices."""

    def take(session: Session) -> None:
        for row in lock_devices(session, [FAR, NEAR]).values():
            row.lease_owner, row.lease_until = "another", until

    house.store.write(take)


def claimed_until(house: House, number: int) -> datetime | None:
    query = select(ClaimRow.end).where(ClaimRow.reservation_id == number)
    return house.store.read(lambda session: session.scalar(query))
