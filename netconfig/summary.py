"""What an intent has a device do, in a few words for people. Pure."""

from collections.abc import Mapping

from netconfig.gateway import ControllerProxy, UserAccess, VlanMap
from netconfig.intent import AccessPermit, Intent, PolicyRoute, load_intent


def summary(intent: Intent) -> str:
    """What tells the intent from others that a device has for the same reservation."""
    match intent:
        case PolicyRoute():
            return f"steers IPv{intent.next_hop.version} from {intent.interface} to {intent.next_hop}"
        case AccessPermit():
            return f"admits IPv{intent.flows[0].family} by {intent.access_list}"
        case ControllerProxy():
            return f"relays its switches to {intent}"
        case VlanMap():
            pairs = ", ".join(f"{pair.ofelia}:{pair.alien or 'untagged'}" for pair in intent.pairs)
            return f"maps VLANs {pairs}"
        case UserAccess():
            return f"lets {intent.group} log in"


def stored_summary(stored: Mapping[str, object]) -> str:
    """The same of an intent as it is stored; of one that this release does not know, its kind."""
    try:
        return summary(load_intent(stored))
    except ValueError:
        return str(stored.get("kind", ""))
