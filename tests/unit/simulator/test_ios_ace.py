"""An entry of an access list comes out as IOS prints it, and fits the packets it says."""

from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netconfig.simulator import NotModelled, Packet
from netconfig.simulator.grammar import IncompleteCommand, InvalidInput, LineRefused
from netconfig.simulator.ios_ace import Ace, Addresses, Ports, UnreadAce, read_ace


def printed(line: str, family: Literal[4, 6] = 4) -> str:
    ace = read_ace(line, 0, family)
    return f"{ace.action} {ace.condition}"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("permit tcp any any eq 25", "permit tcp any any eq smtp"),
        ("permit udp any any eq 53", "permit udp any any eq domain"),
        ("permit udp any any eq 514", "permit udp any any eq syslog"),
        ("permit tcp any any eq 514", "permit tcp any any eq cmd"),
        ("permit tcp any any range 20 21", "permit tcp any any range ftp-data ftp"),
        ("permit tcp any any range 6000 5000", "permit tcp any any range 5000 6000"),
        ("permit tcp any eq 80 443 any", "permit tcp any eq www 443 any"),
        ("permit tcp any any gt 1023", "permit tcp any any gt 1023"),
        (
            "permit tcp 131.225.204.0 0.0.0.255 192.84.86.0 0.0.0.255 range 5000 6000 dscp 32",
            "permit tcp 131.225.204.0 0.0.0.255 192.84.86.0 0.0.0.255 range 5000 6000 dscp cs4",
        ),
        ("permit ip any any dscp 46", "permit ip any any dscp ef"),
        ("permit ip any any dscp 18", "permit ip any any dscp af21"),
        ("permit ip any any dscp 0", "permit ip any any dscp default"),
        ("permit ip any any dscp 33", "permit ip any any dscp 33"),
        ("deny 6 any any", "deny tcp any any"),
        ("deny 41 any any", "deny 41 any any"),
        ("permit ip 10.1.2.3 0.0.0.0 any", "permit ip host 10.1.2.3 any"),
        ("permit ip 10.1.2.3 0.0.0.255 any", "permit ip 10.1.2.0 0.0.0.255 any"),
        ("permit ip 10.1.2.3 0.255.0.255 any", "permit ip 10.0.2.0 0.255.0.255 any"),
        ("permit ip 1.2.3.4 255.255.255.255 any", "permit ip any any"),
        ("perm tc any ho 10.0.0.1 eq sm", "permit tcp any host 10.0.0.1 eq smtp"),
        ("permit tcp any any established log", "permit tcp any any established log"),
        ("permit icmp any any echo-reply", "permit icmp any any echo-reply"),
    ],
)
def test_ipv4_entry_is_printed_in_ios_words(typed: str, shown: str) -> None:
    assert printed(typed) == shown


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("permit tcp 2001:db8::1/64 any eq 80", "permit tcp 2001:DB8::/64 any eq www"),
        ("permit ipv6 2001:db8::1/128 ::/0", "permit ipv6 host 2001:DB8::1 any"),
        ("permit ipv6 host 2001:db8::1 any dscp 10", "permit ipv6 host 2001:DB8::1 any dscp af11"),
        ("deny icmp any any nd-na", "deny icmp any any nd-na"),
    ],
)
def test_ipv6_entry_is_printed_in_ios_words(typed: str, shown: str) -> None:
    assert printed(typed, 6) == shown


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("permit tcp any any eq 65536", 22),
        ("permit tcp any any eq nowhere", 23),
        ("permit ip any any eq 80", 18),
        ("permit tpc any any", 8),
        ("permit ip 10.0.0.0/8 any", 10),
        ("permit ip any any dscp 64", 23),
        ("permit udp any any established", 19),
        ("permit ip any any dscp 1 dscp 2", 25),
        ("permit ipv6 any any", 9),
    ],
)
def test_wrong_entry_is_refused_where_it_is_wrong(line: str, column: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_ace(line, 0, 4)
    assert refusal.value.column == column


@pytest.mark.parametrize(
    "line", ["permit", "permit tcp", "permit tcp any", "permit tcp any any eq", "permit ip any any dscp"]
)
def test_half_an_entry_is_incomplete(line: str) -> None:
    with pytest.raises(IncompleteCommand):
        read_ace(line, 0, 4)


families: st.SearchStrategy[Literal[4, 6]] = st.sampled_from([4, 6])


@st.composite
def aces(draw: st.DrawFn) -> Ace:
    family = draw(families)
    bits = 32 if family == 4 else 128

    def addresses() -> Addresses:
        wildcard = (1 << draw(st.integers(0, bits))) - 1
        if family == 4 and draw(st.booleans()):
            wildcard = draw(st.integers(0, 2**32 - 1))
        return Addresses(family, draw(st.integers(0, 2**bits - 1)) & ~wildcard, wildcard)

    def ports() -> Ports | None:
        operator = draw(st.sampled_from(["", "eq", "neq", "gt", "lt", "range"]))
        numbers = draw(st.lists(st.integers(0, 65535), min_size=2, max_size=2))
        if operator == "range":
            return Ports(operator, tuple(sorted(numbers)))
        if operator in {"eq", "neq"}:
            return Ports(operator, tuple(numbers))
        return Ports(operator, tuple(numbers[:1])) if operator else None

    protocol = draw(st.sampled_from([None, 6, 17, 50, 200]))
    has_ports = protocol in {6, 17}
    return Ace(
        family,
        draw(st.booleans()),
        protocol,
        addresses(),
        addresses(),
        ports() if has_ports else None,
        ports() if has_ports else None,
        established=protocol == 6 and draw(st.booleans()),
        dscp=draw(st.none() | st.integers(0, 63)),
        log=draw(st.sampled_from([None, "log", "log-input"])),
    )


@settings(deadline=None)
@given(aces())
def test_what_is_printed_reads_back_as_the_same_entry(ace: Ace) -> None:
    assert read_ace(f"{ace.action} {ace.condition}", 0, ace.family) == ace


VOCABULARY = (
    "permit deny tcp ip any host 10.0.0.1 0.0.0.255 eq range 80 www dscp cs4 log established x 2001:db8::/32"
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(VOCABULARY.split()), max_size=9), families)
def test_any_words_are_read_or_refused(chosen: list[str], family: Literal[4, 6]) -> None:
    with suppress(LineRefused):
        assert read_ace(" ".join(chosen), 0, family).condition


def test_entry_on_icmp_messages_says_that_it_cannot_tell() -> None:
    ace = read_ace("permit icmp any any echo", 0, 4)
    assert not ace.matches(Packet("10.0.0.1", "10.0.0.2", "tcp", 1, 2))
    with pytest.raises(NotModelled):
        ace.matches(Packet("10.0.0.1", "10.0.0.2", "icmp"))
    with pytest.raises(NotModelled):
        UnreadAce("permit", "tcp any any time-range NIGHT").matches(Packet("10.0.0.1", "10.0.0.2"))


def test_entry_fits_only_its_own_family() -> None:
    assert not read_ace("permit ip any any", 0, 4).matches(Packet("2001:db8::1", "2001:db8::2"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "10.0.0"},
        {"destination": "2001:db8::1"},
        {"protocol": "quic"},
        {"protocol": 256},
        {"source_port": 65536},
        {"dscp": 64},
    ],
)
def test_packet_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    right: dict[str, object] = {"source": "10.0.0.1", "destination": "10.0.0.2"}
    with pytest.raises(ValueError, match=r"\S"):
        Packet(**{**right, **wrong})  # type: ignore[arg-type]
