"""What a bridge should carry for the parts that are wanted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from netconfig.carried import GatewayPart
from netconfig.driver import Config
from netconfig.drivers.openvswitch.managed import Controller, Managed, by_place, label_line, text_of
from netconfig.drivers.openvswitch.names import Names
from netconfig.gateway import ControllerProxy, VlanMap
from netconfig.transport.openflow_entry import Entry, entry_of
from netconfig.vlanflows import SwitchPorts, map_flows

Path = tuple[str, ...]
CARRIED = ControllerProxy | VlanMap


@dataclass(frozen=True, slots=True)
class Wish(Config):
    """What a bridge should have.

    Attributes:
        managed: the same as values.
        wanted: the parts it is for.
        leaving: ids of the parts that need a line gone, by its path.
        members: ids of the parts of each reservation that are leaving.
        memories: controllers from before the slots, as placements have them, by key of the label.
    """

    managed: Managed = field(default_factory=Managed)
    wanted: Sequence[GatewayPart] = ()
    leaving: Mapping[Path, frozenset[int]] = field(default_factory=dict)
    members: Mapping[int, frozenset[int]] = field(default_factory=dict)
    memories: Mapping[str, str] = field(default_factory=dict)


def render(parts: Sequence[GatewayPart], names: Names) -> Wish:
    """What the bridge shall carry for the wanted of these parts.

    Of two parts of one reservation that want different things of one place the newer one has it.
    """
    placed = [part for part in sorted(parts, key=lambda part: part.part_id) if part.placement]
    wanted = [part for part in placed if part.wanted]
    leaving = [part for part in placed if not part.wanted]
    memories = {names.label(part.reservation_id).key: _memory(part) for part in placed if _memory(part)}
    labels = {label.key: label for label in (names.label(part.reservation_id) for part in wanted)}
    leads = [one for part in wanted if (one := controller_for(part, names))][-1:]
    managed = Managed(
        labels=labels,
        memories={one.label.key: memories[one.label.key] for one in leads},
        controllers=tuple(leads),
        entries=by_place(entry for part in wanted for entry in entries_of(part, names)),
    )
    lines = managed.lines()
    return Wish(
        text=text_of(lines),
        serves={path: ids for path, ids in _needs(wanted, names).items() if path[0] in lines},
        managed=managed,
        wanted=wanted,
        leaving=_needs(leaving, names),
        members=_members(leaving),
        memories=memories,
    )


def ports_of(part: GatewayPart) -> SwitchPorts:
    """The ports that a map was placed between; the usual ones before that."""
    alien, ofelia = part.placement.get("alien"), part.placement.get("ofelia")
    return SwitchPorts(alien, ofelia) if isinstance(alien, int) and isinstance(ofelia, int) else SwitchPorts()


def entries_of(part: GatewayPart, names: Names) -> tuple[Entry, ...]:
    """The entries of a part."""
    if not isinstance(part.intent, VlanMap):
        return ()
    cookie = names.label(part.reservation_id).cookie
    return tuple(map(entry_of, map_flows(part.intent, ports_of(part), cookie)))


def controller_for(part: GatewayPart, names: Names) -> Controller | None:
    """The controller of a part."""
    if not isinstance(part.intent, ControllerProxy):
        return None
    return Controller(f"tcp:{part.intent}", names.label(part.reservation_id))


def _memory(part: GatewayPart) -> str:
    return str(part.placement.get("controllers", ""))


def _needs(parts: Iterable[GatewayPart], names: Names) -> dict[Path, frozenset[int]]:
    found: defaultdict[Path, frozenset[int]] = defaultdict(frozenset)
    for part in parts:
        lines = [label_line(names.label(part.reservation_id)), *map(str, entries_of(part, names))]
        if controller := controller_for(part, names):
            lines.append(str(controller))
        for line in lines:
            found[(line,)] |= {part.part_id}
    return dict(found)


def _members(parts: Iterable[GatewayPart]) -> dict[int, frozenset[int]]:
    found: defaultdict[int, frozenset[int]] = defaultdict(frozenset)
    for part in parts:
        found[part.reservation_id] |= {part.part_id}
    return dict(found)
