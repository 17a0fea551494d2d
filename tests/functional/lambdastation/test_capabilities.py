"""What a device on the path cannot do is refused by whatever would need it, and nothing is written."""

from collections.abc import Mapping
from typing import Any

import pytest

from netconfig.capability import Capability
from netconfig.intent import SequenceRange
from netconfig.registry import driver_class, platforms
from reservation.parts import register_device

BORDER = "fermilab-border-1"
GOOD = {"dstSite": "Caltech", "travelTime": 600, "outBW": "1M", "inBW": "1M"}
V4 = {**GOOD, "srcIP": "131.225.204.0/24", "dstIP": "192.84.86.0/24"}


def make_able(station: Any, able: frozenset[Capability]) -> None:
    station.store.write(
        lambda session: register_device(session, BORDER, platform="of a test", capabilities=able)
    )


def unable(station: Any, *lacking: Capability) -> None:
    make_able(station, frozenset(Capability) - frozenset(lacking))


def with_site_policy(station: Any) -> None:
    """Let every rule that steers put its entries into a route map of the site's."""
    own = {"policy": "SITE", "policy_ipv6": "SITE6", "sequences": SequenceRange(100, 199)}
    rules = tuple(
        rule if rule.steer is None else rule.model_copy(update={"steer": rule.steer.model_copy(update=own)})
        for rule in station.site.rules
    )
    station.service.replace_site(station.site.model_copy(update={"rules": rules}))


BY_DSCP = "steer packets by their DSCP; ask without one"
CASES = [
    (Capability.POLICY_ROUTE_IPV4, {}, "localPath", "steer IPv4 packets; name addresses of the other family"),
    (Capability.POLICY_ROUTE_IPV6, {}, "localPath", "steer IPv6 packets; name addresses of the other family"),
    (Capability.ACCESS_PERMIT_IPV4, {}, "localPath", "let IPv4 packets pass a list of the site's"),
    (Capability.ACCESS_PERMIT_IPV6, {}, "localPath", "let IPv6 packets pass a list of the site's"),
    (
        Capability.POLICY_ROUTE_DSCP,
        {"dscpOut": 32},
        "dscpOut",
        BY_DSCP,
    ),
    (
        Capability.POLICY_ROUTE_DSCP,
        {"dscpRequestOut": "YES"},
        "dscpRequestOut",
        BY_DSCP,
    ),
]


@pytest.mark.parametrize(("lacking", "more", "field", "words"), CASES)
@pytest.mark.parametrize("request_", ["new", "auto", "findWindow"])
def test_what_a_device_cannot_do_is_refused(
    station: Any, request_: str, lacking: Capability, more: Mapping[str, object], field: str, words: str
) -> None:
    unable(station, lacking)
    before, wire = station.rows(), station.wire()
    if request_ == "findWindow":
        answer = wire.find_window(**GOOD, **more)
    else:
        answer = wire.open_ticket(**GOOD, **more, mode=request_)
    assert (answer.fault.code, answer.fault.field) == ("not-capable", field)
    assert f"a device on StarLight10G cannot {words}" in answer.fault.text
    assert "another path" in answer.fault.text
    assert station.rows() == before


def test_policy_of_the_sites_is_refused_where_the_driver_leaves_it_alone(station: Any) -> None:
    with_site_policy(station)
    unable(station, Capability.POLICY_ROUTE_SHARED)
    fault = station.wire().open_ticket(**GOOD).fault
    assert (fault.code, fault.field) == ("not-capable", "localPath")
    assert "cannot have entries of ours in a policy of the site's; ask for another path" in fault.text
    unable(station)
    assert station.wire().open_ticket(**GOOD).text("state") == "scheduled"


def test_mark_that_was_only_desired_is_left_out(station: Any) -> None:
    unable(station, Capability.POLICY_ROUTE_DSCP)
    wire = station.wire()
    assert wire.find_window(**GOOD, dscpRequestOut="DESIRABLE").text("fits") == "true"
    answer = wire.open_ticket(**GOOD, dscpRequestOut="DESIRABLE")
    assert (answer.text("state"), answer.text("dscpOut")) == ("scheduled", None)


def test_update_to_what_a_device_cannot_do_is_refused_and_the_ticket_stays(station: Any) -> None:
    unable(station, Capability.POLICY_ROUTE_IPV6)
    wire = station.wire()
    assert wire.open_ticket(**V4).text("localTicketId") == "1"
    change = "<ls:srcIP>2620:6a:0:204::/64</ls:srcIP>", "<ls:dstIP>2605:d9c0:2::/48</ls:dstIP>"
    news = f"<ls:svcTicket><ls:localTicketId>1</ls:localTicketId>{''.join(change)}</ls:svcTicket>"
    fault = wire.request(f"<ls:updateFlowSpecs>{news}</ls:updateFlowSpecs>").fault
    assert (fault.code, fault.field) == ("not-capable", "localPath")
    assert "steer IPv6 packets; ask for another path" in fault.text
    told = wire.request("<ls:getTicket><ls:ticketId>1</ls:ticketId></ls:getTicket>")
    assert told.text("srcIP") == V4["srcIP"]


@pytest.mark.parametrize("mode", ["join", "extend"])
def test_part_in_a_ticket_that_is_there_asks_nothing_new_of_devices(station: Any, mode: str) -> None:
    wire = station.wire()
    begin = wire.open_ticket(**V4).text("startTime")
    unable(station, Capability.POLICY_ROUTE_IPV4)
    assert wire.open_ticket(**V4, startTime=begin, mode=mode).text("localTicketId") == "1"


NEEDED: Mapping[Capability, Mapping[str, object]] = {
    Capability.POLICY_ROUTE_IPV4: {},
    Capability.POLICY_ROUTE_IPV6: {},
    Capability.POLICY_ROUTE_DSCP: {"dscpOut": 32},
    Capability.ACCESS_PERMIT_IPV4: {},
    Capability.ACCESS_PERMIT_IPV6: {},
}
"""What a ticket of the example needs, and what more it asks for where it would not otherwise."""


@pytest.mark.parametrize("platform", platforms())
def test_driver_of_every_platform_says_at_once_what_it_cannot(station: Any, platform: str) -> None:
    able = driver_class(platform).capabilities
    for capability, more in NEEDED.items():
        make_able(station, frozenset(Capability) - ({capability} - able))
        answer = station.wire().find_window(**GOOD, **more)
        if capability in able:
            assert answer.text("fits") == "true"
        else:
            assert answer.fault.code == "not-capable"
            assert "a device on StarLight10G cannot" in answer.fault.text
    make_able(station, able)
    answer = station.wire().open_ticket(**GOOD)
    if able >= set(NEEDED):
        assert answer.text("state") == "scheduled"
    else:
        assert answer.fault.code == "not-capable"
