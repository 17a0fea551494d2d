"""What a ticket has of a rule that says what becomes of it while its next hop does not answer. Pure."""

from datetime import timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdastation.admission import Admission, admit
from lambdastation.booking import claims_of
from lambdastation.errors import CapacityExceeded, Refused
from lambdastation.site import ANY, Direction, NextHopDown, Rule, Site, Steer
from lambdastation.site_checks import find_problems
from lambdastation.ticket import TicketRequest
from netconfig.intent import HopDown, PolicyRoute
from tests.unit.lambdastation.test_site_fallbacks import FALLING, PLAIN, RED_HOPS, parsed
from tests.unit.lambdastation.test_steering import NOON

SITE = parsed(FALLING)
WITHDRAWING = parsed(PLAIN.replace(RED_HOPS, RED_HOPS + "      next_hop_down: withdraw\n"))
TO_CALTECH = TicketRequest(dst_site="Caltech", travel_seconds=60)
HOUR = timedelta(hours=1)


def routes(admission: Admission) -> list[PolicyRoute]:
    return [one.intent for one in admission.placed if isinstance(one.intent, PolicyRoute)]


def claimed(site: Site, admission: Admission) -> dict[str, int]:
    claims = claims_of(site, admission)
    assert len({claim.resource for claim in claims}) == len(claims)
    return {claim.resource.removeprefix("path:Fermilab:"): claim.amount for claim in claims}


def test_each_family_falls_back_to_the_next_hop_of_the_other_colours_rule() -> None:
    admission = admit(TO_CALTECH, SITE, now=NOON)
    assert [(str(route.next_hop), route.next_hop_down) for route in routes(admission)] == [
        ("192.0.2.1", HopDown(ip_address("198.51.100.1"))),
        ("2001:db8:0:2::1", HopDown(ip_address("2001:db8:0:198::1"))),
    ]
    green = admit(TicketRequest(dst_site="Caltech", local_path="green", travel_seconds=60), SITE, now=NOON)
    assert [route.next_hop_down for route in routes(green)] == [None, None], "nobody said anything of green"


def test_what_is_withdrawn_leads_nowhere_else() -> None:
    admission = admit(TO_CALTECH, WITHDRAWING, now=NOON)
    assert [route.next_hop_down for route in routes(admission)] == [HopDown(), HopDown()]
    assert claimed(WITHDRAWING, admission) == {"red:out": 10**8, "red:in": 10**8}


def test_ticket_that_may_fall_back_takes_its_bandwidth_on_both_paths_both_ways() -> None:
    asked = TicketRequest(dst_site="Caltech", travel_seconds=60, out_bandwidth="2G", in_bandwidth="5M")
    taken = {"red:out": 2 * 10**9, "red:in": 5 * 10**6, "green:out": 2 * 10**9, "green:in": 5 * 10**6}
    admission = admit(asked, SITE, now=NOON)
    assert claimed(SITE, admission) == taken
    assert claimed(SITE, admission.marked(8)) == taken
    assert all(route.next_hop_down for route in routes(admission.marked(8)))


def smaller_green(capacity: int) -> Site:
    paths = [
        path.model_copy(update={"capacity": capacity}) if path.name == "green" else path
        for path in SITE.topologies
    ]
    return SITE.model_copy(update={"topologies": tuple(paths)})


