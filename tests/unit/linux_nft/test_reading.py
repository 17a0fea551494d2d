"""What a router tells that makes no sense is no reading of it; what a login says before it does no harm."""

import json
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from netconfig.carried import RouterPart
from netconfig.driver import Ownership, PartIntent
from netconfig.drivers.linux_nft.grounds import hindrance
from netconfig.drivers.linux_nft.names import Names
from netconfig.drivers.linux_nft.reading import Reading, read_router
from netconfig.errors import StateUnknown
from netconfig.intent import FlowMatch, PolicyRoute

NAMES = Names(Ownership("FNAL", "6f1c4a52"))
RULE = {"priority": 0, "src": "all", "table": "255"}
ETH0 = {
    "ifname": "eth0",
    "flags": ["UP"],
    "addr_info": [{"family": "inet", "local": "192.0.2.254", "prefixlen": 24}],
}


def of_vrf(table: int) -> dict[str, Any]:
    return {"info_kind": "vrf", "info_data": {"table": table}}


BLUE = {"ifname": "blue", "flags": ["UP", "MASTER"], "linkinfo": of_vrf(20007)}


def told(
    *,
    rules: Any = (RULE,),
    routes: Any = (),
    links: Any = (ETH0,),
    vrfs: Any = ({}, {}),
    objects: Any = (),
    before: str = "",
    end: str = "lambdastation-router end\n",
) -> bytes:
    sections: tuple[Any, ...] = (rules, routes, [], [], links, vrfs, {"nftables": objects})
    lines = "".join(f"{json.dumps(section)}\n" for section in sections)
    return f"{before}lambdastation-router 2\n{lines}{end}".encode()


def read(output: bytes) -> Reading:
    return read_router("border-4", output, NAMES)


def test_noise_of_a_login_is_passed_over() -> None:
    assert read(told(before="G\xe4ste, welcome!\n[]\n{}\n")).text == ""
    assert read(told().replace(b"lambdastation-router 2", b"\xe4\nlambdastation-router 2")).text == ""


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"% Invalid input detected\n",
        told(end=""),
        told().replace(b"[]\n", b"", 1),
        told().replace(b"nftables", b"nftable"),
        told(rules={"priority": 0}),
        told(rules=[{"priority": "first"}]),
        told(rules=[{**RULE, "fwmark": "many"}]),
        told(routes=["default"]),
        told(routes=[{"dst": "default", "gateway": "192.0.2.1", "table": "20001"}]),
        told(links=[{"ifname": "eth0"}]),
        told(links=[{**ETH0, "addr_info": [{"family": "inet", "local": "here", "prefixlen": 24}]}]),
        told(objects=[{"rule": {"family": "inet", "table": "filter", "chain": "forward"}}]),
        told(objects=[{"table": {}, "chain": {}}]),
        told(objects=[None]),
        told(objects=7),
        told(vrfs=[{"ifname": "blue", "linkinfo": {}}]),
        told(rules=[{**RULE, "priority": float("inf")}]),
        told().replace(b"[]", b"[" * 100_000 + b"]" * 100_000, 1),
    ],
)
def test_what_makes_no_sense_is_state_unknown(output: bytes) -> None:
    with pytest.raises(StateUnknown, match="makes no sense"):
        read(output)


def test_line_ends_of_unicode_in_the_sites_words_end_no_line() -> None:
    comment = {"family": "inet", "table": "filter", "chain": "forward", "handle": 7, "expr": []}
    rule = {"rule": {**comment, "comment": "campus\u2028\x85G\xe4ste"}}
    output = told(objects=[rule])
    output = output.replace(b"\\u2028\\u0085", "\u2028\x85".encode())
    assert "\u2028\x85".encode() in output
    assert len(read(output).ruleset.chains["inet/filter/forward"]) == 1


def test_neighbour_at_the_other_end_of_a_tunnel_is_reached_by_it() -> None:
    ends = {"family": "inet", "local": "10.0.0.1", "address": "10.0.0.2", "prefixlen": 32}
    tunnel = {"ifname": "gre1", "flags": ["UP"], "addr_info": [ends]}
    grounds = read(told(links=[ETH0, tunnel])).grounds
    assert grounds.way_to(ip_address("10.0.0.2")) == "gre1"
    assert grounds.way_to(ip_address("192.0.2.1")) == "eth0"
    for nobody in ("10.0.0.1", "192.0.2.254", "10.0.0.3", "2001:db8::1"):
        assert grounds.way_to(ip_address(nobody)) is None


def test_number_that_the_site_has_is_taken_and_its_bits_of_the_mark_are_a_clash() -> None:
    reading = read(told(rules=[RULE, {"priority": 20007, "src": "all", "table": "254"}]))
    assert reading.grounds.taken == {7}
    assert not reading.grounds.clash
    harmless = {"priority": 90, "src": "all", "table": "90", "fwmark": "0x1"}
    assert not read(told(rules=[harmless])).grounds.clash
    assert read(told(rules=[{**harmless, "fwmark": "0x100001"}])).grounds.clash
    assert not read(told(rules=[{**harmless, "fwmark": "0x100001", "fwmask": "0xff"}])).grounds.clash


def test_interface_that_is_away_or_down_hinders() -> None:
    flow = FlowMatch(ip_network("131.225.0.0/16"), ip_network("192.84.86.0/24"))
    part: RouterPart = PartIntent(1, 42, PolicyRoute("eth0", ip_address("192.0.2.1"), (flow,)))
    assert not hindrance(part, read(told()))
    assert "there is no interface eth0" in hindrance(part, read(told(links=[])))
    down = hindrance(part, read(told(links=[{**ETH0, "flags": []}])))
    assert "no interface that is up has a network with next hop 192.0.2.1" in down


def test_program_of_an_older_version_is_named() -> None:
    with pytest.raises(StateUnknown, match="its program lambdastation-router is an older one"):
        read(told().replace(b"lambdastation-router 2", b"lambdastation-router 1"))


def test_table_that_only_a_vrf_has_is_taken() -> None:
    reading = read(told(vrfs=[{}, BLUE, {**BLUE, "ifname": "red", "linkinfo": of_vrf(254)}]))
    assert reading.grounds.taken == {7}


def test_interface_in_a_vrf_hinders_and_leads_nowhere() -> None:
    flow = FlowMatch(ip_network("131.225.0.0/16"), ip_network("192.84.86.0/24"))
    part: RouterPart = PartIntent(1, 42, PolicyRoute("eth0", ip_address("192.0.2.1"), (flow,)))
    inside = {**ETH0, "master": "blue"}
    assert not hindrance(part, read(told(links=[inside])))
    reading = read(told(links=[inside], vrfs=[BLUE]))
    assert "interface eth0 is in VRF blue" in hindrance(part, reading)
    assert reading.grounds.way_to(ip_address("192.0.2.1")) is None


def test_table_with_more_than_one_way_for_all_is_crowded() -> None:
    way = {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0", "table": "20001", "protocol": "201"}
    assert not read(told(routes=[way, {**way, "table": "20002"}])).grounds.crowded
    for other in (
        {**way, "gateway": "192.0.2.3", "metric": 7},
        {**way, "dst": "10.0.0.0/8"},
        {"type": "blackhole", "dst": "default", "table": "20001", "protocol": "201"},
        {**way, "gateway": None, "dst": "198.51.100.0/24"},
    ):
        assert read(told(routes=[way, other])).grounds.crowded == {(4, 1)}
    assert not read(told(routes=[way, {**way, "dst": "10.0.0.0/8", "table": "254"}])).grounds.crowded
