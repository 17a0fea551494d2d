"""Rules that name a fallback: whether there is, for every client, one next hop that can stand in. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from lambdastation.site import Client, Direction, Rule, Site, Steer
from lambdastation.site_problems import Path, Problem
from lambdastation.steering import rules_for, stand_ins

_NEXT_HOPS = {4: "next_hop", 6: "next_hop_ipv6"}


def find_fallback_problems(site: Site) -> Iterator[Problem]:
    """Fallbacks that name no other path, or lead nowhere, in the file's order."""
    alternates = [topology.name for topology in site.topologies if not topology.production]
    for at, rule in enumerate(site.rules):
        if rule.steer is None or rule.steer.fallback is None:
            continue
        where: Path = ("rules", at, "steer", "fallback")
        if rule.steer.fallback == rule.topology:
            yield Problem(where, f"{rule.topology} is the rule's own path; {_others(alternates, rule)}")
        elif rule.steer.fallback not in alternates:
            yield Problem(
                where, f"there is no alternate topology {rule.steer.fallback}; {_others(alternates, rule)}"
            )
        else:
            for message, clients in _by_message(site, rule, rule.steer).items():
                yield Problem(where, f"for {', '.join(clients)}, {message}")


def _others(alternates: Sequence[str], rule: Rule) -> str:
    others = [name for name in alternates if name != rule.topology]
    return f"there is {', '.join(others)}" if others else "there is no other alternate"


def _by_message(site: Site, rule: Rule, steer: Steer) -> Mapping[str, list[str]]:
    """What is wrong, each with the clients for which it is."""
    found: dict[str, list[str]] = {}
    for client in site.clients:
        if rule in rules_for(site, rule.topology, client):
            for message in _wrong(site, rule, steer, client):
                found.setdefault(message, []).append(client.name)
    return found


def _wrong(site: Site, rule: Rule, steer: Steer, client: Client) -> Iterator[str]:
    colour = steer.fallback
    others = [other.steer for other in stand_ins(site, rule, client) if other.steer is not None]
    there = f"direction {rule.direction} in {rule.group} from {steer.interface} on {steer.device}"
    if not others:
        yield f"no rule of {colour} steers {there}; write one, or name another path"
        return
    if len(others) > 1:
        yield f"{len(others)} rules of {colour} steer {there}, and one stands in; leave one"
        return
    (other,) = others
    for family in steer.families:
        key, hop = _NEXT_HOPS[family], other.hop(family)
        if hop is None:
            yield f"the rule of {colour} there has no {key}, which this one has; give it one"
        elif hop == steer.hop(family):
            yield f"the rule of {colour} there has the same {key}, {hop}; a fallback leads to another"
        if hop is not None and other.own_policy(family) != steer.own_policy(family):
            key = "policy" if family == 4 else "policy_ipv6"
            yield (
                f"the rule of {colour} there has {_said(key, other.own_policy(family))}, this one "
                f"{_said(key, steer.own_policy(family))}; an interface has one, so write the same in both"
            )
    yield from _not_let_through(site, rule, steer, client)


def _said(key: str, policy: str | None) -> str:
    return f"no {key}" if policy is None else f"{key} {policy}"


def _not_let_through(site: Site, rule: Rule, steer: Steer, client: Client) -> Iterator[str]:
    """What a ticket over the fallback would have admitted, and one over this rule's path has not."""
    assert steer.fallback is not None  # noqa: S101 - asked by the caller
    already = set(_admitted(site, rule.topology, client))
    for place in dict.fromkeys(_admitted(site, steer.fallback, client)):
        direction, device, family, access_list = place
        if family in steer.families and place not in already:
            yield (
                f"what goes by {steer.fallback} passes {access_list} of {device}, direction {direction}, and "
                f"no rule of {rule.topology} admits it there; write one as {steer.fallback} has it"
            )


def _admitted(site: Site, colour: str, client: Client) -> Iterator[tuple[Direction, str, int, str]]:
    """Where the rules let packets pass: direction, device, family and the site's list."""
    for rule in rules_for(site, colour, client):
        if rule.admit is None:
            continue
        for family, access_list in ((4, rule.admit.access_list), (6, rule.admit.access_list_ipv6)):
            if access_list is not None:
                yield rule.direction, rule.device, family, access_list
