"""An entry that leads to the other of a part's two next hops is still the part's."""

import dataclasses
from ipaddress import ip_address

import pytest

from netconfig.driver import PartIntent
from netconfig.intent import HopDown
from tests.unit.cisco_ios.workshop import ROUTE_SITE, interface, our_list, place, plan, reading

SITE = interface(policy="SITE-POLICY") + "route-map SITE-POLICY permit 10\n match ip address V\n"
HEADER = "route-map SITE-POLICY permit 100"
FALLBACK = ip_address("192.0.2.2")
DETOUR = dataclasses.replace(ROUTE_SITE, next_hop=FALLBACK, next_hop_down=HopDown(ROUTE_SITE.next_hop))
PLACEMENT = {"acl": "LS-FNAL-42", "map": "SITE-POLICY", "sequence": 100}


def test_entry_whose_match_is_taken_as_its_next_hop_changes_is_made_good_where_it_stands() -> None:
    actual = reading(f"{SITE}{HEADER}\n set ip next-hop {ROUTE_SITE.next_hop}\n{our_list()}")
    (part,) = place(actual, PartIntent(1, 42, DETOUR, placement=PLACEMENT))
    assert part.placement == PLACEMENT
    made = plan(actual, part)
    sent = [line.text.strip() for line in made.lines]
    match, gone = (
        sent.index("match ip address LS-FNAL-42"),
        sent.index(f"no set ip next-hop {ROUTE_SITE.next_hop}"),
    )
    assert match < gone < sent.index(f"set ip next-hop {FALLBACK}")
    assert not made.strangers


@pytest.mark.parametrize("line", ["set ip next-hop 192.0.2.3", "set ip precedence 1"])
def test_entry_that_leads_to_neither_is_the_sites(line: str) -> None:
    actual = reading(f"{SITE}{HEADER}\n {line}\n{our_list()}")
    (part,) = place(actual, PartIntent(1, 42, DETOUR, placement=PLACEMENT))
    assert part.placement["sequence"] == 101
    assert HEADER not in [plan_line.text for plan_line in plan(actual, part).lines]
