"""Letting a request in: what is written is what is answered, and nothing is asked twice."""

import pytest
from sqlalchemy import event

from reservation import service
from reservation.lifecycle import Cause, State
from reservation.model import ReservationView, TransitionView
from tests.contract.reservation.conftest import KIND, MEGABIT, PATH, Calendar, a_request, hours

SECOND_PATH = "path:red"


def let_in(bookings: Calendar, how: str) -> ReservationView:
    request = a_request(hours(1, 2), (PATH, MEGABIT))
    if how == "held":
        return bookings.hold(request)
    if how == "booked":
        return bookings.store.write(lambda s: service.book(s, request, now=bookings.now, actor="CN=Door"))
    return bookings.store.write(
        lambda s: service.adopt(s, 77, request, now=bookings.now, actor="CN=Operator", reason="found there")
    )


@pytest.mark.parametrize("how", ["held", "booked", "adopted"])
def test_the_answer_is_what_the_database_has(bookings: Calendar, how: str) -> None:
    answer = let_in(bookings, how)
    assert answer == bookings.store.read(lambda s: service.get(s, answer.id, kind=KIND))


def test_the_log_says_who_made_it_and_who_confirmed_it_and_why(bookings: Calendar) -> None:
    found = let_in(bookings, "adopted")
    log = bookings.store.read(lambda s: service.history(s, found.id))
    assert found.id == 77
    assert log == (
        TransitionView(bookings.now, None, State.HELD, None, "CN=Operator", "found there"),
        TransitionView(bookings.now, State.HELD, State.SCHEDULED, Cause.CONFIRM, "CN=Operator", None),
    )


def test_a_booking_is_one_statement_a_table_one_lock_and_one_question_a_resource(bookings: Calendar) -> None:
    bookings.offer(SECOND_PATH, 10 * MEGABIT)
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement.split("(", maxsplit=1)[0].split(maxsplit=1)[0])

    request = a_request(hours(1, 2), (PATH, MEGABIT), (SECOND_PATH, MEGABIT))
    event.listen(bookings.store.engine, "before_cursor_execute", listen)
    bookings.store.write(lambda s: service.book(s, request, now=bookings.now, actor="CN=Door"))
    event.remove(bookings.store.engine, "before_cursor_execute", listen)
    # The longest claim that the resources know of has grown: that is the update.
    asked = [word for word in said if word != "BEGIN"]
    assert asked == ["INSERT", "INSERT", "SELECT", "WITH", "WITH", "INSERT", "UPDATE"]
