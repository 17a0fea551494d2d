"""What of the site's a part stands on, and what may be wrong with it.

An interface comes and goes with its card, an operator tries a policy of his own, a list is deleted to be
written anew: none of it is our doing, and all of it may be over in a moment.
"""

from dataclasses import dataclass

from netconfig.carried import RouterPart
from netconfig.cisco.dialect import Family
from netconfig.cisco.names import Names
from netconfig.cisco.running import POLICY, Running
from netconfig.intent import AccessPermit


@dataclass(frozen=True, slots=True)
class OnInterface:
    """An interface to be steered; by a route map of the site's, if `policy` names one."""

    interface: str
    family: Family
    policy: str | None


@dataclass(frozen=True, slots=True)
class InList:
    """An access list of the site's."""

    access_list: str
    family: Family


Ground = OnInterface | InList


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a part cannot stand there now, and the line that could not be sent."""

    words: str
    line: str


def ground_of(part: RouterPart) -> Ground:
    """What a part stands on."""
    family = part.intent.flows[0].family
    if isinstance(part.intent, AccessPermit):
        return InList(part.intent.access_list, family)
    return OnInterface(part.intent.interface, family, part.intent.policy)


def hindrance(ground: Ground, running: Running, names: Names) -> Hindrance | None:
    """What is wrong with it, or None."""
    if isinstance(ground, InList):
        return _in_list(ground, running)
    return _on_interface(ground, running, names)


def _in_list(ground: InList, running: Running) -> Hindrance | None:
    held = running.access_lists.get(ground.access_list)
    if held and held.family == ground.family:
        return None
    words = f"there is no IPv{ground.family} access list {ground.access_list}"
    return Hindrance(words, f"{running.dialect.list_header[ground.family]} {ground.access_list}")


def _on_interface(ground: OnInterface, running: Running, names: Names) -> Hindrance | None:
    interface, family, policy = ground.interface, ground.family, ground.policy
    policies = running.policies.get(interface)
    if policies is None:
        words = f"there is no interface {interface}, which the site file names"
        return Hindrance(words, f"interface {interface}")
    if running.lacks:
        words = f"{running.lacks!r} is not in its configuration, and policy routing is off without it"
        return Hindrance(words, running.lacks)
    if policy is not None and policy not in running.route_maps:
        return Hindrance(f"there is no route map {policy}", f"route-map {policy}")
    carried = policies.get(family)
    if carried == policy or (policy is None and names.revision_of(carried or "", interface, family)):
        return None
    has = f"carries {carried}" if carried else "carries no route map"
    named = f"the site file names {policy}" if policy else "the site file does not name it"
    ours = policy or names.route_map(interface, family, taken=lambda _name: False)
    return Hindrance(f"interface {interface} {has}; {named}", f"{POLICY[family]} {ours}")
