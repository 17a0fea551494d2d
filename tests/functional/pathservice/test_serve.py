"""The service as a process: starts on nothing, answers, survives kill -9, stops cleanly."""

import json
import signal
import stat
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep.exceptions

FLOW = {
    "srcClient": "CMS-SRM",
    "srcIP": "131.225.204.0/24",
    "dstSite": "Caltech",
    "dstIP": "192.84.86.0/24",
    "dstPort": "tcp range 5000-6000",
    "localPath": "StarLight10G",
    "outBW": "2G",
    "travelTime": 600,
}


def test_it_leaves_what_clients_need_and_nobody_else_can_read_it(serve: Any) -> None:
    serving = serve(apart=True)
    for name in ("ca.pem", "user-cert.pem", "user-key.pem"):
        assert (serving.state / "pki" / name).is_file()
    assert stat.S_IMODE(serving.state.stat().st_mode) == 0o700
    for name in ("pki/user-key.pem", "pki/server-key.pem", "audit.log", "pathservice.db"):
        assert stat.S_IMODE((serving.state / name).stat().st_mode) == 0o600


def test_a_client_with_only_the_wsdl_opens_reads_and_cancels_a_ticket(
    serve: Any, wait: Any, cli: Any
) -> None:
    serving = serve()
    client = serving.client()
    before = cli("devices", "show", "--json", state=serving.state)
    assert json.loads(before.stdout)[0]["name"] == "fermilab-border-1"

    ticket = client.openSvcTicket(svcTicket=FLOW, mode="new")
    assert ticket.localTicketId == 1
    assert ticket.state == "scheduled"
    wait(lambda: client.getTicket(1).state == "active", "the ticket to be active")

    shown = json.loads(cli("ticket", "show", "1", "--json", state=serving.state).stdout)
    assert [part["in_sync"] for part in shown["parts"]] == [True, True]
    assert "nothing to do" in cli("devices", "plan", "fermilab-border-1", state=serving.state).stdout

    assert client.cancelTicket(1) is True
    wait(lambda: client.getTicket(1).state == "released", "the ticket to be released")
    moves = json.loads(cli("ticket", "history", "1", "--json", state=serving.state).stdout)
    assert [move["to_state"] for move in moves] == [
        "held",
        "scheduled",
        "activating",
        "active",
        "releasing",
        "released",
    ]
    listed = json.loads(cli("ticket", "list", "--json", state=serving.state).stdout)
    assert listed[0]["outcome"] == "cancelled"


@pytest.mark.parametrize(
    ("site", "client", "peer"), [("fermilab", "CMS-SRM", "Caltech"), ("caltech", "Tier2-SRM", "Fermilab")]
)
def test_each_example_site_carries_a_ticket(serve: Any, wait: Any, site: str, client: str, peer: str) -> None:
    file = Path(__file__).parents[3] / "examples" / f"{site}.yaml"
    serving = serve(None, "--site", str(file))
    startup = serving.state / "simulated" / f"{site}-border-1" / "startup-config"
    soap = serving.client()
    ticket = {"srcClient": client, "dstSite": peer, "travelTime": 600}
    opened = soap.openSvcTicket(svcTicket=ticket, mode="new")
    wait(lambda: soap.getTicket(opened.localTicketId).state == "active", "the ticket to be active")
    ours = f"LS-{opened.lambdaStationId}-{opened.localTicketId}"
    assert ours in startup.read_text()
    soap.cancelTicket(opened.localTicketId)
    wait(lambda: soap.getTicket(opened.localTicketId).state == "released", "the ticket to be released")
    assert ours not in startup.read_text()


def test_the_operator_cancels_from_the_command_line(serve: Any, wait: Any, cli: Any) -> None:
    serving = serve()
    client = serving.client()
    client.openSvcTicket(svcTicket=FLOW, mode="new")
    wait(lambda: client.getTicket(1).state == "active", "the ticket to be active")
    cli("ticket", "cancel", "1", "--reason", "maintenance", state=serving.state)
    wait(lambda: client.getTicket(1).state == "released", "the ticket to be released")
    assert "maintenance" in cli("ticket", "history", "1", state=serving.state).stdout


