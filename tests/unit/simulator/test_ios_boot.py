"""A configuration text survives the router: what is understood in IOS's words, the rest byte for byte."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netconfig.simulator.grammar import LineRefused
from netconfig.simulator.ios_boot import load
from netconfig.simulator.ios_commands import apply_line
from netconfig.simulator.ios_config import IosConfig
from netconfig.simulator.ios_mode import GLOBAL


def rendered(text: str, *, numbers: bool = True) -> str:
    return load(text).render(show_sequence_numbers=numbers)


def test_what_a_router_printed_comes_out_byte_for_byte(text: str) -> None:
    assert rendered(text) == text


def test_header_comments_and_what_follows_the_end_are_dropped(text: str) -> None:
    printed = (
        "Building configuration...\n\nCurrent configuration : 1 bytes\n!\n"
        f"! Last configuration change at 10:00:00 UTC Mon Jan 1 2024 by admin\n!\n{text}\nborder-1#"
    )
    assert rendered(printed) == text


def test_what_is_understood_is_printed_in_ios_words() -> None:
    typed = """\
hostname r
int Te1/1
 desc uplink
! a comment
 ip policy route-map R
ip access-list extended A
 permit tcp any any eq 25
route-map R 10
 match ip add A
end
"""
    assert (
        rendered(typed)
        == """\
hostname r
!
interface TenGigabitEthernet1/1
 description uplink
 ip policy route-map R
!
ip access-list extended A
 10 permit tcp any any eq smtp
!
route-map R permit 10
 match ip address A
!
end
"""
    )


def test_unknown_lines_of_a_known_block_keep_their_place() -> None:
    text = """\
hostname r
!
interface Vlan7
 ip address 10.0.0.1 255.0.0.0
 load-interval 30
 ip policy route-map R
!
ip access-list extended A
 10 permit tcp any any eq www time-range NIGHT
 20 permit ip any any
!
route-map R permit 10
 match length 3 200
 match ip address A
 set community 65001:7
!
end
"""
    assert rendered(text) == text


def test_blocks_in_another_order_than_ios_stay_where_they_are() -> None:
    text = """\
line vty 0 4
 login
!
hostname r
!
route-map R permit 10
!
interface Vlan7
 no ip address
