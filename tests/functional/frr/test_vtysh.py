"""What FRR, which took its grammar from IOS, says to the lines that the driver sends.

Our simulator and our driver have one author, whose misreading would be in both. FRR's has not: its route maps
are IOS's. Its access lists are not, nor can it hang a route map on an interface; which lines those are is
written down here, one by one, and nothing else may be refused.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import pytest

from netconfig.cisco.config import Reading
from netconfig.cisco.running import parse_running
from netconfig.cli.push import SessionPlan
from netconfig.cli.words import refusal
from netconfig.driver import DeviceDriver, Plan, PlanLine, Transcript, transcript_of
from netconfig.drivers.cisco_ios.dialect import IOS
from netconfig.errors import Rejected
from tests.contract.drivers.bench import place, reconcile, unwanted
from tests.contract.drivers.cisco_ios_bench import MAP, TICKETS, IosBench

PARTS = [ticket.part for ticket in TICKETS]
BULK, CMS, SIX = PARTS[:3]

DIFFERENT = {
    r"ip access-list extended \S+": "FRR writes a list a line each: access-list NAME seq N permit ip ...",
    r" remark .*": "the same: access-list NAME remark ...",
    r" \d+ permit .*": "the same, and FRR's lists know neither protocols but `ip` nor ports nor DSCP",
    r"ipv6 access-list \S+": "the same: ipv6 access-list NAME seq N permit PREFIX",
    r" sequence \d+ permit .*": "the same",
    r"interface TenGigabitEthernet\S+": "a name of more than Linux's 15 characters",
    r" ip policy route-map \S+": "policy routing is FRR's pbrd, with maps of its own kind",
    r" ipv6 policy route-map \S+": "the same",
    r" set ipv6 next-hop [0-9A-Fa-f:]+": "FRR wants to know which: set ipv6 next-hop global ...",
}


def plan_for(parts: Sequence[object], *, gone: bool = False) -> Plan:
    """What the driver would send to the bench's router to bring these parts, or to take them away again."""
    with IosBench().start() as rig:
        driver = rig.at_once()
        if gone:
            parts = unwanted(reconcile(driver, parts).parts)  # type: ignore[arg-type]
        actual = driver.read()
        placed = place(driver, actual, parts)  # type: ignore[arg-type]
        known = frozenset(part.reservation_id for part in placed)
        return driver.plan(actual, driver.render(placed), known=known)


def push(router: DeviceDriver, lines: Sequence[PlanLine]) -> Transcript:
    """Have lines sent that were planned for the bench's router."""
    actual = router.read()
    assert isinstance(actual, Reading)
    return router.push(SessionPlan(tuple(lines), session=actual.session))


def steps(plan: Plan) -> Iterator[tuple[PlanLine, ...]]:
    for _, lines in groupby(plan.lines, key=lambda line: line.step):
        yield tuple(lines)


def of_route_maps(plan: Plan) -> Plan:
    """The steps that make, change and remove entries of IPv4 route maps."""
    wanted = [step for step in steps(plan) if "route-map" in step[0].text and "-v6 " not in step[0].text]
    return Plan(tuple(line for step in wanted for line in step))


def entries(driver: DeviceDriver) -> dict[tuple[str, int], tuple[str, ...]]:
    """The route-map entries that the driver reads."""
    actual = driver.read()
    assert isinstance(actual, Reading)
    found = (entry for held in actual.running.route_maps.values() for entry in held)
    return {entry.place: entry.lines for entry in found}


@pytest.fixture(autouse=True)
def empty(router: DeviceDriver) -> Iterator[None]:
    """Every test begins and ends with a router that has nothing, and that was read."""
    assert entries(router) == {}
    yield
    session = router._session  # type: ignore[attr-defined]
    left = [f"no route-map {name}" for name in dict.fromkeys(place[0] for place in entries(router))]
    for line in ("configure terminal", *left, "end"):
        session.ask(line)


def test_every_line_is_taken_but_those_that_frr_writes_otherwise(router: DeviceDriver) -> None:
    plan = plan_for(PARTS)
    session = router._session  # type: ignore[attr-defined]
    router.read()
    refused: list[str] = []
    taken: list[str] = []
    for step in steps(plan):
        session.ask("configure terminal")
        for line in step:
            if line.text == " exit":
                continue
            (refused if refusal(session.ask(line.text), IOS) else taken).append(line.text)
        session.ask("end")
    known = re.compile("|".join(DIFFERENT))
    assert [line for line in refused if not known.fullmatch(line)] == []
    assert [line for line in taken if known.fullmatch(line)] == []
    # Each difference is one that the driver meets, or it need not stand here.
    assert [line for line in DIFFERENT if not any(re.fullmatch(line, text) for text in refused)] == []
    assert {line.split()[0] for line in taken} == {"route-map", "match", "set"}


