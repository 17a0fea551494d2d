"""What admission costs beside bare inserts and a commit, with a thousand claims live and with a million.

Three costs are measured in turn on the same databases. *Bare* is the least that anything written can cost
there: one row inserted through the same store, and the commit. *Rows* is the same transaction with the four
rows that a booking leaves (reservation, two transitions, claim) and nothing asked or locked. *Admitted* is a
reservation held and confirmed in one transaction as the door does it, with the calendar locked and asked.

The calendar is not kind: every resource has a claim that is a month long, so that nothing shorter can be
ruled out by its start, and one whose device does not let it go; and some 9,400 of the million claims overlap
every slot that is asked for.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import insert, literal, select, text
from sqlalchemy.orm import Session

from bench.databases import fresh_stores
from bench.figure import Figure, Options, quantile
from reservation import offering, service
from reservation.lifecycle import Cause, State
from reservation.model import ClaimRequest, Request, TimeSlot
from reservation.moves import log_transitions, making, transition
from reservation.new_rows import add_row, add_rows
from reservation.tables import ClaimRow, ReservationRow, ResourceRow
from store import Store

RESOURCES = 100
FEW, MANY = 1_000, 1_000_000
ROUNDS = 300
NOW = datetime(2026, 11, 21, tzinfo=UTC)
YEAR = timedelta(days=365)
MONTH = timedelta(days=30)
HOUR = timedelta(hours=1)
CLAIM = timedelta(hours=80)
ASKED = 10**6
CAPACITY = 10**12


def measure(options: Options) -> Iterator[Figure]:
    """Admission at a thousand and at a million live claims, on each of the databases chosen."""
    for kind in options.databases:
        with fresh_stores(kind, 2) as (few, many):
            began = time.perf_counter()
            _fill(few, FEW)
            _fill(many, MANY)
            filled = time.perf_counter() - began
            bare, rows, at_few, bare_many, rows_many, at_many = _in_turn(
                [*_sides(few), *_sides(many)], ROUNDS
            )
            # Last: claims of a year change what has to be looked at for every slot.
            (widest,) = _in_turn([partial(_book, many, YEAR)], ROUNDS // 10)
        for claims, cost, least, same in (
            (FEW, at_few, bare, rows),
            (MANY, at_many, bare_many, rows_many),
        ):
            yield Figure(
                f"admission, {claims:,} live claims, {kind}",
                f"{cost * 1e3:.2f} ms",
                f"{least * 1e3:.2f} ms bare insert + commit; {same * 1e3:.2f} ms its four rows",
                cost / least,
                aim=3,
            )
        yield Figure(
            f"admission, {MANY:,} against {FEW:,}, {kind}",
            f"{at_many * 1e3:.2f} ms",
            f"{at_few * 1e3:.2f} ms (the million filled in {filled:.0f} s)",
            at_many / at_few,
            aim=2,
        )
        yield Figure(
            f"  a slot of a year: over all {MANY // RESOURCES:,} claims of it, {kind}",
            f"{widest * 1e3:.1f} ms",
            f"{at_many * 1e3:.2f} ms a slot of an hour",
            widest / at_many,
        )


def _sides(store: Store) -> tuple[Callable[[], None], ...]:
    return partial(store.write, _bare), partial(store.write, _rows), partial(_book, store, HOUR)


def _in_turn(sides: Sequence[Callable[[], None]], rounds: int) -> list[float]:
    """The median of each, in seconds; taken in turn, so that what else the machine does hits all alike."""
    samples: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, taken in zip(sides, samples, strict=True):
            began = time.perf_counter()
            side()
            taken.append(time.perf_counter() - began)
    return [quantile(taken, 0.5) for taken in samples]


def _fill(store: Store, claims: int) -> None:
    """So many live claims in all, as many on each resource; written for one and copied to the others."""
    chance = random.Random(7)
    each = claims // RESOURCES

    def fill(session: Session) -> None:
        if store.engine.dialect.name == "sqlite":
            session.execute(text("PRAGMA cache_size = -400000"))
        for number in range(RESOURCES):
            offering.offer(session, _resource(number), capacity=CAPACITY, unit="bit/s", now=NOW)
        slots = [TimeSlot(NOW, NOW + MONTH), TimeSlot(NOW - HOUR, NOW + HOUR / 6)]
        for _ in range(each - len(slots)):
            start = NOW + timedelta(minutes=chance.randrange(int(YEAR.total_seconds()) // 60))
            slots.append(TimeSlot(start, start + CLAIM))
        owners = [_owner(slot, State.SCHEDULED) for slot in slots]
        owners[1] |= {"state": State.RELEASING, "release_cause": Cause.END, "next_action_at": NOW + HOUR / 12}
        session.execute(insert(ReservationRow), owners)
        first = session.scalars(select(ResourceRow).where(ResourceRow.name == _resource(0))).one()
        ids = session.scalars(select(ReservationRow.id).order_by(ReservationRow.id))
        taken = [_claim(number, first.id, slot) for number, slot in zip(ids, slots, strict=True)]
        session.execute(insert(ClaimRow), taken)
        _copy_to_the_others(session, first.id)
        for resource in session.scalars(select(ResourceRow)):
            resource.longest_seconds = int(MONTH.total_seconds())

    store.write(fill)
    store.engine.dispose()
    if store.engine.dialect.name != "sqlite":
        # What a server does by itself before long.
        analyze = "ANALYZE claim" if store.engine.dialect.name == "postgresql" else "ANALYZE TABLE claim"
        with store.engine.connect() as connection:
            connection.execute(text(analyze))
            connection.commit()


def _copy_to_the_others(session: Session, first: int) -> None:
    columns = ("reservation_id", "amount", "start", "end", "length_seconds")
    copied = select(ResourceRow.id, *(getattr(ClaimRow, name) for name in columns)).join(
        ResourceRow, literal(1) == 1
    )
    session.execute(
        insert(ClaimRow).from_select(
            ["resource_id", *columns],
            copied.where(ClaimRow.resource_id == first, ResourceRow.id != first).order_by(ResourceRow.id),
        )
    )


def _owner(slot: TimeSlot, state: State) -> dict[str, object]:
    return {
        "kind": "bench",
        "owner": "bench",
        "start": slot.start,
        "end": slot.end,
        "state": state,
        "created_at": NOW,
        "next_action_at": slot.start,
        "release_cause": None,
    }


def _claim(reservation_id: int, resource_id: int, slot: TimeSlot) -> dict[str, object]:
    return {
        "reservation_id": reservation_id,
        "resource_id": resource_id,
        "amount": ASKED,
        "start": slot.start,
        "end": slot.end,
        "length_seconds": int(slot.length.total_seconds()),
    }


def _resource(number: int) -> str:
    return f"path-{number:03}"


def _some_slot(length: timedelta) -> TimeSlot:
    start = NOW + timedelta(minutes=random.randrange(60 * 24 * 300))
    return TimeSlot(start, start + length)


def _book(store: Store, length: timedelta) -> None:
    request = Request(
        kind="bench",
        owner="bench",
        slot=_some_slot(length),
        hold_until=NOW + HOUR,
        claims=(ClaimRequest(_resource(random.randrange(RESOURCES)), ASKED),),
    )
    store.write(lambda session: service.book(session, request, now=NOW, actor="bench"))


def _bare(session: Session) -> None:
    add_row(session, ReservationRow, _owner(_some_slot(HOUR), State.SCHEDULED))


def _rows(session: Session) -> None:
    slot = _some_slot(HOUR)
    number = add_row(session, ReservationRow, _owner(slot, State.SCHEDULED))
    confirmed = transition(State.HELD, Cause.CONFIRM, now=NOW, actor="bench")
    log_transitions(session, number, [making(now=NOW, actor="bench"), confirmed])
    add_rows(session, ClaimRow, [_claim(number, 1 + random.randrange(RESOURCES), slot)])
