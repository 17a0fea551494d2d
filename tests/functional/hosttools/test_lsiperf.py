"""lsiperf from end to end: a real iperf3, a real station, real nftables."""

import json
import signal
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from lab.network import Host as Machine
from lab.network import PrivateNetwork
from lab.processes import run
from lab.relay import Relay
from lambdastation.client import Outcome, TicketQuery
from tests.functional.hosttools.conftest import OURS, THEIRS, Host, asked_to
from tests.functional.pathservice.conftest import Serving

SCHEMA = Path(__file__).parents[3] / "schemas" / "lsiperf.schema.json"
IPERF = ("-c", THEIRS, "-B", OURS, "-b", "20M")
NO_CAPABILITIES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


def tables() -> str:
    return run("nft", "list", "tables")


def client_connections() -> str:
    return run("ss", "-Htn", "state", "established", "src", OURS)


@pytest.fixture(autouse=True)
def nothing_is_left(host: Host, wait: Any) -> Any:
    yield
    host.close()
    wait(lambda: not tables() and not client_connections(), "nothing to be left")


def test_a_ticket_that_is_opened_first_carries_all_of_the_transfer(host: Host, tmp_path: Path) -> None:
    figure = tmp_path / "run.png"
    words = ("--path", "red", "--first", "--for", "600", "--cancel", "--interval", "0.1", "--json")
    status, command = host.run("lsiperf", *words, "--plot", str(figure), "--", *IPERF, "-t", "3")
    assert status == 0, command.err
    told = command.document
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(told)
    assert [(phase["on"], phase["path"]) for phase in told["phases"]] == [("alternate", "StarLight10G")]
    assert {moment["path"] for moment in told["moments"]} == {"StarLight10G"}
    # None before the first data have gone.
    assert {moment["pathMtu"] for moment in told["moments"]} - {None} == {65535}
    assert told["transfer"]["sentBytes"] > 1_000_000
    assert told["iperf3"]["start"]["connected"][0]["remote_host"] == THEIRS
    assert told["ticket"]["dstPort"] == "tcp eq 5201"
    assert (told["ticket"]["srcClient"], told["ticket"]["dstClient"]) == ("CMS-SRM", "Tier2-SRM")
    what = [event["what"] for event in told["events"]]
    assert what[0] == "asked"
    assert "mtu-forgotten" in what
    assert what[-1] == "given-up"
    assert figure.read_bytes().startswith(b"\x89PNG")
    with host.client() as station:
        assert station.wait_until_over(told["ticket"]["ticketId"]).outcome is Outcome.CANCELLED


def test_a_ticket_comes_under_a_running_transfer_and_ctrl_c_leaves_nothing(host: Host, wait: Any) -> None:
    words = ("--path", "red", "--after", "3", "--for", "600", "--cancel", "--dscp", "auto", "--json")
    command = host.start("lsiperf", *words, "--", *IPERF, "-t", "300")
    command.wait_for("ESnet\n")
    command.wait_for("packets are marked with DSCP")
    assert "ip dscp set" in run("nft", "list", "ruleset")
    command.wait_for("StarLight10G\n")
    command.process.send_signal(signal.SIGINT)
    assert command.end() == 130
    told = command.document
    assert told["transfer"]["interrupted"]
    assert told["phases"][0]["on"] == "production"
    assert told["phases"][-1]["on"] == "alternate"
    assert told["ticket"]["dscpOut"] in range(48, 56)
    assert tables() == ""
    assert client_connections() == ""
    with host.client() as station:
        assert station.wait_until_over(told["ticket"]["ticketId"]).outcome is Outcome.CANCELLED


def test_killed_it_leaves_no_mark_and_no_transfer(host: Host, wait: Any) -> None:
    words = ("--path", "red", "--after", "0", "--for", "1", "--dscp", "40")
    command = host.start("lsiperf", *words, "--", *IPERF, "-t", "300")
    command.wait_for("packets are marked with DSCP 40")
    assert "lsiperf_" in tables()
    wait(client_connections, "iperf3 to connect")
    command.process.kill()
    wait(lambda: not tables(), "the table to go")
    wait(lambda: not client_connections(), "iperf3 to go")


def test_a_transfer_that_runs_gets_a_ticket(host: Host, wait: Any) -> None:
    running = host.start_iperf3(*IPERF, "-t", "300")
    wait(
        lambda: len(client_connections().splitlines()) == 2,
        "its control connection and the one with the data",
    )
    words = ("--attach", "--pid", str(running.process.pid), "--path", "red", "--cancel", "--json")
    command = host.start("lsiperf", *words)
    command.wait_for("StarLight10G\n")
    running.process.terminate()
    assert command.end() == 0, command.err
    told = command.document
    assert told["iperf3"] is None
    assert told["transfer"] is None
    assert told["ticket"]["dstPort"] == "tcp eq 5201"
    # The station writes neighbours as a range.
    ports = told["ticket"]["srcPort"]
    assert ports.count("tcp eq") == 2 or ports.startswith("tcp range"), ports
    assert max(moment["bitsPerSecond"] for moment in told["moments"]) > 0


def test_without_capabilities_it_does_not_promise_marks(host: Host) -> None:
    status, command = host.run("lsiperf", "--dscp", "40", "--", *IPERF, before=NO_CAPABILITIES)
    assert status == 2
    assert "packets cannot be marked, which takes CAP_NET_ADMIN" in command.err
    assert command.out == ""


