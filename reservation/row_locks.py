"""Locking named rows in the order of their names, so that no two transactions wait in a circle.

What a transaction has locked it does not ask for again: nobody else can have changed it since, and what this
one has changed of it may not be written yet.
"""

import functools
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from reservation.tables import DeviceRow, ResourceRow

Named = TypeVar("Named", ResourceRow, DeviceRow)


def lock_by_name(session: Session, table: type[Named], names: Sequence[str]) -> dict[str, Named]:
    """The rows of these names that there are, by name, locked to the end of the transaction.

    They are read anew unless this transaction has locked them all before.
    """
    # A session is one transaction, see `Store.write`.
    locked = cast("dict[str, Named]", session.info.setdefault(("locked", table), {}))
    if any(name not in locked for name in names):
        session.flush()
        asked = {f"name_{number}": name for number, name in enumerate(names)}
        locked.update({row.name: row for row in session.scalars(_locking(table, len(asked)), asked)})
    return {name: locked[name] for name in sorted(set(names)) if name in locked}


@functools.lru_cache(maxsize=32)
def _locking(table: type[Named], number: int) -> Select[Any]:
    # Built once for so many names, and not written anew each time: every booking locks something.
    return (
        select(table)
        .where(table.name.in_([bindparam(f"name_{count}", type_=table.name.type) for count in range(number)]))
        .order_by(table.name)
        # MariaDB locks what it reads as it reads it, and reads a small table in the order of its ids.
        .with_hint(table, f"FORCE INDEX (uq_{table.__tablename__}_name)", "mariadb")
        .with_for_update()
        .execution_options(populate_existing=True)
    )
