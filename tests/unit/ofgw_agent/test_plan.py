"""What a gateway has and should have, in lines; whose slice stays, and what is sent for all of it."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from netconfig.driver import Ownership, PartIntent
from netconfig.drivers.ofgw_agent import OfgwAgent
from netconfig.drivers.ofgw_agent.config import Reading, read_report
from netconfig.drivers.ofgw_agent.plan import GatewayPlan
from netconfig.errors import Rejected, Unreadable, Waiting
from netconfig.gateway import ControllerProxy, UserAccess, VlanMap, VlanPair
from netconfig.intent import FlowMatch, GatewayIntent, PolicyRoute
from netconfig.inventory import Device, TlsFiles
from netconfig.slicestate import LEGACY, Carried, Held, Item, Report, SliceKey, SliceState

OURS = Ownership("FNAL", "db")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 13, tzinfo=UTC)
FILES = TlsFiles(ca=Path("ca.pem"), cert=Path("cert.pem"), key=Path("key.pem"))
DRIVER = OfgwAgent(Device(name="gw-1", platform="ofgw_agent", host="gw", tls=FILES), OURS)
CONTROLLER = ControllerProxy("192.0.2.1", 6633)
VLANS = VlanMap((VlanPair(10, 0), VlanPair(30, 20)))
GROUP = UserAccess("1_demo")
KNOWN = frozenset({42, 43})


def part(part_id: int, intent: GatewayIntent, reservation: int = 42, *, wanted: bool = True) -> PartIntent:
    return PartIntent(part_id, reservation, intent, wanted=wanted, until=NOON)


PARTS = (part(1, CONTROLLER), part(2, VLANS), part(3, GROUP))


def has(*held: Held) -> Reading:
    return read_report(Report(NOON, held), OURS, {})


def held(key: SliceKey, carried: Carried, *, until: datetime | None = NOON, is_wanted: bool = True) -> Held:
    return Held(SliceState(key, until, carried), is_wanted)


FULL = held(SliceKey("FNAL", "db", 42), Carried(CONTROLLER, VLANS, GROUP))
THEIRS = held(SliceKey("FNAL", "lost", 7), Carried(CONTROLLER))


def plan(actual: Reading, *parts: PartIntent, known: frozenset[int] = KNOWN) -> GatewayPlan:
    placed = DRIVER.place(actual, parts)
    wish = DRIVER.render([replace(p, placement=placed.get(p.part_id, p.placement)) for p in parts])
    return DRIVER.plan(actual, wish, known=known)


def test_a_slice_comes_in_lines_that_name_their_parts() -> None:
    made = plan(has(), *PARTS)
    assert [(line.text, set(line.parts)) for line in made.lines] == [
        ("slice 42 until 2026-11-22T12:00:00Z", {1, 2, 3}),
        ("access 1_demo", {3}),
        ("controller 192.0.2.1:6633", {1}),
        ("vlan 10 <-> untagged", {2}),
        ("vlan 30 <-> 20", {2}),
    ]
    assert made.order
    assert made.order.wanted == FULL.state
    assert not plan(has(FULL), *PARTS)


def test_a_changed_map_is_the_lines_that_differ_and_no_other_things() -> None:
    news = part(4, VlanMap((VlanPair(10, 0), VlanPair(31, 20))))
    made = plan(has(FULL), *PARTS, news)
    assert [(line.text, set(line.parts)) for line in made.lines] == [
        ("no vlan 30 <-> 20", {4}),
        ("vlan 31 <-> 20", {4}),
    ]
    old = replace(PARTS[1], wanted=False)
    made = plan(has(FULL), PARTS[0], old, PARTS[2], news)
    assert [line.parts for line in made.lines] == [{2, 4}, {4}]


def test_another_end_is_a_line_of_no_part() -> None:
    (line,) = plan(has(replace(FULL, state=replace(FULL.state, until=LATER))), *PARTS).lines
    assert (line.text, line.parts) == ("slice 42 until 2026-11-22T12:00:00Z", frozenset())


def test_one_slice_goes_before_the_other_comes_in_one_order() -> None:
    gone = [replace(one, wanted=False) for one in PARTS]
    made = plan(has(FULL), *gone, part(9, GROUP, 43))
    assert [(line.text, line.reservation_id) for line in made.lines] == [
        ("no vlan 10 <-> untagged", 42),
        ("no vlan 30 <-> 20", 42),
        ("no controller 192.0.2.1:6633", 42),
        ("no access 1_demo", 42),
        ("no slice 42", 42),
        ("slice 43 until 2026-11-22T12:00:00Z", 43),
        ("access 1_demo", 43),
    ]
    assert made.order
    assert made.order.wanted
    assert made.order.wanted.key.reservation == 43


def test_slice_of_which_nothing_is_left_but_the_wish_is_told_to_go() -> None:
    made = plan(has(held(FULL.state.key, Carried())), *(replace(one, wanted=False) for one in PARTS))
    assert [(line.text, set(line.parts), line.removal) for line in made.lines] == [
        ("no slice 42", {1, 2, 3}, True)
    ]


def test_release_is_pending_while_something_is_not_off() -> None:
    left = held(FULL.state.key, Carried(group=GROUP), is_wanted=False)
    made = plan(has(left), *(replace(one, wanted=False) for one in PARTS))
    assert made.pending(3)
    assert [line.text for line in made.lines] == ["no access 1_demo", "no slice 42"]


def test_second_slice_is_rejected_and_it_alone() -> None:
    other = part(9, GROUP, 41)
    placed = DRIVER.place(has(), PARTS)
    first = [replace(one, placement=placed[one.part_id]) for one in PARTS]
    for actual, parts in ((has(), [other, *first]), (has(FULL), [other, *PARTS])):
        with pytest.raises(Rejected, match="one slice at a time, and reservation 42 has it") as caught:
            DRIVER.place(actual, parts)
        assert caught.value.parts == {9}


def test_intent_of_a_router_is_rejected() -> None:
    any_packet = FlowMatch(ip_network("0.0.0.0/0"), ip_network("0.0.0.0/0"))
    route = PolicyRoute("Ethernet1", ip_address("192.0.2.1"), (any_packet,))
    with pytest.raises(Rejected, match="carries no policy-route"):
        DRIVER.place(has(), [PartIntent(9, 42, route)])


@pytest.mark.parametrize(
    ("key", "word"),
    [
        (SliceKey("FNAL", "lost", 42), "another database, lost"),
        (SliceKey("FNAL", "db", 99), "knows no such reservation"),
        (SliceKey("CIT", "db", 42), "station word"),
        (LEGACY, "station word"),
    ],
)
def test_strangers_slice_stays_and_ours_waits_for_it(key: SliceKey, word: str) -> None:
    there = has(held(key, Carried(CONTROLLER)))
    made = plan(there, *PARTS)
    assert word in made.strangers[0]
    assert not made.due
    assert made.order is None
    assert all(made.pending(one.part_id) for one in PARTS)
    with pytest.raises(Waiting, match=word):
        DRIVER.push(made)
    idle = plan(there)
    assert not idle
    assert idle.strangers == made.strangers


def test_stranger_that_is_leaving_is_nobodys_hindrance() -> None:
    made = plan(has(replace(THEIRS, is_wanted=False)), *PARTS)
    assert made.strangers
    assert made.due


def test_eviction_names_the_slice_and_takes_no_other() -> None:
    made = DRIVER.evict(has(THEIRS), 7, database="lost")
    assert [line.text for line in made.lines] == ["no controller 192.0.2.1:6633", "no slice 7"]
    assert made.order
    assert (made.order.wanted, made.order.instead_of) == (None, THEIRS.state.key)
    assert not DRIVER.evict(has(THEIRS), 7, database="db")
    assert not DRIVER.evict(has(FULL, replace(THEIRS, is_wanted=False)), 7, database="lost")


def test_slice_that_is_taken_over_is_replaced_by_name() -> None:
    there = has(held(SliceKey("FNAL", "lost", 42), Carried(CONTROLLER, VLANS, GROUP)))
    intents = [one.intent for one in PARTS]
    placed = DRIVER.take_over(there, 42, intents, database="lost")
    made = plan(there, *(replace(one, placement=at) for one, at in zip(PARTS, placed, strict=True)))
    assert not made.strangers
    assert made.order
    assert made.order.instead_of == SliceKey("FNAL", "lost", 42)
    with pytest.raises(Unreadable):
        DRIVER.take_over(there, 42, intents[:1], database="lost")
    assert DRIVER.take_over(has(), 42, intents, database="lost") == ({}, {}, {})


def test_text_is_read_back_as_it_was_rendered() -> None:
    wish = DRIVER.render(PARTS)
    imagined = DRIVER.imagine(has(THEIRS), wish.text)
    assert [one.state for one in imagined.held] == [THEIRS.state, FULL.state]
    assert imagined.text == wish.text
    assert set(Item) == {Item.CONTROLLER, Item.VLANS, Item.GROUP}


def test_what_is_there_and_has_no_effect_waits_in_the_agents_words_and_is_not_sent_again() -> None:
    barred = "ctrl.example:6633: 127.0.0.1 is a loopback address"
    actual = read_report(Report(NOON, (FULL,), hindered={"controller": barred}), OURS, {})
    (line,) = plan(actual, *PARTS).lines
    assert (line.text, line.parts, line.waits) == ("# controller 192.0.2.1:6633", frozenset({1}), barred)
    assert not plan(actual, *PARTS).due
    # What goes, goes all the same.
    assert plan(actual, *(replace(part, wanted=False) for part in PARTS)).due
