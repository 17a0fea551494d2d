"""A database of an earlier release, with data in it, becomes one of this release."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

import migrations
from pathservice import schema
from store import Store, open_store

SCHEDULED, ENDED = 7, 8
BEFORE = "2026-01-01 12:00:00.000000"
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


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Store]:
    """A database at the first revision: a ticket that is scheduled and one that is over."""
    store = open_store(f"sqlite:///{tmp_path}/first.db")
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with store.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()
    _put(
        store,
        "reservation",
        *(
            {
                "id": number,
                "kind": "ticket",
                "owner": "CN=Ann",
                "start": BEFORE,
                "end": BEFORE,
                "state": state,
                "created_at": BEFORE,
                "version": 1,
            }
            for number, state in ((SCHEDULED, "scheduled"), (ENDED, "released"))
        ),
    )
    _put(store, "lambdastation_ticket", *({"reservation_id": n, **TICKET} for n in (SCHEDULED, ENDED)))
    yield store
    store.close()


def _put(store: Store, name: str, *rows: dict[str, Any]) -> None:
    with store.engine.begin() as connection:
        columns = ", ".join(f'"{column}"' for column in rows[0])
        values = ", ".join(f":{column}" for column in rows[0])
        connection.execute(text(f"INSERT INTO {name} ({columns}) VALUES ({values})"), list(rows))  # noqa: S608


def _rows(store: Store, name: str) -> list[dict[str, Any]]:
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {name}")).mappings()]  # noqa: S608


def test_every_row_of_the_first_release_is_kept_and_the_tables_are_those_of_this_one(first: Store) -> None:
    before = {name: _rows(first, name) for name in ("reservation", "lambdastation_ticket")}
    assert schema.upgrade(first) == ("0001", schema.head())
    assert {name: _rows(first, name) for name in before} == before
    assert schema.differences(first) == []


def test_who_opened_a_ticket_that_is_not_over_takes_part_in_it(first: Store) -> None:
    schema.upgrade(first)
    (row,) = _rows(first, "participant")
    assert (row["reservation_id"], row["subject"], row["issuer"]) == (SCHEDULED, "CN=Ann", "CN=Authority")
    assert (row["joined_at"], row["left_at"]) == (BEFORE, None)
