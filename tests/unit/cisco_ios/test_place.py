"""Where a part goes: never before a live entry, never into a live list, never over what is the site's."""

import dataclasses
from collections.abc import Mapping

import pytest

from netconfig.driver import PartIntent
from netconfig.errors import Rejected, StateUnknown
from netconfig.intent import AccessPermit, Intent, SequenceRange
from tests.unit.cisco_ios.workshop import (
    BACK_TEXT,
    BULK,
    BULK_TEXT,
    EMPTY,
    MAP,
    OTHER_DATABASE,
    PERMIT,
    ROUTE,
    ROUTE_SITE,
    ROUTE_SIX,
    interface,
    our_entry,
    our_list,
    place,
    plan,
    reading,
)

SITE = interface(policy="SITE-POLICY") + "route-map SITE-POLICY permit 10\n match ip address V\n"
EDGE = f"{EMPTY}ip access-list extended EDGE-IN\n 10 permit tcp any any eq smtp\n 1000 deny ip any any\n"


def part(part_id: int, reservation: int, intent: Intent, **placement: object) -> PartIntent:
    return PartIntent(part_id, reservation, intent, placement=placement)


def route_place(acl: str, sequence: int, route_map: str = MAP) -> Mapping[str, object]:
    return {"acl": acl, "map": route_map, "sequence": sequence}


def rejection(text: str, *parts: PartIntent) -> Rejected:
    with pytest.raises(Rejected) as caught:
        place(reading(text), *parts)
    return caught.value


def test_first_parts_of_an_interface_stand_ten_apart() -> None:
    parts = place(reading(EMPTY), part(1, 42, ROUTE), part(2, 43, ROUTE), part(3, 42, ROUTE_SIX))
    assert [dict(p.placement) for p in parts] == [
        route_place("LS-FNAL-42", 10),
        route_place("LS-FNAL-43", 20),
        route_place("LS-FNAL-42-v6", 10, f"{MAP}-v6"),
    ]


def test_second_list_of_a_reservation_has_another_name() -> None:
    parts = place(reading(EMPTY), part(1, 42, ROUTE), part(2, 42, ROUTE))
    assert [p.placement["acl"] for p in parts] == ["LS-FNAL-42", "LS-FNAL-42-r2"]


def test_new_entry_stands_after_the_highest_live_one_though_lower_numbers_are_free() -> None:
    text = our_list("LS-FNAL-43", reservation=43) + our_entry(70, "LS-FNAL-43") + interface()
    first, second = place(
        reading(text), part(1, 42, ROUTE), part(2, 43, ROUTE, **route_place("LS-FNAL-43", 70))
    )
    assert first.placement["sequence"] == 80
    assert second.placement == route_place("LS-FNAL-43", 70)


def test_placed_part_that_is_not_there_moves_behind_the_live_ones() -> None:
    text = our_list("LS-FNAL-43", reservation=43) + our_entry(20, "LS-FNAL-43") + interface()
    (moved,) = place(reading(text), part(1, 42, ROUTE, **route_place("LS-FNAL-42", 10)))
    assert moved.placement == route_place("LS-FNAL-42", 30)


def test_placed_part_stays_while_its_number_is_still_the_last() -> None:
    (stays,) = place(reading(EMPTY), part(1, 42, ROUTE, **route_place("LS-FNAL-42", 50)))
    assert stays.placement == route_place("LS-FNAL-42", 50)


def test_half_written_header_is_completed_where_it_stands() -> None:
    text = our_list() + f"route-map {MAP} permit 30\n"
    (stays,) = place(reading(EMPTY + text), part(1, 42, ROUTE, **route_place("LS-FNAL-42", 30)))
    assert stays.placement == route_place("LS-FNAL-42", 30)


def test_half_written_list_that_nothing_matches_yet_is_completed() -> None:
    wish = dataclasses.replace(ROUTE, flows=(BULK, BULK.reversed()))
    placed = part(1, 42, wish, **route_place("LS-FNAL-42", 10))
    actual = reading(EMPTY + our_list())
    (stays,) = place(actual, placed)
    assert stays.placement["acl"] == "LS-FNAL-42"
    lines = [line.text for line in plan(actual, stays).lines]
    assert lines[:3] == ["ip access-list extended LS-FNAL-42", f" 20 {BACK_TEXT}", " exit"]


def test_list_of_another_database_is_left_and_a_new_name_taken() -> None:
    foreign = our_list().replace("6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11", OTHER_DATABASE)
    (placed,) = place(reading(EMPTY + foreign), part(1, 42, ROUTE))
    assert placed.placement["acl"] == "LS-FNAL-42-r2"


def test_name_of_a_list_of_another_kind_is_not_taken() -> None:
    text = f"{EMPTY}ip access-list standard LS-FNAL-42\n 10 permit any\n"
    (placed,) = place(reading(text), part(1, 42, ROUTE))
    assert placed.placement["acl"] == "LS-FNAL-42-r2"


