"""The NX-OS switch: what it takes, prints and refuses, and what it does to packets."""

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from netconfig.simulator import NxosRouter, Packet, forwarding
from netconfig.simulator.__main__ import _options, _router
from netconfig.simulator.session import Session
from tests.contract.drivers.cisco_nxos_bench import CONFIG, ONE, TWO

LIST = "ip access-list A"
ENTRY = "route-map M permit 10"
PACKET = Packet("10.1.1.1", "10.2.2.2", "tcp", 1024, 80, dscp=18)


def switch(config: str = CONFIG, *, enable_secret: str | None = None) -> NxosRouter:
    return NxosRouter(config, clock=lambda: datetime(2030, 1, 1, tzinfo=UTC), enable_secret=enable_secret)


def section(router: NxosRouter, header: str) -> list[str]:
    """The lines of a block, without their indentation."""
    lines = iter(router.running_config().splitlines())
    next(line for line in lines if line == header)
    found = []
    for line in lines:
        if not line.startswith("  "):
            break
        found.append(line.strip())
    return found


def typed(router: NxosRouter, *lines: str) -> tuple[list[str], str]:
    """What comes of each line, and the prompt behind the last."""
    session: Session = router.connect("operator", lambda: None)
    outputs = []
    for line in lines:
        reaction = router.react(session, line)
        session = reaction.session
        outputs.append(reaction.output)
    return outputs, router.prompt(session)


def test_configuration_is_printed_byte_for_byte_as_it_was_read() -> None:
    body = CONFIG.split("\n\n", 1)[1]
    assert switch().running_config() == body
    assert switch(body).running_config() == body


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("permit ip 10.1.2.3 0.0.0.255 any", "10 permit ip 10.1.2.0/24 any"),
        ("permit ip 10.1.2.3/24 host 10.0.0.1", "10 permit ip 10.1.2.0/24 10.0.0.1/32"),
        ("permit ip 10.0.2.0 0.0.253.255 any", "10 permit ip 10.0.2.0 0.0.253.255 any"),
        ("7 permit tcp any range 20 21 any eq 80", "7 permit tcp any range ftp-data ftp any eq www"),
        ("permit udp 0.0.0.0/0 any eq 123 dscp 18", "10 permit udp any any eq ntp dscp af21"),
        ("deny 89 any any log", "10 deny ospf any any log"),
        ("remark hello  world", "10 remark hello  world"),
        ("statistics per-entry", "statistics per-entry"),
    ],
)
def test_lines_of_a_list_are_printed_in_its_own_words(line: str, printed: str) -> None:
    router = switch()
    router.apply([LIST, line])
    assert section(router, LIST) == [printed]


def test_ipv6_is_printed_in_lower_case_and_single_addresses_as_prefixes() -> None:
    router = switch()
    router.apply(["ipv6 access-list B", "permit tcp host 2001:DB8::1 2001:DB8::/32 eq 179"])
    assert section(router, "ipv6 access-list B") == ["10 permit tcp 2001:db8::1/128 2001:db8::/32 eq bgp"]


def test_remark_takes_a_number_and_a_number_is_taken_once() -> None:
    router = switch()
    router.apply([LIST, "remark one", "permit tcp any any", "remark two", "permit udp any any"])
    assert [line.split()[0] for line in section(router, LIST)] == ["10", "20", "30", "40"]
    for line in ("10 permit ip any any", "20 permit ip any any", "20 remark x"):
        with pytest.raises(ValueError, match="Duplicate sequence number"):
            router.apply([LIST, line])
    router.apply([LIST, "20 permit tcp any any", "10 remark one", "no remark two", "no permit udp any any"])
    assert section(router, LIST) == ["10 remark one", "20 permit tcp any any"]
    router.apply(["resequence ip access-list A 100 5"])
    assert section(router, LIST) == ["100 remark one", "105 permit tcp any any"]


@pytest.mark.parametrize(
    ("lines", "wrong", "words"),
    [
        (["ip access-list extended A"], "A", "Invalid command"),
        ([LIST, "permit tcp any any eq 80 443"], "", "Invalid command"),
        ([LIST, "permit ip any any log-input"], "log-input", "Invalid command"),
        ([LIST, "permit ip 10.0.0.0/33 any"], "10.0.0.0/33", "Invalid command"),
        ([LIST, "permit tcp any"], "", "Incomplete command"),
        (["interface Ethernet1/9"], "Ethernet1/9", "Invalid command"),
        (["interface Ethernet1/3", "ip policy route-map M"], "policy", "Invalid command"),
        ([ENTRY, "match ip address A B"], "B", "Invalid command"),
        (["interface Ethernet1/1", "s"], "", "Ambiguous command"),
    ],
)
def test_refusals_have_a_caret_and_its_words(lines: Sequence[str], wrong: str, words: str) -> None:
    router = switch()
    *before, _ = typed(router, "configure terminal", *lines)[0]
    assert not any("%" in output for output in before)
    outputs, prompt = typed(router, "configure terminal", *lines)
    column = lines[-1].index(wrong) if wrong else len(lines[-1])
    assert outputs[-1].splitlines() == [" " * (len(prompt) + column) + "^", f"% {words} at '^' marker."]


