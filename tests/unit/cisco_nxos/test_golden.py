"""What a ticket becomes, in the switch's own language."""

import dataclasses
from ipaddress import ip_address

import pytest

from netconfig.driver import PartIntent
from netconfig.intent import Intent
from tests.unit.cisco_nxos.workshop import (
    EMPTY,
    MAP,
    ONE,
    PERMIT,
    ROUTE,
    ROUTE_SITE,
    ROUTE_SIX,
    driver,
    golden,
    interface,
    our_entry,
    our_list,
    place,
    plan,
    reading,
)

SITE_POLICY = (
    f"feature pbr\nroute-map SITE-POLICY pbr-statistics\nroute-map SITE-POLICY permit 10\n"
    f"  match ip address SITE-VIDEO\ninterface {ONE}\n  no switchport\n  ip policy route-map SITE-POLICY\n"
)
EDGE = f"{EMPTY}ip access-list EDGE-IN\n  10 permit tcp any any eq smtp\n  1000 deny ip any any\n"


@pytest.mark.parametrize(
    ("name", "before", "intent"),
    [
        ("ticket-42", EMPTY, ROUTE),
        ("ipv6", EMPTY, ROUTE_SIX),
        ("site-policy", SITE_POLICY, ROUTE_SITE),
        ("edge-permit", EDGE, PERMIT),
    ],
)
def test_ticket_is_rendered_added_and_removed(name: str, before: str, intent: Intent) -> None:
    there = place(reading(before), PartIntent(1, 42, intent))
    rendered = driver().render(there).text
    assert rendered == golden(f"{name}.rendered.txt")
    assert str(plan(reading(before), *there)) == golden(f"{name}.add.txt")
    after = reading(f"{before}{rendered}")
    assert not plan(after, *there)
    gone = [dataclasses.replace(part, wanted=False) for part in there]
    assert str(plan(after, *gone)) == golden(f"{name}.remove.txt")


@pytest.mark.parametrize("changed", [our_list(text="permit tcp any any"), our_list(counts=False)])
def test_changed_list_is_matched_by_a_new_entry_before_the_old_one_goes(changed: str) -> None:
    part = PartIntent(1, 42, ROUTE, placement={"acl": "LS-FNAL-42", "map": MAP, "sequence": 10})
    actual = reading("feature pbr\n" + changed + our_entry() + interface())
    (moved,) = place(actual, part)
    assert moved.placement == {"acl": "LS-FNAL-42-r2", "map": MAP, "sequence": 20}
    assert str(plan(actual, moved)) == golden("modified.change.txt")


def test_other_next_hop_comes_when_the_old_one_has_gone() -> None:
    part = PartIntent(1, 42, ROUTE, placement={"acl": "LS-FNAL-42", "map": MAP, "sequence": 10})
    actual = reading("feature pbr\n" + our_list() + our_entry() + interface())
    detour = dataclasses.replace(part, intent=dataclasses.replace(ROUTE, next_hop=ip_address("192.0.2.2")))
    (moved,) = place(actual, detour)
    assert moved.placement == part.placement
    assert str(plan(actual, moved)) == golden("detour.change.txt")


def test_running_configuration_is_read_into_one_way_of_writing() -> None:
    actual = reading(golden("ticket-42.running.txt"))
    assert actual.text == golden("ticket-42.reading.txt")
    assert actual.found == {42: "6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11"}
    assert reading(actual.text).text == actual.text


def test_numbers_of_a_sites_list_are_in_the_running_configuration() -> None:
    actual = reading(golden("ticket-42.running.txt"))
    rules = actual.running.access_lists["EDGE-IN"].rules
    assert [(rule.sequence, rule.text) for rule in rules][:2] == [
        (10, "permit tcp any any eq 25"),
        (500, "permit tcp 192.84.86.0/24 range 5000 6000 131.225.204.0/24 dscp 32"),
    ]
