"""Tickets that only a router remembers: made again from it, and taken off when they end."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

ROUTER = "fermilab-border-1"


def flow(number: int, **changes: Any) -> dict[str, Any]:
    """A request of its own for each number."""
    return {
        "srcClient": "CMS-SRM",
        "srcIP": f"131.225.204.{number}/32, 2620:6a:0:204::{number}/128",
        "dstSite": "Caltech",
        "dstPort": "tcp range 5000-6000, udp eq 7000",
        "localPath": "StarLight10G",
        "outBW": "1M",
        "travelTime": 6000,
        **changes,
    }


def startup(state: Path) -> str:
    return (state / "simulated" / ROUTER / "startup-config").read_text()


def in_(**length: int) -> str:
    return (datetime.now(UTC) + timedelta(**length)).isoformat()


def lose_the_database(state: Path) -> None:
    for file in state.glob("pathservice.db*"):
        file.unlink()


def test_one_is_adopted_and_the_other_purged_and_nothing_is_left_of_either(
    serve: Any, wait: Any, cli: Any
) -> None:
    first = serve()
    client = first.client()
    client.openSvcTicket(svcTicket=flow(1), mode="new")
    wait(lambda: client.getTicket(1).state == "active", "ticket 1 to be active")
    client.cancelTicket(1)
    wait(lambda: client.getTicket(1).state == "released", "ticket 1 to be released")
    before = startup(first.state)
    client.openSvcTicket(svcTicket=flow(2, dscpOut=50), mode="new")
    client.openSvcTicket(svcTicket=flow(3), mode="new")
    for number in (2, 3):
        wait(lambda n=number: client.getTicket(n).state == "active", f"ticket {number} to be active")
    assert first.stop() == 0
    carried = startup(first.state)
    lose_the_database(first.state)

    second = serve(first.state)
    state, client = second.state, second.client()
    wait(lambda: client.getStatus().device[0].heldBack == "observe", "the worker to observe")
    until = in_(hours=1)
    said = cli("devices", "adopt", ROUTER, "2", "--until", until, "--yes", state=state).stdout
    assert "131.225.204.2/32, 2620:6a:0:204::2/128: tcp" not in said
    assert "udp eq 7000" in said
    assert "remark LS reservation 2 database" in said
    assert "permit tcp" not in said, "the permits that stand are taken for ours"
    assert startup(state) == carried
    ticket = client.getTicket(2)
    assert ticket.state == "activating"
    assert (ticket.srcIP, ticket.dscpOut) == ("131.225.204.2/32, 2620:6a:0:204::2/128", 50)
    moves = cli("ticket", "history", "2", "--json", state=state).stdout
    assert f"from {ROUTER}, where it had the fingerprint of database" in json.loads(moves)[0]["reason"]
    again = cli("devices", "adopt", ROUTER, "2", "--until", until, "--yes", state=state, check=False)
    assert (again.returncode, "no-stranger" in again.stderr) == (1, True)
    refused = cli("devices", "purge", ROUTER, "2", "--yes", state=state, check=False)
    assert (refused.returncode, "no-stranger" in refused.stderr) == (1, True)

    cli("devices", "purge", ROUTER, "3", "--yes", state=state)
    cli("thaw", "--yes", state=state)
    wait(lambda: client.getTicket(2).state == "active", "ticket 2 to be active")
    there = startup(state)
    assert "LS-FNAL-3" not in there
    assert "route-map LS-FNAL-TenGigabitEthernet1/1 permit 10\n" in there, "its entry is where it was"
    assert "LS-FNAL-2-r" not in there
    assert not cli("devices", "show", ROUTER, state=state).stdout.count("not ours")
    assert client.openSvcTicket(svcTicket=flow(9), mode="new").localTicketId == 4
    client.cancelTicket(4)
    # The permits of the one that was purged carry no number: its ticket is asked for and called off.
    assert client.openSvcTicket(svcTicket=flow(3), mode="new").localTicketId == 5
    cli("ticket", "cancel", "2", state=state)
    wait(lambda: client.getTicket(2).state == "released", "ticket 2 to be released")
    left = startup(state)
    assert "204.2 " not in left
    line = [json.loads(line) for line in (state / "audit.log").read_text().splitlines()]
    assert any(one["operation"] == "adopt" and one["ticket_id"] == 2 for one in line)
    assert before
