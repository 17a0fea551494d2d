"""The site's rules, asked: first match, default deny."""

from lambdastation.caller import Caller, Operation
from lambdastation.errors import NotAuthorized
from lambdastation.site import AuthorizationRule, Site
from lambdastation.subjects import subject_matches


def authorize(
    site: Site,
    caller: Caller,
    operation: Operation,
    *,
    client: str | None = None,
    topology: str | None = None,
) -> bool:
    """Whether the caller who may do this is an operator, who may do it to others' tickets too.

    `client` and `topology` (its colour) are None while the request has not been read so far. Then a rule for
    some clients or topologies can still come to apply: one that allows lets the request be read, one that
    denies is passed over; ask again when they are known.

    Raises:
        NotAuthorized: no rule matches, or the first that does denies.
    """
    if caller.local:
        return True
    for rule in site.authorization:
        if not _is_about(rule, caller, operation):
            continue
        if not _covers(rule.clients, client) or not _covers(rule.topologies, topology):
            continue
        undecided = _is_open(rule.clients, client) or _is_open(rule.topologies, topology)
        if rule.action == "allow":
            return rule.operator
        if not undecided:
            break
    raise NotAuthorized(f"{operation} is not allowed to you by the rules of {site.name}")


def _is_about(rule: AuthorizationRule, caller: Caller, operation: Operation) -> bool:
    return (
        (rule.operations is None or operation in rule.operations)
        and subject_matches(rule.subject, caller.subject)
        and (rule.issuer is None or subject_matches(rule.issuer, caller.issuer))
    )


def _is_open(names: tuple[str, ...] | None, name: str | None) -> bool:
    return names is not None and name is None


def _covers(names: tuple[str, ...] | None, name: str | None) -> bool:
    return names is None or name is None or name in names
