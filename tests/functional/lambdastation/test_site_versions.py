"""A site replaced under the station: a ticket is booked under the version in force, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdastation.site import AuthorizationRule, Site, Topology
from lambdastation.site_effects import find_effects
from lambdastation.tickets import TicketService
from reservation.identity import replace_site_version
from reservation.lifecycle import State
from reservation.parts import requested_parts
from tests.functional.lambdastation.conftest import NOON, Station

GOOD: dict[str, object] = {"dstSite": "Caltech", "travelTime": 600}


def with_next_hop(site: Site, next_hop: str) -> Site:
    """The site with red's traffic sent elsewhere."""
    rules = []
    for rule in site.rules:
        if rule.topology == "red" and rule.steer is not None:
            steer = rule.steer.model_validate({**rule.steer.model_dump(), "next_hop": next_hop})
            rules.append(rule.model_copy(update={"steer": steer}))
        else:
            rules.append(rule)
    return site.model_copy(update={"rules": tuple(rules)})


def next_hops(station: Station) -> list[set[object]]:
    """Of every ticket, by number."""
    parts = station.store.read(lambda s: requested_parts(s, kind="ticket", states=[State.SCHEDULED]))
    return [
        {part.intent["next_hop"] for part in parts[number] if "next_hop" in part.intent}
        for number in sorted(parts)
    ]


def serve_versions(station: Station, catch_up: Callable[[TicketService], bool]) -> None:
    """Let the station hold its bookings against the database's version, which is 1."""
    station.store.write(replace_site_version)
    station.service = TicketService(
        station.store,
        station.site,
        clock=station.clock,
        audit=station.audit.append,
        site_version=1,
        catch_up=lambda: catch_up(station.service),
    )
    station.door = type(station.door)(station.service)


def test_a_ticket_is_booked_under_the_version_that_came_into_force_while_it_was_read(
    station: Station,
) -> None:
    new = with_next_hop(station.site, "192.0.2.9")

    def catch_up(service: TicketService) -> bool:
        service.replace_site(new, version=2)
        return True

    serve_versions(station, catch_up)
    assert station.wire().open_ticket(**GOOD).text("localTicketId") == "1"
    station.store.write(replace_site_version)
    assert station.wire().open_ticket(**GOOD, dstPort="tcp eq 22").text("state") == "scheduled"
    assert next_hops(station) == [{"192.0.2.1", "2001:db8:0:2::1"}, {"192.0.2.9", "2001:db8:0:2::1"}]


def test_where_the_version_in_force_is_not_to_be_had_nothing_is_booked(station: Station) -> None:
    serve_versions(station, lambda _service: False)
    assert station.wire().open_ticket(**GOOD).code == 200
    before = station.rows()
    station.store.write(replace_site_version)
    fault = station.wire().open_ticket(**GOOD, dstPort="tcp eq 22").fault
    assert (fault.faultcode, fault.code) == ("Server", "not-ready")
    assert "version 2 of the site is in force, not 1" in str(fault.text)
    assert station.rows() == before
    # What needs no device of the site goes on.
    assert station.wire().request("<ls:getPaths/>").code == 200
    cancel = "<ls:cancelTicket><ls:ticketId>1</ls:ticketId></ls:cancelTicket>"
    assert station.wire().request(cancel).text("cancelled") == "true"


def effects(station: Station, site: Site) -> list[tuple[int, str]]:
    found = station.store.read(lambda session: find_effects(session, site, now=NOON))
    return [(effect.ticket_id, effect.sentence) for effect in found]


def test_tickets_that_would_be_the_same_are_not_told(station: Station) -> None:
    for fields in (
        {},
        {"dstPort": "tcp eq 22"},
        {"localPath": "green", "srcClient": "CMS-Tier1", "srcIP": "131.225.188.0/24"},
    ):
        assert station.wire().open_ticket(**{**GOOD, **fields}).code == 200
    assert effects(station, station.site) == []


def test_a_ticket_that_would_be_placed_otherwise_is_told_with_what_it_has_and_would_get(
    station: Station,
) -> None:
    station.wire().open_ticket(**GOOD)
    station.wire().open_ticket(**GOOD, localPath="green", srcClient="CMS-Tier1")
    assert effects(station, with_next_hop(station.site, "192.0.2.9")) == [
        (
            1,
            (
                "keeps 192.0.2.1 from TenGigabitEthernet1/1 on fermilab-border-1; "
                "opened now it would get 192.0.2.9 from TenGigabitEthernet1/1 on fermilab-border-1"
            ),
        )
    ]


@pytest.mark.parametrize("what", ["client", "owner", "bandwidth", "path"])
def test_a_ticket_that_would_be_refused_is_told_with_why(station: Station, what: str) -> None:
    station.wire().open_ticket(**GOOD, outBW="8G")
    site = station.site
    blue, red, green = site.topologies
    deny = AuthorizationRule(action="deny", subject="CN=Example User,OU=Demo,O=Path Service")
    turned: dict[str, tuple[dict[str, Any], str]] = {
        "client": ({"clients": site.clients[1:]}, "unknown-client"),
        "owner": ({"authorization": (deny, *site.authorization)}, "not-authorized"),
        "bandwidth": (
            {"topologies": (blue, red.model_copy(update={"capacity": 10**9}), green)},
            "capacity-exceeded",
        ),
        "path": ({"topologies": (blue, green)}, "unknown-topology"),
    }
    update, code = turned[what]
    [(number, sentence)] = effects(station, site.model_copy(update=update))
    assert number == 1
    assert sentence.startswith(f"keeps what it has; opened now it would be refused: {code}: ")


def test_only_tickets_that_are_promised_are_told(station: Station) -> None:
    for port in ("tcp eq 22", "tcp eq 25"):
        station.wire().open_ticket(**GOOD, dstPort=port)
    station.wire().request("<ls:cancelTicket><ls:ticketId>1</ls:ticketId></ls:cancelTicket>")
    assert [number for number, _ in effects(station, with_next_hop(station.site, "192.0.2.9"))] == [2]


def test_a_path_of_another_name_is_another_topology(station: Station) -> None:
    """A topology that is asked for by its colour is found by it, whatever people call its path now."""
    station.wire().open_ticket(**GOOD)
    blue, red, green = station.site.topologies
    renamed = Topology.model_validate({**red.model_dump(), "path": "StarLight100G"})
    assert effects(station, station.site.model_copy(update={"topologies": (blue, renamed, green)})) == []
