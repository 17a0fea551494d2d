"""A device that carries more of ours than the database can have sent: the database is not the last one.

It was put back from a copy, it is empty, or it is the wrong one. Nobody pushes anything then until an
operator has looked: what is taken for a left-over may be somebody's running ticket.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from activation.log import logger
from activation.succession import WORKER
from netconfig.driver import Config, PartIntent
from reservation.lifecycle import State
from reservation.moves import HIGHEST_ID
from reservation.numbers import highest_given, pass_by
from reservation.pauses import observe
from reservation.tables import IdentityRow, PartRow, ReservationRow
from store import ASKED_AT_ONCE, Store

NOT_ON_DEVICES = (State.HELD, State.SCHEDULED, State.CANCELLED, State.EXPIRED)
NAMED = 5

log = logger("lost")


def look_for_lost(
    store: Store, device: str, actual: Config, parts: Sequence[PartIntent], *, now: datetime
) -> None:
    """Begin to observe if the device carries what this database cannot have sent there.

    That is an object with a number above any it gave, whoever's fingerprint it has; or one with its own
    fingerprint, of a reservation of which nothing was ever sent to this device. `parts` are those that the
    device may carry, as they are stored.
    """
    numbers = {number for number in actual.found if 0 < number <= HIGHEST_ID}
    if not numbers:
        return
    above, early = store.read(lambda session: _lost(session, actual, numbers, parts))
    if not above and not early:
        return
    reasons = []
    if above:
        reasons.append(
            f"{device} carries objects of {_named(above)}, above every number that this database ever gave"
        )
    if early:
        reasons.append(
            f"{device} carries objects of {_named(early)}, which it was never sent by this database"
        )
    reason = f"{' and '.join(reasons)}: the database may be an older copy, or another one"
    if store.write(lambda session: _observe(session, max(above, default=0), reason, now)):
        log.error("devices are only observed from now on", device=device, reason=reason)


def _lost(
    session: Session, actual: Config, numbers: Collection[int], parts: Sequence[PartIntent]
) -> tuple[list[int], list[int]]:
    highest = highest_given(session)
    above = sorted(number for number in numbers if number > highest)
    database = session.scalar(select(IdentityRow.database_uuid))
    own = {number for number in numbers if actual.found[number] in {"", database}}
    placed = {part.reservation_id for part in parts if part.placement}
    unplaced = {part.reservation_id for part in parts} - placed
    early = own & unplaced
    elsewhere = sorted(own - unplaced - placed)
    for begin in range(0, len(elsewhere), ASKED_AT_ONCE):
        asked = ReservationRow.id.in_(elsewhere[begin : begin + ASKED_AT_ONCE])
        early.update(_never_sent(session, asked))
    return above, sorted(early)


def _never_sent(session: Session, asked: ColumnElement[bool]) -> set[int]:
    """Those that are on no device now and have no part that was ever placed: a slot may have moved later."""
    found = session.execute(
        select(ReservationRow.id, PartRow.placement)
        .outerjoin(PartRow, PartRow.reservation_id == ReservationRow.id)
        .where(asked, ReservationRow.state.in_(NOT_ON_DEVICES))
    ).all()
    return {row.id for row in found} - {row.id for row in found if row.placement}


def _observe(session: Session, highest: int, reason: str, now: datetime) -> bool:
    pass_by(session, highest)
    return observe(session, now=now, actor=WORKER, reason=reason)


def _named(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:NAMED]))
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    return f"reservation{'s' if len(numbers) > 1 else ''} {shown}{more}"