def test_a_killed_service_finds_its_router_again(serve: Any, wait: Any, cli: Any) -> None:
    first = serve()
    client = first.client()
    client.openSvcTicket(svcTicket=FLOW, mode="new")
    wait(lambda: client.getTicket(1).state == "active", "the ticket to be active")
    first.stop(signal.SIGKILL)

    second = serve(first.state)
    client = second.client()
    assert client.getTicket(1).state == "active"

    def in_sync() -> bool:
        [device] = json.loads(cli("devices", "show", "--json", state=second.state).stdout)
        return bool(device["in_sync"])

    wait(in_sync, "the router to be in sync")
    assert "carries what it should" in cli("devices", "diff", "fermilab-border-1", state=second.state).stdout


def test_a_device_that_carries_something_cannot_be_dropped_from_the_site_file(
    serve: Any, wait: Any, cli: Any, tmp_path: Path
) -> None:
    first = serve()
    client = first.client()
    client.openSvcTicket(svcTicket=FLOW, mode="new")
    wait(lambda: client.getTicket(1).state == "active", "the ticket to be active")
    examples = Path(__file__).parents[3] / "examples"
    for name in ("fermilab.yaml", "fermilab-border-1.txt"):
        text = (examples / name).read_text().replace("fermilab-border-1\n", "border-2\n")
        (tmp_path / name).write_text(text.replace("[fermilab-border-1]", "[border-2]"))
    refused = cli("site", "apply", str(tmp_path / "fermilab.yaml"), state=first.state, check=False)
    assert refused.returncode == 1
    assert "device fermilab-border-1: reservations that are not over have 2 parts on it" in refused.stderr
    assert first.stop() == 0

    # Nor by starting with another file: what is in force is served.
    second = serve(first.state, "--site", str(tmp_path / "fermilab.yaml"))
    assert second.health()["site_version"] == 1
    assert "site file is not what is in force" in second.log.read_text()


def test_sigterm_stops_it_cleanly_with_a_client_connected(serve: Any) -> None:
    serving = serve(apart=True)
    client = serving.client()
    client.getPaths()
    assert serving.stop() == 0
    lines = [json.loads(line)["event"] for line in serving.log.read_text().splitlines()]
    assert lines[-1] == "stopped"


def test_every_request_leaves_an_audit_line_denied_ones_too(serve: Any) -> None:
    serving = serve()
    client = serving.client()
    client.getPaths()
    with pytest.raises(zeep.exceptions.Fault):
        client.getTicket(99)
    with requests.Session() as nobody:
        nobody.trust_env = False
        nobody.verify = str(serving.state / "pki" / "ca.pem")
        answer = nobody.post(f"{serving.url}/lambdastation", timeout=30)
    assert answer.status_code in {401, 403}
    lines = [json.loads(line) for line in (serving.state / "audit.log").read_text().splitlines()]
    assert {"getPaths", "getTicket"} <= {line.get("operation") for line in lines}
    assert any(line["code"] == "not-found" for line in lines if line.get("operation") == "getTicket")
    assert any("subject" not in line and line.get("path") == "/lambdastation" for line in lines)


def test_a_worker_apart_changes_what_a_service_without_one_has_booked(
    serve: Any, wait: Any, cli: Any, tmp_path: Path
) -> None:
    serving = serve(None, "--no-worker")
    client = serving.client()
    client.openSvcTicket(svcTicket=FLOW, mode="new")
    assert client.getTicket(1).state == "scheduled"
    worker = cli.start("worker", "--state", str(serving.state))
    wait(lambda: client.getTicket(1).state == "active", "the ticket to be active")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
