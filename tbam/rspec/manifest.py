"""The manifest RSpec: what was asked for and is booked, sliver by sliver, with its state and times."""

from collections.abc import Sequence

from lxml import etree

from tbam.rspec.names import (
    MANIFEST_SCHEMA,
    NOT_SET,
    UNTAGGED,
    aggregate,
    exact_time,
    new_rspec,
    slot_time,
    written,
)
from tbam.values import Sliver, Vlan


def write_manifest(slivers: Sequence[Sliver]) -> str:
    """All of these slivers, in their order. What a request said can be sent again as it stands here."""
    root = new_rspec("manifest", MANIFEST_SCHEMA)
    for sliver in slivers:
        _write(root, sliver)
    return written(root)


def _write(root: etree._Element, sliver: Sliver) -> None:
    told = {
        "sliver_urn": sliver.sliver_urn,
        "aggregate": sliver.aggregate,
        "allocation_status": sliver.allocation,
        "operational_status": sliver.operational,
        "start": exact_time(sliver.slot.start),
        "end": exact_time(sliver.slot.end),
        "expires": exact_time(sliver.expires_at),
    }
    if sliver.error:
        # A device's words may hold what no XML document can.
        told["error"] = "".join(char if char.isprintable() else " " for char in sliver.error)
    within = etree.SubElement(root, aggregate("sliver"), told)
    etree.SubElement(within, aggregate("island"), {"name": sliver.aggregate})
    etree.SubElement(within, aggregate("slice"), {"slice_urn": sliver.slice_urn})
    etree.SubElement(
        within,
        aggregate("timeslot"),
        {"start_time": slot_time(sliver.slot.start), "end_time": slot_time(sliver.slot.end)},
    )
    for vlan in sliver.request.vlans:
        etree.SubElement(within, aggregate("VLAN"), _vlan(vlan))
    etree.SubElement(within, aggregate("controller"), {"url": str(sliver.request.controller)})
    project = sliver.request.project
    etree.SubElement(within, aggregate("project"), {"projectID": project.id, "projectName": project.name})


def _vlan(vlan: Vlan) -> dict[str, str]:
    return {
        "OFELIA": NOT_SET if vlan.ofelia is None else str(vlan.ofelia),
        "ALIEN": str(vlan.alien) if vlan.alien else UNTAGGED,
    }
