"""The schema: migrations make the tables that the code has, on every database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

import migrations
from pathservice import schema
from reservation.lifecycle import State
from store import Store, open_store
from tests.conftest import DATABASES
from tests.databases import drop_database
from tests.unit.activation.conftest import NEAR, House
from tests.unit.activation.watched import BACK, FALLS_BACK, HOP, steer, watch, ways


@pytest.fixture
def store(database_kind: str, tmp_path: Path) -> Iterator[Store]:
    """A database with nothing in it."""
    opened = open_store(DATABASES[database_kind](tmp_path))
    yield opened
    opened.close()
    drop_database(opened.engine.url)


def test_migrations_and_models_agree(store: Store) -> None:
    schema.upgrade(store)
    assert schema.differences(store) == []


def test_last_step_can_be_taken_back_and_made_again(store: Store) -> None:
    schema.upgrade(store)
    take_back(store)
    assert schema.current(store) != schema.head()
    schema.upgrade(store)
    assert schema.differences(store) == []


def take_back(store: Store) -> None:
    """Undo the last migration."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with store.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
        connection.commit()


def test_ticket_on_its_fallback_bears_a_step_back_and_forth(store: Store) -> None:
    schema.upgrade(store)
    house = House(store, NEAR)
    number = steer(house, FALLS_BACK)
    house.near.silent = {HOP}
    watch(house, 2)
    assert ways(house) == [BACK]
    take_back(store)
    schema.upgrade(store)
    watch(house)
    house.clock.forward(house.settings.drift)
    house.run()
    assert (ways(house), house.state(number), house.parts(number)[0].detour) == ([BACK], State.ACTIVE, BACK)


def test_an_empty_database_is_made_ready(store: Store) -> None:
    assert schema.current(store) is None
    schema.prepare(store)
    assert schema.current(store) == schema.head()


def test_several_that_start_on_an_empty_database_make_it_ready_once(store: Store) -> None:
    stores = [open_store(store.engine.url) for _ in range(4)]
    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(schema.prepare, stores))
    for opened in stores:
        opened.close()
    assert schema.differences(store) == []


def test_an_older_revision_is_refused_with_what_to_do_and_left_alone(store: Store) -> None:
    schema.upgrade(store)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(schema.SchemaMismatch, match="pathservice db upgrade"):
        schema.prepare(store)
    assert schema.current(store) == "0001"


def test_a_newer_releases_database_is_left_alone_by_an_upgrade_too(store: Store) -> None:
    schema.upgrade(store)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (schema.prepare, schema.require_head, schema.upgrade):
        with pytest.raises(schema.SchemaMismatch, match="9999, of a newer release"):
            use(store)
    assert schema.current(store) == "9999"


def test_somebody_elses_database_is_left_alone_by_an_upgrade_too(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    for use in (schema.prepare, schema.require_head, schema.upgrade):
        with pytest.raises(schema.SchemaMismatch, match="not ours: theirs"):
            use(store)
    assert inspect(store.engine).get_table_names() == ["theirs"]


def test_mariadb_compares_all_text_exactly_however_the_database_was_made() -> None:
    store = open_store(DATABASES["mariadb"](Path()))
    with store.engine.begin() as connection:
        connection.execute(text("ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci"))
    schema.upgrade(store)
    with store.engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT DISTINCT collation_name FROM information_schema.columns "
                "WHERE collation_name IS NOT NULL AND table_schema = DATABASE() AND data_type <> 'longtext'"
            )
        ).scalars()
        assert list(found) == ["utf8mb4_nopad_bin"]
    assert schema.differences(store) == []
    store.close()
    drop_database(store.engine.url)
