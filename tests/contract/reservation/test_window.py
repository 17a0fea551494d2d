"""The earliest slot that fits is found, what would fit is told if none does, and hold takes either."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from reservation import conflicts
from reservation.errors import FlowConflict, SlotInThePast, UnknownResource
from reservation.model import TimeSlot
from reservation.window_values import Transfer, WindowAnswer
from tests.contract.reservation.conftest import (
    HOUR,
    MEGABIT,
    NOON,
    PATH,
    Calendar,
    a_request,
    hours,
)
from tests.contract.reservation.windows import (
    BACK,
    GIGABIT,
    MICROSECOND,
    MINE,
    RIVAL,
    SITE,
    find,
    take,
    to_port,
    window,
)


def test_an_empty_calendar_has_room_at_once(bookings: Calendar) -> None:
    answer = find(bookings, hours(0, 10), HOUR, (PATH, GIGABIT))
    assert answer == WindowAnswer(window(hours(0, 1), (PATH, GIGABIT)))


def test_the_first_gap_that_is_long_enough_is_taken_to_the_microsecond(bookings: Calendar) -> None:
    bookings.book(0, 1, 600 * MEGABIT)
    bookings.book(1.5, 3, 600 * MEGABIT)
    bookings.book(4, 9, 600 * MEGABIT)
    answer = find(bookings, hours(0, 10), HOUR, (PATH, 500 * MEGABIT))
    assert answer.found == window(hours(3, 4), (PATH, 500 * MEGABIT))
    answer = find(bookings, hours(0, 10), HOUR + MICROSECOND, (PATH, 500 * MEGABIT))
    assert answer == WindowAnswer(
        None, window(TimeSlot(NOON, NOON + HOUR + MICROSECOND), (PATH, 400 * MEGABIT))
    )
    take(bookings, answer.instead)


def test_back_to_back_bookings_leave_no_gap_and_their_join_is_none(bookings: Calendar) -> None:
    bookings.book(0, 1, GIGABIT)
    bookings.book(1, 2, 400 * MEGABIT)
    bookings.book(2, 3, GIGABIT)
    assert find(bookings, hours(0, 3), HOUR, (PATH, 600 * MEGABIT)).found == window(
        hours(1, 2), (PATH, 600 * MEGABIT)
    )
    assert find(bookings, hours(0, 3), HOUR, (PATH, 601 * MEGABIT)).found is None


def test_what_began_before_and_ends_after_counts(bookings: Calendar) -> None:
    bookings.book(0, 1000, 700 * MEGABIT)
    answer = find(bookings, hours(500, 510), HOUR, (PATH, 400 * MEGABIT))
    assert answer == WindowAnswer(None, window(hours(500, 501), (PATH, 300 * MEGABIT)))


def test_where_nothing_at_all_is_free_nothing_is_told(bookings: Calendar) -> None:
    bookings.book(0, 3, GIGABIT)
    assert find(bookings, hours(0, 3), HOUR, (PATH, 1)) == WindowAnswer(None)
    assert find(bookings, hours(0, 3), Transfer(1, PATH), (PATH, 1)) == WindowAnswer(None)
    assert find(bookings, hours(5, 6), 2 * HOUR, (PATH, 1)) == WindowAnswer(None), "no room for the length"


def test_each_way_is_looked_at_and_the_scarcer_decides_what_would_fit(bookings: Calendar) -> None:
    bookings.offer(BACK, GIGABIT)
    bookings.book(0, 2, 500 * MEGABIT)
    bookings.book(1, 3, 900 * MEGABIT, of=BACK)
    asked = ((PATH, 800 * MEGABIT), (BACK, 200 * MEGABIT))
    assert find(bookings, hours(0, 9), HOUR, *asked).found == window(hours(3, 4), *asked)
    # From 0: 500 of 800 out. From 2: 100 of 200 back. The first is nearer.
    answer = find(bookings, hours(0, 3), HOUR, *asked)
    assert answer == WindowAnswer(None, window(hours(0, 1), (PATH, 500 * MEGABIT), (BACK, 200 * MEGABIT)))
    take(bookings, answer.instead)


def test_a_transfer_ends_earliest_though_it_starts_later_and_faster(bookings: Calendar) -> None:
    bookings.book(0, 2, 900 * MEGABIT)
    volume = 3600 * 1000 * MEGABIT
    answer = find(bookings, hours(0, 24), Transfer(volume, PATH), (PATH, GIGABIT))
    assert answer == WindowAnswer(window(hours(2, 3), (PATH, GIGABIT)))
    # At most 100 Mbit/s: then nothing is gained by waiting.
    answer = find(bookings, hours(0, 24), Transfer(volume, PATH), (PATH, 100 * MEGABIT))
    assert answer == WindowAnswer(window(hours(0, 10), (PATH, 100 * MEGABIT)))
    take(bookings, answer.found)


def test_a_transfer_takes_whole_seconds_rounded_up(bookings: Calendar) -> None:
    answer = find(bookings, hours(0, 1), Transfer(10, PATH), (PATH, 4))
    assert answer.found == window(TimeSlot(NOON, NOON + timedelta(seconds=3)), (PATH, 4))


def test_a_transfer_that_is_too_large_is_told_the_most_that_would_be_moved(bookings: Calendar) -> None:
    bookings.book(0, 2, 900 * MEGABIT)
    answer = find(bookings, hours(0, 4), Transfer(10**18, PATH), (PATH, GIGABIT))
    assert answer == WindowAnswer(None, window(hours(2, 4), (PATH, GIGABIT)))
    take(bookings, answer.instead)


def test_a_transfer_never_lasts_longer_than_it_may(bookings: Calendar) -> None:
    bookings.book(0, 2, 900 * MEGABIT)
    volume = 3600 * 200 * MEGABIT
    slow = find(bookings, hours(0, 2), Transfer(volume, PATH), (PATH, GIGABIT))
    assert slow == WindowAnswer(window(hours(0, 2), (PATH, 100 * MEGABIT)))
    bound = find(bookings, hours(0, 2), Transfer(volume, PATH, longest=3600), (PATH, GIGABIT))
    assert bound == WindowAnswer(None, window(hours(0, 1), (PATH, 100 * MEGABIT)))


def test_what_else_a_transfer_needs_is_there_all_the_time(bookings: Calendar) -> None:
    bookings.offer(BACK, 10)
    bookings.book(1, 2, 1, of=BACK)
    answer = find(bookings, hours(0, 9), Transfer(2 * 3600 * GIGABIT, PATH), (PATH, GIGABIT), (BACK, 10))
    assert answer.found == window(hours(2, 4), (PATH, GIGABIT), (BACK, 10))


@pytest.fixture
def steered(bookings: Calendar) -> Calendar:
    """The calendar, with the site's flows in it and some of them on another path from one to two."""
    bookings.store.write(lambda session: conflicts.offer_flows(session, SITE, now=bookings.now))
    bookings.hold(replace(a_request(hours(1, 2), (PATH, 1)), flows=RIVAL))
    return bookings


