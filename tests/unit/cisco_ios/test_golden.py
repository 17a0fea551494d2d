"""What a ticket becomes, in the router's own language."""

import dataclasses
from ipaddress import ip_address

import pytest

from netconfig.driver import PartIntent
from netconfig.intent import Intent
from tests.unit.cisco_ios.workshop import (
    EMPTY,
    PERMIT,
    ROUTE,
    ROUTE_SITE,
    ROUTE_SIX,
    TEN_ONE,
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
    f"interface {TEN_ONE}\n ip policy route-map SITE-POLICY\n"
    "route-map SITE-POLICY permit 10\n match ip address SITE-VIDEO\n"
)
EDGE = f"{EMPTY}ip access-list extended EDGE-IN\n 10 permit tcp any any eq smtp\n 1000 deny ip any any\n"


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


def test_list_changed_by_hand_is_replaced_under_a_new_name_before_the_old_match_goes() -> None:
    part = PartIntent(
        1, 42, ROUTE, placement={"acl": "LS-FNAL-42", "map": f"LS-FNAL-{TEN_ONE}", "sequence": 10}
    )
    actual = reading(our_list(text="permit tcp any any") + our_entry() + interface())
    (moved,) = place(actual, part)
    assert moved.placement == {**part.placement, "acl": "LS-FNAL-42-r2"}
    assert str(plan(actual, moved)) == golden("modified.change.txt")


def test_other_next_hop_comes_when_the_old_one_has_gone() -> None:
    part = PartIntent(
        1, 42, ROUTE, placement={"acl": "LS-FNAL-42", "map": f"LS-FNAL-{TEN_ONE}", "sequence": 10}
    )
    actual = reading(our_list() + our_entry() + interface())
    detour = dataclasses.replace(part, intent=dataclasses.replace(ROUTE, next_hop=ip_address("192.0.2.2")))
    (moved,) = place(actual, detour)
    assert moved.placement == part.placement
    assert str(plan(actual, moved)) == golden("detour.change.txt")


def test_running_configuration_is_read_into_one_way_of_writing() -> None:
    actual = reading(golden("ticket-42.running.txt"), golden("ticket-42.lists.txt"))
    assert actual.text == golden("ticket-42.reading.txt")
    assert actual.found == {42: "6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11"}


def test_hidden_numbers_come_from_the_shown_lists() -> None:
    actual = reading(golden("ticket-42.running.txt"), golden("ticket-42.lists.txt"))
    assert [rule.sequence for rule in actual.running.access_lists["EDGE-IN"].rules] == [10, 500, 1000]


def test_reading_of_a_reading_is_the_same() -> None:
    once = golden("ticket-42.reading.txt")
    assert reading(once).text == once
