"""A ticket that may fall back has its bandwidth on both paths, from when it is opened until it ends."""

from datetime import timedelta
from typing import Any

import pytest

from lambdastation.caller import Caller
from lambdastation.errors import CapacityExceeded
from lambdastation.site import NextHopDown, Site
from lambdastation.site_effects import find_effects
from lambdastation.ticket import Mode, Ticket, TicketRequest
from lambdastation.windows import TicketWindow
from netconfig.capability import Capability
from netconfig.intent import PolicyRoute, load_intent
from reservation import calendar
from reservation.lifecycle import State
from reservation.parts import register_device, requested_parts
from store import Store
from tests.functional.lambdastation.conftest import ISSUER, NOON, Station, open_station
from tests.functional.lambdastation.test_updates import USER, activate

CALLER = Caller(USER, ISSUER)
HOUR = timedelta(hours=1)
GIGABIT = 10**9
BLOCKS = [f"131.225.204.{16 * nth}/28" for nth in range(16)]
"""Of as many tickets, each for other packets."""


def falling(site: Site, **changes: Any) -> Site:
    """The site, with red falling back to green; or with these changes of what red's rule steers."""
    down = changes or {"next_hop_down": NextHopDown.FALLBACK, "fallback": "green"}
    rules = tuple(
        rule.model_copy(update={"steer": rule.steer.model_copy(update=down)})
        if rule.topology == "red" and rule.steer is not None
        else rule
        for rule in site.rules
    )
    return site.model_copy(update={"rules": rules})


@pytest.fixture
def station(station: Station) -> Station:
    """The station, whose red falls back to green."""
    station.service.replace_site(falling(station.site))
    return station


def a_request(nth: int, path: str, **more: Any) -> TicketRequest:
    usual = {"start_at": NOON, "end_at": NOON + HOUR, "in_bandwidth": "1M"}
    return TicketRequest(
        dst_site="Caltech", src_ip=BLOCKS[nth], dst_ip="192.84.86.0/24", local_path=path, **{**usual, **more}
    )


def opened(station: Station, nth: int, path: str, *, mode: Mode = Mode.NEW, **more: Any) -> Ticket:
    return station.service.open_ticket(a_request(nth, path, **more), caller=CALLER, mode=mode)


def refused(station: Station, nth: int, path: str, **more: Any) -> tuple[str | None, str]:
    with pytest.raises(CapacityExceeded) as found:
        opened(station, nth, path, **more)
    return found.value.field, str(found.value)


def held(station: Station, number: int) -> dict[str, int]:
    amounts = station.store.read(lambda session: calendar.amounts_of(session, [number])[number])
    prefix = "path:Fermilab:"
    return {name.removeprefix(prefix): amount for name, amount in amounts.items() if name.startswith(prefix)}


def routes(station: Station, number: int) -> list[PolicyRoute]:
    parts = station.store.read(lambda s: requested_parts(s, kind="ticket", states=list(State)))[number]
    intents = (load_intent(part.intent) for part in parts)
    return [intent for intent in intents if isinstance(intent, PolicyRoute)]


def test_ticket_is_refused_where_its_fallback_is_full_and_frees_both_at_its_end(
    store: Store, site: Site, schema: Any
) -> None:
    station = open_station(store, falling(site), schema)
    on_green = opened(station, 0, "green", out_bandwidth="9G")
    field, words = refused(station, 1, "red", out_bandwidth="2G")
    assert field == "outBW"
    free = "has 1G free out of Fermilab throughout that time, not 2G"
    assert words == f"UltraScienceNet, the fallback of StarLight10G, {free}"
    first = opened(station, 1, "red", out_bandwidth="1G")
    of_each = {"out": GIGABIT, "in": 10**6}
    assert held(station, first.ticket_id) == {
        f"{colour}:{way}": amount for colour in ("red", "green") for way, amount in of_each.items()
    }
    assert refused(station, 2, "green", out_bandwidth="1M")[0] == "outBW", "nor is it sold a second time"
    after: dict[str, Any] = {"start_at": NOON + HOUR, "end_at": NOON + 2 * HOUR}
    opened(station, 2, "green", out_bandwidth="10G", **after)
    assert station.service.cancel_ticket(first.ticket_id, caller=CALLER)
    assert held(station, first.ticket_id) == {}
    opened(station, 2, "green", out_bandwidth="1G")
    assert station.service.cancel_ticket(on_green.ticket_id, caller=CALLER)
    opened(station, 3, "red", out_bandwidth="9G")


