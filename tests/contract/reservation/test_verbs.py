"""hold, confirm, cancel, get, list: what each promises and refuses."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from reservation import service
from reservation.device_reports import capabilities_of
from reservation.errors import NotFound, SlotInThePast, UnknownDevice, WrongState
from reservation.lifecycle import Cause, State
from reservation.model import PartRequest, PartView, ReservationView, TimeSlot
from reservation.moves import lock_reservation, move
from reservation.parts import register_device
from reservation.service import CLOCKS_MAY_DIFFER_BY
from reservation.tables import ClaimRow, PartRow, ReservationRow, TransitionRow
from tests.contract.reservation.conftest import HOUR, KIND, NOON, PATH, Calendar, a_request, hours


def states(bookings: Calendar, number: int) -> list[State]:
    moves = bookings.store.read(lambda session: service.history(session, number))
    return [move.to_state for move in moves]


def claims(bookings: Calendar, number: int) -> int:
    query = select(func.count()).select_from(ClaimRow).where(ClaimRow.reservation_id == number)
    return bookings.store.read(lambda session: session.scalar(query)) or 0


def due_at(bookings: Calendar, number: int) -> object:
    return bookings.store.read(lambda session: session.get_one(ReservationRow, number).next_action_at)


def go(bookings: Calendar, number: int, *causes: Cause) -> None:
    """Take a reservation through moves that are the worker's."""
    for cause in causes:
        bookings.store.write(
            lambda session, cause=cause: move(  # type: ignore[misc]
                session, lock_reservation(session, number), cause, now=bookings.now, actor="worker"
            )
        )


def test_hold_takes_what_it_asks_for_and_says_so(bookings: Calendar) -> None:
    until = NOON - HOUR / 2
    held = bookings.hold(a_request(hours(0, 1), (PATH, 5), hold_until=until))
    assert (held.state, held.slot, held.hold_until) == (State.HELD, hours(0, 1), until)
    assert (held.kind, held.owner, held.created_at) == (KIND, "CN=Someone", bookings.now)
    assert (held.outcome, held.ended_at, held.activated_at, held.cancel_requested) == (
        None,
        None,
        None,
        False,
    )
    assert bookings.get(held.id) == held
    assert due_at(bookings, held.id) == until
    assert states(bookings, held.id) == [State.HELD]


def test_confirmed_hold_is_due_when_its_slot_is(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 5)
    confirmed = bookings.confirm(number)
    assert (confirmed.state, confirmed.hold_until) == (State.SCHEDULED, None)
    assert due_at(bookings, number) == NOON
    assert states(bookings, number) == [State.HELD, State.SCHEDULED]
    assert claims(bookings, number) == 1


def test_booking_is_a_hold_and_its_confirmation_at_once(bookings: Calendar) -> None:
    request = a_request(hours(0, 1), (PATH, 5), parts=(PartRequest("border-1", 0, {}),))
    booked = bookings.store.write(lambda s: service.book(s, request, now=bookings.now, actor="CN=Someone"))
    in_two = bookings.confirm(bookings.hold(request).id)
    assert bookings.get(booked.id) == booked
    assert replace(booked, id=in_two.id, version=in_two.version) == in_two
    assert due_at(bookings, booked.id) == due_at(bookings, in_two.id) == NOON
    assert states(bookings, booked.id) == [State.HELD, State.SCHEDULED]
    assert claims(bookings, booked.id) == 1
    parts = bookings.store.read(lambda session: service.list_parts(session, booked.id))
    assert [part.device for part in parts] == ["border-1"]


@pytest.mark.parametrize("back", [timedelta(microseconds=1), timedelta(seconds=30), CLOCKS_MAY_DIFFER_BY])
def test_start_up_to_a_minute_back_is_taken_as_now(bookings: Calendar, back: timedelta) -> None:
    bookings.now = NOON + back
    assert bookings.hold(a_request(hours(0, 1), (PATH, 5))).slot == TimeSlot(NOON + back, NOON + HOUR)


def test_start_further_back_is_refused(bookings: Calendar) -> None:
    bookings.now = NOON + CLOCKS_MAY_DIFFER_BY + timedelta(microseconds=1)
    with pytest.raises(SlotInThePast):
        bookings.book(0, 1, 5)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=1)])
def test_slot_that_is_over_is_refused_even_if_it_began_within_the_minute(
    bookings: Calendar, late: timedelta
) -> None:
    slot = TimeSlot(NOON, NOON + timedelta(seconds=10))
    bookings.now = slot.end + late
    with pytest.raises(SlotInThePast):
        bookings.hold(a_request(slot, (PATH, 5)))