def test_entries_are_pushed_by_the_driver_and_read_back_as_they_were_meant(router: DeviceDriver) -> None:
    plan = of_route_maps(plan_for(PARTS))
    said = [exchange for exchange in push(router, plan.lines).exchanges if exchange.answer]
    assert [exchange.line for exchange in said] == ["configure terminal"] * len(said)
    assert entries(router) == {
        ("LS-FNAL-TenGigabitEthernet1/1", 10): ("match ip address LS-FNAL-42", "set ip next-hop 192.0.2.1"),
        ("LS-FNAL-TenGigabitEthernet1/1", 20): ("match ip address LS-FNAL-43", "set ip next-hop 192.0.2.2"),
        ("SITE-POLICY", 100): ("match ip address LS-FNAL-46", "set ip next-hop 198.51.100.1"),
    }


def test_entries_go_one_at_a_time_and_the_last_takes_the_map(router: DeviceDriver) -> None:
    push(router, of_route_maps(plan_for([BULK, CMS])).lines)
    assert len(entries(router)) == 2
    leaving = of_route_maps(plan_for([BULK, CMS], gone=True))
    first, second = (line for line in leaving.lines)
    assert [first.text, second.text] == [f"no {MAP} permit 10", f"no {MAP} permit 20"]
    push(router, [first])
    assert list(entries(router)) == [("LS-FNAL-TenGigabitEthernet1/1", 20)]
    push(router, [second])
    assert entries(router) == {}


def test_refusal_in_others_words_is_one_and_the_half_made_entry_is_taken_back(router: DeviceDriver) -> None:
    push(router, of_route_maps(plan_for([BULK])).lines)
    before = entries(router)
    lines = [line for step in steps(plan_for([SIX])) if "route-map" in step[0].text for line in step]
    with pytest.raises(Rejected, match="% Unknown command") as caught:
        push(router, lines)
    assert caught.value.line == " set ipv6 next-hop 2001:db8:1::2"
    assert caught.value.parts == {SIX.part_id}
    assert transcript_of(caught.value).exchanges[-1].line == "end"
    assert entries(router) == before


def test_refused_header_whose_exit_leaves_the_mode_is_noticed(router: DeviceDriver) -> None:
    lines = [
        line
        for line in plan_for([BULK]).lines
        if line.text.startswith(("ip access-list", " remark", " exit"))
    ]
    with pytest.raises(Rejected, match="% Unknown command") as caught:
        push(router, [dataclasses.replace(line, step=1, undo=None) for line in lines[:3]])
    assert caught.value.line == "ip access-list extended LS-FNAL-42"
    assert entries(router) == {}


def test_lists_said_in_frrs_words_match_the_same_packets_and_come_back_so(router: DeviceDriver) -> None:
    session = router._session  # type: ignore[attr-defined]
    router.read()
    session.ask("configure terminal")
    said = []
    for line in plan_for([CMS]).lines:
        # ` 10 permit ip ...`: what is left of a list of ours that speaks of addresses alone.
        found = re.fullmatch(r" (\d+) (permit ip (?!host).*)", line.text)
        if found:
            said.append(f"access-list LS-FNAL-43 seq {found[1]} {found[2]}")
            assert refusal(session.ask(said[-1]), IOS) == ""
    session.ask("end")
    assert said
    shown = session.ask("show running-config")
    assert [line for line in shown.splitlines() if line.startswith("access-list")] == said
    session.ask("configure terminal")
    session.ask("no access-list LS-FNAL-43")
    session.ask("end")


def test_what_frr_prints_is_read_like_what_ios_prints(router: DeviceDriver) -> None:
    push(router, of_route_maps(plan_for([BULK])).lines)
    shown = router._session.ask("show running-config")  # type: ignore[attr-defined]
    read = parse_running(shown, IOS)
    assert [entry.place for entry in read.route_maps["LS-FNAL-TenGigabitEthernet1/1"]] == [
        ("LS-FNAL-TenGigabitEthernet1/1", 10)
    ]
