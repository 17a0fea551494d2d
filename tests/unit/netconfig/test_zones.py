"""No address with a zone gets as far as a router: Python takes any text for one."""

from ipaddress import ip_address, ip_network

import pytest

from netconfig.intent import FlowMatch, HopDown, PolicyRoute

CAMPUS, PEER = ip_network("2001:db8:1::/48"), ip_network("2001:db8:2::/48")
HOP = ip_address("2001:db8::1")
ZONES = ["eth0", "x\nreload"]


@pytest.mark.parametrize("zone", ZONES)
def test_block_with_a_zone_is_no_flow(zone: str) -> None:
    block = ip_network(f"2001:db8:3::%{zone}/48")
    for source, destination in ((block, PEER), (CAMPUS, block)):
        with pytest.raises(ValueError, match="with a zone"):
            FlowMatch(source, destination)


@pytest.mark.parametrize("zone", ZONES)
def test_next_hop_and_fallback_have_no_zone(zone: str) -> None:
    flows = (FlowMatch(CAMPUS, PEER),)
    zoned = ip_address(f"2001:db8::2%{zone}")
    with pytest.raises(ValueError, match="with a zone"):
        PolicyRoute("Ethernet1", zoned, flows)
    with pytest.raises(ValueError, match="with a zone"):
        PolicyRoute("Ethernet1", HOP, flows, next_hop_down=HopDown(zoned))
