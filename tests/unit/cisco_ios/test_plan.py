"""The order that is safe, the lines' owners, and what a plan will not contain."""

import dataclasses
from collections.abc import Sequence
from typing import cast

import pytest

from netconfig.cisco.config import Wish
from netconfig.driver import Config, PartIntent, Plan
from netconfig.errors import StateUnknown
from tests.unit.cisco_ios.workshop import (
    BULK_TEXT,
    EMPTY,
    MAP,
    OTHER_DATABASE,
    PERMIT,
    ROUTE,
    ROUTE_SIX,
    TEN_ONE,
    driver,
    interface,
    our_entry,
    our_list,
    place,
    plan,
    reading,
)


def lines(made: Plan) -> Sequence[str]:
    return [line.text for line in made.lines]


def parts_on(text: str, *parts: PartIntent) -> Sequence[PartIntent]:
    return place(reading(text), *parts)


def test_list_comes_before_its_entry_and_the_policy_line_last() -> None:
    made = lines(plan(reading(EMPTY), *parts_on(EMPTY, PartIntent(1, 42, ROUTE), PartIntent(2, 43, ROUTE))))
    headers = [line for line in made if not line.startswith(" ")]
    assert [header.split()[0] for header in headers] == ["ip", "ip", *4 * ["route-map"], "interface"]


def test_match_and_set_are_steps_of_their_own() -> None:
    made = plan(reading(EMPTY), *parts_on(EMPTY, PartIntent(1, 42, ROUTE)))
    match, repeated = (line for line in made.lines if line.text == " match ip address LS-FNAL-42")
    (sets,) = (line for line in made.lines if line.text == " set ip next-hop 192.0.2.1")
    assert match.step < repeated.step == sets.step


def test_every_block_is_closed_and_each_step_holds_one_block() -> None:
    made = plan(reading(EMPTY), *parts_on(EMPTY, PartIntent(1, 42, ROUTE), PartIntent(2, 43, ROUTE_SIX)))
    by_step: dict[int, list[str]] = {}
    for line in made.lines:
        by_step.setdefault(line.step, []).append(line.text)
    for block in by_step.values():
        assert not block[0].startswith(" ")
        assert all(line.startswith(" ") for line in block[1:])
        assert block[-1] == " exit"


def test_new_objects_say_how_they_are_taken_back_and_edited_ones_do_not() -> None:
    made = plan(reading(EMPTY), *parts_on(EMPTY, PartIntent(1, 42, ROUTE)))
    assert {line.undo for line in made.lines} == {
        "no ip access-list extended LS-FNAL-42",
        f"no route-map {MAP} permit 10",
        None,
    }
    text = our_list() + our_entry().replace("192.0.2.1", "192.0.2.9") + interface()
    edited = plan(reading(text), *parts_on(text, PartIntent(1, 42, ROUTE, placement=dict(PLACED))))
    assert {line.undo for line in edited.lines} == {None}


PLACED = {"acl": "LS-FNAL-42", "map": MAP, "sequence": 10}


def test_next_hop_is_taken_away_before_another_is_set() -> None:
    text = our_list() + our_entry().replace("192.0.2.1", "192.0.2.9") + interface()
    made = lines(plan(reading(text), PartIntent(1, 42, ROUTE, placement=PLACED)))
    assert made.index(" no set ip next-hop 192.0.2.9") < made.index(" set ip next-hop 192.0.2.1")


def test_list_of_ipv6_takes_the_place_of_the_one_before() -> None:
    """`match ipv6 address` names one list: to take the old one away might take the new one."""
    made = plan(reading(EMPTY), *parts_on(EMPTY, PartIntent(1, 42, ROUTE_SIX)))
    text = "".join(f"{line}\n" for line in lines(made) if line != " exit").replace("range 5000 6000", "eq 80")
    (moved,) = parts_on(text, *parts_on(EMPTY, PartIntent(1, 42, ROUTE_SIX)))
    assert moved.placement["acl"] == "LS-FNAL-42-v6-r2"
    changed = lines(plan(reading(text), moved))
    assert " match ipv6 address LS-FNAL-42-v6-r2" in changed
    assert not any(line.startswith(" no match") for line in changed)
    assert changed[-1] == "no ipv6 access-list LS-FNAL-42-v6"


def test_entry_that_matches_everything_and_has_no_part_goes_before_anything_comes() -> None:
    text = f"{EMPTY}route-map {MAP} permit 10\n match ip address LS-FNAL-43\n set ip next-hop 192.0.2.9\n"
    made = lines(plan(reading(text), *parts_on(text, PartIntent(1, 42, ROUTE))))
    assert made[0] == f"no route-map {MAP} permit 10"


def test_header_left_half_written_by_nobody_known_is_removed() -> None:
    text = f"{EMPTY}route-map {MAP} permit 10\n"
    assert lines(plan(reading(text))) == [f"no route-map {MAP} permit 10"]


