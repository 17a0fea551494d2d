"""openSvcTicket's modes: who asks for a flow that has a ticket takes part in it; it ends with the last."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdastation.authorization import authorize
from lambdastation.caller import Caller
from lambdastation.site import AuthorizationRule, Limits
from lambdastation.ticket import Mode, TicketRequest
from reservation import calendar, sharing
from reservation.lifecycle import Cause, State
from reservation.moves import lock_reservation, move

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
USER = "CN=Example User,OU=Demo,O=Path Service"
OPERATOR = "CN=Operator,OU=Demo,O=Path Service"
POOL = "CN=Pool,OU=Demo,O=Path Service"
ISSUER = "CN=Demo Certificate Authority,O=Path Service"
GOOD: dict[str, object] = {"dstSite": "Caltech", "travelTime": 600}


@pytest.fixture(autouse=True)
def pool_is_allowed(station: Any) -> None:
    rules = (*station.site.authorization, AuthorizationRule(action="allow", subject=POOL))
    station.service.replace_site(station.site.model_copy(update={"authorization": rules}))


def ask(station: Any, mode: str | None, *, as_: str = USER, **fields: object) -> tuple[str, str, datetime]:
    """The word answered, the ticket's number, and its end."""
    answer = station.wire(as_).open_ticket(mode=mode, **{**GOOD, **fields})
    assert answer.code == 200, answer.fault
    end = datetime.fromisoformat(answer.text("endTime"))
    return str(answer.text("answeredMode")), str(answer.text("localTicketId")), end


def refused(station: Any, mode: str, *, as_: str = USER, **fields: object) -> tuple[str | None, str | None]:
    fault = station.wire(as_).open_ticket(mode=mode, **{**GOOD, **fields}).fault
    return fault.code, fault.field


def cancel(station: Any, number: int = 1, *, as_: str = USER) -> str | None:
    xml = f"<ls:cancelTicket><ls:ticketId>{number}</ls:ticketId></ls:cancelTicket>"
    answer = station.wire(as_).request(xml)
    return str(answer.text("cancelled")) if answer.code == 200 else answer.fault.code


def state(station: Any, number: int = 1) -> str:
    xml = f"<ls:getTicket><ls:ticketId>{number}</ls:ticketId></ls:getTicket>"
    return str(station.wire().request(xml).text("state"))


def participants(station: Any, number: int = 1) -> list[tuple[str, bool]]:
    found = station.store.read(lambda session: sharing.participants(session, number))
    # In order of name: most tests have several join at one instant.
    return sorted((one.participant.subject, one.left_at is None) for one in found)


def go(station: Any, number: int, *causes: Cause) -> None:
    def work(session: Any) -> None:
        for cause in causes:
            move(session, lock_reservation(session, number), cause, now=station.clock.now, actor="worker")
        calendar.keep_claims(session, number, until=station.clock.now + 10 * MINUTE)

    station.store.write(work)


def test_auto_opens_then_joins_then_extends(station: Any) -> None:
    assert ask(station, "auto") == ("new", "1", NOON + 10 * MINUTE)
    assert ask(station, "auto", travelTime=300) == ("join", "1", NOON + 10 * MINUTE)
    station.clock.advance(MINUTE)
    assert ask(station, "auto") == ("extend", "1", NOON + 11 * MINUTE)
    assert participants(station) == [(USER, True)]
    assert {line.ticket_id for line in station.audit} == {1}


def test_two_hundred_calls_for_one_flow_are_one_ticket_of_one_participant(station: Any) -> None:
    for _ in range(200):
        assert ask(station, "auto")[1] == "1"
        station.clock.advance(timedelta(seconds=2))
    rows = station.rows()
    assert (rows["reservation"], rows["participant"], rows["claim"]) == (1, 1, 3)


def test_two_hundred_calls_at_once_are_one_ticket(station: Any) -> None:
    gate = threading.Barrier(20)

    def call(_: int) -> str:
        gate.wait(60)
        return ask(station, "auto")[1]

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(call, range(200))) == {"1"}
    assert station.rows()["participant"] == 1


def test_new_and_no_mode_are_a_ticket_of_its_own_and_the_answer_has_no_new_word(station: Any) -> None:
    for number, mode in enumerate(("new", None, "new"), start=1):
        assert ask(station, mode) == ("None", str(number), NOON + 10 * MINUTE)


def test_join_takes_the_ticket_as_it_is(station: Any) -> None:
    ask(station, "new", outBW="2G")
    joined = station.wire(POOL).open_ticket(mode="join", **{**GOOD, "travelTime": 900, "outBW": "9G"})
    assert (joined.text("answeredMode"), joined.text("localTicketId")) == ("join", "1")
    assert (joined.text("outBW"), joined.text("credentialSubject")) == ("2000000000", USER)
    assert joined.text("endTime") == (NOON + 10 * MINUTE).isoformat()
    assert participants(station) == [(USER, True), (POOL, True)]


