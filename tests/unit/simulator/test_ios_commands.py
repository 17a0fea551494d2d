"""What configuration lines do, and how those that cannot be done are refused."""

import pytest

from netconfig.simulator.grammar import (
    AmbiguousCommand,
    IncompleteCommand,
    InvalidInput,
    LineRefused,
    Refused,
)
from netconfig.simulator.ios_commands import apply_line
from netconfig.simulator.ios_config import IosConfig
from netconfig.simulator.ios_mode import GLOBAL, Step


def typed(config: IosConfig, *lines: str) -> Step:
    step = Step(config, GLOBAL)
    for line in lines:
        step = apply_line(step.config, step.mode, line)
    return step


def block(config: IosConfig, header: str) -> list[str]:
    """The lines of one block as printed, its header left out."""
    lines = config.render(show_sequence_numbers=True).splitlines()
    rest = lines[lines.index(header) + 1 :]
    end = next(index for index, line in enumerate(rest) if not line.startswith(" "))
    return [line.strip() for line in rest[:end]]


def test_hostname_is_what_was_typed_last(config: IosConfig) -> None:
    assert typed(config, "hostname edge-7").config.hostname == "edge-7"
    assert typed(config, "hostname edge-7", "no hostname").config.hostname == "Router"


def test_lines_of_an_interface_stand_in_ios_order(config: IosConfig) -> None:
    lines = (
        "interface te 1/1",
        "ipv6 policy route-map R",
        "ip policy route-map R",
        "mtu 9000",
        "ip access-group OUT out",
        "ip address 10.0.0.1 255.255.0.0 secondary",
    )
    assert block(typed(config, *lines).config, "interface TenGigabitEthernet1/1") == [
        "description to the campus",
        "mtu 9000",
        "ip address 192.0.2.254 255.255.255.0",
        "ip address 10.0.0.1 255.255.0.0 secondary",
        "ip access-group EDGE-IN in",
        "ip access-group OUT out",
        "ip policy route-map R",
        "ipv6 address 2001:DB8:1::1/64",
        "ipv6 policy route-map R",
    ]


def test_removing_a_policy_takes_away_whatever_is_set(config: IosConfig) -> None:
    step = typed(config, "int Te1/1", "ip policy route-map A", "no ip policy route-map B")
    assert step.config.interface("TenGigabitEthernet1/1") == config.interface("TenGigabitEthernet1/1")


def test_interface_without_address_says_so(config: IosConfig) -> None:
    step = typed(config, "interface Te1/1", "ip address 10.0.0.1 255.0.0.0 secondary", "no ip address")
    lines = block(step.config, "interface TenGigabitEthernet1/1")
    assert [line for line in lines if "ip address" in line and "ipv6" not in line] == ["no ip address"]


def test_virtual_interfaces_come_and_go(config: IosConfig) -> None:
    step = typed(config, "interface Loopback 0", "interface Te1/1.100")
    assert step.mode.name == "config-subif"
    assert block(step.config, "interface Loopback0") == ["no ip address"]
    gone = typed(step.config, "no interface lo0", "no int Te1/1.100").config
    assert dict(gone.sections) == dict(config.sections)


def test_physical_interfaces_neither_come_nor_go(config: IosConfig) -> None:
    for line in ("interface Te9/9", "interface Te9/9.1", "interface Wlan0", "no interface Te9/9"):
        with pytest.raises(InvalidInput):
            typed(config, line)
    with pytest.raises(Refused, match="Removal of physical interfaces is not permitted"):
        typed(config, "no interface Te1/1")


def test_list_exists_from_its_first_line_on(config: IosConfig) -> None:
    assert block(typed(config, "ip access-list extended NEW").config, "ip access-list extended NEW") == []


