"""Names within sixteen characters, numbers of permits, and what FTOS cannot do."""

import dataclasses
from ipaddress import ip_address

import pytest

from netconfig.capability import Capability
from netconfig.driver import Ownership, PartIntent
from netconfig.drivers.dell_force10 import DellForce10
from netconfig.drivers.dell_force10.names import LONGEST, Names
from netconfig.errors import Rejected, StateUnknown
from netconfig.intent import AccessPermit, PolicyRoute, SequenceRange, needed_capabilities
from tests.contract.drivers.cisco_ios_bench import SIX
from tests.contract.drivers.dell_force10_bench import BACK, BULK, CMS, OTHER
from tests.unit.dell_force10.workshop import (
    BACK_TEXT,
    EMPTY,
    OTHER_DATABASE,
    TEN_ONE,
    driver,
    edge,
    interface,
    our_list,
    place,
    plan,
    reading,
)

ROUTE = PolicyRoute(TEN_ONE, ip_address("192.0.2.1"), (BULK,))
PERMIT = AccessPermit("EDGE-IN", (BACK,), SequenceRange(500, 501))
NEVER = (
    (PolicyRoute(TEN_ONE, ip_address("2001:db8::1"), (SIX,)), "IPv4 alone"),
    (AccessPermit("EDGE6-IN", (SIX,), SequenceRange(1, 9)), "IPv4 alone"),
    (dataclasses.replace(ROUTE, flows=(dataclasses.replace(BULK, dscp=32),)), "DSCP"),
    (dataclasses.replace(ROUTE, policy="SITE-PBR", sequences=SequenceRange(1, 9)), "such as SITE-PBR"),
)


def test_names_are_short_enough_whatever_the_station_is_called() -> None:
    names = Names(Ownership("ABCDEFGHIJKLMNOP", "x"))
    given: list[str] = []
    for _ in range(60):
        name = names.redirect_list(1234, taken=given.__contains__)
        assert name is not None
        given.append(name)
    assert given[:3] == ["LS-ABCDEF-1234", "LS-ABCDEF-1234b", "LS-ABCDEF-1234c"]
    assert len(set(given)) == 60
    assert all(len(name) <= LONGEST for name in given)
    assert {names.reservation_of(name) for name in given} == {1234}
    assert names.redirect_list(1234567, taken=lambda _name: False) is None


def test_ticket_for_which_no_name_is_left_is_rejected_in_words() -> None:
    placer = driver(station="ABCDEFGHIJKLMNOP")
    with pytest.raises(Rejected, match="at most 16 characters") as caught:
        placer.place(
            reading(EMPTY), [PartIntent(1, 12345678, ROUTE), PartIntent(2, 42, PERMIT, wanted=False)]
        )
    assert caught.value.parts == {1}


@pytest.mark.parametrize(("intent", "words"), NEVER)
def test_what_ftos_cannot_do_is_a_missing_capability_and_refused_even_so(
    intent: PolicyRoute | AccessPermit, words: str
) -> None:
    assert not set(needed_capabilities(intent)) <= DellForce10.capabilities
    actual = reading(EMPTY + edge())
    with pytest.raises(Rejected, match=words) as caught:
        place(actual, PartIntent(1, 42, ROUTE), PartIntent(2, 43, intent), PartIntent(3, 44, PERMIT))
    assert caught.value.parts == {2}


def test_permit_with_a_code_point_is_within_its_means() -> None:
    assert set(needed_capabilities(PERMIT)) == {Capability.ACCESS_PERMIT_IPV4}


def test_list_changed_by_hand_is_written_anew_under_a_new_name_only_while_it_is_applied() -> None:
    part = PartIntent(1, 42, ROUTE, placement={"list": "LS-FNAL-42"})
    changed = our_list(text="redirect 192.0.2.1 tcp any any")
    (moved,) = place(reading(changed + interface("LS-FNAL-42")), part)
    assert moved.placement == {"list": "LS-FNAL-42b"}
    (kept,) = place(reading(changed + interface()), part)
    assert kept.placement == {"list": "LS-FNAL-42"}
    lines = str(plan(reading(changed + interface()), kept)).splitlines()
    assert lines[:2] == ["no ip redirect-list LS-FNAL-42", "ip redirect-list LS-FNAL-42"]


