"""What our terms have counted, from Junos' answer to `show firewall`. Pure.

Each term counts under its own name. Junos may begin a filter's counters anew when the filter is changed.
"""

from collections.abc import Mapping, Sequence

from netconfig.driver import Count
from netconfig.drivers.juniper_junos.render import Route
from netconfig.drivers.juniper_junos.tree import Element
from netconfig.errors import StateUnknown

Counters = Mapping[tuple[str, str], Count]
"""By filter and name."""


def read_counters(device: str, reply: Element) -> Counters:
    """What the router says, of every filter that it has.

    Raises:
        StateUnknown: it is no such answer.
    """
    if reply.find(".//firewall-information") is None:
        raise StateUnknown(device, "its answer tells no counters")
    found: dict[tuple[str, str], Count] = {}
    for held in reply.iterfind(".//filter-information"):
        for counter in held.iterchildren("counter"):
            key = (_said(held, "filter-name"), _said(counter, "counter-name"))
            packets, octets = _said(counter, "packet-count"), _said(counter, "byte-count")
            if not (packets.isdecimal() and octets.isdecimal()):
                raise StateUnknown(device, f"its counter {key[1]} is {packets!r} packets, {octets!r} bytes")
            found[key] = Count(int(packets), int(octets))
    return found


def count_parts(routes: Sequence[Route], counters: Counters) -> dict[int, Count]:
    """What met the terms that are there, by part id."""
    counts = {}
    for route in routes:
        found = [counters[route.filter, name] for name in route.terms if (route.filter, name) in counters]
        if found:
            packets, octets = sum(one.packets for one in found), sum(one.octets or 0 for one in found)
            counts[route.part_id] = Count(packets, octets)
    return counts


def _said(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()