def test_list_in_use_can_be_removed_and_one_that_is_not_there_too(config: IosConfig) -> None:
    step = typed(config, "no ip access-list extended OTHER", "no ip access-list extended OTHER")
    assert step.config.access_list(4, "OTHER") is None
    assert "match ip address OTHER" in step.config.render(show_sequence_numbers=True)


def test_entries_are_edited_by_number_and_by_text(config: IosConfig) -> None:
    lines = (
        "ip access-list extended EDGE-IN",
        "15 permit tcp host 10.0.0.1 any",
        "no permit tcp any any eq www 443",
        "no 30",
        "remark the rest",
        "deny ip any any",
    )
    assert block(typed(config, *lines).config, "ip access-list extended EDGE-IN") == [
        "10 remark mail and web",
        "10 permit tcp any any eq smtp",
        "15 permit tcp host 10.0.0.1 any",
        "25 remark the rest",
        "25 deny ip any any",
    ]


def test_ipv6_entries_are_numbered_in_front_or_behind(config: IosConfig) -> None:
    lines = (
        "ipv6 access-list EDGE6-IN",
        "permit udp any any sequence 5",
        "sequence 20 deny ipv6 2001:db8::/32 any",
        "no permit tcp any any eq 179 sequence 10",
    )
    assert block(typed(config, *lines).config, "ipv6 access-list EDGE6-IN") == [
        "sequence 5 permit udp any any",
        "sequence 20 deny ipv6 2001:DB8::/32 any",
    ]


def test_ipv4_numbering_is_no_ipv6_numbering(config: IosConfig) -> None:
    for line in ("10 permit ipv6 any any", "permit ipv6 any any sequence 0", "sequence 10 remark"):
        with pytest.raises(LineRefused):
            typed(config, "ipv6 access-list EDGE6-IN", line)


def test_resequencing_a_list_that_is_not_there_is_refused(config: IosConfig) -> None:
    assert typed(config, "ip access-list resequence EDGE-IN 100 10").config.access_list(4, "EDGE-IN")
    with pytest.raises(Refused):
        typed(config, "ip access-list resequence NOWHERE 100 10")


def test_names_and_next_hops_of_an_entry_add_up(config: IosConfig) -> None:
    lines = (
        "route-map SITE permit 10",
        "match ip address A B",
        "no match ip address OTHER",
        "set ip next-hop 192.0.2.8 192.0.2.7",
        "match ipv6 address A6",
        "match ipv6 address B6",
        "set ipv6 next-hop 2001:db8::7",
        "description two ways",
    )
    assert block(typed(config, *lines).config, "route-map SITE permit 10") == [
        "description two ways",
        "match ip address A B",
        "match ipv6 address B6",
        "set ip next-hop 192.0.2.7 192.0.2.8",
        "set ipv6 next-hop 2001:DB8::7",
    ]


def test_entry_keeps_its_lines_when_its_action_changes(config: IosConfig) -> None:
    assert block(typed(config, "route-map SITE deny 10").config, "route-map SITE deny 10") == [
        "match ip address OTHER",
        "set ip next-hop 192.0.2.7",
    ]


def test_route_map_without_number_means_its_only_entry(config: IosConfig) -> None:
    assert typed(config, "route-map SITE").mode.sequence == 10
    assert typed(config, "route-map NEW").mode.sequence == 10
    with pytest.raises(Refused, match=r"^% Please specify the entry by its sequence$"):
        typed(config, "route-map SITE permit 20", "route-map SITE")


def test_route_map_goes_whole_or_by_entry(config: IosConfig) -> None:
    both = typed(config, "route-map SITE permit 20").config
    assert typed(both, "no route-map SITE permit 10").config.route_map("SITE")
    assert typed(both, "no route-map SITE 10", "no route-map SITE deny 20").config.route_map("SITE") is None
    assert typed(both, "no route-map SITE").config.route_map("SITE") is None


