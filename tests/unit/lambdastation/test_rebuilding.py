"""From what a device steers back to the ticket: the way there and back is the same ticket, or a reason."""

import dataclasses
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdastation.admission import Admission, admit
from lambdastation.errors import BadTime, CapacityExceeded, Refused
from lambdastation.rebuilding import NotRebuilt, Rebuilt, rebuild
from lambdastation.site import Peer, Site
from lambdastation.ticket import TicketRequest
from netconfig.intent import FlowMatch, PolicyRoute, PortRange, Protocol, Steering
from tests.unit.lambdastation.test_site_fallbacks import FALLING
from tests.unit.lambdastation.test_site_fallbacks import parsed as falling_site
from tests.unit.lambdastation.test_steering import NOON
from tests.unit.lambdastation.test_steering import site_of as load_site

HOUR = timedelta(hours=1)
ROUTERS = {"fermilab": "fermilab-border-1", "caltech": "caltech-border-1"}
SITES = {name: load_site(name) for name in ROUTERS}
PORTS = ("tcp", "udp eq 53", "tcp range 5000-6000", "tcp ge 7000, udp le 99", "tcp eq 1, tcp eq 3")


def steered(admission: Admission) -> list[Steering]:
    """What the devices of a ticket would be read to steer."""
    intents = [one.intent for one in admission.placed if isinstance(one.intent, PolicyRoute)]
    return [Steering((one.interface,), one.next_hop, one.flows, one.policy) for one in intents]


def rebuilt(name: str, steerings: list[Steering], site: Site | None = None, **asked: Any) -> Rebuilt:
    return rebuild(
        steerings,
        site or SITES[name],
        device=ROUTERS[name],
        **{"until": NOON + HOUR, "bandwidth": None, "now": NOON, **asked},
    )


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, TicketRequest]:
    name = draw(st.sampled_from(sorted(ROUTERS)))
    site = SITES[name]
    client = draw(st.sampled_from(site.clients))
    peer = draw(st.sampled_from(site.peers))

    def within(blocks: Any) -> str | None:
        def part(block: Any) -> Any:
            length = draw(st.integers(block.prefixlen, block.max_prefixlen))
            first = int(block.network_address) + draw(st.integers(0, block.num_addresses - 1))
            return ip_network((first, length), strict=False)

        chosen = draw(st.lists(st.sampled_from(sorted(blocks, key=str)), max_size=3))
        return ", ".join(str(part(block)) for block in chosen) or None

    ports = st.none() | st.sampled_from(PORTS)
    paths = [topology.path for topology in site.topologies if not topology.production]
    return name, TicketRequest(
        src_client=client.name,
        src_ip=within(client.prefixes),
        src_port=draw(ports) if client.ports is None else None,
        dst_site=peer.name,
        dst_ip=within(peer.all_prefixes),
        dst_port=draw(ports),
        local_path=draw(st.sampled_from(paths)),
        dscp_out=draw(st.none() | st.integers(0, 63)),
        end_at=NOON + HOUR,
    )


@settings(max_examples=100, deadline=None)
@given(asked=requests())
def test_ticket_is_told_from_what_it_has_steered(asked: tuple[str, TicketRequest]) -> None:
    name, request = asked
    try:
        admission = admit(request, SITES[name], now=NOON)
    except Refused:
        return
    again = rebuilt(name, steered(admission)).admission
    assert again.placed == admission.placed
    assert again.slot.end == admission.slot.end
    assert (again.topology, again.ends.client, again.ends.peer) == (
        admission.topology,
        admission.ends.client,
        admission.ends.peer,
    )
    assert (again.dscp_out, again.from_pool) == (admission.dscp_out, admission.from_pool)
    # What a client's own ports or marks leave open is said aloud; it is the same ticket.
    assert again.out_bits_per_second == admission.out_bits_per_second


def usual() -> list[Steering]:
    request = TicketRequest(
        src_client="CMS-SRM", dst_site="Caltech", dst_ip="192.84.86.0/25", travel_seconds=9
    )
    return steered(admit(request, SITES["fermilab"], now=NOON))


def changed(**changes: Any) -> list[Steering]:
    (steering,) = usual()
    return [dataclasses.replace(steering, **changes)]


