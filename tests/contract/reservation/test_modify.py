"""modify: all of it or nothing, and nobody is in his own way."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from netconfig.intent import FlowMatch, PortRange, Protocol
from reservation import calendar, conflicts, labels, modification
from reservation.errors import (
    CapacityExceeded,
    FlowConflict,
    LabelsTaken,
    ReservationError,
    SlotInThePast,
    TooLate,
    UnknownDevice,
    UnknownResource,
)
from reservation.flows import FlowSpec
from reservation.lifecycle import Cause, State
from reservation.model import (
    ClaimRequest,
    FlowRequest,
    LabelRequest,
    Modification,
    PartRequest,
    ReservationView,
)
from reservation.moves import lock_reservation, move
from reservation.tables import ClaimRow, FlowRow, PartRow, ReservationRow, ResourceRow
from store import Base
from tests.contract.reservation.conftest import (
    HOUR,
    KIND,
    MEGABIT,
    NOON,
    PATH,
    Calendar,
    a_request,
    examples,
    hours,
)
from tests.contract.reservation.test_races import together

POOL = "labels:Fermilab:dscp"
SITE = "Fermilab"
A, B = ({"kind": word} for word in "ab")


def modify(bookings: Calendar, number: int, **change: object) -> ReservationView:
    return bookings.store.write(
        lambda session: modification.modify(
            session,
            number,
            Modification(**change),  # type: ignore[arg-type]
            kind=KIND,
            now=bookings.now,
            actor="x",
        )
    )


def go(bookings: Calendar, number: int, *causes: Cause) -> None:
    """Take a reservation through moves that are the worker's."""
    for cause in causes:
        bookings.store.write(
            lambda session, cause=cause: move(  # type: ignore[misc]
                session, lock_reservation(session, number), cause, now=bookings.now, actor="worker"
            )
        )


def everything(bookings: Calendar) -> dict[str, list[tuple[object, ...]]]:
    """Every row there is: a refusal leaves them as they are."""
    with bookings.store.engine.connect() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))
            ]
            for table in Base.metadata.sorted_tables
        }


def claims(bookings: Calendar, number: int) -> list[tuple[str, int, int | None, datetime, datetime, bool]]:
    query = (
        select(ResourceRow.name, ClaimRow)
        .join(ClaimRow, ClaimRow.resource_id == ResourceRow.id)
        .where(ClaimRow.reservation_id == number)
        .order_by(ResourceRow.name, ClaimRow.id)
    )
    found = bookings.store.read(lambda session: session.execute(query).all())
    return [(name, row.amount, row.label, row.start, row.end, row.leaving) for name, row in found]


def megabits(amount: int, of: str = PATH) -> tuple[ClaimRequest, ...]:
    return (ClaimRequest(of, amount * MEGABIT),)


def to_port(first: int, last: int, path: str = "red") -> FlowRequest:
    flow = FlowMatch(
        ip_network("10.0.0.0/8"),
        ip_network("0.0.0.0/0"),
        Protocol.TCP,
        destination_ports=PortRange(first, last),
    )
    return FlowRequest(SITE, path, FlowSpec.of([flow]))


@pytest.fixture
def furnished(bookings: Calendar) -> Calendar:
    """The calendar with a second path, flows, a pool of labels and a second device."""
    bookings.offer("path:red", 1000 * MEGABIT)

    def furnish(session: object) -> None:
        conflicts.offer_flows(session, SITE, now=bookings.now)  # type: ignore[arg-type]
        labels.offer_labels(session, POOL, [1, 2, 3], now=bookings.now)  # type: ignore[arg-type]

    bookings.store.write(furnish)
    return bookings


def book(bookings: Calendar, start: float, end: float, **more: object) -> int:
    request = replace(a_request(hours(start, end), (PATH, MEGABIT)), **more)  # type: ignore[arg-type]
    number = bookings.hold(request).id
    bookings.confirm(number)
    return number


def test_everything_is_changed_at_once(furnished: Calendar) -> None:
    number = book(
        furnished,
        1,
        2,
        flows=to_port(1, 2),
        labels=(LabelRequest(POOL),),
        parts=(PartRequest("border-1", 0, A),),
    )
    view = modify(
        furnished,
        number,
        slot=hours(3, 5),
        flows=to_port(3, 4, "green"),
        claims=megabits(7, "path:red"),
        labels=(LabelRequest(POOL, frozenset({3})),),
        parts=(PartRequest("border-1", 2, B),),
    )
    assert (view.state, view.slot) == (State.SCHEDULED, hours(3, 5))
    begin, end = NOON + 3 * HOUR, NOON + 5 * HOUR
    assert claims(furnished, number) == [
        (f"flows:{SITE}", 1, None, begin, end, False),
        (POOL, 1, 3, begin, end, False),
        ("path:red", 7 * MEGABIT, None, begin, end, False),
    ]
    flow, (part,) = furnished.store.read(
        lambda session: (session.get_one(FlowRow, number), session.scalars(select(PartRow)).all())
    )
    assert (flow.path, flow.leaving) == ("green", None)
    assert (part.stage, part.intent, part.wanted) == (2, B, False)
    assert furnished.store.read(lambda s: s.get_one(ReservationRow, number)).next_action_at == begin