def test_route_map_that_is_not_there_cannot_be_removed(config: IosConfig) -> None:
    with pytest.raises(Refused, match=r"^% Could not find route-map NEW$"):
        typed(config, "no route-map NEW")
    with pytest.raises(Refused, match=r"^% Could not find route-map entry SITE 20$"):
        typed(config, "no route-map SITE permit 20")


def test_routes_are_removed_one_by_one_or_by_destination(config: IosConfig) -> None:
    second = "ip route 0.0.0.0 0.0.0.0 192.0.2.2"
    one = typed(config, second, "no ip route 0.0.0.0 0.0.0.0 192.0.2.1").config.render(
        show_sequence_numbers=True
    )
    assert second in one
    assert "192.0.2.1\n" not in one
    none = typed(config, second, "no ip route 0.0.0.0 0.0.0.0").config.render(show_sequence_numbers=True)
    assert "ip route 0.0.0.0" not in none


def test_route_that_is_wrong_or_not_there_is_refused(config: IosConfig) -> None:
    with pytest.raises(Refused, match=r"^%Inconsistent address and mask$"):
        typed(config, "ip route 10.0.0.1 255.0.0.0 192.0.2.1")
    for line in ("no ip route 10.0.0.0 255.0.0.0", "no ipv6 route ::/0"):
        with pytest.raises(Refused, match=r"^%No matching route to delete$"):
            typed(config, line)


def test_global_line_leaves_the_block(config: IosConfig) -> None:
    step = typed(config, "route-map SITE permit 10", "interface Te1/1")
    assert step.mode.name == "config-if"
    assert typed(config, "interface Te1/1", "no route-map SITE").mode == GLOBAL
    assert typed(config, "route-map SITE permit 10", "exit").mode == GLOBAL
    assert typed(config, "exit").mode == GLOBAL


def test_comments_and_empty_lines_do_nothing(config: IosConfig) -> None:
    inside = typed(config, "interface Te1/1")
    for line in ("", "   ", "! remark", "  !"):
        assert apply_line(inside.config, inside.mode, line) == inside


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        (("router bgp 65001",), InvalidInput),
        (("interface Te1/1", "load-interval 30"), InvalidInput),
        (("interface Te1/1", "ip"), IncompleteCommand),
        (("interface Te1/1", "i p"), AmbiguousCommand),
        (("ip access-list extended A", "permit tcp any"), IncompleteCommand),
        (("ip access-list extended A", "0 permit ip any any"), InvalidInput),
        (("route-map SITE permit 65536",), InvalidInput),
        (("route-map SITE permit 10", "match ip address"), IncompleteCommand),
        (("route-map SITE permit 10", "set ip next-hop here"), InvalidInput),
        (("interface Te1/1", "ip address 192.0.2.1"), IncompleteCommand),
        (("interface Te1/1", "no ip address 192.0.2.1 255.255.255.0"), Refused),
        (
            (
                "interface Te1/1",
                "ip address 10.0.0.1 255.0.0.0 sec",
                "no ip address 192.0.2.254 255.255.255.0",
            ),
            Refused,
        ),
    ],
)
def test_line_that_ios_would_not_take_is_refused(
    config: IosConfig, lines: tuple[str, ...], refusal: type[LineRefused]
) -> None:
    with pytest.raises(refusal):
        typed(config, *lines)


def test_caret_goes_as_far_as_either_reading_came(config: IosConfig) -> None:
    with pytest.raises(InvalidInput) as refusal:
        typed(config, "interface Te1/1", "ip route 10.0.0.0 255.0.0 192.0.2.1")
    assert refusal.value.column == len("ip route 10.0.0.0 ")


def test_line_about_something_removed_meanwhile_begins_it_anew(config: IosConfig) -> None:
    inside = typed(config, "route-map SITE permit 10")
    gone = typed(inside.config, "no route-map SITE").config
    step = apply_line(gone, inside.mode, "match ip address OTHER")
    assert block(step.config, "route-map SITE permit 10") == ["match ip address OTHER"]
