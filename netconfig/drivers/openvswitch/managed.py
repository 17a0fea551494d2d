"""What of ours is on a bridge: values, and the text in which a rehearsal keeps them.

external_ids:LS-FNAL-42-1a2b3c4d=6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11
external_ids:LS-FNAL-42-1a2b3c4d-was=[{"target": "tcp:192.0.2.1:6653"}]
controller=tcp:198.51.100.7:6633 LS-FNAL-42-1a2b3c4d=6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11
cookie=0x1a2b3c4d0000002a, priority=20000,in_port=3,dl_vlan=10 actions=pop_vlan,output:2
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from netconfig.drivers.openvswitch.names import Label, read_label
from netconfig.transport.openflow_entry import Entry, Place, entry_of
from netconfig.vlanflows import parse_flow

_IDS, _CONTROLLER = "external_ids:", "controller="


@dataclass(frozen=True, slots=True)
class Controller:
    """A controller that leads a bridge for a reservation, whose label it carries itself."""

    target: str
    label: Label

    def __str__(self) -> str:
        return f"{_CONTROLLER}{self.target} {self.label.key}={self.label.database}"


@dataclass(frozen=True, slots=True)
class Managed:
    """What is ours, or a stranger's, on a bridge.

    Attributes:
        labels: by key.
        memories: controllers that the bridge had before, as JSON, by the key of their label.
        controllers: those that lead it for somebody's slice.
        entries: of the flow table.
    """

    labels: Mapping[str, Label] = field(default_factory=dict)
    memories: Mapping[str, str] = field(default_factory=dict)
    controllers: tuple[Controller, ...] = ()
    entries: Mapping[Place, Entry] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Its text, line by line, sorted within each kind."""
        return [
            *sorted(label_line(label) for label in self.labels.values()),
            *sorted(f"{_IDS}{key}-was={memory}" for key, memory in self.memories.items()),
            *sorted(map(str, self.controllers)),
            *sorted(map(str, self.entries.values())),
        ]


def label_line(label: Label) -> str:
    """The text of a label."""
    return f"{_IDS}{label.key}={label.database}"


def by_place(entries: Iterable[Entry]) -> dict[Place, Entry]:
    """The entries by where they stand."""
    return {entry.place: entry for entry in entries}


def text_of(lines: Iterable[str]) -> str:
    """Lines as one text."""
    return "".join(f"{line}\n" for line in lines)


def parse_managed(text: str) -> Managed:
    """What a text of `Managed.lines` says. Entries that are not as we write them are passed over."""
    labels, memories, controllers, entries = {}, {}, [], []
    for line in text.splitlines():
        key, _, value = line.removeprefix(_IDS).partition("=")
        if line.startswith(_CONTROLLER):
            target, _, owner = line.removeprefix(_CONTROLLER).rpartition(" ")
            if label := read_label(*owner.partition("=")[::2]):
                controllers.append(Controller(target, label))
        elif not line.startswith(_IDS):
            if flow := parse_flow(line):
                entries.append(entry_of(flow))
        elif key.endswith("-was"):
            memories[key.removesuffix("-was")] = value
        elif label := read_label(key, value):
            labels[key] = label
    return Managed(labels, memories, tuple(controllers), by_place(entries))
