"""Where a part goes on a bridge, and whether there is room for it."""

from collections.abc import Sequence

from netconfig.carried import GatewayPart
from netconfig.controllers import ControllerPolicy
from netconfig.driver import Placement
from netconfig.drivers.openvswitch.bridge import (
    Reading,
    controller_of,
    dump_controllers,
    is_ours,
)
from netconfig.drivers.openvswitch.grounds import hindrance
from netconfig.drivers.openvswitch.names import Names
from netconfig.drivers.openvswitch.render import entries_of
from netconfig.errors import Rejected
from netconfig.gateway import ControllerProxy
from netconfig.vlanflows import SwitchPorts


def place_parts(
    device: str,
    names: Names,
    ports: SwitchPorts,
    policy: ControllerPolicy,
    actual: Reading,
    parts: Sequence[GatewayPart],
) -> dict[int, Placement]:
    """The placements of the wanted parts; one that was placed stays where it is.

    Raises:
        Rejected: for the first that there is no room for.
    """
    wanted = [part for part in sorted(parts, key=lambda part: part.part_id) if part.wanted]
    placed = {part.part_id: part.placement for part in wanted if part.placement}
    there = [part for part in wanted if part.placement]
    for part in (part for part in wanted if not part.placement):
        why = (
            _why_barred(part, policy)
            or hindrance(part, actual.bridge, names)
            or _why_taken(part, actual, names, there, parts)
        )
        if why:
            ids = frozenset({part.part_id})
            raise Rejected(device, why, line=f"{part.intent.kind} of {part.reservation_id}", parts=ids)
        placed[part.part_id] = _placement(part, ports, actual, names, parts)
        there.append(part)
    return placed


def _why_barred(part: GatewayPart, policy: ControllerPolicy) -> str:
    """Why its controller may not be where it is; a name would be looked up by the switch itself."""
    if not isinstance(part.intent, ControllerProxy):
        return ""
    words = policy.objection(part.intent.host)
    return words and f"controller {part.intent}: {words}"


def _why_taken(
    part: GatewayPart,
    actual: Reading,
    names: Names,
    there: Sequence[GatewayPart],
    parts: Sequence[GatewayPart],
) -> str:
    """Who has what it needs."""
    others = [other for other in there if other.reservation_id != part.reservation_id]
    if isinstance(part.intent, ControllerProxy):
        for other in others:
            if isinstance(other.intent, ControllerProxy):
                return f"reservation {other.reservation_id} has it led by {other.intent}"
        if not actual.bridge.controllers:
            return (
                "the bridge has no controller of its own, to which it could be given back; and Open vSwitch"
                " forgets all flows of a bridge when its first controller comes"
            )
        return ""
    wanted = {entry.place for entry in entries_of(part, names)}
    for other in others:
        if wanted.intersection(entry.place for entry in entries_of(other, names)):
            return f"reservation {other.reservation_id} maps one of its VLANs"
    known = {one.reservation_id for one in parts}
    for place in wanted.intersection(actual.managed.entries):
        owner = names.reservation_of(actual.managed.entries[place].cookie)
        if owner not in known:
            return f"a flow of reservation {owner}, which is not this device's, stands where it must"
    return ""


def _placement(
    part: GatewayPart, ports: SwitchPorts, actual: Reading, names: Names, parts: Sequence[GatewayPart]
) -> Placement:
    if not isinstance(part.intent, ControllerProxy):
        return {"alien": ports.alien, "ofelia": ports.ofelia}
    for one in filter(None, map(controller_of, actual.bridge.controllers)):
        if is_ours(one.label, names):
            # It takes over from one that leaves, or from what its own reservation had before.
            remembered = [
                str(other.placement["controllers"])
                for other in parts
                if other.reservation_id == one.label.reservation and "controllers" in other.placement
            ]
            former = [actual.managed.memories.get(one.label.key), *remembered]
            return {"controllers": next((memory for memory in former if memory), "[]")}
    return {"controllers": dump_controllers(actual.bridge.controllers)}
