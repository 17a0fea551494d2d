"""Locking named rows in the order of their names, so that no two transactions wait in a circle."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from reservation.tables import DeviceRow, ResourceRow

Named = TypeVar("Named", ResourceRow, DeviceRow)


def lock_by_name(session: Session, table: type[Named], names: Sequence[str]) -> dict[str, Named]:
    """The rows of these names that there are, by name, locked to the end of the transaction and read anew."""
    rows = session.scalars(
        select(table)
        .where(table.name.in_(names))
        .order_by(table.name)
        # MariaDB locks what it reads as it reads it, and reads a small table in the order of its ids.
        .with_hint(table, f"FORCE INDEX (uq_{table.__tablename__}_name)", "mariadb")
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.name: row for row in rows}
