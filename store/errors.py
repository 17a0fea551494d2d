"""What a database's own errors mean to us: try again, away, or a fault of ours."""

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

# What a database says when the very same transaction may succeed a moment later: it was not serialisable,
# it was the victim of a deadlock, it waited too long for a lock, or two found a row missing and both made it:
# the second, run again, finds that of the first. SQLite has one writer at a time, who sees every row.
_RETRYABLE_SQLSTATES = {"40001", "40P01", "55P03", "23505"}
_RETRYABLE_MARIADB_CODES = {1020, 1205, 1213, 1062}


class StoreUnavailable(Exception):
    """The database cannot be reached or does not answer.

    Nothing was written; except that when the connection breaks in the middle of a commit nobody can know,
    on any database.
    """

    code = "store-unavailable"


def may_retry(error: DBAPIError) -> bool:
    """Whether the same transaction, run again from its first statement, may well succeed."""
    original = error.orig
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    if state in _RETRYABLE_SQLSTATES:
        return True
    arguments = getattr(original, "args", ())
    if arguments and arguments[0] in _RETRYABLE_MARIADB_CODES:
        return True
    return "database is locked" in str(original)


def translated(error: DBAPIError) -> Exception:
    """`StoreUnavailable` where the database is the cause, the error itself where we are."""
    away = isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated
    # No finer class: what SQLite raises for a file that is damaged or no database at all.
    if away or type(error) is DatabaseError:
        # The driver's words may hold the address but never the statement's values.
        return StoreUnavailable(f"the database did not do it: {str(error.orig).strip()}")
    return error
