"""The rules of a site file, held against what the drivers of its devices can do."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from lambdastation.site import NextHopDown, Rule
from lambdastation.site_problems import Path, Problem
from netconfig.capability import Capability

_WORDS = {Capability.NEXT_HOPS: "tell whether a next hop answers it"}
"""What a device cannot, where the capability's own word would not say it."""


def find_rule_problems(rules: Sequence[Rule], can: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Rules that ask of a device what its driver cannot; `can` are the capabilities of devices, by name."""
    for at, rule in enumerate(rules):
        for path, capability in _asked(rule):
            if rule.device in can and capability not in can[rule.device]:
                what = _WORDS.get(capability, f"do {capability}")
                yield Problem(
                    ("rules", at, *path), f"the driver of {rule.device} cannot {what}; leave it out"
                )


def _asked(rule: Rule) -> Iterator[tuple[Path, Capability]]:
    """What a rule asks of its device, key by key."""
    if (steer := rule.steer) is not None:
        if steer.next_hop is not None:
            yield ("steer", "next_hop"), Capability.POLICY_ROUTE_IPV4
        if steer.next_hop_ipv6 is not None:
            yield ("steer", "next_hop_ipv6"), Capability.POLICY_ROUTE_IPV6
        if steer.policy is not None:
            yield ("steer", "policy"), Capability.POLICY_ROUTE_SHARED
        if steer.policy_ipv6 is not None:
            yield ("steer", "policy_ipv6"), Capability.POLICY_ROUTE_SHARED
        if steer.next_hop_down is not NextHopDown.IGNORE:
            yield ("steer", "next_hop_down"), Capability.NEXT_HOPS
    if (admit := rule.admit) is not None:
        if admit.access_list is not None:
            yield ("admit", "access_list"), Capability.ACCESS_PERMIT_IPV4
        if admit.access_list_ipv6 is not None:
            yield ("admit", "access_list_ipv6"), Capability.ACCESS_PERMIT_IPV6