def flow(source: str, destination: str, **changes: Any) -> FlowMatch:
    return FlowMatch(ip_network(source), ip_network(destination), **changes)


OURS, THEIRS = "131.225.204.0/25", "192.84.86.0/25"
TCP = Protocol.TCP
REFUSALS = {
    "another-next-hop": (
        changed(next_hop=ip_address("192.0.2.77")),
        "no rule of the site has fermilab-border-1 do that: .* leave towards 192.0.2.77",
    ),
    "another-interface": (changed(interfaces=("Loopback0",)), "no rule of the site .* enter by Loopback0"),
    "a-policy-of-the-site": (changed(policy="CAMPUS"), "no rule of the site"),
    "nobody's-address": (changed(flows=(flow("10.0.0.0/8", THEIRS),)), "come from 10.0.0.0/8, .* CMS-SRM"),
    "to-nobody": (changed(flows=(flow(OURS, "10.0.0.0/8"),)), "go to no peer of the site: 10.0.0.0/8"),
    "two-marks": (
        changed(flows=(flow(OURS, THEIRS, dscp=1), flow(OURS, THEIRS, dscp=2))),
        "several code points",
    ),
    "no-product": (
        changed(flows=(flow(OURS, THEIRS), flow("131.225.204.128/32", "192.84.86.200/32"))),
        "CMS-SRM to Caltech .* other packets",
    ),
    "a-protocol-tickets-have-not": (
        changed(flows=(flow(OURS, THEIRS, protocol=Protocol.ICMP),)),
        "other packets|ports",
    ),
    "ports-of-half-of-it": (
        changed(
            flows=(
                flow(OURS, THEIRS, protocol=TCP, destination_ports=PortRange(1, 2)),
                flow(OURS, THEIRS),
            )
        ),
        "other packets",
    ),
    "nothing": ([], "nothing that fermilab-border-1 steers"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_no_ticket_would_do_is_refused_with_the_reason(name: str) -> None:
    steerings, words = REFUSALS[name]
    with pytest.raises((NotRebuilt, Refused), match=words):
        rebuilt("fermilab", steerings)


def test_two_peers_that_share_a_block_leave_it_open() -> None:
    site = SITES["fermilab"]
    twin = Peer(name="Twin", prefixes=(ip_network("192.84.0.0/16"),))
    with pytest.raises(NotRebuilt, match=r"several tickets .* CMS-SRM to Caltech .*; CMS-SRM to Twin"):
        rebuilt("fermilab", usual(), site.model_copy(update={"peers": (*site.peers, twin)}))


def test_hop_of_one_path_that_is_anothers_fallback_is_of_the_path_that_is_named() -> None:
    """What goes that way may be a ticket of either, and no router can tell."""
    site = falling_site(FALLING)
    by_fallback = changed(next_hop=ip_address("198.51.100.1"))
    with pytest.raises(NotRebuilt) as left_open:
        rebuilt("fermilab", by_fallback, site)
    assert str(left_open.value) == (
        "several tickets of the site would do that: CMS-SRM to Caltech over StarLight10G, by its fallback; "
        "CMS-SRM to Caltech over UltraScienceNet; name its path"
    )
    for path, names in (("StarLight10G", ["red", "green"]), ("green", ["green"])):
        found = rebuilt("fermilab", by_fallback, site, path=path).admission
        assert [taken.name for taken in found.paths] == names
    assert rebuilt("fermilab", usual(), site).admission.topology.name == "red", "nobody else goes there"
    with pytest.raises(NotRebuilt, match="no alternate path 'blue'; it has red, green"):
        rebuilt("fermilab", by_fallback, site, path="blue")
    with pytest.raises(NotRebuilt, match="no rule of the site"):
        rebuilt("fermilab", by_fallback, path="red")


def test_end_and_bandwidth_are_limited_as_in_a_request() -> None:
    with pytest.raises(BadTime, match="at most 7 days"):
        rebuilt("fermilab", usual(), until=NOON + timedelta(days=8))
    with pytest.raises(BadTime):
        rebuilt("fermilab", usual(), until=NOON - HOUR)
    with pytest.raises(CapacityExceeded):
        rebuilt("fermilab", usual(), bandwidth="11G")
    assert rebuilt("fermilab", usual(), bandwidth="3G").admission.in_bits_per_second == 3 * 10**9
