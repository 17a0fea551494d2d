"""The database's schema: which revision it is at, and bringing it to ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.exc import DBAPIError

import migrations
from migrations.models import metadata
from store import Store, StoreUnavailable

_LOCK = 7_284_768_437_842_323
"""A number of ours alone, for the lock on the schema."""
_PATIENCE = 300
_VERSIONS = "alembic_version"
"""The table that the migrations make first, and tell the revision in."""


class SchemaMismatch(Exception):
    """The database is not at the revision this release works with."""

    code = "schema-mismatch"


def upgrade(store: Store) -> tuple[str | None, str]:
    """Bring the database to this release's revision. Returns the revisions before and after.

    Whoever else upgrades it at the same time goes first, or waits.

    Raises:
        SchemaMismatch: it is a newer release's, or somebody else's; nothing was done.
        StoreUnavailable: the database is away.
    """
    with _connection(store) as connection, _alone(connection):
        return _upgrade(connection)


def head() -> str:
    """The revision this release works with."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        raise SchemaMismatch("this release carries no migrations")
    return found


def current(store: Store) -> str | None:
    """The revision the database is at; None for one without any of our tables.

    Raises:
        StoreUnavailable: the database is away.
    """
    with _connection(store) as connection:
        return _revision(connection)


def require_head(store: Store) -> None:
    """Return if the database is at our revision.

    Raises:
        SchemaMismatch: it is not; the message says what to do.
        StoreUnavailable: the database is away.
    """
    with _connection(store) as connection:
        _require_ours(connection)
    found = current(store)
    if found != head():
        raise SchemaMismatch(
            f"the database is at revision {found or 'none'}, this release works with {head()}: "
            "run `pathservice db upgrade` with this release"
        )


def prepare(store: Store) -> None:
    """Make the tables in an empty database; require our revision of any other.

    Raises:
        SchemaMismatch: there is something in it, of another revision.
        StoreUnavailable: the database is away.
    """
    with _connection(store) as connection, _alone(connection):
        # Of several that start on an empty database one makes the tables, and the others find them.
        if not inspect(connection).get_table_names():
            _upgrade(connection)
    require_head(store)


def differences(store: Store) -> list[Any]:
    """What the tables in the database lack of the models, or have too much; empty when they agree."""
    with _connection(store) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def _require_ours(connection: Connection) -> None:
    """Return if the tables, where there are any, are of this release or an older one."""
    tables = inspect(connection).get_table_names()
    if tables and _VERSIONS not in tables:
        raise SchemaMismatch(
            f"the database holds tables that are not ours: {', '.join(sorted(tables)[:3])}; give us one alone"
        )
    found = _revision(connection)
    if found not in {None, head()} and found not in _revisions():
        raise SchemaMismatch(
            f"the database is at revision {found}, of a newer release; this one knows them up to {head()}: "
            "install the newer one, or put back a copy of the database from before its upgrade"
        )


def _revisions() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _upgrade(connection: Connection) -> tuple[str | None, str]:
    _require_ours(connection)
    before = _revision(connection)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    after = _revision(connection)
    connection.commit()
    return before, after or head()


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Change the schema while nobody else of ours does. The lock goes with the connection at the latest."""
    match connection.dialect.name:
        case "sqlite":
            connection.execution_options(sqlite_begin="IMMEDIATE")
            yield
        case "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            yield
        case _:
            # MariaDB commits at every table it makes, so this one must not end with the transaction.
            name = func.concat(f"{_LOCK} ", func.sha1(func.database()))
            if not connection.scalar(select(func.get_lock(name, _PATIENCE))):
                raise StoreUnavailable("somebody else has been changing the schema for minutes")
            try:
                yield
            finally:
                connection.execute(select(func.release_lock(name)))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _connection(store: Store) -> Iterator[Connection]:
    try:
        with store.engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        words = f"the database {store.url} did not do it: {str(error.orig).strip()}"
        raise StoreUnavailable(words) from error
