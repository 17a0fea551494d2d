"""What of the site's a part stands on, and what may be wrong with it."""

import re

from netconfig.carried import RouterPart
from netconfig.drivers.linux_nft.managed import Permit
from netconfig.drivers.linux_nft.reading import Reading
from netconfig.intent import AccessPermit, PolicyRoute

_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,14}")
_CHAIN = re.compile(r"(inet|ip|ip6)/[A-Za-z][A-Za-z0-9_.-]{0,60}/[A-Za-z][A-Za-z0-9_.-]{0,60}")
_FAMILIES = {"inet": (4, 6), "ip": (4,), "ip6": (6,)}


def never(part: RouterPart) -> str:
    """Why this cannot be done on a Linux router at all; empty if it can."""
    intent = part.intent
    if isinstance(intent, PolicyRoute):
        return _never_routed(intent)
    if not _CHAIN.fullmatch(intent.access_list):
        return f"{intent.access_list} is no chain of a table: it is written inet/filter/forward"
    family = intent.flows[0].family
    if family not in _FAMILIES[intent.access_list.partition("/")[0]]:
        return f"chain {intent.access_list} sees no IPv{family}"
    return ""


def _never_routed(intent: PolicyRoute) -> str:
    if intent.policy is not None:
        return f"this driver adds nothing to a policy of the site's, such as {intent.policy}"
    if not _INTERFACE.fullmatch(intent.interface):
        return f"{intent.interface} is no name of a Linux interface, such as eth0.100"
    if intent.next_hop.is_link_local or intent.next_hop.is_multicast or intent.next_hop.is_unspecified:
        return f"next hop {intent.next_hop} is no address of a neighbour in one of the router's networks"
    return ""


def hindrance(part: RouterPart, reading: Reading) -> str:
    """Why a part cannot be served now; empty if it can."""
    if isinstance(part.intent, AccessPermit):
        return _in_chain(part.intent, reading)
    return _on_interface(part.intent, reading)


def _on_interface(intent: PolicyRoute, reading: Reading) -> str:
    grounds = reading.grounds
    if intent.interface not in grounds.interfaces:
        return f"there is no interface {intent.interface}, which the site file names"
    if vrf := grounds.interfaces[intent.interface].vrf:
        return f"interface {intent.interface} is in VRF {vrf}, whose packets meet no rule of ours"
    if grounds.way_to(intent.next_hop) is None:
        return f"no interface that is up has a network with next hop {intent.next_hop}"
    if not reading.ruleset.is_hooked:
        return "the chain in the table that is ours is not as we make it; take the table away"
    return grounds.clash


def _in_chain(intent: AccessPermit, reading: Reading) -> str:
    name = intent.access_list
    rules = reading.ruleset.chains.get(name)
    if rules is None:
        return f"there is no chain {name}"
    before = intent.sequences.first - 1
    end = next((at for at, rule in enumerate(rules[:before], 1) if rule.ends), None)
    if end is not None:
        return f"permits of chain {name} would stand behind its rule {end}, past which no packet gets"
    return ""


def room(intent: AccessPermit, others: int) -> str:
    """Why a chain has no room for a part's permits, beside so many of ours; empty if it has."""
    wanted = {Permit(intent.access_list, flow) for flow in intent.flows}
    first, last = intent.sequences.first, intent.sequences.last
    if others + len(wanted) > last - first + 1:
        return f"positions {first} to {last} of chain {intent.access_list} are used up"
    return ""