!
end
"""
    assert rendered(text) == text


def test_new_sections_stand_where_ios_prints_them(config: IosConfig) -> None:
    mode = GLOBAL
    lines = (
        "ip access-list extended NEW",
        "route-map NEW 10",
        "ip route 10.0.0.0 255.0.0.0 192.0.2.3",
        "interface Loopback0",
        "ipv6 access-list NEW6",
    )
    for line in lines:
        config, mode = (step := apply_line(config, mode, line)).config, step.mode
    printed = config.render(show_sequence_numbers=True).splitlines()
    headers = [line for line in printed if line and line[0] not in " !"]
    order = [
        "interface TenGigabitEthernet1/1",
        "interface Loopback0",
        "router bgp 65001",
        "ip route 203.0.113.0 255.255.255.0 192.0.2.9",
        "ip route 10.0.0.0 255.0.0.0 192.0.2.3",
        "ip access-list extended OTHER",
        "ip access-list extended NEW",
        "route-map SITE permit 10",
        "route-map NEW permit 10",
        "ipv6 access-list EDGE6-IN",
        "ipv6 access-list NEW6",
        "banner motd ^C",
    ]
    assert [header for header in headers if header in order] == order


def test_classic_router_forgets_the_numbers_of_its_ipv4_lists() -> None:
    config = load("ip access-list extended A\n 5 permit tcp any any eq www\n 7 deny ip any any\n")
    again = load(config.render(show_sequence_numbers=False))
    assert [line.sequence for line in again.access_lists(4)[0].lines] == [10, 20]


LINES = (
    "interface Te1/1",
    "interface Loopback0",
    "no interface Loopback0",
    "description a  b",
    "mtu 9000",
    "shutdown",
    "no shutdown",
    "ip address 10.0.0.1 255.0.0.0",
    "ip address 10.1.0.1 255.255.0.0 secondary",
    "no ip address",
    "ip policy route-map R",
    "no ip policy route-map",
    "ip access-group A in",
    "ipv6 address 2001:db8::1/64",
    "ipv6 traffic-filter A out",
    "ip access-list extended A",
    "ip access-list extended B",
    "no ip access-list extended A",
    "ip access-list resequence A 100 7",
    "permit tcp any any eq 25",
    "15 permit udp any any",
    "12 remark early",
    "remark late",
    "deny ip any any",
    "no 10",
    "no 12 remark",
    "ipv6 access-list A",
    "sequence 15 permit tcp any any",
    "permit udp any any sequence 40",
    "sequence 35 remark six",
    "route-map R permit 10",
    "route-map R deny 5",
    "route-map R",
    "no route-map R",
    "no route-map R 5",
    "match ip address A B",
    "match ipv6 address A",
    "set ip next-hop 192.0.2.1 192.0.2.2",
    "set ipv6 next-hop 2001:db8::7",
    "no match ip address A",
    "ip route 0.0.0.0 0.0.0.0 192.0.2.1",
    "no ip route 0.0.0.0 0.0.0.0",
    "ipv6 route ::/0 2001:db8::9",
    "hostname other",
    "exit",
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=60), st.booleans())
def test_any_configuration_survives_a_reload(lines: list[str], numbers: bool) -> None:
    config, mode = load("hostname r\n!\ninterface TenGigabitEthernet1/1\n no ip address\n!\n"), GLOBAL
    for line in lines:
        try:
            step = apply_line(config, mode, line)
        except LineRefused:
            continue
        config, mode = step.config, step.mode
    text = config.render(show_sequence_numbers=numbers)
    assert load(text).render(show_sequence_numbers=numbers) == text
    if numbers:
        assert dict(load(text).sections) == dict(config.sections)


SECOND = "10.0.0.1 255.0.0.0"
PAIRS = (
    (("interface Te1/1",), "description x", "no description"),
    (("interface Te1/1",), "mtu 9000", "no mtu"),
    (("interface Te1/1",), "shutdown", "no shutdown"),
    (("interface Te1/1",), "ip policy route-map R", "no ip policy route-map R"),
    (("interface Te1/1",), "ipv6 policy route-map R", "no ipv6 policy route-map R"),
    (("interface Te1/1",), "ip access-group A out", "no ip access-group A out"),
    (("interface Te1/1",), f"ip address {SECOND} secondary", f"no ip address {SECOND} secondary"),
    (("interface Te1/1",), "ipv6 address 2001:db8::9/64", "no ipv6 address 2001:db8::9/64"),
    ((), "interface Loopback7", "no interface Loopback7"),
    ((), "ip access-list extended NEW", "no ip access-list extended NEW"),
    (("ip access-list extended OTHER",), "permit tcp any any", "no permit tcp any any"),
    (("ip access-list extended OTHER",), "7 deny tcp any any", "no 7"),
    (("ip access-list extended TALK",), "remark late", "no remark late"),
    (("ip access-list extended TALK",), "10 remark new", "no 10 remark new"),
    ((), "ipv6 access-list NEW", "no ipv6 access-list NEW"),
    (("ipv6 access-list EDGE6-IN",), "permit tcp any any", "no permit tcp any any"),
    (("ipv6 access-list EDGE6-IN",), "sequence 5 deny tcp any any", "no sequence 5"),
    ((), "route-map NEW permit 10", "no route-map NEW permit 10"),
    ((), "route-map SITE permit 20", "no route-map SITE 20"),
    (("route-map SITE permit 10",), "match ip address NEW", "no match ip address NEW"),
    (("route-map SITE permit 10",), "set ip next-hop 192.0.2.8", "no set ip next-hop 192.0.2.8"),
    (("route-map SITE permit 10",), "set ipv6 next-hop 2001:db8::8", "no set ipv6 next-hop"),
    (("route-map SITE permit 10",), "description x", "no description"),
    ((), "ip route 10.0.0.0 255.0.0.0 192.0.2.3", "no ip route 10.0.0.0 255.0.0.0 192.0.2.3"),
    ((), "ipv6 route 2001:db8::/32 2001:db8::3", "no ipv6 route 2001:db8::/32"),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(PAIRS), max_size=8, unique=True), st.data())
def test_what_was_added_and_taken_away_leaves_no_trace(
    pairs: list[tuple[tuple[str, ...], str, str]], data: st.DataObject
) -> None:
    config = load(ORIGINAL)
    for inside, add, _ in pairs:
        config = _typed(config, *inside, add)
    for inside, _, remove in data.draw(st.permutations(pairs)):
        config = _typed(config, *inside, remove)
    assert config.render(show_sequence_numbers=True) == ORIGINAL


def _typed(config: IosConfig, *lines: str) -> IosConfig:
    mode = GLOBAL
    for line in lines:
        step = apply_line(config, mode, line)
        config, mode = step.config, step.mode
    return config


ORIGINAL = """\
hostname r
!
interface TenGigabitEthernet1/1
 no ip address
!
ip route 0.0.0.0 0.0.0.0 192.0.2.1
!
ip access-list extended OTHER
 10 remark all
 10 permit ip any any
ip access-list extended TALK
 10 remark all
 10 permit ip any any
!
route-map SITE permit 10
 match ip address OTHER
 set ip next-hop 192.0.2.7
!
ipv6 access-list EDGE6-IN
 sequence 10 permit tcp any any eq bgp
!
line vty 0 4
 login local
!
end
"""


@pytest.mark.parametrize(
    "text", ["", "\n", "!\n", "end\n", " stray\n", "banner motd #never ends\n", "no ip http\n"]
)
def test_no_text_keeps_a_router_from_booting(text: str) -> None:
    again = rendered(text)
    assert again.endswith("end\n")
    assert rendered(again) == again
