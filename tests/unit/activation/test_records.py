"""What is written down about a push, before it and after it, whatever becomes of it."""

from datetime import timedelta

import pytest

from activation import leases
from activation.leases import LeaseLost
from activation.reconcile import reconcile
from reservation.lifecycle import State
from reservation.parts import lock_devices
from tests.unit.activation.conftest import FAR, HOUR, NEAR, NOON, House, whose

LIFE = timedelta(minutes=5)


def test_every_push_is_stored_with_its_lines_its_words_and_whose_they_are(house: House) -> None:
    first, second = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.run()
    (change,) = house.changes(FAR)
    assert (change.at, change.device, change.reservations) == (NOON, FAR, (first, second))
    assert change.plan.splitlines() == house.far.ours
    assert change.transcript.splitlines() == house.far.ours
    assert change.outcome == "pushed"
    assert change.duration_ms is not None
    house.at(NOON + HOUR)
    assert [change.reservations for change in house.changes(FAR)] == [(first, second)] * 2


def test_pass_without_a_push_stores_none(house: House) -> None:
    house.run()
    house.at(NOON + HOUR)
    assert house.changes(FAR) == house.changes(NEAR) == []


def test_refused_push_is_stored_with_the_devices_answer(house: House) -> None:
    house.book(stages=((FAR, 0),))
    house.far.refuses.add("LS-FNAL")
    house.strike()
    (change,) = house.changes(FAR)
    assert change.outcome == "device-rejected"
    assert change.transcript.endswith("\n% Invalid input\n")


def test_broken_push_is_stored_with_what_was_said_up_to_then(house: House) -> None:
    for _ in range(3):
        house.book(stages=((FAR, 0),))
    house.far.after_line = lambda _line: setattr(house.far, "away", True)
    house.strike()
    (change,) = house.changes(FAR)
    assert change.outcome == "device-unreachable"
    assert len(change.plan.splitlines()) == 3
    assert change.transcript.splitlines() == house.far.ours


def test_push_is_written_down_before_its_first_line(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    seen = []
    house.far.before_line = lambda _line: seen.append(
        [(change.reservations, change.outcome) for change in house.changes(FAR)]
    )
    house.run()
    assert seen == [[((number,), None)]]


def test_no_transaction_is_open_while_the_device_is_spoken_to(house: House) -> None:
    house.book()
    house.run()
    written = []

    def write(line: str) -> None:
        # On SQLite an open write transaction would make this wait for ever, here and on every other thread.
        house.store.write(lambda _session: written.append(line))

    for box in house.boxes.values():
        box.before_line = box.after_line = write
    house.at(NOON + HOUR)
    assert len(written) == 4


def test_placement_is_kept_from_before_the_first_push_on(house: House) -> None:
    first, second = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.far.before_line = lambda _line: setattr(house.far, "away", True)
    house.strike()
    house.cancel(first)
    house.far.away, house.far.before_line = False, None
    house.at(NOON + timedelta(minutes=1))
    # The first one's number is free again, but the second was told 20 before anything was pushed.
    (line,) = house.far.ours
    assert whose(line) == f"LS-FNAL-{second}"
    assert " at 20 db " in line


def lose_lease(house: House) -> None:
    house.store.write(lambda s: setattr(lock_devices(s, [FAR])[FAR], "lease_token", "another's"))


@pytest.mark.parametrize("point", ["before placing", "in the push"])
def test_pass_whose_lease_is_lost_writes_no_result(house: House, point: str) -> None:
    number = house.book(stages=((FAR, 0),))
    house.tick()
    token = leases.take(house.store, FAR, owner="one", life=LIFE)
    assert token is not None
    if point == "before placing":
        lose_lease(house)
    else:
        house.far.before_line = lambda _line: lose_lease(house)
    before = house.device(FAR)
    with pytest.raises(LeaseLost):
        reconcile(house.store, FAR, house.driver(FAR), token=token, clock=house.clock)
    if point == "before placing":
        assert house.far.pushes == []
        assert house.device(FAR) == before
    assert not house.parts(number)[0].in_sync
    assert house.device(FAR).failures == 0
    house.settle()
    assert house.state(number) is State.ACTIVATING


def test_failure_under_a_lost_lease_writes_no_failure(house: House) -> None:
    house.book(stages=((FAR, 0),))
    house.tick()
    token = leases.take(house.store, FAR, owner="one", life=LIFE)
    assert token is not None

    def lose_everything(_line: str) -> None:
        lose_lease(house)
        house.far.away = True

    house.far.before_line = lose_everything
    with pytest.raises(LeaseLost):
        reconcile(house.store, FAR, house.driver(FAR), token=token, clock=house.clock)
    assert (house.device(FAR).failures, house.device(FAR).error) == (0, None)
    # What was said is a fact, whoever has the device now.
    assert [change.outcome for change in house.changes(FAR)] == ["device-unreachable"]


def test_lease_of_another_is_not_given_out_until_it_has_run_out(house: House) -> None:
    first = leases.take(house.store, FAR, owner="one", life=LIFE)
    assert first is not None
    assert leases.take(house.store, FAR, owner="two", life=LIFE) is None
    assert leases.take(house.store, NEAR, owner="two", life=LIFE) is not None
    leases.renew(house.store, FAR, first, life=timedelta(0))
    assert leases.take(house.store, FAR, owner="two", life=LIFE) is not None
    with pytest.raises(LeaseLost):
        leases.renew(house.store, FAR, first, life=LIFE)


def test_restarted_worker_takes_its_own_lease_over_and_the_old_token_is_worth_nothing(house: House) -> None:
    old = leases.take(house.store, FAR, owner="one", life=LIFE)
    new = leases.take(house.store, FAR, owner="one", life=LIFE)
    assert old is not None
    assert new not in {None, old}
    with pytest.raises(LeaseLost):
        leases.renew(house.store, FAR, old, life=LIFE)


def test_lease_is_released_by_its_holder_only(house: House) -> None:
    token = leases.take(house.store, FAR, owner="one", life=LIFE)
    leases.release(house.store, FAR, "another's")
    assert leases.take(house.store, FAR, owner="two", life=LIFE) is None
    leases.release(house.store, FAR, str(token))
    assert leases.take(house.store, FAR, owner="two", life=LIFE) is not None


def test_device_another_worker_has_is_not_due_here(house: House) -> None:
    house.book(stages=((FAR, 0),))
    house.tick()
    house.clock.at = house.clock.at.now(NOON.tzinfo)
    assert FAR in house.due()
    leases.take(house.store, FAR, owner="another", life=LIFE)
    assert FAR not in house.due()
    house.clock.forward(2 * LIFE)
    assert FAR in house.due()


def test_push_cut_short_after_its_last_line_is_saved_by_the_next_pass(house: House) -> None:
    house.book(stages=((FAR, 0),))
    house.far.after_line = lambda _line: setattr(house.far, "away", True)
    house.strike()
    assert len(house.far.ours) == 1
    assert house.far.saved == []
    house.far.away, house.far.after_line = False, None
    house.at(NOON + timedelta(minutes=1))
    assert house.far.saved == house.far.lines
    assert [(change.outcome, change.plan != "") for change in house.changes(FAR)] == [
        ("device-unreachable", True),
        ("pushed", False),
    ]
    house.at(NOON + timedelta(minutes=10))
    assert len(house.changes(FAR)) == 2
