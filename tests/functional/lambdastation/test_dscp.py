"""Code points from the site's pool: one marks one ticket at a time, and shows in answer and match alike."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambdastation.site import Direction
from lambdastation.tickets import ensure_resources
from reservation.errors import CapacityBooked
from tests.functional.lambdastation.test_updates import steered

POOL = range(48, 56)
ASKED: dict[str, object] = {
    "dstSite": "Caltech",
    "travelTime": 600,
    "srcIP": "131.225.204.0/24",
    "dscpRequestOut": "YES",
}


def ask(station: Any, **fields: object) -> tuple[str, str | None]:
    """Number and code point of the ticket, or the fault's code and field."""
    answer = station.wire().open_ticket(**{**ASKED, **fields})
    if answer.code != 200:
        return str(answer.fault.code), answer.fault.field
    return str(answer.text("localTicketId")), answer.text("dscpOut")


def exhaust(station: Any) -> None:
    for n, dscp in enumerate(POOL):
        assert ask(station, srcIP=f"131.225.204.{16 * n}/28") == (str(n + 1), str(dscp))


def test_lowest_free_one_is_in_the_answer_and_in_the_match(station: Any) -> None:
    assert [ask(station)[1] for _ in range(3)] == ["48", "49", "50"]
    assert {dscp for _, _, dscp, _ in steered(station, 2)} == {49}


def test_same_packets_on_two_paths_are_told_apart_by_their_marks(station: Any) -> None:
    assert ask(station) == ("1", "48")
    assert ask(station, localPath="UltraScienceNet") == ("2", "49")
    assert ask(station, localPath="UltraScienceNet", dscpOut=48)[0] == "dscp-taken"
    assert ask(station, localPath="UltraScienceNet", dscpRequestOut="NO")[0] == "flow-conflict"


def test_when_none_is_free_yes_is_refused_and_desirable_does_without(station: Any) -> None:
    exhaust(station)
    assert ask(station) == ("dscp-taken", "dscpRequestOut")
    told = station.wire().open_ticket(**ASKED).fault.text
    assert "of DSCP 48, 49, 50, 51, 52, 53, 54, 55 none is free" in told
    assert told.endswith("the first is given back at 2026-06-01T12:10:00Z")
    assert ask(station, dscpRequestOut="DESIRABLE") == ("9", None)
    assert {dscp for _, _, dscp, _ in steered(station, 9)} == {None}


def test_slot_after_the_others_has_them_all_again(station: Any) -> None:
    exhaust(station)
    assert ask(station, boardTime="2026-06-01T12:10:00Z") == ("9", "48")


@pytest.mark.parametrize(
    ("fields", "dscp"),
    [
        ({"dscpRequestOut": "DESIRABLE"}, "48"),
        ({"dscpRequestOut": "NO"}, None),
        ({"dscpRequestOut": "YES", "dscpOut": 7}, "7"),
        ({"dscpRequestOut": "YES", "dscpOut": 50}, "50"),
        ({"srcClient": "CMS-Tier1", "srcIP": "131.225.188.0/22"}, "32"),
        ({"srcClient": "CMS-Tier1", "srcIP": "131.225.188.0/22", "dscpRequestOut": "DESIRABLE"}, "32"),
    ],
    ids=["desirable", "no", "named", "named of the pool", "fixed", "fixed and desirable"],
)
def test_word_and_value_decide(station: Any, fields: dict[str, object], dscp: str | None) -> None:
    assert ask(station, **fields) == ("1", dscp)


def test_absent_word_is_any_code_point(station: Any) -> None:
    answer = station.wire().open_ticket(dstSite="Caltech", travelTime=600)
    assert answer.text("dscpOut") is None


def test_named_one_of_the_pool_is_taken_like_any_other(station: Any) -> None:
    assert ask(station, dscpOut=48) == ("1", "48")
    assert ask(station, srcIP="131.225.204.0/28") == ("2", "49")
    assert ask(station, srcIP="131.225.204.16/28", dscpOut=49) == ("dscp-taken", "dscpOut")


@pytest.mark.parametrize("word", ["YES", "DESIRABLE"])
def test_repeat_of_a_marked_request_joins_that_ticket(station: Any, word: str) -> None:
    answers = {ask(station, mode="auto", dscpRequestOut=word) for _ in range(5)}
    assert answers == {("1", "48")}
    assert ask(station, mode="join", dscpRequestOut=word) == ("1", "48")
    assert ask(station, mode="extend", dscpRequestOut=word, travelTime=900) == ("1", "48")
    assert station.rows()["participant"] == 1
    assert ask(station, mode="join", dscpRequestOut=word, srcIP="131.225.204.0/28")[0] == "no-such-flow"


@pytest.mark.parametrize("word", ["YES", "DESIRABLE"])
def test_repeat_joins_where_what_comes_in_is_steered_too_and_carries_another_mark(
    station: Any, word: str
) -> None:
    rules = station.site.rules
    back = next(rule for rule in rules if rule.steer and rule.topology == "red")
    steered_in = back.model_copy(update={"direction": Direction.IN})
    station.service.replace_site(station.site.model_copy(update={"rules": (*rules, steered_in)}))
    answers = {ask(station, mode="auto", dscpRequestOut=word, dscpIn=7) for _ in range(10)}
    assert answers == {("1", "48")}
    assert {dscp for _, _, dscp, _ in steered(station)} == {48, 7}


def test_repeat_of_one_that_got_no_mark_joins_that_ticket(station: Any) -> None:
    exhaust(station)
    desirable = {"mode": "auto", "dscpRequestOut": "DESIRABLE"}
    assert {ask(station, **desirable) for _ in range(3)} == {("9", None)}


def test_request_for_a_mark_does_not_join_a_ticket_without(station: Any) -> None:
    assert ask(station, dscpRequestOut="NO") == ("1", None)
    assert ask(station, mode="join") == ("no-such-flow", None)
    assert ask(station, mode="auto") == ("2", "48")


def test_extending_needs_the_same_mark_and_auto_is_content_without(station: Any) -> None:
    assert ask(station) == ("1", "48")
    later = {"srcIP": "131.225.204.0/28", "boardTime": "2026-06-01T12:12:00Z"}
    assert ask(station, **later) == ("2", "48")
    assert ask(station, mode="extend", travelTime=900) == ("dscp-taken", "dscpRequestOut")
    assert ask(station, mode="auto", travelTime=900) == ("1", "48")


def test_many_at_once_for_one_flow_are_one_ticket_with_one_mark(station: Any) -> None:
    gate = threading.Barrier(8)

    def call(_: int) -> tuple[str, str | None]:
        gate.wait(60)
        return ask(station, mode="auto")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(call, range(16))) == {("1", "48")}


def test_site_without_a_pool_gives_no_marks(station: Any) -> None:
    station.service.replace_site(station.site.model_copy(update={"dscp_pool": ()}))
    assert ask(station) == ("field-missing", "dscpOut")
    assert ask(station, dscpRequestOut="DESIRABLE") == ("1", None)
    assert ask(station, dscpOut=48) == ("2", "48")


def test_pool_keeps_what_is_promised(station: Any) -> None:
    assert ask(station) == ("1", "48")

    def offer(*dscp_pool: int) -> None:
        site = station.site.model_copy(update={"dscp_pool": dscp_pool})
        station.store.write(lambda session: ensure_resources(session, site, now=station.clock.now))

    offer(48)
    for smaller in ((49, 50), ()):
        with pytest.raises(CapacityBooked):
            offer(*smaller)
    station.wire().request("<ls:cancelTicket><ls:ticketId>1</ls:ticketId></ls:cancelTicket>")
    offer()
