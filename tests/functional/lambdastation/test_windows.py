"""findWindow: by a client that knows the WSDL alone, and what is answered is then really booked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zeep

from lambdastation.audit import AuditOutcome
from lambdastation.caller import Operation
from lambdastation.site import AuthorizationRule
from reservation.parts import register_device
from tests.functional.lambdastation.test_station import maintain

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TO_CALTECH = {"dstSite": "Caltech", "inBW": "1M"}
ONLY = (Operation.FIND_WINDOW,)
USER = "CN=Example User,OU=Demo,O=Path Service"


def at(**ahead: float) -> str:
    return (NOON + timedelta(**ahead)).isoformat()


@pytest.fixture
def client(station: Any) -> Any:
    found: zeep.Client = station.client()
    return found.service


def fill(client: Any, start: float, end: float, rate: str, **more: Any) -> None:
    """Take bandwidth out for these hours after noon."""
    slot = {"startTime": NOON + start * HOUR, "endTime": NOON + end * HOUR}
    client.openSvcTicket({**TO_CALTECH, **slot, "outBW": rate, **more})


def book(client: Any, asked: dict[str, Any], window: Any) -> Any:
    """Open the ticket that was looked for, in the window that was answered."""
    given = {name: window[name] for name in ("localPath", "startTime", "endTime", "outBW", "inBW")}
    ticket = client.openSvcTicket({**asked, "travelTime": None, "boardTime": None, **given})
    assert (ticket.startTime, ticket.endTime) == (window.startTime, window.endTime)
    assert (ticket.outBW, ticket.inBW, ticket.localPath) == (window.outBW, window.inBW, window.localPath)
    return ticket


def test_the_earliest_slot_for_a_length_is_answered_and_can_be_booked(client: Any) -> None:
    fill(client, 0, 2, "6G")
    fill(client, 3, 4, "6G")
    asked = {**TO_CALTECH, "outBW": "6G", "travelTime": 3600}
    window = client.findWindow(asked)
    assert window.fits is True
    assert (window.startTime, window.endTime) == (NOON + 2 * HOUR, NOON + 3 * HOUR)
    assert (window.outBW, window.inBW, window.localPath) == ("6000000000", "1000000", "StarLight10G")
    assert (window.travelTime, window.volume, window.message) == (3600, None, None)
    book(client, asked, window)
    after = client.findWindow(asked)
    assert after.startTime == NOON + 4 * HOUR, "what was booked is taken"
    assert client.findWindow({**asked, "boardTime": NOON + 10 * HOUR}).startTime == NOON + 10 * HOUR


def test_looking_books_nothing_and_leaves_an_audit_line(station: Any, client: Any) -> None:
    before = station.rows()
    client.findWindow({**TO_CALTECH, "travelTime": 3600})
    assert station.rows() == before
    (line,) = station.audit
    assert (line.operation, line.outcome, line.ticket_id) == ("findWindow", AuditOutcome.OK, None)


def test_where_none_fits_the_most_that_would_is_told_and_can_be_booked(client: Any) -> None:
    fill(client, 0, 2, "6G")
    fill(client, 2, 4, "3G")
    asked = {**TO_CALTECH, "outBW": "8G", "travelTime": 3600, "endTime": NOON + 4 * HOUR}
    window = client.findWindow(asked)
    assert window.fits is False
    assert (window.startTime, window.endTime, window.outBW) == (
        NOON + 2 * HOUR,
        NOON + 3 * HOUR,
        "7000000000",
    )
    assert window.message == "StarLight10G has no room for that within that time; 7G out and 1M in would fit"
    book(client, asked, window)


def test_where_nothing_is_free_no_slot_is_told(client: Any) -> None:
    fill(client, 0, 2, "10G")
    for words in ({"travelTime": 3600}, {}):
        asked = {"dstSite": "Caltech", "outBW": "1", "endTime": NOON + 2 * HOUR, **words}
        window = client.findWindow(asked, None if words else "1GB")
        assert (window.fits, window.startTime, window.endTime, window.outBW) == (False, None, None, None)
        assert window.localPath == "StarLight10G"
        assert "StarLight10G is taken" in window.message


def test_a_volume_is_moved_as_early_as_it_can_be(client: Any) -> None:
    fill(client, 0, 1, "9G")
    asked = {**TO_CALTECH, "endTime": NOON + 12 * HOUR}
    window = client.findWindow(asked, volume="4.5TB")
    # 4.5e12 bytes are 3,600 seconds at 10 Gbit/s: later and faster beats 10 hours at 1 Gbit/s.
    assert (window.fits, window.outBW, window.inBW) == (True, "10000000000", "1000000")
    assert (window.startTime, window.endTime) == (NOON + HOUR, NOON + 2 * HOUR)
    assert (window.volume, window.travelTime) == ("4500000000000", 3600)
    book(client, asked, window)
    slow = client.findWindow({**asked, "outBW": "1G"}, volume="450GB")
    assert (slow.startTime, slow.endTime, slow.outBW) == (NOON, NOON + HOUR, "1000000000"), (
        "outBW is the most"
    )


def test_a_volume_that_cannot_be_moved_in_time_is_told_with_what_can(client: Any) -> None:
    asked = {**TO_CALTECH, "endTime": NOON + HOUR}
    window = client.findWindow(asked, volume="5TB")
    assert (window.fits, window.volume, window.outBW) == (False, "4500000000000", "10000000000")
    assert window.message == ("StarLight10G has no room for that volume within that time; 4500GB would fit")
    book(client, asked, window)


def test_a_volume_goes_from_the_source_to_the_destination(client: Any) -> None:
    fill(client, 0, 1, "10G")
    here = {"srcSite": "Caltech", "dstSite": "Fermilab", "outBW": "1M", "endTime": NOON + 12 * HOUR}
    assert client.findWindow({**here, "outBW": None}, volume="1TB").startTime == NOON + HOUR
    fill(client, 1, 2, "1M", inBW="9G")
    window = client.findWindow({**here, "boardTime": NOON + HOUR}, volume="4.5TB")
    assert (window.startTime, window.inBW, window.outBW) == (NOON + 2 * HOUR, "10000000000", "1000000")


def test_a_volume_never_takes_longer_than_a_ticket_may_last(client: Any) -> None:
    window = client.findWindow({**TO_CALTECH, "outBW": "1M"}, volume="1PB")
    assert (window.fits, window.travelTime) == (False, 604800)
    assert window.volume == str(10**6 * 604800 // 8)


def test_a_time_in_which_the_packets_go_elsewhere_is_no_window(client: Any) -> None:
    fill(client, 0, 2, "1M", localPath="green")
    asked = {**TO_CALTECH, "travelTime": 3600}
    window = client.findWindow(asked)
    assert (window.fits, window.startTime) == (True, NOON + 2 * HOUR)
    assert client.findWindow({**asked, "localPath": "green"}).startTime == NOON
    other = client.findWindow({**asked, "srcClient": "CMS-Tier1"})
    assert other.startTime == NOON, "other packets"
    book(client, asked, window)
    nothing = client.findWindow({**asked, "endTime": NOON + 2 * HOUR})
    assert (nothing.fits, nothing.startTime) == (False, None)
    assert "promised another path" in nothing.message


def test_a_path_of_a_peers_own_is_looked_at(client: Any) -> None:
    assert client.findWindow({"dstSite": "UNL", "travelTime": 60}).localPath == "UltraScienceNet"
    assert (
        client.findWindow({**TO_CALTECH, "localPath": "green", "travelTime": 60}).localPath
        == "UltraScienceNet"
    )


def test_an_answer_a_little_later_is_still_taken(station: Any, client: Any) -> None:
    asked = {**TO_CALTECH, "travelTime": 3600}
    window = client.findWindow(asked)
    station.clock.advance(timedelta(seconds=60))
    given = {"startTime": window.startTime, "endTime": window.endTime}
    ticket = client.openSvcTicket({**TO_CALTECH, **given})
    assert (ticket.startTime, ticket.endTime) == (NOON + timedelta(seconds=60), NOON + HOUR)


REFUSED: dict[str, tuple[dict[str, object], str | None, str, str]] = {
    "neither length nor volume": ({}, None, "field-missing", "travelTime"),
    "length and volume": ({"travelTime": 60}, "5TB", "contradiction", "volume"),
    "bits": ({}, "5Tb", "bad-value", "volume"),
    "a rate's word": ({}, "5T", "bad-value", "volume"),
    "powers of 1024": ({}, "5TiB", "bad-value", "volume"),
    "no volume": ({}, "0", "bad-value", "volume"),
    "volume too long a word": ({}, "5" * 33, "schema-invalid", "volume"),
    "unknown site": ({"dstSite": "Atlantis", "travelTime": 60}, None, "unknown-site", "dstSite"),
    "unknown path": ({"travelTime": 60, "localPath": "purple"}, None, "unknown-topology", "localPath"),
    "production": ({"travelTime": 60, "localPath": "blue"}, None, "production-path", "localPath"),
    "others' packets": ({"travelTime": 60, "srcIP": "8.8.8.8"}, None, "outside-client", "srcIP"),
    "more than the path": ({"travelTime": 60, "outBW": "11G"}, None, "capacity-exceeded", "outBW"),
    "more than the path, for a volume": ({"outBW": "11G"}, "5TB", "capacity-exceeded", "outBW"),
    "end before start": (
        {"travelTime": 60, "startTime": at(hours=2), "endTime": at(hours=1)},
        None,
        "bad-time",
        "endTime",
    ),
    "end without zone": ({"travelTime": 60, "endTime": "2026-06-01T13:00:00"}, None, "bad-time", "endTime"),
    "two starts": (
        {"travelTime": 60, "boardTime": at(hours=1), "startTime": at(hours=2)},
        None,
        "contradiction",
        "startTime",
    ),
    "longer than there is time": (
        {"travelTime": 7200, "endTime": at(hours=1)},
        None,
        "bad-time",
        "travelTime",
    ),
    "longer than a ticket": ({"travelTime": 604801}, None, "bad-time", "travelTime"),
    "deadline too far ahead": ({"endTime": at(days=91)}, "5TB", "bad-time", "endTime"),
    "start too far ahead": ({"boardTime": at(days=90)}, "5TB", "bad-time", "boardTime"),
    "start in the past": ({"startTime": at(minutes=-2)}, "5TB", "slot-in-the-past", "startTime"),
    "end in the past": (
        {"startTime": at(minutes=-2), "endTime": at(minutes=-1)},
        "5TB",
        "slot-in-the-past",
        "startTime",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_field_is_refused_with_its_code_and_name(station: Any, case: str) -> None:
    fields, volume, code, field = REFUSED[case]
    answer = station.wire().find_window(volume=volume, **{"dstSite": "Caltech", **fields})
    assert (answer.fault.code, answer.fault.field) == (code, field), answer.fault.text
    (line,) = station.audit
    assert (line.outcome, line.code, line.field) == (AuditOutcome.REFUSED, code, field)


def test_only_who_may_look_for_that_client_and_path_may(station: Any) -> None:
    rules = (
        AuthorizationRule(action="deny", subject=USER, operations=ONLY, topologies=("green",)),
        AuthorizationRule(action="allow", subject=USER, operations=ONLY, clients=("CMS-SRM",)),
    )
    station.service.replace_site(station.site.model_copy(update={"authorization": rules}))
    wire = station.wire()
    asked = {"dstSite": "Caltech", "travelTime": 60}
    assert wire.find_window(**asked).text("fits") == "true"
    assert wire.find_window(**asked, localPath="green").fault.code == "not-authorized"
    assert wire.find_window(**asked, srcClient="SC-Demo").fault.code == "not-authorized"
    assert wire.open_ticket(**asked).fault.code == "not-authorized", "looking is not taking"


def test_a_device_that_could_not_carry_it_is_found_out_before(station: Any) -> None:
    station.store.write(
        lambda session: register_device(
            session, "fermilab-border-1", platform="cisco_ios", capabilities=["policy-route-ipv4"]
        )
    )
    fault = station.wire().find_window(dstSite="Caltech", travelTime=60).fault
    assert (fault.code, fault.field) == ("not-capable", "localPath")


@pytest.mark.parametrize("taken", [True, False], ids=["warn", "refuse"])
def test_a_device_in_maintenance_is_found_out_as_when_booking(station: Any, taken: bool) -> None:
    site = station.site.model_copy(update={"maintenance": "warn" if taken else "refuse"})
    station.service.replace_site(site)
    maintain(station, on=True)
    asked = {"dstSite": "Caltech", "travelTime": 60}
    answers = [station.wire().find_window(**asked), station.wire().open_ticket(**asked)]
    if taken:
        assert answers[0].text("fits") == "true"
        assert answers[1].text("state") == "scheduled"
    else:
        assert [(a.fault.code, a.fault.field) for a in answers] == [("in-maintenance", "localPath")] * 2


MARKED: dict[str, Any] = {**TO_CALTECH, "outBW": "1M", "travelTime": 3600, "dscpRequestOut": "YES"}


def test_a_time_without_a_free_code_point_is_no_window_unless_it_is_content_without(client: Any) -> None:
    for n in range(8):
        fill(client, 0, 2 + n / 4, "1M", srcIP=f"131.225.204.{16 * n}/28", dscpRequestOut="YES")
    asked = {**MARKED, "srcIP": "131.225.204.0/24"}
    window = client.findWindow(asked)
    assert (window.fits, window.startTime) == (True, NOON + 2 * HOUR)
    named = client.findWindow({**asked, "dscpOut": 51})
    assert (named.fits, named.startTime) == (True, NOON + 2.75 * HOUR)
    volume = client.findWindow({**asked, "travelTime": None}, volume="1MB")
    assert (volume.fits, volume.startTime) == (True, NOON + 2 * HOUR)
    none = client.findWindow({**asked, "endTime": NOON + 2 * HOUR})
    assert (none.fits, none.startTime) == (False, None)
    assert "no DSCP that will do is free" in none.message
    assert client.findWindow({**asked, "dscpRequestOut": "DESIRABLE"}).startTime == NOON
    assert book(client, asked, window).dscpOut == 48


def test_packets_that_a_code_point_will_tell_apart_are_promised_no_other_path(client: Any) -> None:
    fill(client, 0, 2, "1M", localPath="green", dscpRequestOut="YES")
    window = client.findWindow(MARKED)
    assert (window.fits, window.startTime) == (True, NOON)
    assert book(client, MARKED, window).dscpOut == 49
