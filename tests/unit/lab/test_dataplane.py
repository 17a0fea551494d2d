"""Steers become marks of nftables: the same packets, the same order, whatever was there before.

`python -m tests.unit.lab.test_dataplane` writes the golden file anew.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dataplane import DataPlane, compile_steers
from lab.network import Host
from lab.processes import CommandRefused
from netconfig.intent import FlowMatch, PortRange, Protocol
from netconfig.simulator import NotModelled, Packet, Steer
from netconfig.simulator.steer import anything
from tests.unit.simulator.packets import DROPPED, led

GOLDEN = Path(__file__).parents[2] / "fixtures" / "lab" / "steers.nft"
DEVICES = {"TenGigabitEthernet1/1": "inside", "TenGigabitEthernet1/2": "blue"}
RED, GREEN, SIX = (ip_address(word) for word in ("198.51.100.2", "203.0.113.2", "2001:db8:2::2"))
MARKS = {RED: 2, GREEN: 3, SIX: 2}
TE = "TenGigabitEthernet1/1"
WEST, EAST = ip_network("10.1.0.0/24"), ip_network("10.2.0.0/24")
CASES = (
    Steer(TE, FlowMatch(WEST, EAST, Protocol.TCP, None, PortRange(5000, 5999), 32), RED),
    Steer(TE, FlowMatch(WEST, EAST, Protocol.UDP, PortRange(7, 7)), GREEN),
    Steer(TE, FlowMatch(WEST, EAST, Protocol.TCP, None, PortRange(22, 22)), None),
    Steer(TE, FlowMatch(WEST, EAST), RED),
    Steer(TE, FlowMatch(ip_network("2001:db8:a::/64"), ip_network("::/0"), Protocol.ICMP, dscp=8), SIX),
    Steer("TenGigabitEthernet1/2", anything(4), None, drops=True),
    Steer("TenGigabitEthernet9/9", anything(4), RED),
    Steer(TE, anything(6), ip_address("2001:db8:9::9")),
)


def test_steers_become_what_the_file_says() -> None:
    assert compile_steers(CASES, DEVICES, MARKS) == GOLDEN.read_text(encoding="utf-8")


# The other half of a round trip: a reader of what was written, as nftables reads it.


def verdict(rules: str, device: str, packet: Packet) -> str | None:
    """What the first rule that fits says of a packet; None of one that goes its usual way."""
    for rule in re.findall(r"^\t\tiifname .*$", rules, re.MULTILINE):
        conditions, said = rule.strip().split(" counter ")
        pairs = re.findall(r"(.*?) (\S+)(?: |$)", grouped(conditions))
        if all(holds(field, value, device, packet) for field, value in pairs):
            if said == "drop":
                return DROPPED
            marked = re.fullmatch(r"meta mark set (\d+) accept", said)
            return marked[1] if marked else None
    return None


def grouped(conditions: str) -> str:
    """With the words of a field joined, so that conditions are pairs."""
    return re.sub(
        r"\b(meta|ip6?|tcp|udp) (nfproto|l4proto|saddr|daddr|sport|dport|dscp)", r"\1_\2", conditions
    )


def holds(field: str, value: str, device: str, packet: Packet) -> bool:
    ports = {"sport": packet.source_port, "dport": packet.destination_port}
    addresses = {"saddr": packet.source, "daddr": packet.destination}
    name = field.rpartition("_")[2]
    if name in ports:
        first, _, last = value.partition("-")
        port = ports[name]
        return port is not None and int(first) <= port <= int(last or first)
    if name in addresses:
        return ip_address(addresses[name]) in ip_network(value)
    numbers = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58}
    return {
        "iifname": value == f'"{device}"',
        "nfproto": value == f"ipv{packet.family}",
        "l4proto": numbers.get(value) == packet.protocol_number,
        "dscp": value == str(packet.dscp),
    }[name]


ports = st.none() | st.sampled_from([PortRange(25, 25), PortRange(20, 80)])
networks = st.sampled_from([ip_network(word) for word in ("0.0.0.0/0", "10.1.0.0/24", "10.1.0.1/32")])
flows = st.one_of(
    st.builds(FlowMatch, networks, networks, st.sampled_from([Protocol.TCP, Protocol.UDP]), ports, ports),
    st.builds(FlowMatch, networks, networks, st.sampled_from([None, Protocol.ICMP])),
    st.builds(FlowMatch, networks, networks, dscp=st.sampled_from([0, 32])),
    st.just(anything(6)),
)
orders = st.lists(
    st.builds(
        Steer, st.sampled_from([TE, "TenGigabitEthernet1/2"]), flows, st.sampled_from([None, RED, GREEN])
    )
    | st.builds(Steer, st.just(TE), flows, st.none(), st.just(True)),
    max_size=5,
)
PACKETS = [
    Packet(source, destination, protocol, near, far, dscp)
    for source, destination in (
        ("10.1.0.1", "10.1.0.2"),
        ("10.1.0.2", "10.9.0.1"),
        ("2001:db8::1", "2001:db8::2"),
    )
    for protocol, near, far in (
        ("tcp", 25, 80),
        ("tcp", 9, 25),
        ("udp", 80, 25),
        (1, None, None),
        (58, None, None),
    )
    for dscp in (0, 32)
]


@given(orders, st.sampled_from(PACKETS))
def test_first_steer_that_fits_a_packet_is_the_first_rule_that_does(
    order: list[Steer], packet: Packet
) -> None:
    rules = compile_steers(order, DEVICES, MARKS)
    where = led(order, TE, packet)
    expected = str(MARKS[ip_address(where)]) if where not in {None, DROPPED} else where
    assert verdict(rules, "inside", packet) == expected


class Router:
    """One whose steers are what it is told."""

    def __init__(self) -> None:
        self.after_change: Callable[[], None] | None = None
        self.told: tuple[Steer, ...] | NotModelled = ()

    def steers(self) -> tuple[Steer, ...]:
        if isinstance(self.told, NotModelled):
            raise self.told
        return self.told


class Kernel(Host):
    """Remembers what it is given; takes nothing that drops."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def run(self, *command: str, typed: str | None = None) -> str:
        assert command == ("nft", "-f", "-")
        if " drop" in str(typed):
            raise CommandRefused("nft: no")
        self.loaded.append(str(typed))
        return ""


