"""First match, default deny."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdastation.authorization import authorize, judge
from lambdastation.caller import Caller, Operation
from lambdastation.errors import LimitExceeded, NotAuthorized
from lambdastation.extent import Extent
from lambdastation.site import AuthorizationRule, Site, Topology

ANN = Caller("CN=Ann,O=Grid", "CN=CA,O=Grid")
OPEN = Operation.OPEN_TICKET


def site(*rules: AuthorizationRule) -> Site:
    blue = Topology(name="blue", path="ESnet", capacity=10**9, production=True)
    return Site(name="Here", station="HERE", topologies=(blue,), authorization=rules)


def allow(subject: str = "CN=*,O=Grid", **more: object) -> AuthorizationRule:
    return AuthorizationRule.model_validate({"action": "allow", "subject": subject, **more})


def deny(subject: str = "CN=*,O=Grid", **more: object) -> AuthorizationRule:
    return AuthorizationRule.model_validate({"action": "deny", "subject": subject, **more})


def may(*rules: AuthorizationRule, operation: Operation = OPEN, **known: Any) -> bool:
    try:
        authorize(site(*rules), ANN, operation, **known)
    except (NotAuthorized, LimitExceeded):
        return False
    return True


def told(*rules: AuthorizationRule, extent: Extent) -> tuple[str, str | None]:
    """The words and the field of a refusal for a limit."""
    with pytest.raises(LimitExceeded) as found:
        authorize(site(*rules), ANN, OPEN, extent=extent)
    return str(found.value), found.value.field


def test_no_rule_is_a_no() -> None:
    assert not may()
    assert not may(allow("CN=Bob,O=Grid"))


def test_the_first_rule_that_matches_decides() -> None:
    assert may(allow(), deny())
    assert not may(deny(), allow())
    assert may(deny("CN=Bob,O=Grid"), allow())


def test_a_rule_may_be_for_some_operations() -> None:
    rule = allow(operations=["getTicket"])
    assert may(rule, operation=Operation.GET_TICKET)
    assert not may(rule)


def test_the_issuer_is_part_of_the_match() -> None:
    assert may(allow(issuer="CN=CA,O=Grid"))
    assert not may(allow(issuer="CN=Other CA,O=Grid"))


def test_a_rule_for_some_clients_lets_the_request_be_read_and_then_decides() -> None:
    rule = allow(clients=["SRM"])
    assert may(rule)
    assert may(rule, client="SRM", topology="red")
    assert not may(rule, client="Tier1", topology="red")


def test_a_denial_for_some_paths_does_not_keep_a_request_from_being_read() -> None:
    rules = (deny(topologies=["red"]), allow())
    assert may(*rules)
    assert not may(*rules, client="SRM", topology="red")
    assert may(*rules, client="SRM", topology="green")


def test_an_operator_is_who_an_operators_rule_allows() -> None:
    assert authorize(site(allow(operator=True)), ANN, OPEN) is True
    assert authorize(site(allow(), allow(operator=True)), ANN, OPEN) is False


def test_the_console_is_asked_for_no_rule() -> None:
    assert authorize(site(deny()), Caller("root", "", local=True), OPEN) is True
    with pytest.raises(NotAuthorized):
        authorize(site(), Caller("root", ""), OPEN)


HOUR = timedelta(hours=1)
AT_THE_LIMITS = Extent(
    out_bits_per_second=10**9, in_bits_per_second=10**9, duration=HOUR, horizon=2 * HOUR, live_tickets=3
)
LIMITED = allow(bandwidth="1G", duration="PT1H", horizon="PT2H", live_tickets=3)


@pytest.mark.parametrize(
    ("more", "words", "field"),
    [
        ({"out_bits_per_second": 10**9 + 1}, "at most 1G out, not 1000000001", "outBW"),
        ({"in_bits_per_second": 2 * 10**9}, "at most 1G in, not 2G", "inBW"),
        ({"duration": HOUR + timedelta(microseconds=1)}, "at most 3600 seconds", "endTime"),
        ({"duration": 2 * HOUR, "end_field": "travelTime"}, "at most 3600 seconds", "travelTime"),
        ({"horizon": 3 * HOUR}, "an end at most 7200 seconds ahead", "endTime"),
        ({"live_tickets": 4}, "at most 3 tickets at a time, not 4", None),
    ],
)
def test_what_exceeds_a_limit_is_told_with_the_rule_and_the_field(
    more: dict[str, Any], words: str, field: str | None
) -> None:
    assert may(LIMITED, extent=AT_THE_LIMITS), "a limit may be reached"
    extent = Extent(**{name: getattr(AT_THE_LIMITS, name) for name in Extent.__slots__} | more)
    assert told(allow("CN=Bob,O=Grid"), LIMITED, extent=extent) == (
        f"rule 2 of Here allows you {words}",
        field,
    )


def test_a_rule_whose_limit_is_exceeded_leaves_it_to_the_next() -> None:
    rules = (allow(bandwidth="1G"), allow(duration="PT1H"))
    much, long = Extent(out_bits_per_second=2 * 10**9), Extent(duration=2 * HOUR)
    assert may(*rules, extent=much)
    assert may(*rules, extent=long)
    both = Extent(out_bits_per_second=2 * 10**9, duration=2 * HOUR)
    words = "rule 1 of Here allows you at most 1G out, not 2G; rule 2 of Here allows you at most 3600 seconds"
    assert told(*rules, extent=both) == (words, "outBW")
    assert told(allow(bandwidth="1G"), deny(), extent=much)[1] == "outBW"


def test_limits_of_rules_for_others_are_not_told() -> None:
    others = (
        allow("CN=Bob,O=Grid", bandwidth="1G"),
        allow(issuer="CN=Other CA,O=Grid", bandwidth="1G"),
        allow(operations=["getTicket"], bandwidth="1G"),
        allow(clients=["SRM"], bandwidth="1G"),
        allow(topologies=["red"], bandwidth="1G"),
    )
    much = Extent(out_bits_per_second=2 * 10**9)
    with pytest.raises(NotAuthorized, match=r"^openSvcTicket is not allowed to you by the rules of Here$"):
        authorize(site(*others), ANN, OPEN, client="Tier1", topology="green", extent=much)


def test_what_is_not_known_is_held_against_no_limit() -> None:
    assert may(LIMITED)
    assert may(LIMITED, operation=Operation.CANCEL_TICKET, client="SRM", topology="red")


RULES = st.lists(
    st.builds(
        lambda action, limits: (allow if action == "allow" else deny)(**limits),
        st.sampled_from(["allow", "allow", "deny"]),
        st.fixed_dictionaries(
            {}, optional={"bandwidth": st.integers(1, 4), "live_tickets": st.integers(1, 4)}
        ),
    ),
    max_size=5,
)


@given(rules=RULES, bandwidth=st.integers(1, 5), live=st.integers(1, 5))
def test_the_rule_that_decides_is_the_first_that_has_room(
    rules: list[AuthorizationRule], bandwidth: int, live: int
) -> None:
    extent = Extent(out_bits_per_second=bandwidth, in_bits_per_second=1, live_tickets=live)
    room = [bandwidth <= (rule.bandwidth or 9) and live <= (rule.live_tickets or 9) for rule in rules]
    verdict = judge(site(*rules), ANN, OPEN, extent=extent)
    assert verdict.number == (room.index(True) + 1 if any(room) else None)
    assert [passed.number for passed in verdict.passed_over] == list(
        range(1, verdict.number or len(rules) + 1)
    )
    assert may(*rules, extent=extent) == verdict.allowed
