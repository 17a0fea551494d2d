"""What of the site's a part stands on, what may be wrong with it, and what FTOS cannot do at all."""

from dataclasses import dataclass

from netconfig.carried import RouterPart
from netconfig.drivers.dell_force10.running import ACCESS_LIST, Running, interface_header
from netconfig.intent import AccessPermit, RouterIntent


@dataclass(frozen=True, slots=True)
class OnInterface:
    """An interface to be steered."""

    interface: str


@dataclass(frozen=True, slots=True)
class InList:
    """An access list of the site's."""

    access_list: str


Ground = OnInterface | InList


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a part cannot stand there now, and the line that could not be sent."""

    words: str
    line: str


def ground_of(part: RouterPart) -> Ground:
    """What a part stands on."""
    if isinstance(part.intent, AccessPermit):
        return InList(part.intent.access_list)
    return OnInterface(part.intent.interface)


def hindrance(ground: Ground, running: Running) -> Hindrance | None:
    """What is wrong with it, or None."""
    if isinstance(ground, InList):
        if ground.access_list in running.access_lists:
            return None
        words = f"there is no extended IPv4 access list {ground.access_list}"
        return Hindrance(words, f"{ACCESS_LIST}{ground.access_list}")
    if ground.interface in running.groups:
        return None
    words = f"there is no interface {ground.interface}, which the site file names"
    return Hindrance(words, interface_header(ground.interface))


def never(intent: RouterIntent) -> str:
    """Why FTOS cannot carry it at all; empty if it can. Doors ask for capabilities before they book."""
    if any(flow.family == 6 for flow in intent.flows):
        return "this driver steers and permits IPv4 alone"
    if isinstance(intent, AccessPermit):
        return ""
    if any(flow.dscp is not None for flow in intent.flows):
        return "a redirect list cannot tell packets by their DSCP"
    if intent.policy is not None:
        return f"this driver adds nothing to a redirect list of the site's, such as {intent.policy}"
    return ""
