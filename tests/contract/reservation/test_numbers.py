"""Numbers that a device carries already are passed by, on every database alike."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reservation import service
from reservation.errors import NumberTaken
from reservation.identity import database_identity
from reservation.model import Request, TimeSlot
from reservation.moves import HIGHEST_ID
from reservation.numbers import HIGHEST_TO_PASS, highest_given, pass_by
from reservation.tables import ReservationRow
from tests.contract.reservation.conftest import KIND, MEGABIT, Calendar


def adopt(bookings: Calendar, number: int) -> int:
    """A reservation of that number that takes nothing."""
    now = bookings.now
    slot = TimeSlot(now, now + timedelta(hours=1))
    request = Request(kind=KIND, owner="CN=A", slot=slot, hold_until=slot.end)
    return bookings.store.write(
        lambda s: service.adopt(s, number, request, now=now, actor="CN=B", reason="there already")
    ).id


class StoppedError(Exception):
    """Something goes wrong before the transaction ends."""


def book(bookings: Calendar) -> int:
    return bookings.book(0, 1, MEGABIT)


def given(bookings: Calendar) -> int:
    return bookings.store.read(highest_given)


def test_next_reservation_comes_after_the_highest_that_was_seen(bookings: Calendar) -> None:
    first = book(bookings)
    bookings.store.write(lambda s: pass_by(s, first + 100))
    assert given(bookings) == first + 100
    assert book(bookings) == first + 101
    assert given(bookings) == first + 101


def test_nothing_is_left_in_the_table_of_the_numbers_passed_by(bookings: Calendar) -> None:
    count = select(func.count()).select_from(ReservationRow)
    before = bookings.store.read(lambda s: s.scalar(count))
    bookings.store.write(lambda s: pass_by(s, given(bookings) + 7))
    assert bookings.store.read(lambda s: s.scalar(count)) == before


def test_number_below_the_highest_changes_nothing(bookings: Calendar) -> None:
    first = book(bookings)
    for number in (0, 1, first):
        bookings.store.write(lambda s, n=number: pass_by(s, n))  # type: ignore[misc]
    assert book(bookings) == first + 1


def test_number_passed_by_twice_is_passed_by_once(bookings: Calendar) -> None:
    number = book(bookings) + 10
    for _ in range(2):
        bookings.store.write(lambda s: pass_by(s, number))
    assert book(bookings) == number + 1


@pytest.mark.parametrize("number", [HIGHEST_TO_PASS + 1, HIGHEST_ID])
def test_number_that_would_leave_none_is_not_passed_by(bookings: Calendar, number: int) -> None:
    first = book(bookings)
    bookings.store.write(lambda s: pass_by(s, number))
    assert book(bookings) == first + 1


def test_passing_by_that_is_rolled_back_gives_no_number_twice(bookings: Calendar) -> None:
    first = book(bookings)

    def work(session: Session) -> None:
        pass_by(session, first + 5)
        raise StoppedError

    with pytest.raises(StoppedError):
        bookings.store.write(work)
    assert book(bookings) > first


def test_identity_is_made_once_beside_it(bookings: Calendar) -> None:
    before = bookings.store.write(database_identity)
    bookings.store.write(lambda s: pass_by(s, given(bookings) + 1))
    assert bookings.store.write(database_identity) == before


def test_reservation_is_adopted_under_the_number_it_had(bookings: Calendar) -> None:
    first = book(bookings)
    bookings.store.write(lambda s: pass_by(s, first + 10))
    assert adopt(bookings, first + 7) == first + 7
    assert book(bookings) == first + 11
    assert adopt(bookings, first + 30) == first + 30
    assert book(bookings) == first + 31


@pytest.mark.parametrize("number", [0, -1, HIGHEST_TO_PASS + 1])
def test_number_that_none_can_have_is_not_adopted(bookings: Calendar, number: int) -> None:
    with pytest.raises(NumberTaken):
        adopt(bookings, number)


def test_number_of_a_reservation_that_there_is_or_was_is_not_adopted(bookings: Calendar) -> None:
    first = book(bookings)
    with pytest.raises(NumberTaken, match=f"reservation {first} of its own"):
        adopt(bookings, first)
    assert book(bookings) == first + 1
