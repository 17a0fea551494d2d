"""Entries are written one way, and read whichever way FTOS prints them."""

import dataclasses
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netconfig.drivers.dell_force10.entries import canonical, read_redirect, write_permit, write_redirect
from netconfig.intent import FlowMatch, PortRange, Protocol
from netconfig.simulator.ftos_condition import read_condition

networks = st.builds(
    lambda base, length: IPv4Network((base, length), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)
ranges = st.none() | st.builds(
    lambda one, other: PortRange(min(one, other), max(one, other)),
    st.integers(0, 65535),
    st.integers(0, 65535),
)
with_ports = st.builds(
    FlowMatch, networks, networks, st.sampled_from([Protocol.TCP, Protocol.UDP]), ranges, ranges
)
without = st.builds(FlowMatch, networks, networks, st.sampled_from([None, Protocol.ICMP]))
next_hops = st.builds(IPv4Address, st.integers(0, 2**32 - 1))


@pytest.mark.parametrize(
    ("printed", "compared"),
    [
        ("permit 6 10.3.0.0 /16 any eq 25", "permit tcp 10.3.0.0/16 any eq 25"),
        ("deny ip 10.3.7.7 255.255.0.0 host 10.0.0.1", "deny ip 10.3.0.0/16 host 10.0.0.1"),
        ("permit tcp any 10.0.0.1/32 dscp 32 range 5 6", "permit tcp any host 10.0.0.1 range 5 6 dscp 32"),
        ("permit udp any gt 1023 any lt 1024", "permit udp any range 1024 65535 any range 0 1023"),
        ("permit tcp any any range 7 7 count byte", "permit tcp any any eq 7 count byte"),
        ("redirect 192.0.2.1 ip 0.0.0.0/0 10.0.0.0 255.0.0.0", "redirect 192.0.2.1 ip any 10.0.0.0/8"),
        ("permit tcp any any neq 7 ack", "permit tcp any any neq 7 ack"),
        # A mask with holes is none of ours and stays as it is, and so does what is not understood.
        ("permit ip 10.0.0.0 0.255.255.255 any", "permit ip 10.0.0.0 0.255.255.255 any"),
        ("permit ip 10.0.0.1 255.0.255.255 any", "permit ip 10.0.0.1 255.0.255.255 any"),
        ("redirect tunnel 1 track 3 ip any any", "redirect tunnel 1 track 3 ip any any"),
        ("permit tcp  any   any eq telnet", "permit tcp any any eq telnet"),
        ("permit", "permit"),
    ],
)
def test_whichever_way_it_is_printed_it_is_compared_one_way(printed: str, compared: str) -> None:
    assert canonical(printed) == compared
    assert canonical(compared) == compared


@given(flow=with_ports | without, next_hop=next_hops)
def test_what_is_written_is_what_is_compared_and_reads_back_as_the_flow(
    flow: FlowMatch, next_hop: IPv4Address
) -> None:
    redirect, permit = write_redirect(flow, next_hop), write_permit(dataclasses.replace(flow, dscp=32))
    assert (canonical(redirect), canonical(permit)) == (redirect, permit)
    assert read_redirect(redirect) == (flow, next_hop)
    # The simulator, which was written apart, takes it for the same.
    assert str(read_condition(permit.partition(" ")[2], redirects=False)) == permit.partition(" ")[2]


@pytest.mark.parametrize(
    "text",
    [
        "redirect 192.0.2.1 tcp any any ack",
        "redirect 192.0.2.1 47 any any",
        "redirect 192.0.2.1 tcp any any range 7 7",
        "redirect nowhere ip any any",
        "permit 192.0.2.1 ip any any",
        "permit ip any any",
        "redirect 192.0.2.1 ip any",
        "redirect 192.0.2.1 icmp any any eq 8",
        "",
    ],
)
def test_what_we_never_write_is_read_as_nothing(text: str) -> None:
    assert read_redirect(text) is None
