"""One entry, one way of writing it."""

from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netconfig.cisco.ace import canonical, write_permit
from netconfig.drivers.cisco_ios.dialect import IOS
from netconfig.intent import FlowMatch, IpNetwork, PortRange, Protocol


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("permit tcp any any eq smtp", "permit tcp any any eq 25"),
        ("permit tcp any eq www any", "permit tcp any eq 80 any"),
        ("permit tcp any any eq www 443", "permit tcp any any eq 80 443"),
        ("permit udp any any eq ntp", "permit udp any any eq 123"),
        ("permit tcp any any dscp cs4", "permit tcp any any dscp 32"),
        ("permit ip any any dscp default", "permit ip any any dscp 0"),
        ("permit ip any any dscp ef log", "permit ip any any dscp 46 log"),
        ("permit ip any any dscp af41", "permit ip any any dscp 34"),
        ("deny   ip any   any log", "deny ip any any log"),
        ("permit 6 any any", "permit tcp any any"),
        ("permit 89 any any", "permit 89 any any"),
        ("permit ip 10.0.0.1 0.0.0.0 any", "permit ip host 10.0.0.1 any"),
        ("permit ip 0.0.0.0 255.255.255.255 any", "permit ip any any"),
        ("permit ip 10.1.2.3 0.0.0.255 any", "permit ip 10.1.2.0 0.0.0.255 any"),
        ("permit ip 10.0.2.0 0.0.253.255 any", "permit ip 10.0.2.0 0.0.253.255 any"),
        ("permit tcp any any range 80 80", "permit tcp any any eq 80"),
        ("permit tcp any any range ftp-data ftp", "permit tcp any any range 20 21"),
        ("permit tcp any any gt 1023", "permit tcp any any range 1024 65535"),
        ("permit tcp any any lt 1024", "permit tcp any any range 0 1023"),
        ("permit tcp any any neq 22", "permit tcp any any neq 22"),
        ("permit icmp any any echo", "permit icmp any any echo"),
        ("permit tcp any any established", "permit tcp any any established"),
        ("permit ip object-group HOSTS any", "permit ip object-group HOSTS any"),
        ("evaluate  OUT", "evaluate OUT"),
        ("permit tcp any any eq", "permit tcp any any eq"),
    ],
)
def test_ipv4_entry_has_one_way_of_writing(printed: str, expected: str) -> None:
    assert canonical(printed, 4, IOS) == expected
    assert canonical(expected, 4, IOS) == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("permit tcp 2001:DB8::/32 any eq bgp", "permit tcp 2001:db8::/32 any eq 179"),
        ("permit ipv6 host 2001:DB8::1 ::/0", "permit ipv6 host 2001:db8::1 any"),
        ("permit ipv6 2001:DB8::1/128 any dscp cs1", "permit ipv6 host 2001:db8::1 any dscp 8"),
    ],
)
def test_ipv6_entry_has_one_way_of_writing(printed: str, expected: str) -> None:
    assert canonical(printed, 6, IOS) == expected


ports = st.none() | st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(
    lambda bounds: PortRange(min(bounds), max(bounds))
)
dscp = st.none() | st.integers(0, 63)
ipv4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(lambda n: IPv4Network(n, strict=False))
ipv6 = st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(lambda n: IPv6Network(n, strict=False))


pairs = st.one_of(st.tuples(ipv4, ipv4), st.tuples(ipv6, ipv6))


@given(pairs, st.sampled_from(Protocol), ports, ports, dscp)
def test_what_we_write_is_what_we_read(
    networks: tuple[IpNetwork, IpNetwork],
    protocol: Protocol,
    source_ports: PortRange | None,
    destination_ports: PortRange | None,
    code_point: int | None,
) -> None:
    if protocol is Protocol.ICMP:
        source_ports = destination_ports = None
    source, destination = networks
    flow = FlowMatch(source, destination, protocol, source_ports, destination_ports, code_point)
    text = write_permit(flow, IOS)
    assert canonical(text, flow.family, IOS) == text
    assert len(text) < 200
