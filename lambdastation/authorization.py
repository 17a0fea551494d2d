"""The site's rules, asked: first match, default deny."""

from dataclasses import dataclass

from lambdastation.caller import Caller, Operation
from lambdastation.errors import LimitExceeded, NotAuthorized
from lambdastation.extent import UNKNOWN, Excess, Extent, first_excess
from lambdastation.site import AuthorizationRule, Site
from lambdastation.subjects import subject_matches


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A rule that does not match, by its number from 1, and why; `excess` if it is for a limit alone."""

    number: int
    reason: str
    excess: Excess | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say.

    Attributes:
        number, rule: the one that decides, counted from 1; None where none matches.
        passed_over: those before it, or all, from the top.
    """

    number: int | None
    rule: AuthorizationRule | None
    passed_over: tuple[PassedOver, ...]

    @property
    def allowed(self) -> bool:
        """Whether the request may be done."""
        return self.rule is not None and self.rule.action == "allow"


def judge(
    site: Site,
    caller: Caller,
    operation: Operation,
    *,
    client: str | None = None,
    topology: str | None = None,
    extent: Extent = UNKNOWN,
) -> Verdict:
    """Which rule decides, and why those before it do not.

    `client` and `topology` (its colour) are None, and what `extent` holds too, while the request has not been
    read so far, or has nothing of the kind. Then a rule for some clients or topologies can still come to
    apply: one that allows lets the request be read, one that denies is passed over; ask again when they are
    known.
    """
    passed_over: list[PassedOver] = []
    for number, rule in enumerate(site.authorization, start=1):
        passed = _passed_over(number, rule, caller, operation, client, topology, extent)
        if passed is None:
            return Verdict(number, rule, tuple(passed_over))
        passed_over.append(passed)
    return Verdict(None, None, tuple(passed_over))


def authorize(
    site: Site,
    caller: Caller,
    operation: Operation,
    *,
    client: str | None = None,
    topology: str | None = None,
    extent: Extent = UNKNOWN,
) -> bool:
    """Whether the caller who may do this is an operator, who may do it to others' tickets too. As `judge`.

    Raises:
        LimitExceeded: no rule allows it, and but for its limits one would have; all such are told.
        NotAuthorized: no rule matches, or the first that does denies.
    """
    if caller.local:
        return True
    verdict = judge(site, caller, operation, client=client, topology=topology, extent=extent)
    if verdict.rule is not None and verdict.allowed:
        return verdict.rule.operator
    limits = [(passed.number, passed.excess) for passed in verdict.passed_over if passed.excess is not None]
    if limits:
        told = "; ".join(
            f"rule {number} of {site.name} allows you {excess.allowed}" for number, excess in limits
        )
        raise LimitExceeded(told, field=limits[0][1].field)
    raise NotAuthorized(f"{operation} is not allowed to you by the rules of {site.name}")


def _passed_over(
    number: int,
    rule: AuthorizationRule,
    caller: Caller,
    operation: Operation,
    client: str | None,
    topology: str | None,
    extent: Extent,
) -> PassedOver | None:
    if reason := _unlike(rule, caller, operation, client, topology):
        return PassedOver(number, reason)
    if excess := first_excess(rule, extent):
        return PassedOver(number, f"allows {excess.allowed}", excess)
    return None


def _unlike(
    rule: AuthorizationRule, caller: Caller, operation: Operation, client: str | None, topology: str | None
) -> str | None:
    """What about the request is not the rule's; None if nothing is."""
    if rule.operations is not None and operation not in rule.operations:
        return f"is for {', '.join(rule.operations)}"
    if not subject_matches(rule.subject, caller.subject):
        return f"is for {rule.subject}"
    if rule.issuer is not None and not subject_matches(rule.issuer, caller.issuer):
        return f"is for certificates of {rule.issuer}"
    return _names_others(rule, rule.clients, client, "client") or _names_others(
        rule, rule.topologies, topology, "topology"
    )


def _names_others(
    rule: AuthorizationRule, names: tuple[str, ...] | None, name: str | None, what: str
) -> str | None:
    if names is None or name in names:
        return None
    if name is not None:
        return f"is for {what} {', '.join(names)}"
    if rule.action == "deny":
        return f"denies {what} {', '.join(names)} alone, and the request is about none"
    return None
