"""Single packets: of a flow, beside it, and in bytes."""

import struct
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.packets import TOKEN_AT, Packet, encode, packet_beside, packet_of
from lab.sites import EAST, WEST
from netconfig.intent import FlowMatch, PortRange, Protocol

TOKEN = b"twelve bytes"
V4 = (ip_network("10.1.0.0/24"), ip_network("10.2.0.0/24"))
V6 = (ip_network("2001:db8:a::/64"), ip_network("2001:db8:b::/64"))
ONE_PAIR = (ip_network("10.1.0.11/32"), ip_network("10.2.0.12/32"))
NOWHERE = FlowMatch(ip_network("192.0.2.0/24"), ip_network("10.2.0.0/24"))

ports = st.none() | st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(
    lambda two: PortRange(min(two), max(two))
)


@st.composite
def flows(draw: st.DrawFn) -> FlowMatch:
    protocol = draw(st.none() | st.sampled_from(Protocol))
    has_ports = protocol in {Protocol.TCP, Protocol.UDP}
    return FlowMatch(
        *draw(st.sampled_from((V4, V6, ONE_PAIR))),
        protocol,
        draw(ports) if has_ports else None,
        draw(ports) if has_ports else None,
        draw(st.none() | st.integers(0, 63)),
    )


@given(flows())
def test_packet_of_a_flow_is_of_it(flow: FlowMatch) -> None:
    packet = packet_of(flow, WEST)
    assert packet is not None
    assert packet.is_of(flow)


@given(st.lists(flows(), min_size=1, max_size=4))
def test_packet_beside_flows_is_of_none_of_them(several: list[FlowMatch]) -> None:
    packet = packet_of(several[0], WEST)
    assert packet is not None
    beside = packet_beside(packet, several, WEST)
    assert beside is None or not any(beside.is_of(flow) for flow in several)


@given(flows())
def test_packet_has_its_token_in_one_place_and_no_host_takes_it(flow: FlowMatch) -> None:
    packet = packet_of(flow, WEST)
    assert packet is not None
    data = encode(packet, token=TOKEN)
    assert data[TOKEN_AT:] == TOKEN
    head = 20 if packet.family == 4 else 40
    ends = data[12:20] if packet.family == 4 else data[8:40]
    assert ends == packet.source.packed + packet.destination.packed
    is_bare = packet.family == 4 and packet.protocol is Protocol.ICMP
    number = data[9] if packet.family == 4 else data[6]
    covered = b"" if is_bare else ends + struct.pack("!II", len(data) - head, number)
    words = struct.unpack(f"!{(len(covered) + len(data) - head) // 2}H", covered + data[head:])
    if packet.protocol is not Protocol.ICMP:
        assert struct.unpack_from("!HH", data, head) == (packet.source_port, packet.destination_port)
    assert int.from_bytes(data[:2]) >> (2 if packet.family == 4 else 6) & 63 == packet.dscp
    # A right one would make it 0.
    assert sum(words) % 0xFFFF == 1


@pytest.mark.parametrize(
    ("flow", "beside"),
    [
        (FlowMatch(*V4, Protocol.UDP, None, PortRange(5001, 5003)), {"destination_port": 5004}),
        (FlowMatch(*V4, Protocol.TCP, None, PortRange(5001, 65535)), {"destination_port": 5000}),
        (FlowMatch(*V4, Protocol.TCP, PortRange(20, 20)), {"source_port": 21}),
        (FlowMatch(*V4, Protocol.TCP), {"protocol": Protocol.UDP}),
        (FlowMatch(*V4, Protocol.ICMP), {"protocol": Protocol.UDP}),
        (FlowMatch(*V6, None, dscp=48), {"dscp": 0}),
        (FlowMatch(*ONE_PAIR), {"destination": EAST.address(4, 1)}),
    ],
)
def test_packet_beside_a_flow_differs_as_little_as_it_can(flow: FlowMatch, beside: dict[str, object]) -> None:
    packet = packet_of(flow, WEST)
    assert packet is not None
    found = packet_beside(packet, [flow], WEST)
    assert found is not None
    assert {name: getattr(found, name) for name in beside} == beside


def test_packet_beside_one_ticket_is_none_of_anothers() -> None:
    first, next_to_it = (FlowMatch(*V4, Protocol.UDP, None, PortRange(port, port)) for port in (5001, 5002))
    packet = packet_of(first, WEST)
    assert packet is not None
    beside = packet_beside(packet, [first, next_to_it], WEST)
    assert beside is not None
    assert beside.destination_port == 5000


def test_flow_of_all_that_hosts_can_send_has_no_packet_beside_it() -> None:
    everything = FlowMatch(*V4)
    packet = packet_of(everything, WEST)
    assert packet is not None
    assert packet_beside(packet, [everything], WEST) is None


def test_flow_of_other_hosts_has_no_packet() -> None:
    assert packet_of(NOWHERE, WEST) is None
    assert packet_of(FlowMatch(*V4), EAST) is None


def test_packet_is_spoken_as_people_write_it() -> None:
    packet = packet_of(FlowMatch(*V6, Protocol.TCP, None, PortRange(443, 443), 46), WEST)
    assert isinstance(packet, Packet)
    assert str(packet) == "tcp [2001:db8:a::b]:40000 > [2001:db8:b::b]:443 dscp 46"