def test_what_is_not_named_stays(furnished: Calendar) -> None:
    number = book(furnished, 1, 2, flows=to_port(1, 2), labels=(LabelRequest(POOL),))
    before = everything(furnished)
    modify(furnished, number)
    after = everything(furnished)
    assert after == before


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"claims": megabits(1001)}, CapacityExceeded),
        ({"claims": (ClaimRequest("path:none", 1),)}, UnknownResource),
        ({"labels": (LabelRequest(POOL, frozenset({2})),)}, LabelsTaken),
        ({"flows": to_port(9, 9)}, FlowConflict),
        ({"parts": (PartRequest("nowhere", 0, A),)}, UnknownDevice),
        ({"slot": hours(3, 4)}, CapacityExceeded),
        ({"slot": hours(-3, -2)}, SlotInThePast),
    ],
    ids=["amount", "resource", "label", "flows", "device", "slot", "past"],
)
def test_what_does_not_fit_leaves_everything_as_it_was(
    furnished: Calendar, change: dict[str, object], error: type[ReservationError]
) -> None:
    number = book(furnished, 1, 2, flows=to_port(1, 2), parts=(PartRequest("border-1", 0, A),))
    book(furnished, 1, 2, flows=to_port(9, 9, "green"), labels=(LabelRequest(POOL, frozenset({2})),))
    furnished.book(3, 4, 1000 * MEGABIT)
    before = everything(furnished)
    # Beside something that would fit.
    asked = {"parts": (PartRequest("border-1", 1, B),), "flows": to_port(5, 6), **change}
    with pytest.raises(error):
        modify(furnished, number, **asked)
    assert everything(furnished) == before


def test_it_is_not_in_its_own_way(furnished: Calendar) -> None:
    number = book(furnished, 1, 3, claims=megabits(1000), flows=to_port(1, 9), labels=(LabelRequest(POOL),))
    modify(furnished, number, slot=hours(2, 4), flows=to_port(2, 8, "green"), claims=megabits(999))
    assert modify(furnished, number, slot=hours(0, 9), claims=megabits(1000)).slot == hours(0, 9)


def test_it_may_stay_beside_one_that_has_not_let_go_but_not_grow(furnished: Calendar) -> None:
    late = book(furnished, 0, 1, claims=megabits(900), flows=to_port(1, 9, "green"))
    number = book(furnished, 1, 2, claims=megabits(800), flows=to_port(1, 9))
    go(furnished, late, Cause.START, Cause.IN_SYNC, Cause.END)
    go(furnished, number, Cause.START, Cause.IN_SYNC)
    furnished.now = NOON + HOUR
    furnished.store.write(lambda s: calendar.keep_claims(s, late, until=NOON + 1.5 * HOUR))
    modify(furnished, number, claims=megabits(700), flows=to_port(2, 8))
    with pytest.raises(CapacityExceeded):
        modify(furnished, number, claims=megabits(701))
    with pytest.raises(FlowConflict):
        modify(furnished, number, flows=to_port(1, 8))


def test_label_that_will_do_is_kept_and_else_the_lowest_is_taken(furnished: Calendar) -> None:
    first, number = (
        book(furnished, 1, 2, labels=(LabelRequest(POOL),)),
        book(furnished, 1, 2, labels=(LabelRequest(POOL),)),
    )
    furnished.cancel(first)

    def label() -> int | None:
        return claims(furnished, number)[0][2]

    assert label() == 2
    modify(furnished, number, labels=(LabelRequest(POOL),))
    assert label() == 2
    modify(furnished, number, labels=(LabelRequest(POOL, frozenset({3, 1})),))
    assert label() == 1
    modify(furnished, number, labels=())
    assert [name for name, *_ in claims(furnished, number)] == [PATH]


@pytest.mark.parametrize(
    "causes",
    [
        (Cause.CANCEL,),
        (Cause.START, Cause.END),
        (Cause.START, Cause.END, Cause.GONE),
        (Cause.START, Cause.IN_SYNC, Cause.MOVED_LATER),
    ],
    ids=["cancelled", "releasing", "released", "taken off until later"],
)
def test_what_is_over_or_being_released_is_too_late(furnished: Calendar, causes: Sequence[Cause]) -> None:
    number = book(furnished, 1, 2)
    go(furnished, number, *causes)
    before = everything(furnished)
    with pytest.raises(TooLate):
        modify(furnished, number, claims=megabits(2))
    assert everything(furnished) == before


def test_held_one_may_be_modified_and_lapses_as_before(furnished: Calendar) -> None:
    number = furnished.hold(a_request(hours(1, 2), (PATH, 5), hold_until=NOON)).id
    assert modify(furnished, number, slot=hours(2, 3)).hold_until == NOON
    assert furnished.store.read(lambda s: s.get_one(ReservationRow, number)).next_action_at == NOON


