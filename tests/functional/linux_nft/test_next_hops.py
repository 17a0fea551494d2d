"""A real router asks its neighbours whether they answer, and nobody else."""

import dataclasses
import os
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from netconfig.drivers.linux_nft import HELPER, LinuxNft
from netconfig.errors import StateUnknown
from netconfig.intent import PolicyRoute
from tests.contract.drivers.bench import Ticket, reconcile
from tests.contract.drivers.cisco_ios_bench import CMS, TO_CMS
from tests.contract.drivers.linux_nft_bench import TICKETS, LinuxBench, LinuxRig, steer
from tests.contract.drivers.linux_nft_frames import received
from tests.contract.drivers.linux_nft_router import PASSWORD

ONE, SIX, FAR = ip_address("192.0.2.1"), ip_address("2001:db8:1::2"), ip_address("198.51.100.1")
ECHO = {0x0800: (23, 1, 34, 8), 0x86DD: (20, 58, 54, 128)}
"""Of each kind of frame: where it says ICMP, and how; where that says that it asks, and how."""
LIFE = {0x0800: 22, 0x86DD: 21}
"""Where it says how many routers it may cross."""


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[LinuxRig]:
    monkeypatch.setenv("BENCH_PASSWORD", PASSWORD)
    with LinuxBench().start() as started:
        yield started


@pytest.fixture
def driver(rig: LinuxRig) -> LinuxNft:
    driver = rig.at_once()
    assert isinstance(driver, LinuxNft)
    return driver


def lives(frames: list[bytes]) -> set[tuple[int, int]]:
    """Kind and remaining hops of the echo requests among these."""
    found = set()
    for frame in frames:
        kind = int.from_bytes(frame[12:14], "big")
        if kind in ECHO:
            protocol_at, protocol, type_at, asks = ECHO[kind]
            if frame[protocol_at] == protocol and frame[type_at] == asks:
                found.add((kind, frame[LIFE[kind]]))
    return found


def test_what_is_asked_is_forwarded_by_nobody(rig: LinuxRig, driver: LinuxNft) -> None:
    assert driver.answering([ONE, SIX]) == {ONE, SIX}
    # Whoever has answered has been asked, and what comes out is seen before it is.
    frames = received(rig.router.link("eth0"))
    assert lives(frames) == {(0x0800, 1), (0x86DD, 1)}


def test_one_whose_network_is_gone_does_not_answer(rig: LinuxRig, driver: LinuxNft) -> None:
    assert driver.answering([ONE, FAR]) == {ONE, FAR}
    rig.edit("ip address del 198.51.100.254/24 dev eth1", "ip -4 route del default")
    assert driver.answering([ONE, FAR]) == {ONE}


def test_router_without_ping_is_a_named_error(rig: LinuxRig) -> None:
    driver = rig.over_the_wire()
    assert isinstance(driver, LinuxNft)
    entrance = rig.router.folder / "entrance"
    intact = entrance.read_text()
    hidden = f"unshare --mount sh -c 'mount --bind /dev/null \"$(command -v ping)\" && exec {HELPER}'"
    entrance.write_text(intact.replace(str(HELPER), hidden))
    try:
        with pytest.raises(StateUnknown, match=r"which next hops answer: .*ping is missing on this router"):
            driver.answering([ONE])
    finally:
        entrance.write_text(intact)
    assert driver.answering([ONE]) == {ONE}


@pytest.mark.parametrize("number", [0, 1])
def test_one_of_two_that_go_by_a_next_hop_is_moved_without_the_other(rig: LinuxRig, number: int) -> None:
    both = [TICKETS[0], Ticket(steer(9, 48, "192.0.2.1", CMS), TO_CMS, "192.0.2.1")]
    driver = rig.at_once()
    parts = list(reconcile(driver, [ticket.part for ticket in both]).parts)
    rig.watch(lambda: stays.append(both[1 - number].is_served(rig)))
    for next_hop in ("192.0.2.2", "192.0.2.1"):
        stays: list[bool] = []
        intent = parts[number].intent
        assert isinstance(intent, PolicyRoute)
        moved = dataclasses.replace(intent, next_hop=ip_address(next_hop))
        parts[number] = dataclasses.replace(parts[number], intent=moved)
        done = reconcile(driver, parts)
        parts = list(done.parts)
        assert not done.left
        assert rig.path(both[number]) == next_hop
        assert stays
        assert all(stays)
    rig.watch(None)


@pytest.mark.parametrize(
    "lines",
    [
        "-f",
        "192.0.2.1 -f",
        "192.0.2.1\t-f",
        "192.0.2.1;id",
        "$(id)",
        "*",
        "localhost",
        "abc",
        "3232235777",
        "127.1",
        "010.0.0.1",
        "256.0.0.1",
        "192.0.2.1\n\n192.0.2.2",
        "192.0.2.1\r",
        "192.0.2.1\n# end\n192.0.2.2",
        "fe80::1%eth0",
        ":::",
        "1::2::3",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7::1:2",
        "::ffff:192.0.2.1",
        "12345::",
        "\n".join(["192.0.2.1"] * 65),
    ],
)
def test_nobody_is_asked_by_anything_but_an_address(lines: str) -> None:
    environment = {**os.environ, "SSH_ORIGINAL_COMMAND": "lambdastation-router ping"}
    command = ["unshare", "--net", str(HELPER)]
    ended = subprocess.run(
        command,
        check=False,
        env=environment,
        input=f"{lines}\n# end\n".encode(),
        capture_output=True,
    )
    assert (ended.returncode, ended.stdout) == (64, b"")
    assert b"lambdastation-router: ping: " in ended.stderr
