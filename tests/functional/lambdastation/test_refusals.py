"""What is wrong with a request is told with a code and the field, and nothing but an audit line stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdastation.audit import AuditOutcome
from reservation.lifecycle import Cause
from reservation.moves import lock_reservation, move

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
GOOD = {"dstSite": "Caltech", "travelTime": 600}


def at(**ahead: int) -> str:
    return (NOON + timedelta(**ahead)).isoformat()


REFUSED: dict[str, tuple[dict[str, object], str, str | None]] = {
    "no destination": ({"travelTime": 600}, "field-missing", "dstSite"),
    "unknown destination": ({**GOOD, "dstSite": "Atlantis"}, "unknown-site", "dstSite"),
    "unknown source": ({"srcSite": "Atlantis", "dstSite": "Fermilab"}, "unknown-site", "srcSite"),
    "two peers": ({"srcSite": "UNL", **GOOD}, "contradiction", "srcSite"),
    "to ourselves": ({**GOOD, "dstSite": "Fermilab"}, "contradiction", "dstSite"),
    "unknown client": ({"srcClient": "D0", **GOOD}, "unknown-client", "srcClient"),
    "unknown remote client": ({**GOOD, "dstClient": "D0"}, "unknown-client", "dstClient"),
    "unknown client of ours as destination": (
        {"srcSite": "Caltech", "dstSite": "Fermilab", "dstClient": "D0", "travelTime": 600},
        "unknown-client",
        "dstClient",
    ),
    "unknown path": ({**GOOD, "localPath": "purple"}, "unknown-topology", "localPath"),
    "production path": ({**GOOD, "localPath": "ESnet"}, "production-path", "localPath"),
    "production colour": ({**GOOD, "localPath": "blue"}, "production-path", "localPath"),
    "others' addresses": ({"srcIP": "131.225.205.0/24", **GOOD}, "outside-client", "srcIP"),
    "more than the client's": ({"srcIP": "131.225.0.0/16", **GOOD}, "outside-client", "srcIP"),
    "everything": ({"srcIP": "0.0.0.0/0", **GOOD}, "outside-client", "srcIP"),
    "one good, one others'": ({"srcIP": "131.225.204.1, 8.8.8.8", **GOOD}, "outside-client", "srcIP"),
    "remote addresses": (
        {"dstSite": "Caltech", "dstIP": "198.51.100.1", "travelTime": 600},
        "outside-client",
        "dstIP",
    ),
    "no address": ({"srcIP": "localhost", **GOOD}, "bad-value", "srcIP"),
    "host bits": ({"srcIP": "131.225.204.1/24", **GOOD}, "bad-value", "srcIP"),
    "zone": ({"srcIP": "fe80::1%eth0", **GOOD}, "bad-value", "srcIP"),
    "families apart": (
        {"srcIP": "131.225.204.1", "dstSite": "Caltech", "dstIP": "2605:d9c0:2::/48", "travelTime": 600},
        "contradiction",
        "srcIP",
    ),
    "ports": ({"srcPort": "smtp", **GOOD}, "bad-value", "srcPort"),
    "port too high": ({"srcPort": "tcp eq 65536", **GOOD}, "bad-value", "srcPort"),
    "ports backwards": ({"srcPort": "tcp range 6000-5000", **GOOD}, "bad-value", "srcPort"),
    "protocols apart": (
        {"srcPort": "tcp eq 25", "dstSite": "Caltech", "dstPort": "udp eq 25", "travelTime": 600},
        "contradiction",
        "dstPort",
    ),
    "ports the client may not use": (
        {"srcClient": "SC-Demo", "srcPort": "tcp range 5000-7000", **GOOD},
        "outside-client",
        "srcPort",
    ),
    "too many entries": (
        {
            "srcIP": ",".join(f"131.225.204.{host}" for host in range(0, 256, 2)),
            **GOOD,
            "dstIP": "192.84.86.1, 192.84.86.3",
        },
        "flow-too-large",
        "srcIP",
    ),
    "too many entries there": (
        {
            **GOOD,
            "srcPort": "tcp eq 1, tcp eq 3",
            "dstIP": ",".join(f"192.84.86.{host}" for host in range(0, 256, 2)),
        },
        "flow-too-large",
        "dstIP",
    ),
    "too many ports": (
        {**GOOD, "srcPort": ",".join(f"tcp eq {port}" for port in range(1, 130, 2))},
        "flow-too-large",
        "srcPort",
    ),
    "too many ports there": (
        {
            **GOOD,
            "srcIP": "131.225.204.1, 131.225.204.3",
            "dstPort": ",".join(f"tcp eq {port}" for port in range(1, 140, 2)),
        },
        "flow-too-large",
        "dstPort",
    ),
    "too many ports of ours, the sites swapped": (
        {
            "srcSite": "Caltech",
            "dstSite": "Fermilab",
            "dstPort": ",".join(f"tcp eq {port}" for port in range(1, 260, 2)),
            "travelTime": 600,
        },
        "flow-too-large",
        "dstPort",
    ),
    "a path's name that steers a terminal": (
        {**GOOD, "remotePath": "evil\u202egnp.exe"},
        "bad-value",
        "remotePath",
    ),
    "bandwidth in words": ({**GOOD, "outBW": "fast"}, "bad-value", "outBW"),
    "no bandwidth": ({**GOOD, "outBW": "0"}, "bad-value", "outBW"),
    "negative bandwidth": ({**GOOD, "inBW": "-1G"}, "bad-value", "inBW"),
    "absurd bandwidth": ({**GOOD, "outBW": "9" * 19 + "T"}, "bad-value", "outBW"),
    "more than the path": ({**GOOD, "outBW": "11G"}, "capacity-exceeded", "outBW"),
    "more than the path, in": ({**GOOD, "inBW": "10000000001"}, "capacity-exceeded", "inBW"),
    "DSCP of the other end unknown": ({**GOOD, "dscpRequestIn": "YES"}, "field-missing", "dscpIn"),
    "no length": ({"dstSite": "Caltech"}, "field-missing", "travelTime"),
    "no time at all": ({**GOOD, "travelTime": 0}, "bad-time", "travelTime"),
    "end before start": (
        {"dstSite": "Caltech", "startTime": at(hours=2), "endTime": at(hours=1)},
        "bad-time",
        "endTime",
    ),
    "end at start": (
        {"dstSite": "Caltech", "startTime": at(hours=2), "endTime": at(hours=2)},
        "bad-time",
        "endTime",
    ),
    "two starts": (
        {"dstSite": "Caltech", "boardTime": at(hours=1), "startTime": at(hours=2), "travelTime": 60},
        "contradiction",
        "startTime",
    ),
    "two lengths": (
        {"dstSite": "Caltech", "startTime": at(hours=1), "endTime": at(hours=2), "travelTime": 60},
        "contradiction",
        "endTime",
    ),
    "no zone": (
        {"dstSite": "Caltech", "boardTime": "2026-06-01T13:00:00", "travelTime": 60},
        "bad-time",
        "boardTime",
    ),
    "end without zone": ({"dstSite": "Caltech", "endTime": "2026-06-01T13:00:00"}, "bad-time", "endTime"),
    "past start": (
        {"dstSite": "Caltech", "boardTime": at(minutes=-2), "travelTime": 600},
        "slot-in-the-past",
        "boardTime",
    ),
    "past start time": (
        {"dstSite": "Caltech", "startTime": at(minutes=-2), "travelTime": 600},
        "slot-in-the-past",
        "startTime",
    ),
    "past slot": (
        {"dstSite": "Caltech", "endTime": at(hours=-1), "travelTime": 600},
        "slot-in-the-past",
        "endTime",
    ),
    "too long": ({**GOOD, "travelTime": 604801}, "bad-time", "travelTime"),
    "absurdly long": ({**GOOD, "travelTime": 4294967295}, "bad-time", "travelTime"),
    "too far ahead": (
        {"dstSite": "Caltech", "boardTime": at(days=90), "travelTime": 600},
        "bad-time",
        "boardTime",
    ),
    "too far ahead, as a start time": (
        {"dstSite": "Caltech", "startTime": at(days=90), "endTime": at(days=91)},
        "bad-time",
        "startTime",
    ),
    "too far ahead by its length": (
        {"dstSite": "Caltech", "boardTime": at(days=89), "travelTime": 86401},
        "bad-time",
        "travelTime",
    ),
    "too far ahead by its end": (
        {"dstSite": "Caltech", "startTime": at(days=89), "endTime": at(days=91)},
        "bad-time",
        "endTime",
    ),
    "too far ahead by its end, the length given too": (
        {"dstSite": "Caltech", "endTime": at(days=91), "travelTime": 600},
        "bad-time",
        "endTime",
    ),
    "too long by its end": (
        {"dstSite": "Caltech", "startTime": at(days=1), "endTime": at(days=9)},
        "bad-time",
        "endTime",
    ),
    "too long before its end": (
        {"dstSite": "Caltech", "endTime": at(days=9), "travelTime": 604801},
        "bad-time",
        "travelTime",
    ),
    "end of time": (
        {"dstSite": "Caltech", "boardTime": "9999-12-31T23:59:59Z", "travelTime": 600},
        "bad-time",
        "boardTime",
    ),
    "zone out of range": (
        {"dstSite": "Caltech", "boardTime": "0001-01-01T00:00:00+13:00", "travelTime": 600},
        "bad-time",
        "boardTime",
    ),
    "year out of range": (
        {"dstSite": "Caltech", "boardTime": "12026-06-01T00:00:00Z", "travelTime": 600},
        "bad-time",
        "boardTime",
    ),
    "nothing to join": ({**GOOD, "mode": "join"}, "no-such-flow", None),
    "nothing to extend": ({**GOOD, "mode": "extend"}, "no-such-flow", None),
    "past start, auto": (
        {**GOOD, "boardTime": at(minutes=-2), "mode": "auto"},
        "slot-in-the-past",
        "boardTime",
    ),
    "answered mode of none": ({**GOOD, "answeredMode": "auto"}, "schema-invalid", "answeredMode"),
    "no mode of any": ({**GOOD, "mode": "steal"}, "schema-invalid", "mode"),
    "length in words": ({**GOOD, "travelTime": "long"}, "schema-invalid", "travelTime"),
    "negative length": ({**GOOD, "travelTime": -1}, "schema-invalid", "travelTime"),
    "length as a fraction": ({**GOOD, "travelTime": "1.5"}, "schema-invalid", "travelTime"),
    "empty length": ({**GOOD, "travelTime": ""}, "schema-invalid", "travelTime"),
    "time in words": ({"dstSite": "Caltech", "boardTime": "tomorrow"}, "schema-invalid", "boardTime"),
    "no such day": (
        {"dstSite": "Caltech", "boardTime": "2026-02-30T00:00:00Z", "travelTime": 60},
        "schema-invalid",
        "boardTime",
    ),
    "DSCP too high": ({"dstSite": "Caltech", "dscpOut": 64}, "schema-invalid", "dscpOut"),
    "DSCP in words": ({"dstSite": "Caltech", "dscpRequestOut": "MAYBE"}, "schema-invalid", "dscpRequestOut"),
    "number too high": ({"localTicketId": 2**31}, "schema-invalid", "localTicketId"),
    "state of none": ({"state": "dreaming"}, "schema-invalid", "state"),
    "name too long": ({"dstSite": "A" * 65}, "schema-invalid", "dstSite"),
    "list too long": ({"srcIP": "131.225.204.1," * 1000, **GOOD}, "schema-invalid", "srcIP"),
    "element in a word": ({"dstSite": "<ls:b>Caltech</ls:b>"}, "schema-invalid", "dstSite"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_field_is_refused_with_its_code_and_name(station: Any, case: str) -> None:
    fields, code, field = REFUSED[case]
    before = station.rows()
    answer = station.wire().open_ticket(**fields)
    assert (answer.fault.code, answer.fault.field) == (code, field), answer.fault.text
    assert answer.fault.faultcode == "Client"
    assert station.rows() == before
    (line,) = station.audit
    assert (line.outcome, line.code, line.field) == (AuditOutcome.REFUSED, code, field)
    assert (line.operation, line.ticket_id) == ("openSvcTicket", None)


@pytest.mark.parametrize(
    ("inner", "field"),
    [
        ("<ls:colour>red</ls:colour>", "colour"),
        ("<ls:travelTime>60</ls:travelTime><ls:dstSite>Caltech</ls:dstSite>", "dstSite"),
        ("<ls:dstSite>Caltech</ls:dstSite><ls:dstSite>UNL</ls:dstSite>", "dstSite"),
        ("<dstSite>Caltech</dstSite>", "dstSite"),
    ],
)
def test_an_element_that_is_unknown_or_out_of_place_is_named(station: Any, inner: str, field: str) -> None:
    xml = f"<ls:openSvcTicket><ls:svcTicket>{inner}</ls:svcTicket></ls:openSvcTicket>"
    fault = station.wire().request(xml).fault
    assert (fault.code, fault.field) == ("schema-invalid", field)
    assert len(station.audit) == 1


def test_the_service_still_serves_after_all_of_them(station: Any) -> None:
    wire = station.wire()
    for fields, _, _ in REFUSED.values():
        wire.open_ticket(**fields)
    assert wire.open_ticket(**GOOD).text("state") == "scheduled"


def test_a_fault_never_carries_long_input_back(station: Any) -> None:
    long = "x" * 4000
    for field in ("srcIP", "srcPort"):
        answer = station.wire().open_ticket(**{field: long}, **GOOD)
        assert len(answer.content) < 1000
    for message in (f"<ls:{long}/>", f"<ls:getTicket><ls:{long}/></ls:getTicket>", long):
        assert len(station.wire().request(message).content) < 1000


@pytest.mark.parametrize("operation", ["getTicket", "cancelTicket"])
@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("77", "not-found"),
        ("0", "not-found"),
        ("-1", "not-found"),
        ("2147483648", "schema-invalid"),
        ("x", "schema-invalid"),
    ],
)
def test_a_ticket_that_is_not_there_is_not_found(
    station: Any, operation: str, number: str, code: str
) -> None:
    answer = station.wire().request(f"<ls:{operation}><ls:ticketId>{number}</ls:ticketId></ls:{operation}>")
    assert (answer.fault.code, answer.fault.field) == (code, "ticketId")
    assert len(station.audit) == 1


def test_a_parameter_that_must_be_there_is_named(station: Any) -> None:
    for operation, field in {"openSvcTicket": "svcTicket", "getTicket": "ticketId"}.items():
        answer = station.wire().request(f"<ls:{operation}/>")
        assert (answer.fault.code, answer.fault.field) == ("schema-invalid", field)


def test_bandwidth_that_is_taken_is_refused_and_what_is_free_is_told(station: Any) -> None:
    wire = station.wire()
    assert (
        wire.open_ticket(
            **GOOD,
        ).text("state")
        == "scheduled"
    )
    assert wire.open_ticket(dstSite="Caltech", outBW="9500M", travelTime=600).text("outBW") == "9500000000"
    before = station.rows()
    fault = wire.open_ticket(dstSite="Caltech", outBW="500M", travelTime=600).fault
    assert (fault.code, fault.field) == ("capacity-exceeded", "outBW")
    assert "400M free out of Fermilab" in fault.text
    fault = wire.open_ticket(dstSite="Caltech", outBW="400M", inBW="10G", travelTime=600).fault
    assert (fault.code, fault.field) == ("capacity-exceeded", "inBW")
    assert station.rows() == before
    later = (NOON + timedelta(minutes=10)).isoformat()
    assert wire.open_ticket(dstSite="Caltech", outBW="10G", boardTime=later, travelTime=600).code == 200


def test_the_same_packets_are_not_promised_two_paths(station: Any) -> None:
    wire = station.wire()
    first = wire.open_ticket(
        dstSite="Caltech", dstPort="tcp range 5000-6000", localPath="red", travelTime=600
    )
    before = station.rows()
    fault = wire.open_ticket(
        dstSite="Caltech", dstPort="tcp eq 6000", localPath="green", travelTime=600
    ).fault
    assert (fault.code, fault.field) == ("flow-conflict", "srcIP")
    assert (
        f"ticket {first.text('localTicketId')} steers some of the same packets onto StarLight10G"
        in fault.text
    )
    assert station.rows() == before
    beside = wire.open_ticket(dstSite="Caltech", dstPort="tcp eq 6001", localPath="green", travelTime=600)
    assert beside.code == 200


def test_a_ticket_that_is_over_cannot_be_cancelled(station: Any) -> None:
    wire = station.wire()
    wire.open_ticket(**GOOD)

    def run_out(session: Any) -> None:
        row = lock_reservation(session, 1)
        for cause in (Cause.START, Cause.IN_SYNC, Cause.END, Cause.GONE):
            move(session, row, cause, now=NOON, actor="test")

    station.store.write(run_out)
    fault = wire.request("<ls:cancelTicket><ls:ticketId>1</ls:ticketId></ls:cancelTicket>").fault
    assert (fault.code, fault.field) == ("wrong-state", "ticketId")