def test_a_slot_in_which_the_packets_go_elsewhere_is_passed_over(steered: Calendar) -> None:
    asked = (PATH, MEGABIT)
    answer = find(steered, hours(0.5, 9), HOUR, asked, flows=MINE)
    assert answer.found == window(hours(2, 3), asked)
    take(steered, answer.found, MINE)
    with pytest.raises(FlowConflict):
        take(steered, window(hours(1.5, 2.5), asked), MINE)
    for harmless in (None, RIVAL, replace(MINE, flows=to_port(1, 2))):
        assert find(steered, hours(0.5, 9), HOUR, asked, flows=harmless).found == window(
            hours(0.5, 1.5), asked
        )
    assert find(steered, hours(1, 2), HOUR, asked, flows=MINE) == WindowAnswer(None)
    moved = find(steered, hours(0.5, 9), Transfer(3600 * MEGABIT, PATH), asked, flows=MINE)
    assert moved.found == window(hours(2, 3), asked)


def test_a_start_a_little_back_is_now(bookings: Calendar) -> None:
    bookings.now = NOON + timedelta(seconds=60)
    answer = find(bookings, hours(0, 2), HOUR, (PATH, 1))
    assert answer.found == window(TimeSlot(bookings.now, bookings.now + HOUR), (PATH, 1))
    take(bookings, answer.found)
    bookings.now += MICROSECOND
    with pytest.raises(SlotInThePast):
        find(bookings, hours(0, 2), HOUR, (PATH, 1))


def test_what_is_not_in_the_calendar_is_told(bookings: Calendar) -> None:
    with pytest.raises(UnknownResource, match="path:green"):
        find(bookings, hours(0, 1), HOUR, ("path:green", 1))
    with pytest.raises(UnknownResource, match="flows:Fermilab"):
        find(bookings, hours(0, 1), HOUR, (PATH, 1), flows=MINE)


def test_looking_writes_and_locks_nothing(steered: Calendar) -> None:
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(steered.store.engine, "before_cursor_execute", listen)
    find(steered, hours(0, 9), HOUR, (PATH, 1), flows=MINE)
    event.remove(steered.store.engine, "before_cursor_execute", listen)
    selects = [statement for statement in said if statement.startswith("SELECT")]
    assert len(selects) == 4, "a resource and its claims, the flows and theirs"
    assert not any("FOR UPDATE" in statement or statement.startswith("INSERT") for statement in said)
