"""While a pause stands nothing is pushed, whatever begins and ends meanwhile; afterwards all of it is."""

from datetime import timedelta

import pytest

from activation.tick import CLAIMS_KEPT_FOR
from reservation.lifecycle import Outcome, State
from reservation.pauses import Pause, PauseCause, begin_pause, end_pauses, list_pauses
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, House, whose

pytestmark = pytest.mark.one_database(
    "what a pause keeps from a device is decided in Python, from rows read as in every pass"
)

MINUTE = timedelta(minutes=1)
FREEZE, MAINTENANCE = PauseCause.FREEZE, PauseCause.MAINTENANCE


def begin(house: House, cause: PauseCause = FREEZE, *, device: str | None = None) -> bool:
    return house.store.write(
        lambda s: begin_pause(
            s, cause, device=device, now=house.clock.now(), actor="operator ann", reason="core upgrade"
        )
    )


def end(house: House, *causes: PauseCause, device: str | None = None) -> tuple[Pause, ...]:
    return house.store.write(lambda s: end_pauses(s, causes or [FREEZE], device=device))


def untouched(house: House) -> bool:
    return not house.far.pushes and not house.near.pushes and not house.far.saved and not house.near.saved


def test_slot_that_starts_while_frozen_is_pushed_at_the_thaw(house: House) -> None:
    begin(house)
    number = house.book()
    house.run()
    assert untouched(house)
    assert house.state(number) is State.ACTIVATING
    (far, _near) = house.parts(number)
    assert far.wanted
    assert far.error == (
        "held back: all pushes are frozen since 2026-01-01 12:00:00 UTC, by operator ann: core upgrade"
    )
    assert house.device(FAR).error_code is None
    end(house)
    house.run()
    assert house.state(number) is State.ACTIVE
    assert [part.error for part in house.parts(number)] == [None, None]


def test_slot_that_ends_while_frozen_has_failed_and_says_why(house: House) -> None:
    begin(house)
    number = house.book()
    house.run()
    house.at(NOON + HOUR)
    assert untouched(house)
    assert house.state(number) is State.RELEASED
    assert house.view(number).outcome is Outcome.FAILED
    assert house.view(number).reason == (
        "the slot ended before every device carried it: all pushes are frozen since 2026-01-01 12:00:00 UTC, "
        "by operator ann: core upgrade"
    )


def test_what_a_device_carries_stays_until_the_thaw_and_so_do_its_claims(house: House) -> None:
    number = house.book()
    house.run()
    lines = house.far.ours
    begin(house)
    house.at(NOON + HOUR)
    for minutes in range(0, 60, 4):
        house.at(NOON + HOUR + minutes * MINUTE)
    assert house.far.ours == lines
    assert house.state(number) is State.RELEASING
    assert house.claims(number) == 1
    end(house)
    house.run()
    assert house.far.ours == []
    assert house.state(number) is State.RELEASED
    assert house.view(number).outcome is Outcome.COMPLETED
    assert CLAIMS_KEPT_FOR < HOUR


def test_drift_is_seen_and_told_while_frozen_and_mended_after(house: House) -> None:
    number = house.book()
    house.run()
    lines = house.far.ours
    begin(house)
    house.far.lines.remove(lines[0])
    house.at(NOON + 5 * MINUTE)
    assert house.far.ours == []
    assert house.view(number).degraded_since == NOON + 5 * MINUTE
    assert not house.device(FAR).in_sync
    end(house)
    house.run()
    assert house.far.ours == lines
    assert house.view(number).degraded_since is None


@pytest.mark.any_database("the database compares the times")
def test_frozen_device_with_work_is_read_each_minute_and_no_oftener(house: House) -> None:
    begin(house)
    house.book(stages=((FAR, 0),))
    house.run()
    reads = house.far.reads
    assert house.due() == []
    house.at(NOON + 59 * timedelta(seconds=1))
    assert house.far.reads == reads
    house.at(NOON + MINUTE)
    assert house.far.reads == reads + 1


def test_pause_of_one_device_lets_the_others_go_on(house: House) -> None:
    begin(house, MAINTENANCE, device=FAR)
    held, free = house.book(stages=((FAR, 0),)), house.book(stages=((NEAR, 0),))
    house.run()
    assert not house.far.pushes
    assert house.state(held) is State.ACTIVATING
    assert house.state(free) is State.ACTIVE
    end(house, MAINTENANCE, device=FAR)
    house.run()
    assert house.state(held) is State.ACTIVE


@pytest.mark.any_database("rows of several pauses are found by the database")
def test_every_pause_over_a_device_has_to_be_lifted(house: House) -> None:
    begin(house)
    begin(house, MAINTENANCE, device=FAR)
    number = house.book(stages=((FAR, 0),))
    house.run()
    end(house)
    house.run()
    assert not house.far.pushes
    end(house, MAINTENANCE, device=FAR)
    house.run()
    assert house.state(number) is State.ACTIVE


def test_pause_that_comes_in_the_middle_of_a_push_lets_it_end(house: House) -> None:
    numbers = [house.book(stages=((FAR, 0),)) for _ in range(3)]

    def freeze(_line: str) -> None:
        begin(house)

    house.far.after_line = freeze
    house.run()
    assert [whose(line) for line in house.far.saved[2:]] == [f"LS-FNAL-{number}" for number in numbers]
    assert {house.state(number) for number in numbers} == {State.ACTIVE}
    assert [change.outcome for change in house.changes(FAR)] == ["pushed"]


def test_push_that_was_cut_short_is_not_even_saved_while_frozen(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.far.full = True
    house.run()
    begin(house)
    house.far.full = False
    house.at(NOON + 2 * MINUTE)
    assert house.far.saved == []
    assert house.state(number) is State.ACTIVATING
    end(house)
    house.run()
    assert house.far.saved == house.far.lines
    assert house.state(number) is State.ACTIVE


def test_nobody_fails_over_a_device_that_an_operator_works_on(house: House) -> None:
    begin(house, MAINTENANCE, device=FAR)
    house.far.room = 0
    number = house.book()
    house.run()
    assert house.device(FAR).error_code == "device-rejected"
    assert house.state(number) is State.ACTIVATING
    house.far.room = 1
    end(house, MAINTENANCE, device=FAR)
    house.run()
    assert house.state(number) is State.ACTIVE


@pytest.mark.any_database("a row is there once, by the database's own rule")
def test_second_freeze_changes_nothing_of_the_first(house: House) -> None:
    assert begin(house)
    house.clock.forward(MINUTE)
    assert not begin(house)
    (pause,) = house.store.read(list_pauses)
    assert (pause.since, pause.device) == (NOON, None)
    assert end(house) == (pause,)
    assert end(house) == ()
    assert house.store.read(list_pauses) == ()


def test_pause_of_a_device_nobody_knows_is_refused(house: House) -> None:
    with pytest.raises(Exception, match="there is no device far-9"):
        begin(house, MAINTENANCE, device="far-9")