def test_a_transfer_on_another_network_has_its_marks_there(host: Host, network: PrivateNetwork) -> None:
    near, far = "131.225.204.20", "131.225.204.21"
    with Machine() as container:
        container.plug("eth0", near="box0", address=f"{near}/24", mac="02:00:00:00:09:02")
        run("ip", "address", "add", f"{far}/32", "dev", "box0")
        run("ip", "route", "add", near, "dev", "box0")
        container.run("ip", "route", "add", THEIRS, "via", far)
        words = ("--path", "red", "--after", "0.5", "--dscp", "40", "--cancel", "--json")
        iperf = ("-c", THEIRS, "-b", "20M", "-t", "300")
        command = host.start("lsiperf", "--netns", container.path, *words, "--", *iperf)
        command.wait_for("packets are marked")
        assert "ip dscp set" in container.run("nft", "list", "ruleset")
        assert tables() == ""
        command.wait_for("StarLight10G\n")
        command.process.terminate()
        assert command.end() == 143
        assert command.document["flow"] == f"tcp {near}:* > {THEIRS}:5201"
        assert command.document["events"][-1]["what"] == "given-up"
        assert container.run("nft", "list", "ruleset") == ""


def test_a_terminal_that_goes_away_takes_the_ticket_with_it(host: Host) -> None:
    words = ("--path", "red", "--after", "0", "--for", "600", "--cancel", "--json")
    command = host.start("lsiperf", *words, "--", *IPERF, "-t", "300")
    command.wait_for("StarLight10G\n")
    command.process.send_signal(signal.SIGHUP)
    assert command.end() == 129
    assert command.document["events"][-1]["what"] == "given-up"


def test_a_ticket_that_cannot_be_given_up_is_told_and_is_no_success(
    host: Host, network: PrivateNetwork, serving: Serving, wait: Any
) -> None:
    near, far = "131.225.204.22", "131.225.204.23"
    with Machine() as user:
        user.plug("eth0", near="box1", address=f"{near}/24", mac="02:00:00:00:09:03")
        run("ip", "address", "add", f"{far}/32", "dev", "box1")
        run("ip", "route", "add", near, "dev", "box1")
        user.run("ip", "route", "add", THEIRS, "via", far)
        transfer = host.start_iperf3("-c", THEIRS, "-b", "20M", "-t", "300", before=user.inside)
        wait(lambda: user.run("ss", "-Htn", "state", "established", "dst", THEIRS), "iperf3 to connect")
        words = ("--attach", "--dst", THEIRS, "--path", "red", "--cancel", "--json")
        with Relay(user, serving.port):
            command = host.start("lsiperf", *words, before=user.inside)
            command.wait_for("StarLight10G\n")
        transfer.process.terminate()
        assert command.end() == 3
        number = command.document["ticket"]["ticketId"]
        assert f"\nlsiperf: ticket {number} was not given up: the station" in command.err
    with host.client() as station:
        station.cancel(number)


def test_without_a_ticket_the_transfer_is_made_and_the_status_says_so(host: Host) -> None:
    status, command = host.run("lsiperf", "--path", "blue", "--after", "0", "--json", "--", *IPERF, "-t", "1")
    assert status == 3
    assert "production-path" in command.err
    assert command.document["transfer"]["sentBytes"] > 1_000_000
    assert command.document["ticket"] is None


def test_what_cannot_be_is_one_sentence_and_no_ticket(host: Host) -> None:
    def newest() -> int:
        with host.client() as station:
            return max(
                (ticket.ticket_id for ticket in station.tickets(TicketQuery(limit=1)).tickets), default=0
            )

    before = newest()
    for words, status, sentence in (
        (("--mode", "join", "--first", "--path", "red", "--", *IPERF), 3, "no-such-flow"),
        (("--first", "--path", "mauve", "--", *IPERF), 3, "unknown-topology"),
        (("--", "-c", "127.0.0.1"), 2, "--dst-site"),
        (("--attach", "--port", "9"), 2, "no TCP connection"),
        (("--netns", "nowhere", "--", *IPERF), 2, "no network /run/netns/nowhere"),
        (("--path", "red", "--", "-c", "nowhere.invalid"), 2, "nowhere.invalid"),
    ):
        done, command = host.run("lsiperf", *words)
        assert (done, command.out) == (status, ""), command.err
        assert sentence in command.err
        assert command.err.splitlines()[-1].startswith("lsiperf: ")
    assert newest() == before


def test_a_server_that_is_not_there_is_iperf3_s_own_sentence(host: Host) -> None:
    status, command = host.run("lsiperf", "--path", "red", "--after", "60", "--", *IPERF, "-p", "9")
    assert status == 1
    assert "unable to connect to server" in command.err
    status, command = host.run("lsiperf", "--quiet", "--after", "60", "--", *IPERF, "--nonsense")
    assert (status, command.err) == (1, "lsiperf: iperf3: unrecognized option '--nonsense'\n")


def test_several_join_one_ticket(host: Host) -> None:
    with host.client() as station, station.ticket(asked_to(THEIRS), cancel=True) as ticket:
        words = ("--mode", "join", "--first", "--path", "red", "--json")
        status, command = host.run("lsiperf", *words, "--", *IPERF, "-t", "1")
        assert status == 0, command.err
        assert command.document["ticket"]["ticketId"] == ticket.ticket_id
        assert f"ticket {ticket.ticket_id} joined" in command.err
        # Before it joins, the other's ticket steers it all the same.
        late = ("--mode", "join", "--after", "0.5", "--path", "red", "--json")
        command = host.start("lsiperf", *late, "--", *IPERF, "-t", "300")
        command.wait_for(f"ticket {ticket.ticket_id} active")
        command.process.send_signal(signal.SIGINT)
        assert command.end() == 130
        assert {moment["path"] for moment in command.document["moments"]} == {"StarLight10G"}
