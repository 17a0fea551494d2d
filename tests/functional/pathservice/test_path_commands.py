"""`pathservice path verify` and what `ticket show` tells of what passes, without a running service."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lambdastation.caller import Caller
from lambdastation.ticket import TicketRequest
from pathservice.assembly import Assembly
from pathservice.settings import load_settings
from reservation.lifecycle import State
from reservation.parts import parts_of
from reservation.tables import DeviceRow, ReservationRow

USER = Caller("CN=Example User,OU=Demo,O=Path Service", "CN=Demo Certificate Authority,O=Path Service")
PASSED = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

Change = Callable[[Callable[[Session], None]], None]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "state"
    with Assembly(load_settings({"state": folder}, environment={}, file=None)) as assembly:
        wanted = TicketRequest(dst_site="Caltech", travel_seconds=3600, out_bandwidth="1M", in_bandwidth="1M")
        assembly.tickets.open_ticket(wanted, caller=USER)
        assembly.store.write(bring_up)
    return folder


@pytest.fixture
def state(prepared: Path, tmp_path: Path) -> Path:
    """One ticket that is active, on a router that was read just now and has counted 1200 packets."""
    return shutil.copytree(prepared, tmp_path / "state")


@pytest.fixture
def change(state: Path) -> Change:
    def write(work: Callable[[Session], None]) -> None:
        with Assembly(load_settings({"state": state}, environment={}, file=None)) as assembly:
            assembly.store.write(work)

    return write


def bring_up(session: Session) -> None:
    session.get_one(ReservationRow, 1).state = State.ACTIVE
    for part in parts_of(session, 1):
        part.wanted, part.generation, part.synced_generation = True, 1, 1
        part.packets, part.octets = 1200, 1_800_000
        part.counted_at = part.grew_at = PASSED
    for device in session.scalars(select(DeviceRow)):
        device.read_at = datetime.now(UTC)


def verify(cli: Any, state: Path, *options: str) -> Any:
    return cli("path", "verify", "1", *options, state=state, check=False)


def test_path_that_is_up_is_said_so_with_status_zero(cli: Any, state: Path) -> None:
    done = verify(cli, state)
    assert done.returncode == 0
    assert "fermilab-border-1" in done.stdout
    assert "packets are passing, 1200 by 2026-01-01 12:00:00 UTC" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("up: ticket 1: every device carries it")
    told = json.loads(verify(cli, state, "--json").stdout)
    assert (told["ticket"], told["verdict"]) == (1, "up")
    assert {one["verdict"] for one in told["devices"]} == {"up"}


def test_path_whose_router_lacks_something_is_not_up(cli: Any, state: Path, change: Change) -> None:
    def drift(session: Session) -> None:
        part = parts_of(session, 1)[-1]
        part.synced_generation, part.error = 0, "the card is out"

    change(drift)
    done = verify(cli, state, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["because"] == "not up at fermilab-border-1"
    assert any("the card is out" in one["because"] for one in told["devices"])


def test_path_that_carries_nothing_cannot_be_told(cli: Any, state: Path, change: Change) -> None:
    def forget(session: Session) -> None:
        for part in parts_of(session, 1):
            part.packets = part.octets = 0
            part.grew_at = None

    change(forget)
    assert verify(cli, state, "--wait", "0.1").returncode == 2
    assert "configured; no packet had passed by" in cli("ticket", "show", "1", state=state).stdout


def test_database_that_is_away_leaves_the_question_open(cli: Any, state: Path) -> None:
    nowhere = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    done = verify(cli, state, "--database", nowhere, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["verdict"] == "unknown"


def test_ticket_that_is_not_there_is_told(cli: Any, state: Path) -> None:
    done = cli("path", "verify", "7", state=state, check=False)
    assert done.returncode == 1
    assert "there is no ticket 7" in done.stderr


def test_wait_ends_as_soon_as_packets_pass(cli: Any, state: Path) -> None:
    assert verify(cli, state, "--wait", str(timedelta(hours=1).total_seconds())).returncode == 0


def test_show_tells_what_passes_by_each_device(cli: Any, state: Path) -> None:
    shown = cli("ticket", "show", "1", state=state).stdout
    assert "carrying traffic: " in shown
    rows = [line for line in shown.splitlines() if "carries it" in line]
    does = [row.split("carries it")[0].split(maxsplit=1)[1].strip() for row in rows]
    assert "steers IPv4 from TenGigabitEthernet1/1 to 192.0.2.1" in does
    assert len(set(does)) == len(rows)
    assert all(row.split("carries it")[1].split()[:3] == ["1200", "1800000", "2026-01-01"] for row in rows)
    parts = json.loads(cli("ticket", "show", "1", "--json", state=state).stdout)["parts"]
    assert {part["count"]["packets"] for part in parts} == {1200}
