"""What of the site's a part stands on, and what may be wrong with it.

A statement of the site's wins over the same statement of a group: what we would put there would be in the
configuration and do nothing, or would make an interface that nobody has.
"""

import re

from netconfig.drivers.juniper_junos.names import FAMILY, Names
from netconfig.drivers.juniper_junos.reading import Grounds
from netconfig.drivers.juniper_junos.render import Route
from netconfig.intent import PolicyRoute


def hindrance(interface: str, family: int, grounds: Grounds, names: Names) -> str:
    """Why a part cannot be served there now; empty if it can."""
    if not grounds.is_applied:
        return f"group {names.group} is not applied: set apply-groups {names.group}"
    word = FAMILY[family]
    theirs = grounds.interfaces.get((interface, family))
    if theirs is None:
        return f"interface {interface} has no family {word}"
    if theirs:
        return f"interface {interface} carries filter {', '.join(theirs)} of the site's in family {word}"
    group = grounds.rib_groups.get(family)
    if group is not None:
        return f"routing-options interface-routes rib-group {word} is {group}, and ours would do nothing"
    return ""


def hindrance_of(route: Route, grounds: Grounds, names: Names) -> str:
    """Why a part that was placed cannot be served now."""
    return hindrance(route.interface, route.family, grounds, names)


def never(intent: PolicyRoute) -> str:
    """Why this cannot be done on Junos at all; empty if it can."""
    if intent.policy is not None:
        return f"this driver adds nothing to a filter of the site's, such as {intent.policy}"
    if not re.fullmatch(r"[a-z]+[-a-z0-9/:]*\.\d+", intent.interface):
        return f"interface {intent.interface} is written without its unit, such as ge-0/0/0.0"
    return ""
