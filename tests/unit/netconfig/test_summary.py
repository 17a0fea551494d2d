"""What tells the intents of one reservation on one device from each other, in a few words."""

from ipaddress import ip_address, ip_network

import pytest

from netconfig.gateway import ControllerProxy, UserAccess, VlanMap, VlanPair
from netconfig.intent import AccessPermit, FlowMatch, Intent, PolicyRoute, SequenceRange, dump_intent
from netconfig.summary import stored_summary

FOUR = FlowMatch(ip_network("131.225.204.0/24"), ip_network("192.84.86.0/24"))
SIX = FlowMatch(ip_network("2001:db8:1::/48"), ip_network("2001:db8:2::/48"))


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        (PolicyRoute("Te1/1", ip_address("192.0.2.1"), (FOUR,)), "steers IPv4 from Te1/1 to 192.0.2.1"),
        (PolicyRoute("Te1/1", ip_address("2001:db8::1"), (SIX,)), "steers IPv6 from Te1/1 to 2001:db8::1"),
        (AccessPermit("EDGE-IN", (FOUR,), SequenceRange(1, 9)), "admits IPv4 by EDGE-IN"),
        (AccessPermit("EDGE-6", (SIX,), SequenceRange(1, 9)), "admits IPv6 by EDGE-6"),
        (ControllerProxy("2001:db8::7", 6633), "relays its switches to [2001:db8::7]:6633"),
        (VlanMap((VlanPair(100, 0), VlanPair(101, 7))), "maps VLANs 100:untagged, 101:7"),
        (UserAccess("physics"), "lets physics log in"),
    ],
)
def test_each_says_what_is_done(intent: Intent, words: str) -> None:
    assert stored_summary(dump_intent(intent)) == words


def test_one_that_this_release_does_not_know_says_its_kind() -> None:
    assert stored_summary({"kind": "light-path", "wavelength": 1550}) == "light-path"
    assert stored_summary({}) == ""
