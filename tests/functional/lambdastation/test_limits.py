"""A rule's limits bind every way of opening a ticket, and hold when many open at once, on every database."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdastation.audit import AuditOutcome, AuditRecord
from lambdastation.caller import Caller
from lambdastation.errors import LimitExceeded
from lambdastation.site import AuthorizationRule, Site
from lambdastation.ticket import Mode, TicketRequest
from lambdastation.tickets import TicketService, ensure_resources
from netconfig.capability import Capability
from reservation.parts import register_device
from store import Store

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ISSUER = "CN=Demo Certificate Authority,O=Path Service"
USER = "CN=Example User,OU=Demo,O=Path Service"
POOL = "CN=Pool,OU=Demo,O=Path Service"
GOOD: dict[str, object] = {"dstSite": "Caltech", "travelTime": 600}


@pytest.fixture
def limit(station: Any) -> Callable[..., None]:
    """Lets the pool open tickets within these limits, and the user any."""

    def set_limits(**limits: object) -> None:
        rules = (
            AuthorizationRule.model_validate({"action": "allow", "subject": POOL, **limits}),
            AuthorizationRule(action="allow", subject=USER),
        )
        station.service.replace_site(station.site.model_copy(update={"authorization": rules}))

    return set_limits


def refused(station: Any, **fields: object) -> tuple[str, str | None, str]:
    """Code, field and words of a refusal, which wrote nothing and was audited as a denial."""
    before = station.rows()
    fault = station.wire(POOL).open_ticket(**{**GOOD, **fields}).fault
    assert station.rows() == before
    assert station.audit[-1].outcome is AuditOutcome.DENIED
    assert (station.audit[-1].code, station.audit[-1].field) == (fault.code, fault.field)
    return fault.code, fault.field, fault.text


def opened(station: Any, *, as_: str = POOL, **fields: object) -> str:
    answer = station.wire(as_).open_ticket(**{**GOOD, **fields})
    assert answer.code == 200, answer.fault
    return str(answer.text("answeredMode"))


@pytest.mark.parametrize("mode", list(Mode))
def test_limits_bind_in_every_mode(station: Any, limit: Callable[..., None], mode: Mode) -> None:
    limit(bandwidth="1G", duration="PT1H", horizon="PT2H")
    opened(station, as_=USER, travelTime=60)
    rule = "rule 1 of Fermilab allows you"
    assert refused(station, mode=mode, outBW="2G") == (
        "limit-exceeded",
        "outBW",
        f"{rule} at most 1G out, not 2G",
    )
    assert refused(station, mode=mode, inBW="1001M")[1] == "inBW"
    long = refused(station, mode=mode, travelTime=3601)
    assert long == ("limit-exceeded", "travelTime", f"{rule} at most 3600 seconds")
    far = {"startTime": "2026-06-01T13:30:00Z", "endTime": "2026-06-01T14:00:01Z", "travelTime": 1801}
    assert refused(station, mode=mode, **far)[1:] == ("endTime", f"{rule} an end at most 7200 seconds ahead")
    assert opened(station, mode=mode, outBW="1G", travelTime=3600)


def test_what_a_request_leaves_out_is_limited_as_it_is_filled_in(
    station: Any, limit: Callable[..., None]
) -> None:
    limit(bandwidth="99M")
    assert refused(station)[1:] == ("outBW", "rule 1 of Fermilab allows you at most 99M out, not 100M")
    opened(station, outBW="1M", inBW="1M")


def test_extending_is_limited_by_what_the_ticket_will_be(station: Any, limit: Callable[..., None]) -> None:
    limit(bandwidth="1G", duration="PT1H", horizon="PT2H")
    opened(station, as_=USER, travelTime=1800)
    station.clock.advance(HOUR / 4)
    assert refused(station, mode="extend", travelTime=3600)[:2] == ("limit-exceeded", "travelTime")
    assert opened(station, mode="auto", travelTime=3600) == "join", "auto is content with the end there is"
    assert opened(station, mode="extend", travelTime=2700) == "extend"


def test_a_ticket_that_takes_more_than_ones_limit_is_joined_and_not_extended(
    station: Any, limit: Callable[..., None]
) -> None:
    limit(bandwidth="1G")
    opened(station, as_=USER, outBW="2G")
    assert refused(station, mode="extend", travelTime=900)[1] == "outBW"
    assert opened(station, mode="join", travelTime=900) == "join"


def test_tickets_that_are_not_over_are_counted_whoever_takes_part(
    station: Any, limit: Callable[..., None]
) -> None:
    limit(live_tickets=2)
    opened(station, as_=USER, dstPort="tcp eq 1")
    for port in (2, 3):
        assert opened(station, mode="auto", dstPort=f"tcp eq {port}") == "new"
    words = "rule 1 of Fermilab allows you at most 2 tickets at a time, not 3"
    for mode in ("new", "auto"):
        assert refused(station, mode=mode, dstPort="tcp eq 4") == ("limit-exceeded", None, words)
    assert opened(station, mode="auto", dstPort="tcp eq 1") == "join"
    assert opened(station, mode="auto", dstPort="tcp eq 2", travelTime=900) == "extend"
    cancel = "<ls:cancelTicket><ls:ticketId>2</ls:ticketId></ls:cancelTicket>"
    assert station.wire(POOL).request(cancel).code == 200
    assert opened(station, mode="auto", dstPort="tcp eq 4") == "new"


def test_a_rule_below_may_let_one_have_more(station: Any) -> None:
    rules = [
        {"action": "allow", "subject": "CN=*,OU=Demo,O=Path Service", "live_tickets": 1},
        {"action": "allow", "subject": POOL, "bandwidth": "10M"},
    ]
    site = station.site.model_copy(
        update={"authorization": tuple(map(AuthorizationRule.model_validate, rules))}
    )
    station.service.replace_site(site)
    opened(station)
    code, field, words = refused(station)
    assert (code, field) == ("limit-exceeded", None)
    assert words == (
        "rule 1 of Fermilab allows you at most 1 ticket at a time, not 2; "
        "rule 2 of Fermilab allows you at most 10M out, not 100M"
    )
    opened(station, outBW="10M", inBW="10M")


THREADS, MOST, ROUNDS = 8, 3, 3


def test_openings_at_once_do_not_exceed_the_number_of_tickets(store: Store, site: Site) -> None:
    rule = AuthorizationRule(action="allow", subject="CN=*,OU=Demo,O=Path Service", live_tickets=MOST)
    site = site.model_copy(update={"authorization": (rule,)})

    def prepare(session: Any) -> None:
        register_device(session, "fermilab-border-1", platform="cisco_ios", capabilities=list(Capability))
        ensure_resources(session, site, now=NOON)

    store.write(prepare)
    audit: list[AuditRecord] = []
    service = TicketService(store, site, clock=lambda: NOON, audit=audit.append)
    gate = threading.Barrier(THREADS)

    def ask(caller: Caller, number: int) -> str:
        request = TicketRequest(dst_site="Caltech", travel_seconds=60, dst_port=f"tcp eq {number}")
        gate.wait(60)
        try:
            service.open_ticket(request, caller=caller, mode=Mode.AUTO if number % 2 else Mode.NEW)
        except LimitExceeded:
            return "limit"
        return "open"

    with ThreadPoolExecutor(THREADS) as pool:
        for turn in range(ROUNDS):
            caller = Caller(f"CN=User {turn},OU=Demo,O=Path Service", ISSUER)
            ports = range(1 + turn * THREADS, 1 + (turn + 1) * THREADS)
            answers = list(pool.map(ask, [caller] * THREADS, ports))
            assert sorted(answers) == ["limit"] * (THREADS - MOST) + ["open"] * MOST
