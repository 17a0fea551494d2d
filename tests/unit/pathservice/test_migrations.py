"""A database of an earlier release, with data in it, becomes one of this release, whatever its kind."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, MetaData, Table, insert, select

import migrations
from pathservice import schema
from store import Store, open_store
from tests.conftest import DATABASES
from tests.databases import drop_database

SCHEDULED, ACTIVE, ENDED = 7, 8, 9
# As the column holds them: UTC without saying so.
NOON, ONE = (datetime(2026, 1, 1, hour, tzinfo=UTC).replace(tzinfo=None) for hour in (12, 13))
TICKET = {
    "remote_ticket_id": 0,
    "station": "FNAL",
    "src_site": "Fermilab",
    "src_ip": "131.225.204.0/24",
    "dst_site": "Caltech",
    "dst_ip": "192.84.86.0/24",
    "local_client": "CMS-SRM",
    "topology": "red",
    "local_path": "StarLight10G",
    "out_bits_per_second": 1,
    "in_bits_per_second": 1,
    "credential_issuer": "CN=Authority",
}
DATA: dict[str, list[dict[str, Any]]] = {
    "reservation": [
        {
            "id": number,
            "kind": "ticket",
            "owner": "CN=Ann",
            "start": NOON,
            "end": ONE,
            "state": state,
            "created_at": NOON,
            "version": 1,
        }
        for number, state in ((SCHEDULED, "scheduled"), (ACTIVE, "active"), (ENDED, "released"))
    ],
    "lambdastation_ticket": [{"reservation_id": n, **TICKET} for n in (SCHEDULED, ACTIVE, ENDED)],
    "resource": [{"id": 1, "name": "path:red", "capacity": 10, "unit": "bit/s", "longest_seconds": 3600}],
    "claim": [
        {
            "id": 1,
            "reservation_id": ACTIVE,
            "resource_id": 1,
            "amount": 5,
            "start": NOON,
            "end": ONE,
            "length_seconds": 3600,
        }
    ],
    "flow": [{"reservation_id": ACTIVE, "path": "red", "boxes": [[4, 1, 2]]}],
    "device": [
        {
            "id": 1,
            "name": "border-1",
            "platform": "box",
            "capabilities": [],
            "generation": 3,
            "synced_generation": 3,
            "failures": 0,
            "strangers": [],
        }
    ],
    "part": [
        {
            "id": 1,
            "reservation_id": ACTIVE,
            "device_id": 1,
            "stage": 0,
            "intent": {"kind": "x"},
            "wanted": True,
            "generation": 3,
            "synced_generation": 3,
            "placement": {"at": 10},
        }
    ],
}
"""What the first release may have written; every later one could have, too."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config


EARLIER = sorted(
    script.revision
    for script in ScriptDirectory.from_config(_config()).walk_revisions()
    if script.revision != schema.head()
)


@dataclass(frozen=True)
class Upgraded:
    """A database that was of an earlier revision, what it held then, and what upgrading it answered."""

    store: Store
    revision: str
    before: Mapping[str, Sequence[Mapping[str, Any]]]
    answer: tuple[str | None, str]


@pytest.fixture(scope="module", params=EARLIER)
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def upgraded(
    database_kind: str, revision: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    """Upgraded with tickets in it: one scheduled, one active, one over. Tests only look at it."""
    store = open_store(DATABASES[database_kind](tmp_path_factory.mktemp("earlier")))
    config = _config()
    with store.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    with store.engine.begin() as connection:
        for name, rows in DATA.items():
            table = _table(store, name)
            connection.execute(insert(table), [_stored(table, row) for row in rows])
    before = {name: _rows(store, name) for name in DATA}
    yield Upgraded(store, revision, before, schema.upgrade(store))
    store.close()
    drop_database(store.engine.url)


def _table(store: Store, name: str) -> Table:
    # Alone: with the tables that it points to, and those that they do, it would take three times as long.
    return Table(name, MetaData(), autoload_with=store.engine, resolve_fks=False)


def _stored(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """The row with JSON as text, where the database tells JSON from text by nothing."""
    return {
        name: value
        if isinstance(table.c[name].type, JSON) or not isinstance(value, (list, dict))
        else json.dumps(value)
        for name, value in row.items()
    }


def _rows(store: Store, name: str) -> list[dict[str, Any]]:
    table = _table(store, name)
    with store.engine.connect() as connection:
        found = connection.execute(select(table).order_by(*table.primary_key))
        return [dict(row) for row in found.mappings()]


def test_every_row_of_an_earlier_release_is_kept_and_the_tables_are_those_of_this_one(
    upgraded: Upgraded,
) -> None:
    assert upgraded.answer == (upgraded.revision, schema.head())
    for name, rows in upgraded.before.items():
        after = _rows(upgraded.store, name)
        assert [{column: row[column] for column in rows[0]} for row in after] == rows
    assert schema.differences(upgraded.store) == []
    assert schema.upgrade(upgraded.store) == (schema.head(), schema.head())


def test_who_opened_a_ticket_that_is_not_over_takes_part_in_it(upgraded: Upgraded) -> None:
    expected = [SCHEDULED, ACTIVE] if upgraded.revision == "0001" else []
    rows = _rows(upgraded.store, "participant")
    assert [row["reservation_id"] for row in rows] == expected
    assert {(row["subject"], row["issuer"]) for row in rows} <= {("CN=Ann", "CN=Authority")}
    assert {(row["joined_at"], row["left_at"]) for row in rows} <= {(NOON, None)}


def test_nothing_of_an_earlier_release_has_a_label_or_is_being_modified(upgraded: Upgraded) -> None:
    (claim,), (flow,), (part,), (resource,) = (
        _rows(upgraded.store, name) for name in ("claim", "flow", "part", "resource")
    )
    assert (claim["label"], bool(claim["leaving"]), flow["leaving"]) == (None, False, None)
    assert (bool(part["superseded"]), resource["labels"]) == (False, None)
    assert {row["modifying_since"] for row in _rows(upgraded.store, "reservation")} == {None}
