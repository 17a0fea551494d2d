"""The advertisement RSpec: each island's switches, links and the calendar of its slots that are taken."""

from collections.abc import Sequence
from datetime import datetime

from lxml import etree

from tbam.rspec.names import AD_SCHEMA, aggregate, exact_time, new_rspec, slot_time, written
from tbam.values import IslandView


def write_advertisement(islands: Sequence[IslandView], *, now: datetime) -> str:
    """All of these islands, in their order, as known at `now`."""
    root = new_rspec("advertisement", AD_SCHEMA)
    root.set("generated", exact_time(now))
    for island in islands:
        _write(root, island)
    return written(root)


def _write(root: etree._Element, island: IslandView) -> None:
    resources = etree.SubElement(
        root,
        aggregate("resources"),
        {"name": island.name, "available": "true" if island.available else "false"},
    )
    for switch in island.switches:
        etree.SubElement(resources, aggregate("switch"), {"dpid": switch.dpid})
    for link in island.links:
        etree.SubElement(
            resources,
            aggregate("link"),
            {
                "dpidSrc": link.dpid_src,
                "portSrc": link.port_src,
                "dpidDst": link.dpid_dst,
                "portDst": link.port_dst,
            },
        )
    for reserved in island.reserved:
        etree.SubElement(
            resources,
            aggregate("reservation"),
            {
                "slice_urn": reserved.slice_urn,
                "start_time": slot_time(reserved.slot.start),
                "end_time": slot_time(reserved.slot.end),
            },
        )
