"""What a station does when its surroundings fail it, and what it leaves in the database."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lambdastation.audit import AuditOutcome
from lambdastation.caller import Caller
from lambdastation.errors import LambdaStationError
from lambdastation.site import Topology
from lambdastation.soap import soap_application
from lambdastation.station import DeviceStatus
from lambdastation.ticket import TicketRequest
from lambdastation.tickets import TicketService, describe, ensure_resources
from netconfig.intent import AccessPermit, PolicyRoute, load_intent
from reservation import service
from reservation.errors import CapacityBooked
from reservation.lifecycle import Cause, State
from reservation.parts import parts_of, register_device
from reservation.pauses import PauseCause, begin_pause, end_pauses, stop_waiting
from store import StoreUnavailable, open_store

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
CALLER = Caller("CN=Example User,OU=Demo,O=Path Service", "CN=Demo Certificate Authority,O=Path Service")
GOOD = {"dstSite": "Caltech", "travelTime": 600}
STATUS = "<ls:getStatus/>"


def test_a_ticket_is_scheduled_in_one_transaction_and_told_why(station: Any) -> None:
    station.wire().open_ticket(**GOOD)
    moves = station.store.read(lambda session: service.history(session, 1))
    assert [(move.to_state, move.cause, move.actor) for move in moves] == [
        (State.HELD, None, CALLER.subject),
        (State.SCHEDULED, Cause.CONFIRM, CALLER.subject),
    ]
    view = station.store.read(lambda session: service.get(session, 1))
    assert (view.kind, view.owner, view.hold_until) == ("ticket", CALLER.subject, None)


def test_the_edge_admits_before_the_traffic_is_steered(station: Any) -> None:
    station.wire().open_ticket(**GOOD)

    def parts(session: Any) -> list[tuple[int, str, type]]:
        return [
            (part.stage, part.device.name, type(load_intent(part.intent))) for part in parts_of(session, 1)
        ]

    assert station.store.read(parts) == [
        (0, "fermilab-border-1", AccessPermit),
        (0, "fermilab-border-1", AccessPermit),
        (1, "fermilab-border-1", PolicyRoute),
        (1, "fermilab-border-1", PolicyRoute),
    ]


def test_of_two_who_want_the_last_bandwidth_at_once_one_wins(station: Any) -> None:
    both = threading.Barrier(2)

    def ask(_: int) -> str:
        wire = station.wire()
        both.wait()
        answer = wire.open_ticket(**GOOD, outBW="6G")
        return answer.text("state") or str(answer.fault.code)

    with ThreadPoolExecutor(2) as pool:
        for round_ in range(5):
            station.clock.now = NOON + timedelta(hours=round_)
            assert sorted(pool.map(ask, range(2))) == ["capacity-exceeded", "scheduled"]


def test_threads_that_are_refused_together_each_read_their_own_fault(station: Any) -> None:
    fields = ["srcSite", "srcPort", "dstSite", "inBW", "outBW", "localPath"]

    def ask(field: str) -> bool:
        wire = station.wire()
        return all(wire.open_ticket(**{field: "x" * 9000}).fault.field == field for _ in range(20))

    with ThreadPoolExecutor(len(fields)) as pool:
        assert all(pool.map(ask, fields))


def test_a_device_that_cannot_carry_the_flow_is_found_out_at_once(station: Any) -> None:
    station.store.write(
        lambda session: register_device(
            session,
            "fermilab-border-1",
            platform="cisco_ios",
            capabilities=["policy-route-ipv4", "access-permit-ipv4"],
        )
    )
    before = station.rows()
    fault = station.wire().open_ticket(**GOOD).fault
    assert (fault.code, fault.field) == ("not-capable", "localPath")
    assert "border" not in fault.text, "a device's name is nobody's business"
    assert station.rows() == before
    answer = station.wire().open_ticket(**GOOD, srcIP="131.225.204.0/24")
    assert answer.text("dstIP") == "192.84.86.0/24"


def test_a_path_that_is_not_in_the_database_yet_is_our_fault(station: Any) -> None:
    purple = Topology(name="purple", path="USN2", capacity=10**10, default_bandwidth=10**9)
    rules = tuple(rule.model_copy(update={"topology": "purple"}) for rule in station.site.rules[:2])
    site = station.site.model_copy(
        update={
            "topologies": (*station.site.topologies, purple),
            "rules": (*station.site.rules, *rules),
        }
    )
    station.service.replace_site(site)
    before = station.rows()
    fault = station.wire().open_ticket(**GOOD, localPath="USN2").fault
    assert (fault.faultcode, fault.code) == ("Server", "not-ready")
    assert station.rows() == before
    assert station.audit[-1].outcome is AuditOutcome.FAILED
    station.store.write(lambda session: ensure_resources(session, site, now=NOON))
    assert station.wire().open_ticket(**GOOD, localPath="USN2").code == 200


def test_a_path_is_not_made_smaller_than_what_is_booked(station: Any) -> None:
    station.wire().open_ticket(**GOOD, outBW="8G")
    smaller = station.site.topologies[1].model_copy(update={"capacity": 7_000_000_000})
    site = station.site.model_copy(update={"topologies": (station.site.topologies[0], smaller)})
    with pytest.raises(CapacityBooked):
        station.store.write(lambda session: ensure_resources(session, site, now=NOON))


@pytest.fixture
def stranded(station: Any, tmp_path: Path) -> Any:
    """The same station without its database."""
    away = open_store(f"sqlite:///{tmp_path}/nowhere/station.db")
    station.service = TicketService(
        away, station.site, clock=station.clock, audit=station.audit.append, devices=_away
    )
    station.door = soap_application(station.service)
    yield station
    away.close()


def _away() -> Sequence[DeviceStatus]:
    raise StoreUnavailable("gone")


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        (
            "openSvcTicket",
            (
                "<ls:openSvcTicket><ls:svcTicket><ls:dstSite>Caltech</ls:dstSite>"
                "<ls:travelTime>60</ls:travelTime></ls:svcTicket></ls:openSvcTicket>"
            ),
        ),
        ("getTicket", "<ls:getTicket><ls:ticketId>1</ls:ticketId></ls:getTicket>"),
        ("cancelTicket", "<ls:cancelTicket><ls:ticketId>1</ls:ticketId></ls:cancelTicket>"),
    ],
)
def test_without_its_database_the_station_says_so(stranded: Any, operation: str, request_: str) -> None:
    fault = stranded.wire().request(request_).fault
    assert (fault.faultcode, fault.code) == ("Server", "store-unavailable")
    assert "nowhere" not in fault.text, "where the database is, is nobody's business"
    (line,) = stranded.audit
    assert (line.operation, line.outcome) == (operation, AuditOutcome.FAILED)


def test_without_its_database_paths_and_status_are_still_told(stranded: Any) -> None:
    assert stranded.wire().request("<ls:getPaths/>").code == 200
    assert stranded.wire().request(STATUS).text("databaseOk") == "false"


def test_a_defect_is_an_internal_error_without_a_word_of_it(
    station: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Sequence[DeviceStatus]:
        raise RuntimeError("the secret is hunter2")

    station.service = TicketService(
        station.store, station.site, clock=station.clock, audit=station.audit.append, devices=broken
    )
    station.door = soap_application(station.service)
    answer = station.wire().request(STATUS)
    assert (answer.fault.faultcode, answer.fault.code) == ("Server", "internal-error")
    assert b"hunter2" not in answer.content
    assert b"Traceback" not in answer.content
    assert [(line.outcome, line.code) for line in station.audit] == [(AuditOutcome.FAILED, "internal-error")]


def test_status_tells_how_the_devices_are(station: Any) -> None:
    station.service = TicketService(
        station.store,
        station.site,
        clock=station.clock,
        audit=station.audit.append,
        devices=lambda: [
            DeviceStatus("border-1", "cisco_ios", in_sync=True, error_code=None),
            DeviceStatus("border-2", "cisco_ios", in_sync=False, error_code="unreachable"),
            DeviceStatus("border-3", "cisco_ios", in_sync=None, error_code=None),
        ],
    )
    station.door = soap_application(station.service)
    told = station.client().service.getStatus().device
    assert [(device.name, device.inSync, device.errorCode) for device in told] == [
        ("border-1", True, None),
        ("border-2", False, "unreachable"),
        ("border-3", None, None),
    ]


def test_a_ticket_is_described_for_people(station: Any) -> None:
    station.wire().open_ticket(**GOOD, outBW="5G", srcPort="tcp range 5000-6000")
    described = station.store.read(lambda session: describe(session, 1))
    assert described.ticket_id == 1
    assert described.summary == (
        "Fermilab/CMS-SRM to Caltech over StarLight10G, 5G out and 100M in, "
        "2026-06-01 12:00:00 to 2026-06-01 12:10:00 UTC, scheduled"
    )
    assert dict(described.fields)["source"] == (
        "Fermilab/CMS-SRM: 131.225.204.0/24, 2620:6a:0:204::/64, tcp range 5000-6000"
    )
    assert station.store.read(lambda session: describe(session, 2)) is None


def test_a_marked_ticket_is_matched_by_its_marks(station: Any) -> None:
    answer = station.wire().open_ticket(
        srcClient="CMS-Tier1",
        **GOOD,
        dscpRequestOut="YES",
        dscpRequestIn="DESIRABLE",
        srcIP="131.225.188.0/22",
    )
    assert (answer.text("dscpOut"), answer.text("dscpIn")) == ("32", None)
    given = station.wire().open_ticket(**GOOD, dscpOut="0", dscpIn="46", srcIP="131.225.204.0/24")
    assert (given.text("dscpOut"), given.text("dscpIn")) == ("0", "46")
    none = station.wire().open_ticket(**GOOD, dscpRequestOut="NO", dscpOut="0", srcIP="131.225.204.0/24")
    assert none.text("dscpOut") is None

    def marks(session: Any, ticket: int) -> list[Any]:
        return [part.intent["flows"][0]["dscp"] for part in parts_of(session, ticket)]

    assert station.store.read(lambda session: marks(session, 1)) == [None, 32]
    assert station.store.read(lambda session: marks(session, 2)) == [46, 0]
    assert station.store.read(lambda session: marks(session, 3)) == [None, None]


def test_a_start_a_little_in_the_past_is_now_and_the_end_stays(station: Any) -> None:
    board = (NOON - timedelta(seconds=30)).isoformat()
    answer = station.wire().open_ticket(**GOOD, boardTime=board)
    assert answer.text("startTime") == "2026-06-01T12:00:00+00:00"
    assert answer.text("endTime") == "2026-06-01T12:09:30+00:00"
    assert answer.text("travelTime") == "570"


def test_a_site_is_replaced_while_it_is_served(station: Any) -> None:
    site = station.site.model_copy(update={"station": "FNALB"})
    station.service.replace_site(site)
    assert station.service.site is site
    assert station.wire().open_ticket(**GOOD).text("lambdaStationId") == "FNALB"


def test_python_callers_get_the_same_codes(station: Any) -> None:
    with pytest.raises(LambdaStationError) as refused:
        station.service.open_ticket(TicketRequest(dst_site="Atlantis", travel_seconds=60), caller=CALLER)
    assert (refused.value.code, refused.value.field) == ("unknown-site", "dstSite")


def maintain(station: Any, *, on: bool) -> None:
    if on:
        station.store.write(
            lambda s: begin_pause(
                s,
                PauseCause.MAINTENANCE,
                device="fermilab-border-1",
                now=station.clock(),
                actor="operator ann",
                reason="secret line card",
            )
        )
    else:
        station.store.write(lambda s: end_pauses(s, [PauseCause.MAINTENANCE], device="fermilab-border-1"))
        station.store.write(stop_waiting)


def test_a_device_in_maintenance_takes_no_new_tickets(station: Any) -> None:
    maintain(station, on=True)
    before = station.rows()
    fault = station.wire().open_ticket(**GOOD).fault
    assert (fault.code, fault.field) == ("in-maintenance", "localPath")
    assert "a device on StarLight10G is in maintenance since 2" in fault.text
    assert "border" not in fault.text
    assert "card" not in fault.text, "why is nobody's business either"
    assert station.rows() == before
    maintain(station, on=False)
    assert station.wire().open_ticket(**GOOD).text("state") == "scheduled"


def test_a_site_may_take_tickets_over_a_device_in_maintenance_and_they_say_what_they_wait_for(
    station: Any,
) -> None:
    station.service.replace_site(station.site.model_copy(update={"maintenance": "warn"}))
    maintain(station, on=True)
    number = int(station.wire().open_ticket(**GOOD).text("localTicketId"))

    def waits_for() -> str | None:
        found = station.store.read(lambda session: describe(session, number))
        return dict(found.fields).get("waiting for")

    assert str(waits_for()).startswith("the end of a device's maintenance, since 2")
    maintain(station, on=False)
    assert waits_for() is None