def test_begun_slot_keeps_its_start_and_is_looked_at_at_once(furnished: Calendar) -> None:
    number = book(furnished, 0, 2)
    go(furnished, number, Cause.START, Cause.IN_SYNC)
    furnished.now = NOON + HOUR
    view = modify(furnished, number, slot=hours(0.5, 1.5))
    assert (view.slot, view.state) == (hours(0, 1.5), State.ACTIVE)
    row = furnished.store.read(lambda session: session.get_one(ReservationRow, number))
    assert (row.next_action_at, row.wish) == (furnished.now, None)
    with pytest.raises(SlotInThePast):
        modify(furnished, number, slot=hours(0, 1))


def test_slot_moved_later_is_a_wish_and_takes_both(furnished: Calendar) -> None:
    number = book(furnished, 0, 2, labels=(LabelRequest(POOL),))
    go(furnished, number, Cause.START, Cause.IN_SYNC)
    furnished.now = NOON + HOUR
    view = modify(furnished, number, slot=hours(4, 5))
    row = furnished.store.read(lambda session: session.get_one(ReservationRow, number))
    assert (view.state, view.slot, row.wish) == (State.ACTIVE, hours(4, 5), Cause.MOVED_LATER)
    assert row.next_action_at == furnished.now
    assert [(label, start, leaving) for _, _, label, start, _, leaving in claims(furnished, number)] == [
        (1, NOON, True),
        (1, NOON + 4 * HOUR, False),
        (None, NOON, True),
        (None, NOON + 4 * HOUR, False),
    ]


def test_of_many_that_want_more_only_as_many_as_fit_get_it(furnished: Calendar) -> None:
    numbers = [book(furnished, 0, 1, claims=megabits(100)) for _ in range(8)]

    def ask(n: int) -> int:
        modify(furnished, numbers[n], claims=megabits(200), labels=(LabelRequest(POOL),))
        return n

    answers = together(ask, threads=8)
    won = [answer for answer in answers if isinstance(answer, int)]
    assert len(won) == 2
    assert all(isinstance(answer, (int, CapacityExceeded)) for answer in answers)
    taken = sorted(
        label or 0 for n in won for name, _, label, *_ in claims(furnished, numbers[n]) if name == POOL
    )
    assert taken == [1, 2]


def check_bounds(bookings: Calendar) -> None:
    """Every resource knows the longest claim of its own, or the calendar would look back too little."""
    lengths = (
        select(ResourceRow.name, ResourceRow.longest_seconds, func.max(ClaimRow.length_seconds))
        .join(ClaimRow, ClaimRow.resource_id == ResourceRow.id)
        .group_by(ResourceRow.name, ResourceRow.longest_seconds)
    )
    for name, noted, longest in bookings.store.read(lambda session: session.execute(lengths).all()):
        assert noted >= longest, name


WHEN = st.integers(0, 6)
SLOT = st.tuples(WHEN, st.integers(1, 4)).map(lambda pair: (pair[0], pair[0] + pair[1]))
WHAT = st.tuples(
    SLOT,
    st.integers(1, 9),
    st.none() | st.frozensets(st.integers(1, 3), min_size=1, max_size=2),
    st.tuples(st.integers(1, 6), st.sampled_from(["red", "green"])),
)
What = tuple[tuple[int, int], int, frozenset[int] | None, tuple[int, str]]


def as_change(what: What) -> dict[str, object]:
    (start, end), amount, among, (port, path) = what
    return {
        "slot": hours(start, end),
        "claims": megabits(100 * amount),
        "labels": (LabelRequest(POOL, among),),
        "flows": to_port(port, port + 2, path),
    }


def test_before_it_starts_modifying_fits_exactly_when_booking_anew_would(furnished: Calendar) -> None:
    @examples(furnished.store, 60)
    @given(others=st.lists(WHAT, max_size=4), own=WHAT, new=WHAT)
    def holds(others: list[What], own: What, new: What) -> None:
        with furnished.store.engine.begin() as connection:
            for table in ("transition", "claim", "flow", "part", "reservation"):
                connection.execute(delete(Base.metadata.tables[table]))

        def booked(what: What) -> int | None:
            change = as_change(what)
            request = replace(a_request(hours(*what[0])), **change)  # type: ignore[arg-type]
            try:
                number = furnished.hold(request).id
            except ReservationError:
                return None
            furnished.confirm(number)
            return number

        for other in others:
            booked(other)
        number = booked(own)
        if number is None:
            return
        before = everything(furnished)
        try:
            assert modify(furnished, number, **as_change(new)).slot == hours(*new[0])
            fitted = True
        except ReservationError:
            assert everything(furnished) == before
            fitted = False
        check_bounds(furnished)
        had = claims(furnished, number)
        furnished.cancel(number)
        anew = booked(new)
        assert (anew is not None) is fitted
        if anew is not None:
            again = claims(furnished, anew)
            assert [row[3:] for row in had] == [row[3:] for row in again]
            assert [row[:2] for row in had] == [row[:2] for row in again]

    holds()