def test_ticket_fits_its_fallback_too() -> None:
    site = smaller_green(10**9)
    with pytest.raises(
        CapacityExceeded, match="UltraScienceNet, the fallback of StarLight10G, has 1G in all,"
    ) as no:
        admit(TicketRequest(dst_site="Caltech", travel_seconds=60, in_bandwidth="2G"), site, now=NOON)
    assert no.value.field == "inBW"
    usual = admit(TO_CALTECH, smaller_green(10**6), now=NOON)
    assert usual.out_bits_per_second == 10**6, "what is usual is no more than there is"


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """The example with rules of any kind for red, green and a third path, two devices and two directions."""
    plain = parsed(PLAIN)
    green = next(path for path in plain.topologies if path.name == "green")
    violet = green.model_copy(update={"name": "violet", "path": "Internet2", "capacity": 3 * 10**9})
    colours = ["red", "green", "violet"]
    rules = []
    for nth, colour in enumerate(colours, 1):
        for client in draw(st.sampled_from([[ANY], [ANY, "CMS-SRM"], ["CMS-SRM"]])):
            own = 100 * (client != ANY)
            for device in (1, 2):
                down = draw(st.sampled_from([*NextHopDown, NextHopDown.FALLBACK, NextHopDown.FALLBACK]))
                others = st.sampled_from([other for other in colours if other != colour])
                families = draw(st.sampled_from([(4, 6), (4, 6), (4,), (6,)]))
                steer = Steer(
                    device=f"border-{device}",
                    interface="Ethernet1",
                    next_hop=ip_address(f"192.0.2.{nth + own}") if 4 in families else None,  # type: ignore[arg-type]
                    next_hop_ipv6=ip_address(f"2001:db8::{nth + own}") if 6 in families else None,  # type: ignore[arg-type]
                    next_hop_down=down,
                    fallback=draw(others) if down is NextHopDown.FALLBACK else None,
                )
                direction = draw(st.sampled_from(Direction)) if device == 2 else Direction.OUT
                rules.append(
                    Rule(topology=colour, client=client, group="NG-A", direction=direction, steer=steer)
                )
    groups = (plain.groups[0].model_copy(update={"devices": ("border-1", "border-2")}),)
    site = plain.model_copy(update={"topologies": (*plain.topologies, violet), "groups": groups})
    return without_problems(site, rules)


def without_problems(site: Site, rules: list[Rule]) -> Site:
    """The site with these rules; those whose fallback will not do withdraw."""
    whole = site.model_copy(update={"rules": tuple(rules)})
    found = {problem.path for problem in find_problems(whole, devices=["border-1", "border-2"])}
    for at, rule in enumerate(rules):
        if ("rules", at, "steer", "fallback") in found:
            assert rule.steer is not None
            changes = {"next_hop_down": NextHopDown.WITHDRAW, "fallback": None}
            rules[at] = rule.model_copy(update={"steer": rule.steer.model_copy(update=changes)})
    whole = site.model_copy(update={"rules": tuple(rules)})
    assert not find_problems(whole, devices=["border-1", "border-2"])
    return whole


@settings(max_examples=60, deadline=None)
@given(
    site=sites(),
    path=st.sampled_from(["red", "green", "violet"]),
    client=st.sampled_from(["CMS-SRM", "CMS-Tier1"]),
    source=st.sampled_from([None, "131.225.204.0/30", "2620:6a:0:204::/126"]),
    rates=st.tuples(*[st.sampled_from([None, "1M", "3G", "4G"])] * 2),
)
def test_packets_may_only_go_where_their_ticket_has_its_bandwidth(
    site: Site, path: str, client: str, source: str | None, rates: tuple[str | None, str | None]
) -> None:
    asked = TicketRequest(
        dst_site="Caltech",
        src_client=client,
        src_ip=source if client == "CMS-SRM" else None,
        local_path=path,
        out_bandwidth=rates[0],
        in_bandwidth=rates[1],
        travel_seconds=60,
    )
    try:
        admission = admit(asked, site, now=NOON)
    except Refused:
        return
    colour_of = {
        hop: rule.topology
        for rule in site.rules
        if rule.steer is not None
        for hop in (rule.steer.next_hop, rule.steer.next_hop_ipv6)
    }
    may_go: set[str] = set()
    for route in routes(admission):
        assert colour_of[route.next_hop] == path
        may_go.add(path)
        if route.next_hop_down is not None and route.next_hop_down.fallback is not None:
            may_go.add(colour_of[route.next_hop_down.fallback])
    taken = claimed(site, admission)
    assert {name.split(":")[0] for name in taken} == may_go
    assert {name: amount for name, amount in taken.items() if name.endswith(":out")} == {
        f"{colour}:out": admission.out_bits_per_second for colour in may_go
    }
    assert {name: amount for name, amount in taken.items() if name.endswith(":in")} == {
        f"{colour}:in": admission.in_bits_per_second for colour in may_go
    }
    for colour in may_go:
        there = site.topology(colour)
        assert there is not None
        assert max(admission.out_bits_per_second, admission.in_bits_per_second) <= there.capacity
