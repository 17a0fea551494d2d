"""A running configuration is taken apart as IOS means it."""

import pytest

from netconfig.cisco.running import Running, number_rules
from netconfig.cisco.running import parse_running as parse_in_dialect
from netconfig.drivers.cisco_ios.dialect import IOS
from tests.unit.cisco_ios.workshop import DATABASE, MAP, NAMES, OTHER_DATABASE, TEN_ONE, reading


def parse_running(text: str) -> Running:
    return parse_in_dialect(text, IOS)


def test_text_of_a_banner_is_no_configuration() -> None:
    running = parse_running(
        "banner motd ^C\ninterface Vlan1\nroute-map X permit 10\n^C\n"
        "banner exec # one line #\ninterface Vlan2\n"
    )
    assert list(running.policies) == ["Vlan2"]
    assert not running.route_maps


def test_several_lists_of_a_match_are_lines_of_their_own() -> None:
    running = parse_running(
        "route-map M permit 10\n match ip address A B\n match ip address prefix-list P Q\n"
    )
    (entry,) = running.route_maps["M"]
    assert entry.lines == ("match ip address A", "match ip address B", "match ip address prefix-list P Q")
    assert entry.access_lists[:2] == ("A", "B")


def test_entries_stand_in_order_of_their_numbers() -> None:
    running = parse_running("route-map M permit 20\nroute-map M deny 3\nroute-map M permit 100\n")
    assert [entry.sequence for entry in running.route_maps["M"]] == [3, 20, 100]


def test_names_of_other_kinds_of_lists_are_taken() -> None:
    running = parse_running("ip access-list standard S\n permit any\naccess-list 101 permit ip any any\n")
    assert running.other_lists == {"S", "101"}


@pytest.mark.parametrize("remark", ["remark", "10 remark", "sequence 10 remark"])
def test_remark_tells_the_owner_with_or_without_a_number(remark: str) -> None:
    text = f"ip access-list extended LS-FNAL-42\n {remark} LS reservation 42 database {DATABASE}\n"
    assert reading(text).found == {42: DATABASE}


def test_remark_of_somebody_else_is_no_fingerprint() -> None:
    assert reading("ip access-list extended LS-FNAL-42\n remark do not touch\n").found == {42: ""}


def test_foreign_identity_is_not_hidden_by_a_list_of_ours() -> None:
    blocks = [
        f"ip access-list extended LS-FNAL-42{suffix}\n remark LS reservation 42 database {database}\n"
        for suffix, database in (("", DATABASE), ("-r2", OTHER_DATABASE), ("-r3", DATABASE))
    ]
    assert reading("".join(blocks)).found == {42: OTHER_DATABASE}


def test_entry_without_match_or_with_a_missing_or_empty_list_is_loose() -> None:
    running = parse_running(
        "ip access-list extended FULL\n 10 permit ip any any\nip access-list extended HOLLOW\n remark x\n"
        "route-map M permit 1\n match ip address FULL\nroute-map M permit 2\n match ip address HOLLOW\n"
        "route-map M permit 3\n match ip address NONE\nroute-map M permit 4\n set ip next-hop 1.1.1.1\n"
        "route-map M permit 5\n match ip address FULL NONE\n"
    )
    assert [running.is_loose(entry) for entry in running.route_maps["M"]] == [False, True, True, True, True]


def test_shown_ipv6_numbers_stand_behind_and_counters_do_not_matter() -> None:
    running = parse_running("ipv6 access-list E\n permit tcp any any eq bgp\n deny ipv6 any any\n")
    shown = (
        "IPv6 access list E\n    permit tcp any any eq bgp (12 matches) sequence 10\n"
        "    deny ipv6 any any (1 match) sequence 40\n"
    )
    rules = number_rules(running, shown).access_lists["E"].rules
    assert [rule.sequence for rule in rules] == [10, 40]


def test_counters_that_hardware_estimates_do_not_matter_either() -> None:
    running = parse_running("ip access-list extended E\n permit tcp any any eq bgp\n deny ip any any\n")
    shown = (
        "Extended IP access list E\n    10 permit tcp any any eq bgp (12 estimate matches)\n"
        "    20 deny ip any any (1 estimate match)\n"
    )
    rules = number_rules(running, shown).access_lists["E"].rules
    assert [rule.sequence for rule in rules] == [10, 20]


def test_list_shown_otherwise_than_configured_is_not_guessed_at() -> None:
    running = parse_running("ip access-list extended E\n permit tcp any any\n")
    found = number_rules(running, "Extended IP access list E\n    10 permit udp any any\n")
    assert found.unnumbered == {"E"}
    assert [rule.sequence for rule in found.access_lists["E"].rules] == [0]


def test_names_of_one_station_are_not_those_of_another() -> None:
    assert NAMES.reservation_of("LS-FNAL-42") == NAMES.reservation_of("LS-FNAL-42-v6-r3") == 42
    for name in ("LS-FNAL-42x", "LS-FNAL-2-42", "LS-FN-42", "LS-FNAL-", "xLS-FNAL-42", "LS-FNAL-42-r"):
        assert NAMES.reservation_of(name) is None


def test_route_map_of_one_interface_is_not_that_of_another() -> None:
    assert NAMES.revision_of(MAP, TEN_ONE, 4) == 1
    assert NAMES.revision_of(f"{MAP}-r12", TEN_ONE, 4) == 12
    assert NAMES.revision_of(f"{MAP}-v6", TEN_ONE, 6) == 1
    for name in (f"{MAP}0", f"{MAP}-v6", f"{MAP}-r", f"{MAP}-r2x", "SITE", ""):
        assert NAMES.revision_of(name, TEN_ONE, 4) is None
