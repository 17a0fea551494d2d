"""lstraceroute over real routers: one that sends marked packets another way than the others.

    us  --  border  --------------  far
               \\--  alternate  --/

The border steers DSCP 48 to 55, as a ticket has it done; before and after it nobody is marked.
"""

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lab.network import Host as Machine
from lab.network import PrivateNetwork
from lab.processes import run
from lambdastation.client import Outcome, State, TicketQuery
from tests.functional.hosttools.conftest import OURS, Command, Host, asked_to

FAR = "192.84.86.80"
LOST = "192.84.86.81"
"""At the far end too, and the alternate way to it loses everything."""
BORDER, ALTERNATE = "10.9.0.1", "10.9.2.2"
PATIENTLY = ("--wait", "10")


def cable(one: Machine, one_end: str, other: Machine, other_end: str, name: str) -> None:
    """A link between two machines."""
    run("ip", "link", "add", f"{name}0", "type", "veth", "peer", "name", f"{name}1")
    for machine, end, address in ((one, f"{name}0", one_end), (other, f"{name}1", other_end)):
        run("ip", "link", "set", end, "netns", machine.path)
        machine.run("ip", "address", "add", f"{address}/30", "dev", end)
        machine.run("ip", "link", "set", end, "up")


@pytest.fixture(scope="module")
def far(network: PrivateNetwork) -> Iterator[str]:
    with Machine() as border, Machine() as alternate, Machine() as far:
        for router in (border, alternate, far):
            # Linux answers traceroute once a second otherwise.
            router.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0")
            router.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")
        border.plug("us", near="out", address=f"{BORDER}/30", mac="02:00:00:00:09:01")
        run("ip", "address", "add", "10.9.0.2/30", "dev", "out")
        border.run("ip", "route", "add", OURS, "via", "10.9.0.2")
        cable(border, "10.9.1.1", far, "10.9.1.2", "p")
        cable(border, "10.9.2.1", alternate, ALTERNATE, "q")
        cable(alternate, "10.9.3.1", far, "10.9.3.2", "r")
        for address in (FAR, LOST):
            run("ip", "route", "add", address, "via", BORDER, "src", OURS)
            far.run("ip", "address", "add", address, "dev", "lo")
            border.run("ip", "route", "add", address, "via", "10.9.1.2")
            border.run("ip", "route", "add", address, "via", ALTERNATE, "table", "7")
        far.run("ip", "route", "add", "default", "via", "10.9.1.1")
        alternate.run("ip", "route", "add", FAR, "via", "10.9.3.2")
        alternate.run("ip", "route", "add", "blackhole", LOST)
        alternate.run("ip", "route", "add", "default", "via", "10.9.2.1")
        border.run("ip", "rule", "add", "fwmark", "7", "lookup", "7")
        border.run(
            "nft",
            "add table ip steer; add chain ip steer in { type filter hook prerouting priority mangle; }",
        )
        border.run("nft", "add rule ip steer in ip dscp 48-55 meta mark set 7")
        yield FAR


def children(command: Command) -> list[list[bytes]]:
    """What a command's processes were called with; those that end meanwhile are left out."""
    pid = command.process.pid
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        with suppress(OSError):
            found.append(Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"))
    return found


def test_a_ticket_s_hops_stand_beside_those_before_and_after(host: Host, far: str) -> None:
    status, command = host.run(
        "lstraceroute", far, "--path", "red", "--mode", "auto", "--dscp", "auto", "--json", *PATIENTLY
    )
    assert status == 0, command.err
    told = command.document
    assert [trace["when"] for trace in told["traces"]] == ["before", "during", "after"]
    assert [trace["on"] for trace in told["traces"]] == ["production", "alternate", "production"]
    assert [trace["path"] for trace in told["traces"]] == [
        "ESnet (blue)",
        "StarLight10G (red)",
        "ESnet (blue)",
    ]
    assert f"ticket {told['ticketId']} is active" in told["traces"][1]["why"]
    way = [[hop["replies"][0]["address"] for hop in trace["hops"]] for trace in told["traces"]]
    assert way == [[BORDER, far], [BORDER, ALTERNATE, far], [BORDER, far]]
    with host.client() as station:
        assert station.get(told["ticketId"]).outcome is Outcome.CANCELLED


def test_a_ticket_that_was_there_already_is_left_to_whose_it_is(host: Host, far: str) -> None:
    with host.client() as station, station.ticket(asked_to(far), cancel=True) as ticket:
        words = ("--path", "red", "--mode", "auto", "--json", *PATIENTLY)
        status, command = host.run("lstraceroute", far, *words)
        assert status == 0, command.err
        told = command.document
        assert told["ticketId"] == ticket.ticket_id
        assert [(trace["when"], trace["on"]) for trace in told["traces"]] == [
            ("before", "alternate"),
            ("during", "alternate"),
        ]
        assert station.get(ticket.ticket_id).state is State.ACTIVE


def test_once_it_says_which_path_a_flow_takes_now_and_why(host: Host, far: str) -> None:
    status, command = host.run(
        "lstraceroute", far, "--now", "--protocol", "udp", "--port", "5300", *PATIENTLY
    )
    assert status == 0, command.err
    lines = command.out.splitlines()
    assert lines[0] == f"udp {OURS}:* > {far}:5300"
    assert lines[1] == "    now: ESnet (blue), no ticket is for these packets"
    assert BORDER in lines[3]
    assert far in lines[4]


def test_ended_by_a_signal_it_gives_its_ticket_up(host: Host, far: str, wait: Any) -> None:
    words = ("--path", "green", "--dscp", "auto", "--wait", "10", "--max-hops", "64")
    command = host.start("lstraceroute", LOST, *words)

    def looks_during_it() -> bool:
        assert command.process.poll() is None, command.err
        return any(
            b"traceroute" in each and each[each.index(b"-t") + 1] != b"0" for each in children(command)
        )

    wait(looks_during_it, "its traceroute with the ticket's code point")
    command.process.terminate()
    assert command.end() == 128 + signal.SIGTERM
    with host.client() as station:
        (newest,) = station.tickets(TicketQuery(limit=1)).tickets
        assert newest.local_path == "UltraScienceNet"
        assert station.wait_until_over(newest.ticket_id).outcome is Outcome.CANCELLED


def test_what_cannot_be_is_one_sentence(host: Host, far: str) -> None:
    for words, status, sentence in (
        ((), 2, "HOST"),
        ((far, "--protocol", "icmp", "--port", "5"), 2, "icmp has no ports"),
        ((far, "--now", "--dscp", "auto"), 2, "--dscp"),
        ((far, "--max-hops", "99"), 2, "1 to 64"),
        (("nowhere.invalid", "--now"), 2, "nowhere.invalid"),
        ((far, "--path", "mauve"), 3, "unknown-topology"),
    ):
        done, command = host.run("lstraceroute", *words)
        assert (done, command.out) == (status, ""), command.err
        assert sentence in command.err
        assert command.err.splitlines()[-1].startswith("lstraceroute: ")


def test_a_disk_that_is_full_is_one_sentence(host: Host, far: str) -> None:
    full = ("sh", "-c", 'exec "$0" "$@" > /dev/full')
    status, command = host.run("lstraceroute", far, "--now", *PATIENTLY, before=full)
    assert (status, command.err) == (2, "lstraceroute: No space left on device\n")
