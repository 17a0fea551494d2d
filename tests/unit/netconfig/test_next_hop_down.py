"""A policy route that says what becomes of it while its next hop does not answer."""

from ipaddress import ip_address, ip_network

import pytest

from netconfig.capability import Capability
from netconfig.intent import (
    FlowMatch,
    HopDown,
    PolicyRoute,
    Steering,
    dump_intent,
    load_intent,
    needed_capabilities,
)

FLOW = FlowMatch(ip_network("131.225.204.0/24"), ip_network("192.84.86.0/24"))
HOP, OTHER = ip_address("192.0.2.1"), ip_address("192.0.2.5")


def route(next_hop_down: HopDown | None = None) -> PolicyRoute:
    return PolicyRoute("Ethernet1", HOP, (FLOW,), next_hop_down=next_hop_down)


@pytest.mark.parametrize("down", [HopDown(), HopDown(OTHER)], ids=["withdrawn", "fallback"])
def test_it_is_stored_and_asks_for_a_driver_that_can_tell(down: HopDown) -> None:
    intent = route(down)
    assert load_intent(dump_intent(intent)) == intent
    assert Capability.NEXT_HOPS in needed_capabilities(intent)


def test_one_that_stays_is_stored_as_ever() -> None:
    intent = route()
    assert "next_hop_down" not in dump_intent(intent)
    assert load_intent(dump_intent(intent)) == intent
    assert Capability.NEXT_HOPS not in needed_capabilities(intent)


@pytest.mark.parametrize(
    ("fallback", "words"),
    [("2001:db8::1", "not of the family of next hop 192.0.2.1"), ("192.0.2.1", "is the next hop itself")],
)
def test_fallback_is_another_next_hop_of_the_same_family(fallback: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        route(HopDown(ip_address(fallback)))


def test_what_goes_by_the_fallback_is_still_the_intents() -> None:
    by_fallback = Steering(("Ethernet1",), OTHER, (FLOW,))
    assert by_fallback.is_of(route(HopDown(OTHER)))
    assert not by_fallback.is_of(route(HopDown()))
    assert not by_fallback.is_of(route())