def test_numbers_that_run_out_lead_to_a_fresh_map_with_all_entries() -> None:
    text = our_list("LS-FNAL-43", reservation=43) + our_entry(65530, "LS-FNAL-43") + interface()
    parts = [part(1, 42, ROUTE), part(2, 43, ROUTE, **route_place("LS-FNAL-43", 65530))]
    new, old = place(reading(text), *parts)
    assert old.placement == route_place("LS-FNAL-43", 10, f"{MAP}-r2")
    assert new.placement == route_place("LS-FNAL-42", 20, f"{MAP}-r2")
    lines = [line.text for line in plan(reading(text), new, old).lines]
    switch = lines.index(f" ip policy route-map {MAP}-r2")
    assert f" no ip policy route-map {MAP}" not in lines
    assert lines.index(f"no route-map {MAP} permit 65530") > switch
    assert all(not line.startswith("route-map") for line in lines[switch:])
    assert place(reading(text), new, old) == [new, old]


def test_site_owned_policy_that_the_intent_does_not_name_is_never_overwritten() -> None:
    error = rejection(SITE, part(1, 42, ROUTE), part(2, 43, ROUTE))
    assert "carries SITE-POLICY" in error.words
    assert error.parts == {1, 2}


def test_interface_policy_or_list_that_is_not_there_is_rejected() -> None:
    assert "no interface" in rejection("end\n", part(1, 42, ROUTE)).words
    assert "no route map SITE-POLICY" in rejection(EMPTY, part(1, 42, ROUTE_SITE)).words
    assert "no IPv4 access list EDGE-IN" in rejection(EMPTY, part(1, 42, PERMIT)).words
    loose = "route-map SITE-POLICY permit 10\n match ip address V\n"
    assert "carries no route map" in rejection(EMPTY + loose, part(1, 42, ROUTE_SITE)).words


@pytest.mark.parametrize(
    ("before", "after", "words", "intent"),
    [
        (EMPTY, "end\n", "there is no interface TenGigabitEthernet1/1", ROUTE),
        (EMPTY, interface(policy="OPS-TEST"), "carries OPS-TEST; the site file does not name it", ROUTE),
        (SITE, EMPTY, "there is no route map SITE-POLICY", ROUTE_SITE),
        (SITE, SITE.replace(" ip policy route-map SITE-POLICY\n", ""), "carries no route map", ROUTE_SITE),
        (SITE, "route-map SITE-POLICY permit 10\nend\n", "there is no interface", ROUTE_SITE),
        (EDGE, EMPTY, "there is no IPv4 access list EDGE-IN", PERMIT),
        (EDGE, f"{EMPTY}ipv6 access-list EDGE-IN\n", "there is no IPv4 access list EDGE-IN", PERMIT),
    ],
)
def test_what_a_placed_part_stands_on_may_be_away_but_a_new_part_is_rejected_alone(
    before: str, after: str, words: str, intent: Intent
) -> None:
    placed = place(reading(before), part(1, 42, intent), part(2, 43, intent))
    hindered = reading(after)
    assert place(hindered, *placed) == placed
    made = plan(hindered, *placed)
    assert [line.parts for line in made.lines if words in line.waits] == [{1, 2}]
    assert f"! waiting: {made.lines[-1].waits}\n" in str(made)
    assert not any(line.text.startswith(("interface ", "ip access-list extended E")) for line in made.lines)
    assert "route-map SITE-POLICY" not in str(made) or "route-map SITE-POLICY permit 10" in after
    assert rejection(after, *placed, part(3, 44, intent), part(4, 45, intent)).parts == {3, 4}
    with pytest.raises(Rejected, match=words):
        place(hindered, *placed, part(3, 44, intent))


def test_number_of_a_part_that_was_away_is_left_to_the_part_of_its_reservation_that_has_it_now() -> None:
    text = SITE + our_list("LS-FNAL-42-r2") + our_entry(100, "LS-FNAL-42-r2", "SITE-POLICY")
    away = part(1, 42, ROUTE_SITE, **route_place("LS-FNAL-42", 100, "SITE-POLICY"))
    there = part(2, 42, ROUTE_SITE, **route_place("LS-FNAL-42-r2", 100, "SITE-POLICY"))
    back, stays = place(reading(text), away, there)
    assert stays == there
    assert back.placement == route_place("LS-FNAL-42", 101, "SITE-POLICY")
    gone = dataclasses.replace(there, wanted=False)
    (alone, _) = place(reading(text), away, gone)
    assert alone.placement == route_place("LS-FNAL-42", 101, "SITE-POLICY")


def test_number_that_two_parts_of_a_reservation_remember_is_given_once() -> None:
    both = [part(n, 42, ROUTE, **route_place(f"LS-FNAL-42-r{n}", 10)) for n in (1, 2)]
    half_written = f"{EMPTY}route-map {MAP} permit 10\n"
    for text in (EMPTY, half_written):
        assert [p.placement["sequence"] for p in place(reading(text), *both)] == [10, 20]


def test_site_range_is_filled_upwards_and_refused_when_used_up() -> None:
    parts = place(reading(SITE), *(part(n, 42 + n, ROUTE_SITE) for n in (1, 2, 3)))
    assert [p.placement["sequence"] for p in parts] == [100, 101, 102]
    error = rejection(SITE, *parts, part(4, 46, ROUTE_SITE))
    assert "sequences 100 to 102 of route map SITE-POLICY are used up" in error.words
    assert error.parts == {4}


