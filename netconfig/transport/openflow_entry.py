"""An entry of a switch's flow table as os-ken reads it, and our own flows among them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from os_ken.ofproto import ofproto_v1_3 as of
from os_ken.ofproto import ofproto_v1_3_parser as messages

from netconfig.vlanflows import Action, Flow

Match = tuple[tuple[str, Any], ...]
Place = tuple[int, int, Match]
_OURS = {"in_port", "vlan_vid", "eth_type"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        match: fields and their values, as os-ken has them.
        flow: what it is, if it is just as we would write it.
        does: its instructions, time-outs and flags, as os-ken's JSON.
    """

    table: int
    priority: int
    cookie: int
    match: Match
    flow: Flow | None
    does: str = ""

    @property
    def place(self) -> Place:
        """Where it stands: there is room for one."""
        return self.table, self.priority, self.match

    def instructions(self) -> Iterable[Any]:
        """Its instructions as os-ken has them; for a flow of ours."""
        actions = [_action(action) for action in self.flow.actions] if self.flow else []
        return [messages.OFPInstructionActions(of.OFPIT_APPLY_ACTIONS, actions)] if actions else []

    def __str__(self) -> str:
        if self.flow:
            return str(self.flow)
        fields = ",".join(f"{name}={value}" for name, value in self.match)
        return (
            f"cookie={self.cookie:#x}, table={self.table}, priority={self.priority},{fields} does={self.does}"
        )


def entry_of(flow: Flow) -> Entry:
    """The entry that a flow of ours becomes."""
    fields: dict[str, int] = {"in_port": flow.in_port}
    if flow.ethertype is not None:
        fields["eth_type"] = flow.ethertype
    if flow.vlan is not None:
        fields["vlan_vid"] = of.OFPVID_PRESENT | flow.vlan if flow.vlan else of.OFPVID_NONE
    return Entry(0, flow.priority, flow.cookie, tuple(sorted(fields.items())), flow)


def read_entry(stats: Any) -> Entry:
    """An entry of a flow-stats reply."""
    match = tuple(sorted(stats.match.items(), key=lambda field: str(field[0])))
    flow = _flow(stats, match)
    if flow is not None:
        return entry_of(flow)
    does = {
        "instructions": [instruction.to_jsondict() for instruction in stats.instructions],
        "idle_timeout": stats.idle_timeout,
        "hard_timeout": stats.hard_timeout,
        "flags": stats.flags,
    }
    return Entry(stats.table_id, stats.priority, stats.cookie, match, None, json.dumps(does, sort_keys=True))


def write_match(match: Match) -> Any:
    """The match as os-ken has it."""
    return messages.OFPMatch(**dict(match))


def _flow(stats: Any, match: Match) -> Flow | None:
    """What an entry is, if we might have written it."""
    if stats.table_id or stats.idle_timeout or stats.hard_timeout or stats.flags:
        return None
    fields = dict(match)
    if set(fields) - _OURS or "in_port" not in fields or not all(isinstance(v, int) for v in fields.values()):
        return None
    actions = _actions(stats.instructions)
    vid = fields.get("vlan_vid")
    vlan = vid & ~of.OFPVID_PRESENT if vid is not None else None
    out_port = next((number for name, number in reversed(actions) if name == "output"), None)
    out_vlan = 0 if out_port is None else vlan or 0
    for name, number in actions:
        out_vlan = {"pop_vlan": 0, "set_vlan": number}.get(name, out_vlan)
    flow = Flow(
        cookie=stats.cookie,
        priority=stats.priority,
        in_port=fields["in_port"],
        vlan=vlan,
        ethertype=fields.get("eth_type"),
        out_port=out_port,
        out_vlan=out_vlan,
    )
    return flow if flow.actions == actions and entry_of(flow).match == match else None


def _action(action: Action) -> Any:
    name, number = action
    match name:
        case "pop_vlan":
            return messages.OFPActionPopVlan()
        case "push_vlan":
            return messages.OFPActionPushVlan(number)
        case "set_vlan":
            return messages.OFPActionSetField(vlan_vid=of.OFPVID_PRESENT | number)
        case _:
            return messages.OFPActionOutput(number)


def _actions(instructions: Iterable[Any]) -> tuple[Action, ...]:
    found: list[Action] = []
    for instruction in instructions:
        if getattr(instruction, "type", None) != of.OFPIT_APPLY_ACTIONS:
            return (("other", 0),)
        found += [_read_action(action) for action in instruction.actions]
    return tuple(found)


def _read_action(action: Any) -> Action:
    match action:
        case messages.OFPActionPopVlan():
            return "pop_vlan", 0
        case messages.OFPActionPushVlan():
            return "push_vlan", action.ethertype
        case messages.OFPActionSetField() if action.key == "vlan_vid":
            return "set_vlan", action.value & ~of.OFPVID_PRESENT
        case messages.OFPActionOutput():
            return "output", action.port
        case _:
            return "other", 0
