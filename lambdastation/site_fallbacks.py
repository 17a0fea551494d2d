"""Rules that name a fallback: whether there is, for every client, one next hop that can stand in. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lambdastation.site import ANY, Client, Direction, Rule, Site, Steer
from lambdastation.site_problems import Path, Problem
from lambdastation.steering import Places, rules_of, stand_ins, steered_places

_NEXT_HOPS = {4: "next_hop", 6: "next_hop_ipv6"}
_POLICIES = {4: "policy", 6: "policy_ipv6"}

MOST_NAMED = 8
"""Clients that are named one by one where the same is wrong for more."""


def find_fallback_problems(site: Site) -> Iterator[Problem]:
    """Fallbacks that name no other path, or lead nowhere, in the file's order."""
    alternates = [topology.name for topology in site.topologies if not topology.production]
    wrong = _wrong_for_clients(site, alternates)
    for at, rule in enumerate(site.rules):
        if rule.steer is None or rule.steer.fallback is None:
            continue
        where: Path = ("rules", at, "steer", "fallback")
        others = [name for name in alternates if name != rule.topology]
        known = f"there is {', '.join(others)}" if others else "there is no other alternate"
        if rule.steer.fallback == rule.topology:
            yield Problem(where, f"{rule.topology} is the rule's own path; {known}")
        elif rule.steer.fallback not in alternates:
            yield Problem(where, f"there is no alternate topology {rule.steer.fallback}; {known}")
        for message, clients in wrong.get(id(rule), {}).items():
            yield Problem(where, f"for {_named(clients)}, {message}")


def _named(clients: Sequence[str]) -> str:
    more = len(clients) - MOST_NAMED
    return ", ".join(clients[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _wrong_for_clients(site: Site, alternates: Sequence[str]) -> Mapping[int, Mapping[str, list[str]]]:
    """What is wrong with each rule, by its identity, and the clients for which it is."""
    found: dict[int, dict[str, list[str]]] = {}
    for clients in _alike(site):
        names, applied = [client.name for client in clients], _Client.of(site, clients[0])
        for colour, rules in applied.rules.items():
            for rule in rules:
                steer = rule.steer
                if steer is None or steer.fallback in {None, colour} or steer.fallback not in alternates:
                    continue
                for message in applied.wrong(rule, steer, steer.fallback):
                    found.setdefault(id(rule), {}).setdefault(message, []).extend(names)
    return found


def _alike(site: Site) -> Iterable[Sequence[Client]]:
    """The clients; together those of the same groups without rules of their own, to whom the same apply."""
    with_own = {rule.client for rule in site.rules}
    alike: dict[tuple[frozenset[str], str], list[Client]] = {}
    for client in site.clients:
        own = client.name if client.name in with_own else ANY
        alike.setdefault((frozenset(client.groups), own), []).append(client)
    return alike.values()


_Admitted = Sequence[tuple[Direction, str, int, str]]
"""Where packets are let pass: direction, device, family and the site's list."""


@dataclass(frozen=True, slots=True)
class _Client:
    """What applies to a client, by colour."""

    rules: Mapping[str, Sequence[Rule]]
    places: Mapping[str, Places]
    admitted: Mapping[str, _Admitted]

    @classmethod
    def of(cls, site: Site, client: Client) -> "_Client":
        rules = rules_of(site, client)
        places = {colour: steered_places(of_colour) for colour, of_colour in rules.items()}
        admitted = {colour: tuple(dict.fromkeys(_admitted(of))) for colour, of in rules.items()}
        return cls(rules, places, admitted)

    def wrong(self, rule: Rule, steer: Steer, colour: str) -> Iterator[str]:
        """Why the colour's rule cannot stand in."""
        others = stand_ins(rule, self.places)
        there = f"direction {rule.direction} in {rule.group} from {steer.interface} on {steer.device}"
        if not others:
            yield f"no rule of {colour} steers {there}; write one, or name another path"
            return
        if len(others) > 1:
            yield f"{len(others)} rules of {colour} steer {there}, and one stands in; leave one"
            return
        if (other := others[0].steer) is not None:
            yield from _unlike(steer, other, colour)
        already = set(self.admitted[rule.topology])
        for place in self.admitted[colour]:
            direction, device, family, access_list = place
            if family in steer.families and place not in already:
                yield (
                    f"what goes by {colour} passes {access_list} of {device}, direction {direction}, and no "
                    f"rule of {rule.topology} admits it there; write one as {colour} has it"
                )


def _unlike(steer: Steer, other: Steer, colour: str) -> Iterator[str]:
    for family in steer.families:
        key, hop = _NEXT_HOPS[family], other.hop(family)
        if hop is None:
            yield f"the rule of {colour} there has no {key}, which this one has; give it one"
            continue
        if hop == steer.hop(family):
            yield f"the rule of {colour} there has the same {key}, {hop}; a fallback leads to another"
        theirs, ours = other.own_policy(family), steer.own_policy(family)
        if theirs != ours:
            policy = _POLICIES[family]
            yield (
                f"the rule of {colour} there has {_said(policy, theirs)}, this one {_said(policy, ours)}; an "
                "interface has one, so write the same in both"
            )


def _said(key: str, policy: str | None) -> str:
    return f"no {key}" if policy is None else f"{key} {policy}"


def _admitted(rules: Sequence[Rule]) -> Iterator[tuple[Direction, str, int, str]]:
    for rule in rules:
        if rule.admit is None:
            continue
        for family, access_list in ((4, rule.admit.access_list), (6, rule.admit.access_list_ipv6)):
            if access_list is not None:
                yield rule.direction, rule.device, family, access_list