def test_hold_that_is_over_is_not_confirmed(bookings: Calendar) -> None:
    number = bookings.hold(a_request(hours(0, 1), hold_until=NOON)).id
    bookings.now = NOON
    with pytest.raises(WrongState, match="held until"):
        bookings.confirm(number)
    assert bookings.get(number).state is State.HELD


def test_hold_whose_slot_is_over_is_not_confirmed(bookings: Calendar) -> None:
    number = bookings.hold(a_request(hours(0, 1), hold_until=NOON + 5 * HOUR)).id
    bookings.now = NOON + HOUR
    with pytest.raises(WrongState, match="slot ended"):
        bookings.confirm(number)


def test_hold_may_be_confirmed_while_its_slot_runs(bookings: Calendar) -> None:
    number = bookings.hold(a_request(hours(0, 1), hold_until=NOON + HOUR)).id
    bookings.now = NOON + HOUR / 2
    assert bookings.confirm(number).state is State.SCHEDULED


def test_nothing_is_confirmed_twice(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 5)
    bookings.confirm(number)
    with pytest.raises(WrongState, match="confirm is not possible"):
        bookings.confirm(number)


def test_what_no_device_carries_is_cancelled_at_once_and_gives_everything_back(bookings: Calendar) -> None:
    held, scheduled = bookings.book(0, 1, 5), bookings.book(0, 1, 5)
    bookings.confirm(scheduled)
    for number in (held, scheduled):
        cancelled = bookings.cancel(number)
        assert (cancelled.state, cancelled.reason, cancelled.ended_at) == (
            State.CANCELLED,
            "why",
            bookings.now,
        )
        assert claims(bookings, number) == 0
        assert due_at(bookings, number) is None


@pytest.mark.parametrize("causes", [(Cause.START,), (Cause.START, Cause.IN_SYNC)])
def test_what_a_device_may_carry_is_only_wished_away(bookings: Calendar, causes: tuple[Cause, ...]) -> None:
    number = bookings.book(0, 1, 5)
    bookings.confirm(number)
    go(bookings, number, *causes)
    before = bookings.get(number).state
    wished = bookings.cancel(number)
    assert (wished.state, wished.cancel_requested, wished.reason) == (before, True, "why")
    assert claims(bookings, number) == 1
    assert due_at(bookings, number) == bookings.now


def test_cancelling_again_changes_nothing(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 5)
    bookings.confirm(number)
    go(bookings, number, Cause.START)
    first = bookings.cancel(number)
    bookings.now += HOUR
    assert bookings.cancel(number) == first
    assert due_at(bookings, number) == bookings.now - HOUR


def test_cancelling_what_is_being_taken_off_for_a_cancel_changes_nothing(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 5)
    bookings.confirm(number)
    go(bookings, number, Cause.START, Cause.CANCEL)
    bookings.store.write(
        lambda session: setattr(session.get_one(ReservationRow, number), "release_cause", Cause.CANCEL)
    )
    before = bookings.get(number)
    assert bookings.cancel(number) == before


@pytest.mark.parametrize(
    "causes",
    [(Cause.TIMEOUT,), (Cause.CANCEL,), (Cause.CONFIRM, Cause.START, Cause.END)],
    ids=["expired", "cancelled", "releasing"],
)
def test_what_has_ended_or_ends_by_itself_is_not_cancelled(
    bookings: Calendar, causes: tuple[Cause, ...]
) -> None:
    number = bookings.book(0, 1, 5)
    go(bookings, number, *causes)
    before = bookings.get(number)
    with pytest.raises(WrongState):
        bookings.cancel(number)
    assert bookings.get(number) == before


def test_reservation_of_another_kind_is_not_found(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 5)
    with pytest.raises(NotFound):
        bookings.store.write(lambda s: service.cancel(s, number, kind="slice", now=bookings.now, actor="x"))
    with pytest.raises(NotFound):
        bookings.store.write(lambda s: service.confirm(s, number, kind="slice", now=bookings.now, actor="x"))
    with pytest.raises(NotFound):
        bookings.store.read(lambda s: service.get(s, number, kind="slice"))
    assert bookings.get(number).state is State.HELD


@pytest.mark.parametrize("number", [0, -1, 4711, 2**31])
def test_number_never_given_out_is_not_found(bookings: Calendar, number: int) -> None:
    with pytest.raises(NotFound):
        bookings.get(number)
    with pytest.raises(NotFound):
        bookings.cancel(number)


def test_move_that_is_not_in_the_table_changes_nothing(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 5)
    with pytest.raises(WrongState):
        go(bookings, number, Cause.IN_SYNC)
    assert states(bookings, number) == [State.HELD]