def test_joining_takes_no_bandwidth(station: Any) -> None:
    ask(station, "new", outBW="10G", inBW="10G")
    assert ask(station, "auto", as_=POOL)[:2] == ("join", "1")
    assert refused(station, "new", as_=POOL)[0] == "capacity-exceeded"


@pytest.mark.parametrize(
    "other",
    [
        {"srcIP": "131.225.204.0/25"},
        {"dstPort": "tcp eq 5000"},
        {"dscpOut": 32},
        {"dstClient": "Tier2-SRM"},
        {"boardTime": (NOON + 60 * MINUTE).isoformat()},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_flow_or_another_time_is_another_ticket(station: Any, other: dict[str, Any]) -> None:
    ask(station, "new")
    for mode in ("join", "extend"):
        assert refused(station, mode, **other) == ("no-such-flow", None)
    assert ask(station, "auto", **other)[:2] == ("new", "2")


def test_the_same_packets_in_other_words_are_the_same_flow(station: Any) -> None:
    ask(station, "new", srcIP="131.225.204.0/24", dstIP="192.84.86.0/24")
    halves: dict[str, Any] = {"srcIP": "131.225.204.128/25,131.225.204.0/25", "dstIP": "192.84.86.0/24"}
    assert ask(station, "auto", **halves)[:2] == ("join", "1")
    swapped: dict[str, Any] = {"srcSite": "Caltech", "dstSite": "Fermilab", "srcIP": "192.84.86.0/24"}
    assert ask(station, "auto", dstIP="131.225.204.0/24", **swapped)[:2] == ("join", "1")


def test_a_ticket_booked_ahead_is_joined_by_who_asks_for_its_time(station: Any) -> None:
    ahead = {"boardTime": (NOON + 60 * MINUTE).isoformat()}
    ask(station, "new", **ahead)
    assert ask(station, "auto", as_=POOL, **ahead)[:2] == ("join", "1")
    assert ask(station, "auto")[:2] == ("new", "2"), "now is another time"


def test_of_two_tickets_the_one_that_lasts_longer_is_joined(station: Any) -> None:
    ask(station, "new")
    ask(station, "new", travelTime=1200)
    assert ask(station, "auto", as_=POOL) == ("join", "2", NOON + 20 * MINUTE)


def test_extend_moves_the_end_and_a_repeat_finds_it_there(station: Any) -> None:
    ask(station, "new")
    until: dict[str, Any] = {"endTime": (NOON + 30 * MINUTE).isoformat(), "travelTime": 1800}
    for _ in range(2):
        assert ask(station, "extend", **until) == ("extend", "1", NOON + 30 * MINUTE)
    assert ask(station, "extend") == ("extend", "1", NOON + 30 * MINUTE), "never an earlier end"


def test_auto_joins_without_extending_where_the_added_time_is_taken(station: Any) -> None:
    ask(station, "new", outBW="6G", inBW="6G")
    later = (NOON + 15 * MINUTE).isoformat()
    ask(station, "new", boardTime=later, outBW="6G", srcIP="131.225.204.0/25")
    assert ask(station, "auto", travelTime=1200) == ("join", "1", NOON + 10 * MINUTE)
    assert refused(station, "extend", travelTime=1200) == ("capacity-exceeded", "outBW")
    assert ask(station, "auto", travelTime=900) == ("extend", "1", NOON + 15 * MINUTE)


def test_a_conflict_in_the_added_time_keeps_the_end(station: Any) -> None:
    ask(station, "new")
    ask(station, "new", boardTime=(NOON + 15 * MINUTE).isoformat(), localPath="green")
    assert ask(station, "auto", travelTime=1200) == ("join", "1", NOON + 10 * MINUTE)
    assert refused(station, "extend", travelTime=1200) == ("flow-conflict", "srcIP")


def test_no_ticket_is_extended_beyond_the_longest(station: Any) -> None:
    site = station.service.site
    limits = Limits(longest=15 * MINUTE, horizon=timedelta(days=1))
    station.service.replace_site(site.model_copy(update={"limits": limits}))
    ask(station, "new")
    station.clock.advance(8 * MINUTE)
    assert ask(station, "auto") == ("join", "1", NOON + 10 * MINUTE)
    assert refused(station, "extend") == ("bad-time", "travelTime")


@pytest.mark.parametrize("mode", ["join", "extend"])
def test_what_is_being_released_is_too_late_and_auto_opens_anew(station: Any, mode: str) -> None:
    ask(station, "new")
    station.clock.advance(10 * MINUTE)
    go(station, 1, Cause.START, Cause.END)
    before = station.rows()
    assert refused(station, mode) == ("too-late", None)
    assert station.rows() == before
    assert ask(station, "auto")[:2] == ("new", "2")


def test_what_was_called_off_and_is_still_on_the_routers_is_not_joined(station: Any) -> None:
    ask(station, "auto")
    go(station, 1, Cause.START)
    cancel(station)
    assert refused(station, "join") == ("too-late", None)
    assert ask(station, "auto")[:2] == ("new", "2")


def test_who_may_not_open_such_a_ticket_may_not_join_it_either(station: Any) -> None:
    site = station.service.site
    rules = (AuthorizationRule(action="deny", subject=POOL, topologies=("red",)), *site.authorization)
    station.service.replace_site(site.model_copy(update={"authorization": rules}))
    ask(station, "new")
    for mode in ("auto", "join", "extend"):
        assert refused(station, mode, as_=POOL)[0] == "not-authorized"
    assert participants(station) == [(USER, True)]


def test_a_ticket_ends_when_its_last_participant_leaves(station: Any) -> None:
    ask(station, "auto")
    ask(station, "auto", as_=POOL)
    assert cancel(station) == "true"
    assert state(station) == "scheduled", "the pool still wants it"
    assert cancel(station) == "true", "a repeat does no harm"
    assert state(station) == "scheduled"
    assert cancel(station, as_=POOL) == "true"
    assert state(station) == "cancelled"
    assert (cancel(station), cancel(station, as_=POOL)) == ("true", "true")
    assert participants(station) == [(USER, False), (POOL, False)]


def test_calls_of_one_subject_are_given_up_one_by_one(station: Any) -> None:
    ask(station, "auto")
    ask(station, "auto", outBW="1G")
    assert len(participants(station)) == 2
    cancel(station)
    assert state(station) == "scheduled"
    cancel(station)
    assert state(station) == "cancelled"


def test_an_operator_ends_it_for_everybody(station: Any) -> None:
    ask(station, "auto")
    ask(station, "auto", as_=POOL)
    assert cancel(station, as_=OPERATOR) == "true"
    assert state(station) == "cancelled"
    assert (cancel(station), cancel(station, as_=POOL)) == ("true", "true")


def test_who_takes_no_part_cancels_nothing(station: Any) -> None:
    ask(station, "auto")
    assert cancel(station, as_=POOL) == "not-authorized"
    assert state(station) == "scheduled"


def test_leaving_what_ended_by_itself_is_a_wrong_state(station: Any) -> None:
    ask(station, "auto")
    ask(station, "auto", as_=POOL)
    station.clock.advance(10 * MINUTE)
    go(station, 1, Cause.START, Cause.END)
    assert cancel(station) == "wrong-state"
    assert participants(station) == [(USER, True), (POOL, True)]


def test_who_left_may_join_again(station: Any) -> None:
    ask(station, "auto")
    ask(station, "auto", as_=POOL)
    cancel(station, as_=POOL)
    assert ask(station, "auto", as_=POOL)[:2] == ("join", "1")
    cancel(station)
    assert state(station) == "scheduled"


def test_one_who_opens_while_another_does_joins_that_one(station: Any, monkeypatch: Any) -> None:
    """What a database with more than one writer does between looking and locking."""
    look = sharing.find_flows
    blind = [True]

    def first_look_sees_nothing(session: Any, request: Any, *, at: datetime) -> Any:
        return () if blind and blind.pop() else look(session, request, at=at)

    ask(station, "auto")
    monkeypatch.setattr(sharing, "find_flows", first_look_sees_nothing)
    assert ask(station, "auto", as_=POOL)[:2] == ("join", "1")
    assert station.rows()["reservation"] == 1


def test_a_flow_that_is_opened_by_others_again_and_again_is_our_fault(station: Any, monkeypatch: Any) -> None:
    ask(station, "auto")
    found = sharing.find_flows
    looks = iter(range(1000))

    def sees_it_too_late(session: Any, request: Any, *, at: datetime) -> Any:
        return () if next(looks) % 2 == 0 else found(session, request, at=at)

    monkeypatch.setattr(sharing, "find_flows", sees_it_too_late)
    assert refused(station, "auto", as_=POOL) == ("store-unavailable", None)


def test_the_machines_own_operator_may_use_every_mode(station: Any) -> None:
    here = Caller("operator ann", "this machine", local=True)
    assert authorize(station.site, here, "openSvcTicket")  # type: ignore[arg-type]
    request = TicketRequest(dst_site="Caltech", travel_seconds=600)
    answered = [
        station.service.open_ticket(request, caller=here, mode=mode).answered
        for mode in (Mode.NEW, Mode.JOIN, Mode.EXTEND, Mode.AUTO)
    ]
    assert answered == [None, Mode.JOIN, Mode.EXTEND, Mode.JOIN]
    assert station.service.get_ticket(1, caller=here).state is State.SCHEDULED


def test_zeep_reads_the_word_and_sends_the_whole_ticket_back(station: Any) -> None:
    service = station.client().service
    opened = service.openSvcTicket(svcTicket=GOOD, mode="auto")
    assert (opened.localTicketId, opened.answeredMode) == (1, "new")
    again = service.openSvcTicket(svcTicket=opened, mode="auto")
    assert (again.localTicketId, again.answeredMode) == (1, "join")
    assert service.getTicket(ticketId=1).answeredMode is None
