"""New rows: written at once and as they are, past the session's unit of work.

What a transaction has just made it does not change, so there is nothing to keep track of; keeping track of it
would cost a booking more than all that it asks of the database. Whoever wants such a row reads it.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy import Insert, Table, insert
from sqlalchemy.orm import Session

from store import Base


def add_row(session: Session, table: type[Base], row: Mapping[str, object]) -> int:
    """Write one row of a table that numbers its rows; its number."""
    written = session.connection().execute(_inserting(table), row)
    (number,) = written.inserted_primary_key or (None,)
    return cast("int", number)


def add_rows(session: Session, table: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Write all of them, in order; each has the same columns, and those it has not their defaults."""
    if rows:
        session.connection().execute(_inserting(table), rows)


@functools.cache
def _inserting(table: type[Base]) -> Insert:
    # Built once, for the table itself: nothing is to come back as an object.
    return insert(cast("Table", table.__table__))