def test_live_list_is_never_written_to_even_without_a_new_name() -> None:
    """The caller forgot to place: the entry goes first, and with it whatever the list would do meanwhile."""
    text = our_list(text="permit ip any any") + our_entry() + interface()
    made = lines(plan(reading(text), PartIntent(1, 42, ROUTE, placement=PLACED)))
    assert made[:2] == [f"no route-map {MAP} permit 10", "no ip access-list extended LS-FNAL-42"]
    assert made.index(f" 10 {BULK_TEXT}") < made.index(" match ip address LS-FNAL-42")


def test_shared_policy_line_names_all_parts_of_its_map() -> None:
    made = plan(reading(EMPTY), *parts_on(EMPTY, PartIntent(1, 42, ROUTE), PartIntent(2, 43, ROUTE)))
    (policy,) = [line for line in made.lines if line.text.startswith(" ip policy")]
    assert policy.parts == {1, 2}
    assert policy.reservation_id is None
    assert {line.reservation_id for line in made.lines if line.parts == {1}} == {42}


def test_object_of_a_known_reservation_without_parts_goes_under_its_number() -> None:
    made = plan(reading(our_list() + our_entry() + interface()))
    assert lines(made)[-2:] == [f"no route-map {MAP} permit 10", "no ip access-list extended LS-FNAL-42"]
    assert [line.reservation_id for line in made.lines[-2:]] == [42, 42]


def test_stranger_keeps_its_map_and_the_interface_line() -> None:
    text = our_list("LS-FNAL-99", reservation=99) + our_entry(10, "LS-FNAL-99") + our_list() + our_entry(20)
    made = plan(reading(text + interface()))
    assert lines(made) == [f"no route-map {MAP} permit 20", "no ip access-list extended LS-FNAL-42"]
    assert len(made.strangers) == 2


def test_remark_gone_is_still_ours_and_another_database_is_not() -> None:
    bare = our_list().replace(
        f" remark LS reservation 42 database {driver()._names.ownership.database}\n", ""
    )
    assert "remark" not in bare
    assert lines(plan(reading(EMPTY + bare))) == ["no ip access-list extended LS-FNAL-42"]
    foreign = our_list().replace(driver()._names.ownership.database, OTHER_DATABASE)
    assert not plan(reading(EMPTY + foreign))


def test_plan_never_names_an_interface_in_vain() -> None:
    text = our_list() + our_entry() + interface()
    for actual, parts in ((text, ()), (EMPTY, (PartIntent(1, 42, ROUTE, placement=PLACED),))):
        made = lines(plan(reading(actual), *parts))
        assert not any(line.startswith("no interface") for line in made)
        assert {line for line in made if line.startswith("interface")} == {f"interface {TEN_ONE}"}


@pytest.mark.parametrize(
    "wish",
    [
        "interface Vlan7\n ip policy route-map LS-FNAL-Vlan7\n",
        f"interface {TEN_ONE}\n shutdown\n",
        f"interface {TEN_ONE}\n ip policy route-map OTHER\n",
        "route-map SITE permit 10\n set ip next-hop 192.0.2.1\n",
        "ip access-list extended EDGE-IN\n 10 permit ip any any\n",
    ],
)
def test_plan_that_would_touch_what_is_not_ours_is_refused(wish: str) -> None:
    text = f"{EMPTY}route-map SITE permit 10\n match ip address X\nip access-list extended EDGE-IN\n"
    with pytest.raises(StateUnknown, match="not ours"):
        driver().plan(reading(text), Config(wish), known=frozenset({42}))


def test_policy_of_the_site_is_not_replaced_even_if_placing_was_skipped() -> None:
    part = PartIntent(1, 42, ROUTE, placement=PLACED)
    hindered = plan(reading(interface(policy="SITE")), part)
    assert "ip policy" not in str(hindered)
    assert hindered.lines[-1].waits == f"interface {TEN_ONE} carries SITE; the site file does not name it"
    kept_as_text = driver().render([part])
    with pytest.raises(StateUnknown, match="not ours"):
        driver().plan(reading(interface(policy="SITE")), Config(kept_as_text.text), known=frozenset({42}))


def test_configurations_kept_as_text_compare_like_those_just_read() -> None:
    (part,) = parts_on(EMPTY, PartIntent(1, 42, ROUTE))
    desired = driver().render([part])
    shadow = Config(desired.text)
    assert not driver().plan(shadow, desired, known=frozenset({42}))
    assert not driver().plan(Config(""), Config(""), known=frozenset())


def test_part_that_was_never_placed_cannot_be_rendered() -> None:
    with pytest.raises(ValueError, match="part 1 has not been placed"):
        driver().render([PartIntent(1, 42, ROUTE)])
    assert driver().render([PartIntent(1, 42, ROUTE, wanted=False)]).text == ""


def test_permits_to_be_forgotten_are_retired_unless_another_part_wants_them() -> None:
    edge = f"{EMPTY}ip access-list extended EDGE-IN\n"
    first, second = parts_on(edge, PartIntent(1, 42, PERMIT), PartIntent(2, 43, PERMIT))
    gone = dataclasses.replace(first, wanted=False)
    assert not driver().render([gone, second]).retired
    wish = cast("Wish", driver().render([gone]))
    assert {path[0] for path in wish.retired} == {"ip access-list extended EDGE-IN"}
