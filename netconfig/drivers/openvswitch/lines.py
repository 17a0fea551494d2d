"""Lines of a plan for a bridge: what is shown of them, and what they do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netconfig.driver import PlanLine
from netconfig.drivers.openvswitch.bridge import Settings
from netconfig.transport.openflow_entry import Entry
from netconfig.transport.ovsdb import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLine(PlanLine):
    """An entry that comes or goes, with all others in one bundle."""

    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLine(PlanLine):
    """A transaction on the database."""

    operations: tuple[Operation, ...]


def flow_line(
    bridge: str, entry: Entry, *, removal: bool, parts: frozenset[int], owner: int, step: int
) -> FlowLine:
    """The line, as it would be said to ovs-ofctl."""
    said = str(entry).replace(", ", ",")
    if removal:
        cookie, _, match = said.partition(" ")[0].partition(",")
        text = f"--strict del-flows {bridge} {cookie}/-1,{match}"
    else:
        text = f"add-flow {bridge} {said}"
    return FlowLine(
        text=text,
        parts=parts,
        reservation_id=owner,
        removal=removal,
        step=step,
        entry=entry,
    )


def set_ids(bridge: str, ids: Mapping[str, str]) -> tuple[Operation, ...]:
    """Operations that write keys of ours, and no others."""
    keys = ["delete", ["set", list(ids)]]
    values = ["insert", ["map", [list(pair) for pair in ids.items()]]]
    return (_mutate(bridge, [keys, values]),) if ids else ()


def drop_ids(bridge: str, keys: Iterable[str]) -> tuple[Operation, ...]:
    """Operations that take away keys of ours."""
    named = sorted(keys)
    return (_mutate(bridge, [["delete", ["set", named]]]),) if named else ()


def set_controllers(bridge: str, controllers: Sequence[Settings]) -> tuple[Operation, ...]:
    """Operations that have these, and no others, lead a bridge."""
    inserts = tuple(
        {"op": "insert", "table": "Controller", "row": dict(settings), "uuid-name": f"new{number}"}
        for number, settings in enumerate(controllers)
    )
    named = ["set", [["named-uuid", f"new{number}"] for number in range(len(controllers))]]
    return (
        *inserts,
        {
            "op": "update",
            "table": "Bridge",
            "where": [["name", "==", bridge]],
            "row": {"controller": named},
        },
    )


def _mutate(bridge: str, mutations: Sequence[Sequence[object]]) -> Operation:
    return {
        "op": "mutate",
        "table": "Bridge",
        "where": [["name", "==", bridge]],
        "mutations": [["external_ids", *mutation] for mutation in mutations],
    }
