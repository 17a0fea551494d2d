"""The schema: migrations make the tables that the code has."""

from pathlib import Path

import pytest
from sqlalchemy import text

from pathservice import schema
from store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path}/empty.db")


def test_migrations_and_models_agree(store: Store) -> None:
    schema.upgrade(store)
    assert schema.differences(store) == []
    store.close()


def test_an_empty_database_is_made_ready(store: Store) -> None:
    assert schema.current(store) is None
    schema.prepare(store)
    assert schema.current(store) == schema.head()
    store.close()


def test_another_revision_is_refused_and_left_alone(store: Store) -> None:
    schema.upgrade(store)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    with pytest.raises(schema.SchemaMismatch, match="pathservice db upgrade"):
        schema.prepare(store)
    assert schema.current(store) == "other"
    store.close()


def test_somebody_elses_database_is_refused_and_left_alone(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    with pytest.raises(schema.SchemaMismatch):
        schema.prepare(store)
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM sqlite_master")).scalars().all() == ["theirs"]
    store.close()
