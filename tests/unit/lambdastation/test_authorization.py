"""First match, default deny."""

import pytest

from lambdastation.authorization import authorize
from lambdastation.caller import Caller, Operation
from lambdastation.errors import NotAuthorized
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


def may(*rules: AuthorizationRule, operation: Operation = OPEN, **known: str) -> bool:
    try:
        authorize(site(*rules), ANN, operation, **known)
    except NotAuthorized:
        return False
    return True


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