@pytest.fixture
def router() -> Router:
    return Router()


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def plane(router: Router, kernel: Kernel) -> DataPlane:
    return DataPlane("west-border", router, kernel, DEVICES, MARKS)


def test_what_does_not_change_is_not_loaded_again(router: Router, kernel: Kernel, plane: DataPlane) -> None:
    with plane:
        router.told = CASES[:1]
        plane.refresh()
        plane.refresh()
    assert kernel.loaded == [compile_steers(told, DEVICES, MARKS) for told in ((), CASES[:1])]
    assert router.after_change is None


def test_what_is_not_modelled_steers_nothing_and_is_said_once(
    router: Router, kernel: Kernel, plane: DataPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    with plane:
        router.told = CASES[:1]
        plane.refresh()
        router.told = NotModelled("match length 3 200")
        plane.refresh()
        plane.refresh()
        assert kernel.loaded[-1] == compile_steers((), DEVICES, MARKS)
        [line] = capsys.readouterr().err.splitlines()
        assert "match length 3 200" in line
        assert "west-border" in line


def test_what_the_kernel_refuses_steers_nothing_and_is_said(
    router: Router, kernel: Kernel, plane: DataPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    with plane:
        router.told = (Steer(TE, anything(4), None, drops=True),)
        plane.refresh()
        assert kernel.loaded[-1] == compile_steers((), DEVICES, MARKS)
        assert "nft: no" in capsys.readouterr().err


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(compile_steers(CASES, DEVICES, MARKS), encoding="utf-8")