def test_path_of_its_own_that_is_full_is_told_as_ever(station: Station) -> None:
    station.service.replace_site(falling(station.site, next_hop_down=NextHopDown.WITHDRAW))
    number = opened(station, 0, "red", in_bandwidth="9G").ticket_id
    assert set(held(station, number)) == {"red:out", "red:in"}
    station.service.replace_site(falling(station.site))
    words = "StarLight10G has 1G free into Fermilab throughout that time, not 2G"
    assert refused(station, 1, "red", in_bandwidth="2G") == ("inBW", words)


def test_later_end_is_asked_of_both_and_joining_of_none(station: Station) -> None:
    opened(station, 0, "green", out_bandwidth="9G", start_at=NOON + HOUR, end_at=NOON + 2 * HOUR)
    ticket = opened(station, 1, "red", out_bandwidth="2G")
    later = {"out_bandwidth": "2G", "end_at": NOON + 2 * HOUR}
    field, words = refused(station, 1, "red", mode=Mode.EXTEND, **later)
    assert (field, words.split(" free")[0]) == (
        "outBW",
        "UltraScienceNet, the fallback of StarLight10G, has 1G",
    )
    joined = opened(station, 1, "red", mode=Mode.AUTO, **later)
    assert (joined.ticket_id, joined.answered, joined.end_at) == (ticket.ticket_id, Mode.JOIN, ticket.end_at)
    assert held(station, ticket.ticket_id)["green:out"] == 2 * GIGABIT


def update(station: Station, number: int, **news: Any) -> None:
    assert station.service.update_flows(number, TicketRequest(**news), caller=CALLER)


def test_more_bandwidth_is_taken_on_both_or_not_at_all(station: Station) -> None:
    opened(station, 0, "green", out_bandwidth="5G")
    number = opened(station, 1, "red", out_bandwidth="1G").ticket_id
    with pytest.raises(
        CapacityExceeded, match=r"^UltraScienceNet, the fallback of StarLight10G, has 5G free"
    ):
        update(station, number, out_bandwidth="6G")
    assert held(station, number)["red:out"] == held(station, number)["green:out"] == GIGABIT
    update(station, number, out_bandwidth="5G")
    assert held(station, number)["red:out"] == held(station, number)["green:out"] == 5 * GIGABIT


def test_running_ticket_keeps_the_paths_it_has_until_it_is_for_other_packets(station: Station) -> None:
    """What its routers may do stays as it was admitted, and so does where it has its bandwidth."""
    number = opened(station, 0, "red", out_bandwidth="1G").ticket_id
    activate(station, number)
    both = {"red:out", "red:in", "green:out", "green:in"}
    station.service.replace_site(falling(station.site, next_hop_down=NextHopDown.IGNORE, fallback=None))
    update(station, number, out_bandwidth="2G")
    assert set(held(station, number)) == both
    assert all(route.next_hop_down is not None for route in routes(station, number))
    update(station, number, src_ip=BLOCKS[1])
    assert set(held(station, number)) == {"red:out", "red:in"}
    assert all(route.next_hop_down is None for route in routes(station, number))
    # Until the new is on the routers, the old may still go by green.
    assert "UltraScienceNet has 8G" in refused(station, 3, "green", out_bandwidth="9G")[1]
    station.service.replace_site(falling(station.site))
    update(station, number, out_bandwidth="3G")
    assert set(held(station, number)) == {"red:out", "red:in"}, "it has no fallback, whatever others get"


def window(station: Station, volume: str | None = None, **more: Any) -> TicketWindow:
    return station.service.find_window(a_request(9, "red", **more), caller=CALLER, volume=volume)