def test_version_grows_with_every_change(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 5)
    versions = [
        bookings.get(number).version,
        bookings.confirm(number).version,
        bookings.cancel(number).version,
    ]
    assert versions == sorted(set(versions))
    assert bookings.get(number).version == versions[-1]


def test_history_tells_who_when_and_why(bookings: Calendar) -> None:
    number = bookings.book(0, 1, 5)
    bookings.now += timedelta(minutes=5)
    bookings.cancel(number)
    made, cancelled = bookings.store.read(lambda session: service.history(session, number))
    assert (made.from_state, made.to_state, made.cause, made.actor) == (None, State.HELD, None, "CN=Someone")
    assert (cancelled.from_state, cancelled.to_state) == (State.HELD, State.CANCELLED)
    assert (cancelled.cause, cancelled.actor, cancelled.reason) == (Cause.CANCEL, "x", "why")
    assert (cancelled.at, made.at) == (bookings.now, bookings.now - timedelta(minutes=5))


def listed(bookings: Calendar, **how: object) -> list[int]:
    found: tuple[ReservationView, ...] = bookings.store.read(
        lambda session: service.list_reservations(session, **how)  # type: ignore[arg-type]
    )
    return [view.id for view in found]


def test_list_tells_newest_first_of_the_kind_and_states_asked_for(bookings: Calendar) -> None:
    first, second, third = (bookings.book(0, 1, 5) for _ in range(3))
    bookings.confirm(second)
    assert listed(bookings) == [third, second, first]
    assert listed(bookings, kind=KIND, limit=2) == [third, second]
    assert listed(bookings, kind="slice") == []
    assert listed(bookings, states=[State.HELD]) == [third, first]
    assert listed(bookings, states=[State.SCHEDULED, State.EXPIRED]) == [second]


def test_number_is_not_given_out_again_after_its_row_is_gone(bookings: Calendar) -> None:
    numbers = [bookings.book(0, 1, 1) for _ in range(3)]

    def forget(session: Session) -> None:
        for table in (ClaimRow, TransitionRow):
            session.execute(delete(table))
        session.execute(delete(ReservationRow))

    bookings.store.write(forget)
    assert bookings.book(0, 1, 1) > max(numbers)


def test_refused_hold_leaves_the_next_number_above_all_others(bookings: Calendar) -> None:
    first = bookings.book(0, 1, 1)
    with pytest.raises(UnknownDevice):
        bookings.hold(a_request(hours(0, 1), parts=(PartRequest("nowhere", 0, {}),)))
    assert bookings.book(0, 1, 1) > first


def test_parts_are_kept_far_ones_first_and_wanted_by_nobody_yet(bookings: Calendar) -> None:
    bookings.store.write(lambda s: register_device(s, "far-1", platform="fake", capabilities=()))
    parts = (PartRequest("border-1", 1, {"kind": "x", "n": 1}), PartRequest("far-1", 0, {"kind": "y"}))
    number = bookings.hold(a_request(hours(0, 1), parts=parts)).id
    shown = bookings.store.read(lambda session: service.list_parts(session, number))
    assert shown == (
        PartView("far-1", 0, wanted=False, in_sync=True, error=None, kind="y", does="y"),
        PartView("border-1", 1, wanted=False, in_sync=True, error=None, kind="x", does="x"),
    )
    stored = bookings.store.read(
        lambda s: s.scalars(select(PartRow.intent).where(PartRow.reservation_id == number)).all()
    )
    assert sorted(stored, key=len) == [{"kind": "y"}, {"kind": "x", "n": 1}]


def test_part_on_a_device_nobody_knows_refuses_the_whole_hold(bookings: Calendar) -> None:
    parts = (PartRequest("border-1", 0, {}), PartRequest("border-2", 0, {}))
    with pytest.raises(UnknownDevice, match="border-2"):
        bookings.hold(a_request(hours(0, 1), (PATH, 5), parts=parts))
    assert listed(bookings) == []
    assert bookings.store.read(lambda s: s.scalar(select(func.count()).select_from(PartRow))) == 0


def test_device_made_known_again_keeps_its_row_and_takes_its_new_capabilities(bookings: Calendar) -> None:
    for can in (["a", "b"], ["c"]):
        bookings.store.write(
            lambda s, can=can: register_device(s, "border-1", platform="new", capabilities=can)  # type: ignore[misc]
        )
    assert bookings.store.read(lambda s: capabilities_of(s, ["border-1"])) == {"border-1": {"c"}}
    with pytest.raises(UnknownDevice):
        bookings.store.read(lambda s: capabilities_of(s, ["border-1", "border-9"]))
