"""The numbers of reservations: never given twice, not even after the database was lost or put back.

A device may carry objects of numbers that a restored or empty database would give again; those are passed by.
"""

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from reservation.identity import lock_identity
from reservation.lifecycle import State
from reservation.moves import HIGHEST_ID
from reservation.tables import IdentityRow, ReservationRow
from store import database_clock

HIGHEST_TO_PASS = HIGHEST_ID - 1_000_000
"""Above it no number is passed by: whoever writes 2147483647 on a router must not use them all up."""

_RAISE_SEQUENCE = text(
    "SELECT setval(name, greatest(:number, pg_sequence_last_value(name::regclass)))"
    " FROM pg_get_serial_sequence('reservation', 'id') AS name"
)


def highest_given(session: Session) -> int:
    """The highest number that this database gave or passed by; 0 where there is none."""
    given = session.scalar(select(func.max(ReservationRow.id)))
    seen = session.scalar(select(IdentityRow.highest_seen))
    return max(given or 0, seen or 0)


def pass_by(session: Session, number: int) -> None:
    """Give only numbers above this one from now on; one that no service comes to changes nothing."""
    row = lock_identity(session)
    if number > HIGHEST_TO_PASS or number <= highest_given(session):
        return
    row.highest_seen = number
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        # A sequence there, which knows nothing of the numbers in the table.
        session.execute(_RAISE_SEQUENCE, {"number": number})
        return
    # SQLite and MariaDB count on from the highest number that was ever in the table. MariaDB's own statement
    # for it would commit what is under way.
    now = database_clock(session)
    session.execute(
        insert(ReservationRow).values(
            id=number, kind="", owner="", start=now, end=now, created_at=now, state=State.EXPIRED, version=1
        )
    )
    session.execute(delete(ReservationRow).where(ReservationRow.id == number))