def test_window_has_room_on_both_paths(station: Station) -> None:
    opened(station, 0, "green", out_bandwidth="9G")
    asked: dict[str, Any] = {"out_bandwidth": "2G", "end_at": NOON + 4 * HOUR, "travel_seconds": 3600}
    found = window(station, **asked)
    assert found.fits
    assert found.offer is not None
    assert (found.offer.slot.start, found.offer.out_bits_per_second) == (NOON + HOUR, 2 * GIGABIT)
    less = window(station, **{**asked, "end_at": NOON + HOUR})
    assert (less.fits, less.offer and less.offer.out_bits_per_second) == (False, GIGABIT)
    assert less.message == (
        "UltraScienceNet, the fallback of StarLight10G, has no room for that within that time; "
        "1G out and 1M in would fit"
    )
    opened(station, 1, "green", out_bandwidth="1G")
    none = window(station, **{**asked, "end_at": NOON + HOUR})
    assert none.offer is None
    assert str(none.message).startswith("StarLight10G, or its fallback UltraScienceNet, is taken, or")


def test_volume_is_moved_at_a_rate_that_both_paths_have(station: Station) -> None:
    opened(station, 0, "green", out_bandwidth="9G")
    # 450 GB are an hour at 1 Gbit/s, or six minutes of the next hour at 10.
    found = window(station, "450GB", end_at=NOON + HOUR)
    assert found.fits
    assert found.offer is not None
    assert found.offer.out_bits_per_second == GIGABIT
    number = opened(station, 9, "red", out_bandwidth=str(found.offer.out_bits_per_second)).ticket_id
    assert station.service.cancel_ticket(number, caller=CALLER)
    later = window(station, "4500GB", end_at=NOON + 4 * HOUR)
    assert later.offer is not None
    assert (later.offer.slot.start, later.offer.out_bits_per_second) == (NOON + HOUR, 10 * GIGABIT)


def test_device_that_cannot_ask_is_refused_with_words(station: Station) -> None:
    able = frozenset(Capability) - {Capability.NEXT_HOPS}
    station.store.write(
        lambda session: register_device(session, "fermilab-border-1", platform="x", capabilities=able)
    )
    fault = station.wire().open_ticket(dstSite="Caltech", travelTime=600).fault
    assert (fault.code, fault.field) == ("not-capable", "localPath")
    words = "a device on StarLight10G cannot tell whether a next hop answers it; ask for another path"
    assert fault.text == words
    assert station.wire().open_ticket(dstSite="Caltech", travelTime=600, localPath="green").code == 200


def effects(station: Station, site: Site) -> list[str]:
    found = station.store.read(lambda session: find_effects(session, site, now=NOON))
    return [effect.sentence for effect in found]


def test_site_diff_tells_what_tickets_keep(station: Station) -> None:
    opened(station, 0, "red", out_bandwidth="1G")
    route = "192.0.2.1 from TenGigabitEthernet1/1 on fermilab-border-1"
    by_green = f"{route} (198.51.100.1 instead while that does not answer)"
    withdrawn = f"{route} (withdrawn while that does not answer)"
    assert effects(station, station.service.site) == []
    plain = falling(station.service.site, next_hop_down=NextHopDown.IGNORE, fallback=None)
    assert effects(station, plain) == [
        f"keeps {by_green} and its bandwidth on green too; opened now it would get {route}"
    ]
    less = falling(station.service.site, next_hop_down=NextHopDown.WITHDRAW, fallback=None)
    assert effects(station, less) == [
        f"keeps {by_green} and its bandwidth on green too; opened now it would get {withdrawn}"
    ]
    renamed = station.service.site.model_copy(
        update={
            "topologies": tuple(
                path.model_copy(update={"capacity": 10**8}) if path.name == "green" else path
                for path in station.service.site.topologies
            )
        }
    )
    (refusal,) = effects(station, renamed)
    assert "UltraScienceNet, the fallback of StarLight10G, has 100M in all, not 1G" in refusal
