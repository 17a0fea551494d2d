"""What NX-OS prints is read as it means it: entries, counters, features."""

import pytest

from netconfig.cisco.ace import canonical
from netconfig.cisco.count import read_hits
from netconfig.cisco.running import parse_running
from netconfig.drivers.cisco_nxos.dialect import NXOS
from tests.unit.cisco_nxos.workshop import EMPTY, our_entry, our_list

SHOWN = """
IP access list LS-FNAL-42
        statistics per-entry 
        10 remark LS reservation 42 database 6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11 
        20 permit tcp 131.225.204.0/24 192.84.86.0/24 range 5000 6000 dscp cs4 [match=1234] 
        30 permit udp 131.225.205.7/32 eq ntp any [match=0] 

IP access list EDGE-IN
        10 permit tcp any any eq smtp 
        1000 deny ip any any log 
"""  # noqa: W291 - so it prints them


@pytest.mark.parametrize(
    ("printed", "expected", "family"),
    [
        ("permit ip 10.1.2.3/32 any", "permit ip 10.1.2.3/32 any", 4),
        ("permit ip host 10.1.2.3 10.0.0.0 0.255.255.255", "permit ip 10.1.2.3/32 10.0.0.0/8", 4),
        ("permit ip 10.1.2.3/24 0.0.0.0/0", "permit ip 10.1.2.0/24 any", 4),
        ("permit ip 10.0.2.0 0.0.253.255 any", "permit ip 10.0.2.0 0.0.253.255 any", 4),
        ("deny udp any gt 1023 any dscp AF23", "deny udp any range 1024 65535 any dscp 22", 4),
        ("permit tcp addrgroup HOSTS any", "permit tcp addrgroup HOSTS any", 4),
        ("permit ipv6 host 2001:DB8::1 2001:DB8::/32", "permit ipv6 2001:db8::1/128 2001:db8::/32", 6),
    ],
)
def test_entry_has_one_way_of_writing(printed: str, expected: str, family: int) -> None:
    assert canonical(printed, family, NXOS) == expected
    assert canonical(expected, family, NXOS) == expected


def test_entries_without_a_counter_are_not_taken_for_never_hit() -> None:
    assert read_hits(SHOWN, 4, NXOS) == {
        "LS-FNAL-42": {
            "permit tcp 131.225.204.0/24 192.84.86.0/24 range 5000 6000 dscp 32": 1234,
            "permit udp 131.225.205.7/32 eq 123 any": 0,
        },
        "EDGE-IN": {},
    }


def test_missing_feature_is_what_the_configuration_lacks() -> None:
    assert parse_running(EMPTY, NXOS).lacks == ""
    assert parse_running(EMPTY.replace("feature pbr", "feature ospf"), NXOS).lacks == "feature pbr"


@pytest.mark.parametrize("counts", [True, False])
def test_list_says_whether_it_counts_and_statistics_of_a_map_are_no_entry(*, counts: bool) -> None:
    running = parse_running(
        our_list(counts=counts) + "route-map LS-FNAL-Ethernet1/1 pbr-statistics\n" + our_entry(), NXOS
    )
    assert running.access_lists["LS-FNAL-42"].counts is counts
    (entry,) = running.route_maps["LS-FNAL-Ethernet1/1"]
    assert entry.lines == ("match ip address LS-FNAL-42", "set ip next-hop 192.0.2.1")
    assert not running.is_loose(entry)