def test_name_of_a_stranger_or_of_a_group_without_its_list_is_not_taken() -> None:
    theirs = our_list().replace("6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11", OTHER_DATABASE)
    for text in (theirs + interface(), interface("LS-FNAL-42")):
        (part,) = place(reading(text), PartIntent(1, 42, ROUTE))
        assert part.placement == {"list": "LS-FNAL-42b"}


def test_name_that_a_part_gave_up_is_free_again_when_its_reservation_is_over() -> None:
    over = PartIntent(1, 42, ROUTE, wanted=False, over=True, placement={"list": "LS-FNAL-42"})
    *_, part = place(reading(EMPTY), over, PartIntent(2, 42, ROUTE))
    assert part.placement == {"list": "LS-FNAL-42"}


def test_permits_take_the_lowest_free_number_before_the_last_deny() -> None:
    text = EMPTY + edge("seq 500 permit tcp any any eq 25", "seq 1000 deny ip any any")
    (part,) = place(reading(text), PartIntent(1, 42, PERMIT))
    assert part.placement["lines"] == [{"text": BACK_TEXT, "sequence": 501, "existed": False}]
    more = dataclasses.replace(PERMIT, flows=(BACK, OTHER.reversed()))
    with pytest.raises(Rejected, match="500 to 501 of access list EDGE-IN are used up"):
        place(reading(text), PartIntent(1, 42, more))
    behind = EMPTY + edge("seq 5 deny ip any any")
    with pytest.raises(Rejected, match="stand behind its 'deny ip any any', number 5"):
        place(reading(behind), PartIntent(1, 42, PERMIT))


def test_permit_that_stands_twice_is_nobodys() -> None:
    (part,) = place(reading(EMPTY + edge()), PartIntent(1, 42, PERMIT))
    twice = reading(EMPTY + edge(f"seq 7 {BACK_TEXT}", f"seq 500 {BACK_TEXT}"))
    for again in (part, dataclasses.replace(part, wanted=False)):
        with pytest.raises(StateUnknown, match="2 times"):
            place(twice, again)
        with pytest.raises(StateUnknown, match="2 times"):
            plan(twice, again)


def test_permit_of_the_sites_own_is_used_and_never_removed() -> None:
    text = EMPTY + edge(f"seq 7 {BACK_TEXT}")
    (part,) = place(reading(text), PartIntent(1, 42, PERMIT))
    assert part.placement["lines"] == [{"text": BACK_TEXT, "sequence": 7, "existed": True}]
    assert not plan(reading(text), part)
    assert not plan(reading(text), dataclasses.replace(part, wanted=False))


def test_permit_that_came_back_with_an_old_configuration_goes_if_it_is_ours_beyond_doubt() -> None:
    (part,) = place(reading(EMPTY + edge()), PartIntent(1, 42, PERMIT))
    over = dataclasses.replace(part, wanted=False, over=True)
    ours = plan(reading(EMPTY + edge(f"seq 500 {BACK_TEXT}")), over)
    assert [line.text.strip() for line in ours.lines][1] == f"no {BACK_TEXT}"
    theirs = plan(reading(EMPTY + edge(f"seq 7 {BACK_TEXT}")), over)
    assert not theirs
    assert "taken for the site's" in theirs.strangers[0]


def test_plan_that_would_touch_another_list_is_stopped() -> None:
    theirs = our_list().replace("6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11", OTHER_DATABASE)
    misplaced = PartIntent(1, 42, dataclasses.replace(ROUTE, flows=(CMS,)), placement={"list": "LS-FNAL-42"})
    with pytest.raises(StateUnknown, match="not ours"):
        plan(reading(theirs + interface()), misplaced)
