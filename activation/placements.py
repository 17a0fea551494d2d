"""Where parts were put, written down before anything is sent: a crash leaves no object that nobody knows."""

from collections.abc import Sequence

from sqlalchemy import JSON, bindparam, update
from sqlalchemy.orm import Session

from netconfig.driver import PartIntent
from reservation.tables import PartRow

_PLACE = (
    update(PartRow)
    .where(PartRow.id == bindparam("part"))
    # What is counted in one place is not what was counted in another.
    .values(placement=bindparam("chosen", type_=JSON), read_packets=None, read_octets=None)
)


def store_placements(session: Session, placed: Sequence[PartIntent], *, before: Sequence[PartIntent]) -> None:
    """Write down what is another place than `before`; the same parts in the same order, under the lease."""
    news = [
        {"part": new.part_id, "chosen": dict(new.placement)}
        for new, old in zip(placed, before, strict=True)
        if new.placement != old.placement
    ]
    if news:
        session.connection().execute(_PLACE, news)
