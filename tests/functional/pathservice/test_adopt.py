"""Tickets that only a router remembers: made again from it, and taken off when they end."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from netconfig.simulator import IosRouter
from pathservice.cli.app import application

EXAMPLES = Path(__file__).parents[3] / "examples"
ROUTER = "fermilab-border-1"
OWNER = ("--owner", "CN=Example User,OU=Demo,O=Path Service")
FLOW = {
    "srcClient": "CMS-SRM",
    "srcIP": "131.225.204.2/32, 2620:6a:0:204::2/128",
    "dstSite": "Caltech",
    "dstPort": "tcp range 5000-6000, udp eq 7000",
    "localPath": "StarLight10G",
    "outBW": "1M",
    "travelTime": 6000,
}


def startup(state: Path) -> str:
    return (state / "simulated" / ROUTER / "startup-config").read_text(encoding="utf-8")


def without_tickets() -> str:
    """The router as it came."""
    text = (EXAMPLES / f"{ROUTER}.txt").read_text(encoding="utf-8")
    return IosRouter(text, hostname=ROUTER, clock=lambda: datetime.now(UTC)).running_config()


Devices = Callable[..., str]


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    """`pathservice devices ...`, in this process; what it printed, or the code and words of its refusal."""

    def run(*words: str, command: str = "devices") -> str:
        done = CliRunner().invoke(
            application(command), [command, *words], env={"PATHSERVICE_STATE": str(tmp_path / "state")}
        )
        refusal = done.exception
        if refusal is not None and hasattr(refusal, "code") and not isinstance(refusal, SystemExit):
            return f"{refusal.code}: {refusal}"
        assert done.exit_code == 0, (done.output, refusal)
        return done.stdout

    return run


def in_one_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def asked(state: Path, query: str) -> str:
    """What the service's database answers first."""
    with closing(sqlite3.connect(state / "pathservice.db")) as database:
        return str(database.execute(query).fetchone()[0])


def test_one_is_adopted_and_the_other_purged_and_nothing_is_left_of_either(
    serve: Any, wait: Any, devices: Devices
) -> None:
    first = serve()
    client = first.client()
    # The second steers nothing that the first does not, unmarked; they share the permits for the answers.
    client.openSvcTicket(svcTicket={**FLOW, "dscpOut": 50}, mode="new")
    client.openSvcTicket(svcTicket=FLOW, mode="new")
    for number in (1, 2):
        wait(lambda n=number: client.getTicket(n).state == "active", f"ticket {number} to be active")
    issued = ("--issuer", asked(first.state, "SELECT credential_issuer FROM lambdastation_ticket"))
    assert first.stop() == 0
    carried = startup(first.state)
    for file in first.state.glob("pathservice.db*"):
        file.unlink()

    second = serve(first.state)
    state, client = second.state, second.client()
    wait(lambda: client.getStatus().device[0].heldBack == "observe", "the worker to observe")
    until = ("--until", in_one_hour(), "--yes")
    for words, refused in {
        (ROUTER, "7", *until): "no-stranger: nothing there is named for reservation 7",
        ("nowhere", "1", *until): f"there is no device nowhere in the site file; there are {ROUTER}",
        (ROUTER, "1", "--bandwidth", "11G", *until): "capacity-exceeded: StarLight10G has 10G in all",
        (ROUTER, "1", "--until", "2020-01-01", "--yes"): "bad-time: the end is not after the start",
    }.items():
        assert refused in devices("adopt", *words)
    said = devices("adopt", ROUTER, "1", *until, *OWNER, *issued)
    assert "udp eq 7000" in said
    assert "remark LS reservation 1 database" in said
    assert "permit " not in said, "the permits that stand are taken for ours"
    assert startup(state) == carried
    ticket = client.getTicket(1)
    assert (ticket.state, ticket.srcIP, ticket.dscpOut) == ("activating", FLOW["srcIP"], 50)
    assert f"from {ROUTER}, where it had the fingerprint of database" in asked(
        state, "SELECT reason FROM transition WHERE reservation_id = 1 ORDER BY id"
    )
    assert "this database's own" in devices("adopt", ROUTER, "1", *until)
    assert "this database's own" in devices("purge", ROUTER, "1", "--yes")

    devices("purge", ROUTER, "2", "--yes")
    devices("--yes", command="thaw")
    wait(lambda: client.getTicket(1).state == "active", "ticket 1 to be active")
    kept = startup(state)
    changed = set(carried.splitlines()) ^ set(kept.splitlines())
    assert not [line for line in changed if "LS-FNAL-1" in line and "-r" in line]
    assert "LS-FNAL-2\n" not in kept
    assert "not ours" not in devices("show", ROUTER)
    assert client.cancelTicket(1) is True
    wait(lambda: client.getTicket(1).state == "released", "ticket 1 to be released")
    assert startup(state) == without_tickets()
    assert client.openSvcTicket(svcTicket=FLOW, mode="new").localTicketId == 3
    assert '"adopt"' in (state / "audit.log").read_text(encoding="utf-8")
