"""A bridge as it was read, and what of it is ours or might be taken for it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from netconfig.driver import Config
from netconfig.drivers.openvswitch.managed import Controller, Managed, by_place, parse_managed, text_of
from netconfig.drivers.openvswitch.names import Label, Names, read_label
from netconfig.transport.openflow_entry import Entry

STATUS = frozenset({"_uuid", "_version", "is_connected", "role", "status"})
"""What the switch writes into a controller's row, not the operator."""

Settings = Mapping[str, Any]
"""Columns of a row of table Controller, as the database's JSON; those that are empty left out."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """What is on a bridge.

    Attributes:
        fail_mode: what it does without its controller; empty where nothing is set.
        external_ids: the site's and ours.
        controllers: what is set of each.
        ports: OpenFlow numbers.
        entries: those with the mark of ours or of a stranger's label, and whatever else stands where flows
            of ours may have to.
        datapath_id: by which controllers know it.
    """

    fail_mode: str = ""
    external_ids: Mapping[str, str] = field(default_factory=dict)
    controllers: tuple[Settings, ...] = ()
    ports: frozenset[int] = frozenset()
    entries: tuple[Entry, ...] = ()
    datapath_id: int = 0


@dataclass(frozen=True, slots=True)
class Reading(Config):
    """What a bridge has. `text` is everything that carries a label or our mark, strangers' objects too.

    Attributes:
        managed: the same as values.
        whole: False if it was made from such a text: nothing is known of what is the site's.
    """

    bridge: Bridge = field(default_factory=Bridge)
    managed: Managed = field(default_factory=Managed)
    whole: bool = True


def read_bridge(bridge: Bridge, names: Names) -> Reading:
    """The managed part of a bridge."""
    labels = labels_of(bridge.external_ids, names)
    controllers = tuple(filter(None, (controller_of(settings) for settings in bridge.controllers)))
    marks = {names.mark, *(label.mark for label in labels.values())}
    managed = Managed(
        labels=labels,
        memories={
            label.key: bridge.external_ids[label.memory_key]
            for label in labels.values()
            if label.memory_key in bridge.external_ids
        },
        controllers=tuple(one for one in controllers if is_looked_at(one.label, names)),
        entries=by_place(entry for entry in bridge.entries if entry.cookie >> 32 in marks),
    )
    return _reading(managed, names, bridge, whole=True)


def as_reading(config: Config, names: Names) -> Reading:
    """A configuration that may have been kept as text only."""
    if isinstance(config, Reading):
        return config
    return _reading(parse_managed(config.text), names, Bridge(), whole=False)


def imagine(actual: Reading, carried: str, names: Names) -> Reading:
    """The bridge with nothing of ours but what this text says."""
    bridge, rehearsed = actual.bridge, parse_managed(carried)
    ours = {key for key, label in actual.managed.labels.items() if is_ours(label, names)}
    keys = ours | {f"{key}-was" for key in ours}
    ids = {key: value for key, value in bridge.external_ids.items() if key not in keys}
    ids |= {label.key: label.database for label in rehearsed.labels.values()}
    ids |= {f"{key}-was": memory for key, memory in rehearsed.memories.items()}
    controllers = site_controllers(bridge, names)
    if len(controllers) < len(bridge.controllers):
        memories = (memory for key, memory in actual.managed.memories.items() if key in ours)
        controllers += [one for memory in memories for one in parse_controllers(memory)]
    if rehearsed.controllers:
        controllers = [lead(one) for one in rehearsed.controllers]
    theirs = by_place(entry for entry in bridge.entries if entry.cookie >> 32 != names.mark)
    entries = {**theirs, **rehearsed.entries}
    return read_bridge(
        replace(
            bridge,
            external_ids=ids,
            controllers=tuple(controllers),
            entries=tuple(entries.values()),
        ),
        names,
    )


def lead(controller: Controller) -> Settings:
    """What is set of a controller that leads the bridge for a slice."""
    label = controller.label
    return {"target": controller.target, "external_ids": ["map", [[label.key, label.database]]]}


def site_controllers(bridge: Bridge, names: Names) -> list[Settings]:
    """Those that are not there for a reservation of ours."""
    owned = ((settings, controller_of(settings)) for settings in bridge.controllers)
    return [settings for settings, one in owned if one is None or not is_ours(one.label, names)]


def is_ours(label: Label, names: Names) -> bool:
    """Whether it is of our station and database."""
    return label == names.label(label.reservation)


def is_looked_at(label: Label, names: Names) -> bool:
    """Whether it is of this station, or of this database under another station's name."""
    return label.station == names.ownership.station or label.database == names.ownership.database


def labels_of(external_ids: Mapping[str, str], names: Names) -> dict[str, Label]:
    """The labels that are ours to look at."""
    found = (read_label(key, value) for key, value in external_ids.items())
    return {label.key: label for label in found if label and is_looked_at(label, names)}


def controller_of(settings: Settings) -> Controller | None:
    """The controller, if it leads the bridge for somebody's slice; None for the site's own."""
    for key, value in dict(settings.get("external_ids", ["map", []])[1]).items():
        if label := read_label(key, value):
            return Controller(str(settings["target"]), label)
    return None


def dump_controllers(controllers: Iterable[Settings]) -> str:
    """Controllers as they are remembered."""
    return json.dumps(list(controllers), sort_keys=True)


def parse_controllers(memory: str) -> tuple[Settings, ...]:
    """Controllers that were remembered; none where somebody has changed what was."""
    try:
        found = json.loads(memory)
    except ValueError:
        return ()
    rows = found if isinstance(found, list) else []
    return tuple(row for row in rows if isinstance(row, dict) and isinstance(row.get("target"), str))


def _reading(managed: Managed, names: Names, bridge: Bridge, *, whole: bool) -> Reading:
    found: dict[int, str] = {}
    for label in (*managed.labels.values(), *(one.label for one in managed.controllers)):
        # A foreign identity is news and must not be hidden by what is ours beside it.
        if label.station == names.ownership.station and (
            label.reservation not in found or label.database != names.ownership.database
        ):
            found[label.reservation] = label.database
    for entry in managed.entries.values():
        if (reservation := names.reservation_of(entry.cookie)) is not None:
            found.setdefault(reservation, names.ownership.database)
    return Reading(
        text=text_of(managed.lines()),
        found=found,
        facts={"switches": [{"dpid": _written(bridge.datapath_id)}], "links": []} if whole else {},
        bridge=bridge,
        managed=managed,
        whole=whole,
    )


def _written(datapath_id: int) -> str:
    return datapath_id.to_bytes(8, "big").hex(":")
