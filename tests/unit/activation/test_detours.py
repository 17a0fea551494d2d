"""What is carried of a part, by what is known of its next hop and of its fallback."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from activation.detours import Carried, as_last_read, carried_now, watched
from activation.hysteresis import Hop
from netconfig.driver import PartIntent, Plan, PlanLine
from netconfig.intent import AccessPermit, HopDown, IpAddress, PolicyRoute, SequenceRange
from tests.unit.activation.conftest import NOON, ROUTE

HOP, BACK = ROUTE.next_hop, ip_address("192.0.2.9")
UP, DOWN, UNTOLD = Hop(NOON, answers=1), Hop(NOON, misses=2, down_since=NOON), Hop()
WITHDRAWN = replace(ROUTE, next_hop_down=HopDown())
FALLS_BACK = replace(ROUTE, next_hop_down=HopDown(BACK))
BY_FALLBACK = replace(ROUTE, next_hop=BACK, next_hop_down=HopDown(HOP))
CARD = PlanLine("! waiting: no card", frozenset({1}), waits="the card is out")


def part(intent: PolicyRoute, *, wanted: bool = True) -> PartIntent:
    return PartIntent(1, 1, intent, wanted=wanted, placement={"at": 10})


def carried(
    intent: PolicyRoute, *hops: Hop, wanted: bool = True, was: IpAddress | None = None, kept: bool = False
) -> Carried:
    return carried_now(
        [part(intent, wanted=wanted)],
        dict(zip((HOP, BACK), hops, strict=False)),
        detours={} if was is None else {1: was},
        kept={1} if kept else (),
        untold="it says `% Unknown command`",
    )


@pytest.mark.parametrize("hops", [(), (UP,), (DOWN,)], ids=["not asked", "up", "down"])
def test_next_hop_that_nobody_cares_for_is_as_it_was(hops: tuple[Hop, ...]) -> None:
    assert carried(ROUTE, *hops) == Carried([part(ROUTE)])


@pytest.mark.parametrize("intent", [WITHDRAWN, FALLS_BACK])
@pytest.mark.parametrize("back", [UP, DOWN, UNTOLD])
@pytest.mark.parametrize("was", [None, BACK])
def test_next_hop_that_is_up_is_used(intent: PolicyRoute, back: Hop, was: IpAddress | None) -> None:
    assert carried(intent, UP, back, was=was) == Carried([part(intent)])


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("was", [None, BACK])
def test_fallback_that_is_up_is_used_while_the_next_hop_is_down(kept: bool, was: IpAddress | None) -> None:
    found = carried(FALLS_BACK, DOWN, UP, was=was, kept=kept)
    assert found == Carried([part(BY_FALLBACK)], detours={1: BACK})


NOT_ANSWERING = f"next hop {HOP} does not answer"
CANNOT_TELL = f"whether next hop {HOP} answers cannot be told: it says `% Unknown command`"
BACK_UNTOLD = (
    f"{NOT_ANSWERING}, and whether its fallback {BACK} does cannot be told: it says `% Unknown command`"
)


@pytest.mark.parametrize(
    ("intent", "hops", "words"),
    [
        (WITHDRAWN, (DOWN,), NOT_ANSWERING),
        (FALLS_BACK, (DOWN, DOWN), f"{NOT_ANSWERING}, nor does its fallback {BACK}"),
        (WITHDRAWN, (), CANNOT_TELL),
        (FALLS_BACK, (UNTOLD, UP), CANNOT_TELL),
        (FALLS_BACK, (DOWN, UNTOLD), BACK_UNTOLD),
    ],
)
def test_without_a_next_hop_to_be_used_it_waits_and_says_for_which(
    intent: PolicyRoute, hops: tuple[Hop, ...], words: str
) -> None:
    assert carried(intent, *hops) == Carried([part(intent, wanted=False)], withheld={1: words})


@pytest.mark.parametrize(
    ("hops", "was", "now"),
    [
        ((), None, FALLS_BACK),
        ((), BACK, BY_FALLBACK),
        ((UNTOLD, DOWN), BACK, BY_FALLBACK),
        ((DOWN, UNTOLD), BACK, BY_FALLBACK),
        ((DOWN, UNTOLD), None, None),
        ((DOWN, DOWN), BACK, None),
    ],
)
def test_what_is_there_stays_as_it_is_where_nobody_can_tell(
    hops: tuple[Hop, ...], was: IpAddress | None, now: PolicyRoute | None
) -> None:
    found = carried(FALLS_BACK, *hops, was=was, kept=True)
    (only,) = found.parts
    assert (only.intent if only.wanted else None) == now
    assert (1 in found.withheld) == (now is None)


def test_what_is_to_go_is_told_as_it_stands_there_and_asked_for_by_nobody() -> None:
    gone = part(FALLS_BACK, wanted=False)
    assert carried(FALLS_BACK, UP, was=BACK, wanted=False).parts == [replace(gone, intent=BY_FALLBACK)]
    assert as_last_read([gone], {1: BACK}) == [replace(gone, intent=BY_FALLBACK)]
    assert watched([gone, part(ROUTE)]) == frozenset()
    assert watched([part(WITHDRAWN), part(FALLS_BACK)]) == {HOP, BACK}


def test_permits_stand_by_no_next_hop() -> None:
    permit = AccessPermit("edge", ROUTE.flows, SequenceRange(10, 20))
    only = PartIntent(1, 1, permit)
    assert carried_now([only], {HOP: DOWN}, detours={}, kept=()).parts == [only]


def test_those_that_wait_for_one_next_hop_are_one_line_of_the_plan_and_the_lines_of_others_stay() -> None:
    found = Carried([], withheld={2: "a", 3: "b", 4: "a"})
    plan = found.still_to_do(Plan((CARD,), ("a stranger",)))
    assert plan.lines[0] == CARD
    assert [(line.waits, line.parts) for line in plan.lines[1:]] == [
        ("a", frozenset({2, 4})),
        ("b", frozenset({3})),
    ]
    assert (plan.due, plan.strangers) == ((), ("a stranger",))


def test_fallback_is_of_the_same_family_for_version_6_too() -> None:
    flows = (replace(ROUTE.flows[0], source=ip_network("2001:db8::/64"), destination=ip_network("::/0")),)
    hop, back = ip_address("2001:db8::1"), ip_address("2001:db8::9")
    route = PolicyRoute("Ethernet1", hop, flows, next_hop_down=HopDown(back))
    found = carried_now([part(route)], {hop: DOWN, back: UP}, detours={}, kept=())
    assert (found.parts[0].intent, found.detours) == (
        PolicyRoute("Ethernet1", back, flows, next_hop_down=HopDown(hop)),
        {1: back},
    )