def test_prompts_tell_the_mode_and_show_is_understood_in_each() -> None:
    router = switch()
    for line, mode in (
        (LIST, "config-acl"),
        ("ipv6 access-list B", "config-ipv6-acl"),
        (ENTRY, "config-route-map"),
        (f"interface {ONE}", "config-if"),
        ("interface Vlan77", "config-if"),
    ):
        outputs, prompt = typed(router, "configure terminal", line, "show running-config | include hostname")
        assert prompt == f"border-1({mode})# "
        assert outputs[-1] == "hostname border-1\n"
    assert typed(router, "configure terminal", LIST, "exit", "exit")[1] == "border-1# "


def test_role_that_may_only_look() -> None:
    router = switch(enable_secret="x")
    outputs, prompt = typed(router, "show clock", "configure terminal", "copy running-config startup-config")
    assert outputs[1:] == ["% Permission denied for the role\n"] * 2
    assert prompt == "border-1# "


def test_policy_routing_needs_its_feature_and_goes_with_it() -> None:
    router = switch()
    router.apply(["no feature pbr"])
    assert "ip policy" not in router.running_config()
    with pytest.raises(ValueError, match="ip policy route-map M"):
        router.apply([f"interface {TWO}", "ip policy route-map M"])
    router.apply(["feature pbr", f"interface {TWO}", "ip policy route-map M"])
    assert "ip policy route-map M" in section(router, f"interface {TWO}")
    without = switch(CONFIG.replace("feature pbr\n", ""))
    assert "ip policy" not in without.running_config()
    assert not without.steers()


def test_port_that_is_switched_again_loses_what_a_routed_one_has() -> None:
    router = switch()
    router.apply([f"interface {TWO}", "switchport"])
    assert section(router, f"interface {TWO}") == ["no shutdown"]


def test_second_match_takes_the_place_of_the_first_and_a_second_next_hop_is_added() -> None:
    router = switch()
    router.apply([ENTRY, "match ip address A", "match ip address B", "set ip next-hop 192.0.2.1"])
    router.apply([ENTRY, "set ip next-hop 192.0.2.2", "set ipv6 next-hop 2001:DB8::1"])
    assert section(router, ENTRY) == [
        "match ip address B",
        "set ip next-hop 192.0.2.1 192.0.2.2",
        "set ipv6 next-hop 2001:db8::1",
    ]


def test_list_that_is_missing_or_empty_matches_every_packet() -> None:
    router = switch()
    router.apply([ENTRY, "match ip address A", "set ip next-hop 192.0.2.1"])
    router.apply([f"interface {TWO}", "ip policy route-map M"])
    steered = [forwarding(router.state, TWO, PACKET)]
    for line in ("statistics per-entry", "remark nothing yet", "permit tcp any 10.2.2.2/32 eq 80 dscp af21"):
        router.apply([LIST, line])
        steered.append(forwarding(router.state, TWO, PACKET))
    router.apply([LIST, "no 20", "permit tcp any 10.2.2.2/32 eq 81"])
    steered.append(forwarding(router.state, TWO, PACKET))
    assert steered == ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1", None]


def test_steers_are_what_packets_meet() -> None:
    router = switch()
    router.apply([LIST, "permit tcp any 10.2.2.2/32 eq 80 dscp af21"])
    router.apply([ENTRY, "match ip address A", "set ip next-hop 192.0.2.1"])
    router.apply([f"interface {ONE}", "ip policy route-map M"])
    (steer,) = [steer for steer in router.steers() if steer.interface == ONE]
    assert steer.next_hop == ip_address("192.0.2.1")
    assert (str(steer.flow.destination), steer.flow.dscp) == ("10.2.2.2/32", 18)
    assert forwarding(router.state, ONE, PACKET) == "192.0.2.1"


def test_counters_move_with_packets_and_only_lists_that_count_have_them() -> None:
    router = switch()
    video = Packet("131.225.7.7", "192.84.86.5", "udp", 1, 2, dscp=46)
    mail = Packet("203.0.113.7", "131.225.1.1", "tcp", 1024, 25)
    router.carry(TWO, video, count=3)
    router.carry(ONE, mail, count=5)
    (shown,), _ = typed(router, "show ip access-lists")
    assert "IP access list EDGE-IN\n        statistics per-entry \n" in shown
    assert "        10 permit tcp any any eq smtp [match=5] \n" in shown
    assert "        900 remark nothing else comes in \n" in shown
    assert "        1000 deny ip any any log [match=0] \n" in shown
    assert "        10 permit udp 131.225.0.0/16 any dscp ef \n" in shown
    router.apply(["ip access-list SITE-VIDEO", "statistics per-entry"])
    router.carry(TWO, video, count=2)
    (alone,), _ = typed(router, "show ip access-lists SITE-VIDEO")
    assert "dscp ef [match=2] \n" in alone


def test_what_is_copied_survives_a_power_cut() -> None:
    router = switch()
    router.apply([LIST, "permit ip any any"])
    (words,), _ = typed(router, "copy running-config startup-config")
    assert words.endswith("Copy complete.\n")
    text = router.running_config()
    router.apply([f"no {LIST}"])
    router.reboot()
    assert router.running_config() == text


def test_simulator_is_one_where_its_command_is_told_so() -> None:
    asked = ["--config", "x", "--username", "x", "--password-file", "x", "--platform", "cisco_nxos"]
    started = _router(_options(asked), CONFIG, lambda: datetime(2030, 1, 1, tzinfo=UTC))
    assert isinstance(started, NxosRouter)