def test_entry_of_the_site_above_the_range_would_be_shadowed_and_is_named() -> None:
    error = rejection(
        f"{SITE}route-map SITE-POLICY permit 200\n match ip address W\n", part(1, 42, ROUTE_SITE)
    )
    assert "100 to 102" in error.words
    assert "entry 200 stands above" in error.words


def test_entry_of_the_site_inside_the_range_is_stepped_over() -> None:
    (placed,) = place(
        reading(f"{SITE}route-map SITE-POLICY permit 100\n match ip address W\n"), part(1, 42, ROUTE_SITE)
    )
    assert placed.placement["sequence"] == 101


def test_live_entry_stays_though_the_site_adds_one_above() -> None:
    text = SITE + our_list() + our_entry(100, route_map="SITE-POLICY") + "route-map SITE-POLICY permit 200\n"
    (stays,) = place(reading(text), part(1, 42, ROUTE_SITE, **route_place("LS-FNAL-42", 100, "SITE-POLICY")))
    assert stays.placement["sequence"] == 100


def test_permit_takes_the_lowest_free_number_and_is_shared_by_its_text() -> None:
    first, second = place(reading(EDGE), part(1, 42, PERMIT), part(2, 43, PERMIT))
    assert first.placement == {
        "acl": "EDGE-IN",
        "lines": [{"text": BACK_TEXT, "sequence": 500, "existed": False}],
    }
    assert second.placement == first.placement


def test_line_that_was_there_before_us_is_neither_added_nor_removed() -> None:
    text = f"{EDGE} 77 {BACK_TEXT}\n"
    (placed,) = place(reading(text), part(1, 42, PERMIT))
    assert placed.placement["lines"] == [{"text": BACK_TEXT, "sequence": 77, "existed": True}]
    assert not plan(reading(text), placed)
    assert not plan(reading(text), dataclasses.replace(placed, wanted=False))


def test_line_of_the_site_that_has_gone_becomes_ours() -> None:
    (placed,) = place(reading(f"{EDGE} 77 {BACK_TEXT}\n"), part(1, 42, PERMIT))
    (again,) = place(reading(EDGE), placed)
    assert again.placement["lines"] == [{"text": BACK_TEXT, "sequence": 500, "existed": False}]


def test_permit_is_found_by_text_whatever_its_number_has_become() -> None:
    (placed,) = place(reading(EDGE), part(1, 42, PERMIT))
    moved = reading(f"{EDGE} 20 {BACK_TEXT}\n")
    assert place(moved, placed) == [placed]
    assert not plan(moved, placed)
    lines = [line.text for line in plan(moved, dataclasses.replace(placed, wanted=False)).lines]
    assert lines == ["ip access-list extended EDGE-IN", f" no {BACK_TEXT}", " exit"]


def test_number_taken_meanwhile_is_given_up() -> None:
    (placed,) = place(reading(EDGE), part(1, 42, PERMIT))
    (moved,) = place(reading(f"{EDGE} 500 permit udp any any\n"), placed)
    assert moved.placement["lines"] == [{"text": BACK_TEXT, "sequence": 501, "existed": False}]


def test_text_that_stands_twice_is_state_unknown() -> None:
    (placed,) = place(reading(EDGE), part(1, 42, PERMIT))
    twice = reading(f"{EDGE} 77 {BACK_TEXT}\n 78 {BACK_TEXT}\n")
    for asked in (placed, dataclasses.replace(placed, wanted=False), part(1, 42, PERMIT)):
        with pytest.raises(StateUnknown, match="2 times"):
            place(twice, asked)
    with pytest.raises(StateUnknown, match="2 times"):
        plan(twice, dataclasses.replace(placed, wanted=False))


def test_range_of_a_list_that_is_used_up_is_rejected() -> None:
    text = f"{EDGE} 500 permit udp any any\n 501 permit icmp any any\n"
    assert "500 to 501 of access list EDGE-IN are used up" in rejection(text, part(1, 42, PERMIT)).words


def test_range_behind_the_last_deny_is_rejected() -> None:
    text = f"{EMPTY}ip access-list extended EDGE-IN\n 10 permit tcp any any\n 20 deny ip any any log\n"
    assert "stand behind its 'deny ip any any log', number 20" in rejection(text, part(1, 42, PERMIT)).words


def test_ipv6_permit_needs_an_ipv6_list() -> None:
    six = AccessPermit("EDGE-IN", ROUTE_SIX.flows, SequenceRange(500, 501))
    assert "no IPv6 access list" in rejection(EDGE, part(1, 42, six)).words


def test_placing_what_is_placed_changes_nothing() -> None:
    parts = [part(1, 42, ROUTE), part(2, 43, ROUTE_SIX), part(3, 42, ROUTE)]
    placed = place(reading(EMPTY), *parts)
    assert place(reading(EMPTY), *placed) == placed
    assert BULK_TEXT in reading(our_list()).text
