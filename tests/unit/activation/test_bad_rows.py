"""One row that cannot be worked on stops nothing but itself."""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from reservation import calendar
from reservation.lifecycle import Outcome, State
from reservation.tables import ClaimRow, PartRow, ReservationRow, ResourceRow, TransitionRow
from tests.unit.activation.conftest import FAR, HOUR, NOON, House


def spoil_claims(house: House, number: int) -> None:
    """Make the calendar unable to free what a reservation holds."""

    def work(session: Session) -> None:
        calendar.offer(session, "path:odd", capacity=10, unit="bit/s", now=NOON)
        odd = session.scalars(select(ResourceRow.id).where(ResourceRow.name == "path:odd")).one()
        session.execute(update(ClaimRow).where(ClaimRow.reservation_id == number).values(resource_id=odd))
        session.execute(update(ClaimRow).where(ClaimRow.reservation_id == number).values(length_seconds="x"))

    house.store.write(work)


def test_row_that_cannot_be_moved_leaves_the_others_their_move(house: House) -> None:
    bad, good = house.hold(start=HOUR, length=HOUR), house.book(start=2 * HOUR)
    spoil_claims(house, bad)
    house.at(NOON + 2 * HOUR)
    assert (house.state(bad), house.state(good)) == (State.HELD, State.ACTIVE)


def test_row_that_cannot_be_settled_leaves_the_others_their_move(house: House) -> None:
    bad, good = house.book(), house.book()
    house.run()
    house.clock.at = NOON + HOUR
    house.tick()
    spoil_claims(house, bad)
    house.run()
    assert (house.state(bad), house.state(good)) == (State.RELEASING, State.RELEASED)


def test_row_that_is_gone_when_its_turn_comes_stops_nothing(house: House) -> None:
    gone, good = house.book(start=HOUR, stages=()), house.book(start=HOUR)

    def forget(session: Session) -> None:
        for table in (ClaimRow, TransitionRow):
            session.execute(delete(table).where(table.reservation_id == gone))
        session.execute(delete(ReservationRow).where(ReservationRow.id == gone))

    house.store.write(forget)
    house.at(NOON + HOUR)
    assert house.state(good) is State.ACTIVE


def test_wanted_part_nobody_can_read_fails_its_reservation_alone(house: House) -> None:
    bad = house.confirm(house.hold(stages=((FAR, 0),), intent={"kind": "of a later release"}))
    good = house.book(stages=((FAR, 0),))
    house.run()
    assert house.state(good) is State.ACTIVE
    assert house.state(bad) is State.RELEASING
    view = house.view(bad)
    assert view.reason is not None
    assert view.reason.startswith("far-1: not a stored intent")
    assert not house.parts(bad)[0].in_sync


def test_leaving_part_nobody_can_read_keeps_its_claims_and_says_so(house: House) -> None:
    bad, good = house.book(stages=((FAR, 0),)), house.book(stages=((FAR, 0),))
    house.run()
    house.store.write(
        lambda s: s.execute(update(PartRow).where(PartRow.reservation_id == bad).values(intent={"kind": "?"}))
    )
    house.at(NOON + HOUR)
    assert house.view(good).outcome is Outcome.COMPLETED
    assert (house.state(bad), house.claims(bad)) == (State.RELEASING, 1)
    assert "not a stored intent" in str(house.parts(bad)[0].error)
