"""Flow words are read and written back the same, and compared as sets of packets."""

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdastation.flow_words import (
    PortWord,
    collapsed,
    format_networks,
    format_ports,
    lies_inside,
    parse_networks,
    parse_ports,
)
from netconfig.intent import PortRange, Protocol

ports = st.integers(0, 65535)
ranges = st.tuples(ports, ports).map(lambda pair: PortRange(min(pair), max(pair)))
words = st.builds(
    PortWord,
    st.sampled_from([Protocol.TCP, Protocol.UDP]),
    st.none() | ranges.filter(lambda one: one != PortRange(0, 65535)),
)
networks = st.one_of(
    st.builds(
        lambda number, length: IPv4Network((number >> (32 - length) << (32 - length), length)),
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    st.builds(
        lambda number, length: IPv6Network((number >> (128 - length) << (128 - length), length)),
        st.integers(0, 2**128 - 1),
        st.integers(0, 128),
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp eq 25", "tcp eq 25"),
        ("tcp range 5000-6000", "tcp range 5000-6000"),
        ("tcp range 5000 6000", "tcp range 5000-6000"),
        ("TCP  Range 5000 - 6000", "tcp range 5000-6000"),
        ("udp le 3200", "udp le 3200"),
        ("udp ge 1024", "udp ge 1024"),
        ("tcp", "tcp"),
        ("tcp range 0-65535", "tcp"),
        ("tcp range 25-25", "tcp eq 25"),
        ("tcp le 0", "tcp eq 0"),
        ("tcp eq 25,udp eq 53 , tcp eq 25", "tcp eq 25, udp eq 53"),
    ],
)
def test_port_words_are_read_as_the_slides_write_them(text: str, expected: str) -> None:
    assert format_ports(parse_ports(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "25",
        "eq 25",
        "icmp",
        "tcp eq",
        "tcp eq smtp",
        "tcp eq -1",
        "tcp eq 65536",
        "tcp eq 999999",
        "tcp range 5000",
        "tcp range 6000-5000",
        "tcp lt 5",
        "tcp eq 25; udp eq 53",
        "tcp eq 25 udp eq 53",
        "tcp eq \uff12\uff15",
    ],
)
def test_other_port_words_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ports"):
        parse_ports(text)


@given(st.lists(words, min_size=1, unique=True))
def test_ports_are_written_so_that_they_are_read_back(many: list[PortWord]) -> None:
    assert parse_ports(format_ports(many)) == tuple(many)


@given(words, words)
def test_a_word_contains_another_when_each_of_its_ports_is_in_it(one: PortWord, other: PortWord) -> None:
    def members(word: PortWord) -> range:
        return range(65536) if word.ports is None else range(word.ports.first, word.ports.last + 1)

    inside = members(other)[0] in members(one) and members(other)[-1] in members(one)
    assert one.contains(other) == (one.protocol is other.protocol and inside)


@given(st.lists(networks, min_size=1))
def test_networks_are_written_so_that_they_are_read_back(many: list[IPv4Network | IPv6Network]) -> None:
    assert parse_networks(format_networks(many)) == tuple(many)


@given(st.lists(networks))
def test_collapsing_keeps_the_addresses_and_no_block_lies_in_another(
    many: list[IPv4Network | IPv6Network],
) -> None:
    fewer = collapsed(many)
    assert all(lies_inside(network, fewer) for network in many)
    assert all(lies_inside(block, many) for block in fewer)
    for block in fewer:
        assert not lies_inside(block, [other for other in fewer if other != block])


def test_two_halves_hold_the_whole() -> None:
    halves = parse_networks("192.84.86.0/25, 192.84.86.128/25")
    assert lies_inside(ip_network("192.84.86.0/24"), halves)
    assert not lies_inside(ip_network("192.84.86.0/23"), halves)
    assert not lies_inside(ip_network("::/0"), halves)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.84.86.1", "192.84.86.1/32"),
        ("131.225.204.0/255.255.255.0", "131.225.204.0/24"),
        ("2605:D9C0:2::/48", "2605:d9c0:2::/48"),
        ("2605:d9c0:2::1", "2605:d9c0:2::1/128"),
    ],
)
def test_addresses_are_read_with_either_mask_or_none(text: str, expected: str) -> None:
    assert format_networks(parse_networks(text)) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "addresses are written"),
        ("192.84.86.0/24,", "addresses are written"),
        ("192.84.86.0/33", "addresses are written"),
        ("192.84.86", "addresses are written"),
        ("192.084.86.0/24", "addresses are written"),
        ("caltech.edu", "addresses are written"),
        ("192.84.86.1/24", "the block is 192.84.86.0/24"),
        ("fe80::1%eth0", "zone"),
        ("131.225.204.0/0.0.0.255", "a wildcard mask is not taken, write 131.225.204.0/24"),
    ],
)
def test_other_addresses_are_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_networks(text)
