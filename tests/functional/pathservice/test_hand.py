"""The operator's hand on a running service, and a database that is not the last one beside a live router."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

ROUTER = "fermilab-border-1"


def flow(number: int, **changes: Any) -> dict[str, Any]:
    """A request of its own for each number."""
    return {
        "srcClient": "CMS-SRM",
        "srcIP": f"131.225.204.{number}/32",
        "dstSite": "Caltech",
        "dstPort": "tcp range 5000-6000",
        "localPath": "StarLight10G",
        "outBW": "1M",
        "travelTime": 600,
        **changes,
    }


def open_and_wait(client: Any, wait: Any, *numbers: int) -> None:
    for number in numbers:
        assert client.openSvcTicket(svcTicket=flow(number), mode="new").localTicketId == number
    for number in numbers:
        wait(lambda n=number: client.getTicket(n).state == "active", f"ticket {number} to be active")


def startup(state: Path) -> str:
    file = state / "simulated" / ROUTER / "startup-config"
    return file.read_text() if file.exists() else ""


def ours(state: Path) -> list[str]:
    return [line for line in startup(state).splitlines() if "LS-FNAL-" in line]


def is_entry(line: str, number: int) -> bool:
    """Whether it is the header of the route-map entry that came as so-manieth."""
    return line.startswith("route-map LS-FNAL-") and line.endswith(f" permit {10 * number}")


def copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def test_nothing_reaches_the_router_between_freeze_and_thaw(serve: Any, wait: Any, cli: Any) -> None:
    serving = serve()
    client = serving.client()
    said = cli("freeze", "--reason", "core upgrade", state=serving.state).stdout
    assert "nothing is pushed to any device until `pathservice thaw`" in said
    assert "frozen already" in cli("freeze", "--reason", "again", state=serving.state).stdout
    client.openSvcTicket(svcTicket=flow(1), mode="new")
    wait(lambda: "held back" in cli("ticket", "show", "1", state=serving.state).stdout, "it to be told")
    assert client.getTicket(1).state == "activating"
    assert ours(serving.state) == []
    assert "core upgrade" in cli("devices", "show", state=serving.state).stdout
    assert client.getStatus().device[0].heldBack == "freeze"
    health = serving.health()
    assert health is not None
    assert health["status"] == "ok", health
    cli("thaw", state=serving.state)
    wait(lambda: client.getTicket(1).state == "active", "the ticket to be active")
    assert client.getStatus().device[0].heldBack is None
    lines = [json.loads(line) for line in (serving.state / "audit.log").read_text().splitlines()]
    (line,) = (line for line in lines if line.get("operation") == "freeze" and line["reason"] != "again")
    assert line["reason"] == "core upgrade"
    assert line["subject"].startswith("operator ")
    assert any(line.get("operation") == "thaw" for line in lines)


def test_database_put_back_from_before_three_tickets_takes_none_of_them_off(
    serve: Any, wait: Any, cli: Any, tmp_path: Path
) -> None:
    first = serve()
    client = first.client()
    open_and_wait(client, wait, 1)
    copy(first.state / "pathservice.db", tmp_path / "old.db")
    open_and_wait(client, wait, 2, 3, 4)
    assert first.stop() == 0
    carried = ours(first.state)
    for leftover in first.state.glob("pathservice.db*"):
        leftover.unlink()
    copy(tmp_path / "old.db", first.state / "pathservice.db")

    second = serve(first.state)
    client = second.client()
    wait(lambda: client.getStatus().device[0].heldBack == "observe", "the worker to observe")
    assert client.cancelTicket(1) is True
    opened = client.openSvcTicket(svcTicket=flow(9), mode="new").localTicketId
    assert opened == 5, "above all that the router carries"
    wait(lambda: client.getTicket(1).state == "releasing", "ticket 1 to be released")
    wait(lambda: client.getTicket(5).state == "activating", "ticket 5 to start")
    assert ours(second.state) == carried
    asked = cli("thaw", state=second.state, check=False)
    assert asked.returncode == 1
    assert "carries objects of reservations 2, 3, 4, above every number" in asked.stdout
    assert "LS-FNAL-3 is of reservation 3, which this database does not know" in asked.stdout
    assert "devices purge" in asked.stdout
    assert ours(second.state) == carried

    said = cli("devices", "purge", ROUTER, "3", "--yes", state=second.state).stdout
    assert "no ip access-list extended LS-FNAL-3\n" in said
    assert f"{ROUTER} carries nothing named for reservation 3 any more" in said
    assert ours(second.state) == [
        line for line in carried if "LS-FNAL-3" not in line and not is_entry(line, 3)
    ]

    cli("thaw", "--yes", state=second.state)
    wait(lambda: client.getTicket(1).state == "released", "ticket 1 to be released")
    wait(lambda: client.getTicket(5).state == "active", "ticket 5 to be active")
    left = startup(second.state)
    assert "LS-FNAL-1\n" not in left
    assert all(f"ip access-list extended LS-FNAL-{number}\n" in left for number in (2, 4, 5))


def test_empty_database_beside_a_live_router_takes_nothing_off(serve: Any, wait: Any, cli: Any) -> None:
    first = serve()
    open_and_wait(first.client(), wait, 1, 2)
    assert first.stop() == 0
    carried = ours(first.state)
    for file in first.state.glob("pathservice.db*"):
        file.unlink()
    second = serve(first.state)
    client = second.client()
    wait(lambda: client.getStatus().device[0].heldBack == "observe", "the worker to observe")
    assert client.openSvcTicket(svcTicket=flow(9), mode="new").localTicketId == 3
    assert "fingerprint of another database" in cli("devices", "show", state=second.state).stdout
    assert ours(second.state) == carried


def test_rehearsed_ticket_lives_its_life_and_the_router_never_hears_of_it(
    serve: Any, wait: Any, cli: Any
) -> None:
    serving = serve(None, "--dry-run")
    client = serving.client()
    assert client.openSvcTicket(svcTicket=flow(1), mode="new").dryRun is True
    wait(lambda: client.getTicket(1).state == "active", "the ticket to be active")
    assert client.getStatus().device[0].dryRun is True
    assert startup(serving.state) == ""
    told = cli("devices", "show", ROUTER, state=serving.state).stdout
    assert "in sync, dry run" in told
    assert "rehearsed, nothing was sent" in told
    assert "ip access-list extended LS-FNAL-1" in told
    assert "dry run" in cli("ticket", "show", "1", state=serving.state).stdout
    said = cli("devices", "abandon", ROUTER, "--reason", "burnt", "--yes", state=serving.state).stdout
    assert "tickets 1: failed" in said
    wait(lambda: client.getTicket(1).state == "released", "the ticket to be released")
    assert client.getTicket(1).dryRun is None, "nothing of it is on any device, nor was"
