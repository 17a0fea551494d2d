"""Hits of entries, in the words of `show ip access-lists` and `show ipv6 access-list`."""

import dataclasses

from netconfig.carried import is_router_part
from netconfig.cisco.count import count_parts, read_hits
from netconfig.driver import Count
from netconfig.drivers.cisco_ios.dialect import IOS
from tests.contract.drivers.cisco_ios_bench import BULK, permit, steer

IPV4 = """\
Standard IP access list 7
    10 permit 192.0.2.1 (9 matches)
Extended IP access list EDGE-IN
    10 permit tcp any any eq smtp (1 match)
    500 permit tcp 192.84.86.0 0.0.0.255 range 5000 6000 131.225.204.0 0.0.0.255 dscp cs4 (12 matches)
    1000 deny ip any any log (77 matches)
Extended IP access list LS-FNAL-42
    10 permit tcp 131.225.204.0 0.0.0.255 192.84.86.0 0.0.0.255 range 5000 6000 dscp cs4 (99 estimate matches)
    20 permit ip host 192.0.2.7 any
Reflexive IP access list MIRROR
     permit udp host 192.0.2.1 eq domain host 192.0.2.7 eq 1024 (2 matches) (time left 299)
Extended IP access list LS-FNAL-43
"""
IPV6 = """\
IPv6 access list LS-FNAL-44-v6
    permit tcp 2001:DB8:FE::/48 2001:DB8:CA::/48 range 5000 6000 (3 matches) sequence 20
"""


def test_hits_are_read_by_list_and_by_the_one_way_of_writing_an_entry() -> None:
    hits = read_hits(IPV4, 4, IOS)
    assert hits["LS-FNAL-42"] == {
        "permit tcp 131.225.204.0 0.0.0.255 192.84.86.0 0.0.0.255 range 5000 6000 dscp 32": 99,
        "permit ip host 192.0.2.7 any": 0,
    }
    assert hits["EDGE-IN"]["permit tcp any any eq 25"] == 1
    assert read_hits(IPV6, 6, IOS) == {
        "LS-FNAL-44-v6": {"permit tcp 2001:db8:fe::/48 2001:db8:ca::/48 range 5000 6000": 3}
    }


def test_garbage_and_another_language_tell_nothing() -> None:
    for shown in (
        "",
        "% Ung\xfcltige Eingabe\n",
        "\x00\x07#@!~ %^ garbage\n    10 permit ip any any (7 matches)\n",
    ):
        assert read_hits(shown, 4, IOS) == {}


def test_parts_have_what_their_own_entries_count() -> None:
    hits = read_hits(IPV4, 4, IOS)
    route = dataclasses.replace(
        steer(1, 42, "192.0.2.1", BULK), placement={"acl": "LS-FNAL-42", "map": "M", "sequence": 10}
    )
    line = {"text": "permit tcp 192.84.86.0 0.0.0.255 range 5000 6000 131.225.204.0 0.0.0.255 dscp 32"}
    ours = {**line, "sequence": 500, "existed": False}
    admits = dataclasses.replace(
        permit(2, 42, "EDGE-IN", BULK.reversed()), placement={"acl": "EDGE-IN", "lines": [ours]}
    )
    assert count_parts(list(filter(is_router_part, [route, admits])), hits) == {1: Count(99), 2: Count(12)}
    site_had_it = dataclasses.replace(
        admits, placement={"acl": "EDGE-IN", "lines": [{**ours, "existed": True}]}
    )
    gone = dataclasses.replace(route, placement={"acl": "LS-FNAL-43", "map": "M", "sequence": 10})
    assert count_parts(list(filter(is_router_part, [site_had_it, gone])), hits) == {}
