"""The lines that lead from what a bridge has to what it should have, in the order that is safe.

First whose it is, then who leads it, then all flows in one bundle, and last the labels of what is gone: so
nothing is ever there that nobody can be asked about.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from netconfig.driver import Plan, PlanLine
from netconfig.drivers.openvswitch.bridge import (
    Reading,
    Settings,
    is_ours,
    lead,
    parse_controllers,
    site_controllers,
)
from netconfig.drivers.openvswitch.grounds import hindrance
from netconfig.drivers.openvswitch.lines import (
    DatabaseLine,
    drop_ids,
    flow_line,
    set_controllers,
    set_ids,
)
from netconfig.drivers.openvswitch.managed import Controller, label_line
from netconfig.drivers.openvswitch.names import Label, Names
from netconfig.drivers.openvswitch.render import Wish

LABELS, LEADER, FLOWS, REST = range(4)
"""Stages; within FLOWS all is one step, elsewhere each line is one."""


def make_plan(bridge: str, names: Names, actual: Reading, wish: Wish, known: frozenset[int]) -> Plan:
    """The plan; see `DeviceDriver.plan`."""
    return _Planner(bridge, names, actual, wish, known).plan()


class _Planner:
    def __init__(self, bridge: str, names: Names, actual: Reading, wish: Wish, known: frozenset[int]) -> None:
        self._bridge = bridge
        self._names = names
        self._actual = actual
        self._wish = wish
        self._known = known
        self._hindered = self._look() if actual.whole else {}
        self._lines: list[tuple[int, PlanLine]] = []

    def plan(self) -> Plan:
        self._add_labels()
        self._change_controllers()
        self._change_flows()
        self._drop_labels()
        self._wait()
        ordered = sorted(self._lines, key=lambda staged: staged[0])
        return Plan(tuple(line for _, line in ordered), tuple(self._strangers()))

    def _look(self) -> dict[int, str]:
        """Why parts cannot be served now, by their ids."""
        bridge = self._actual.bridge
        found = {part.part_id: hindrance(part, bridge, self._names) for part in self._wish.wanted}
        return {part: words for part, words in found.items() if words}

    def _is_mine(self, label: Label) -> bool:
        return is_ours(label, self._names) and label.reservation in self._known

    def _needing(self, line: str) -> frozenset[int]:
        """The parts that a line can be brought for now."""
        parts = self._wish.serves.get((line,), frozenset())
        return parts if parts - self._hindered.keys() else frozenset()

    def _leaving(self, line: str, reservation: int | None) -> frozenset[int]:
        """The parts that a line is taken away for."""
        members = self._wish.members.get(reservation or 0, frozenset())
        return self._wish.leaving.get((line,), members)

    def _database(
        self,
        stage: int,
        text: str,
        operations: Iterable[object],
        *,
        parts: frozenset[int],
        owner: int | None,
        removal: bool = False,
    ) -> None:
        line = DatabaseLine(
            text=text,
            parts=parts,
            reservation_id=owner,
            removal=removal,
            step=len(self._lines),
            operations=tuple(operations),  # type: ignore[arg-type]
        )
        self._lines.append((stage, line))

    def _add_labels(self) -> None:
        for label in sorted(self._wish.managed.labels.values()):
            parts = self._needing(label_line(label))
            if parts and self._actual.managed.labels.get(label.key) != label:
                text = f"set bridge {self._bridge} {label_line(label)}"
                ids = set_ids(self._bridge, {label.key: label.database})
                self._database(LABELS, text, ids, parts=parts, owner=label.reservation)

    def _drop_labels(self) -> None:
        for label in sorted(self._actual.managed.labels.values()):
            if self._is_mine(label) and label.key not in self._wish.managed.labels:
                parts = self._leaving(label_line(label), label.reservation)
                text = f"remove bridge {self._bridge} external_ids {label.key}"
                ids = drop_ids(self._bridge, [label.key])
                self._database(REST, text, ids, parts=parts, owner=label.reservation, removal=True)

    def _change_controllers(self) -> None:
        managed = self._actual.managed
        leading = [one for one in managed.controllers if self._is_mine(one.label)]
        memories = [
            key for key in managed.memories if key in managed.labels and self._is_mine(managed.labels[key])
        ]
        wanted = self._wish.managed.controllers
        if wanted:
            self._lead(wanted[0], leading, memories)
        elif leading:
            self._give_back(leading, memories)
        elif memories:
            # Somebody else has set another meanwhile, and that one stays.
            for key in memories:
                label = managed.labels[key]
                text = f"remove bridge {self._bridge} external_ids {label.memory_key}"
                parts = self._leaving(label_line(label), label.reservation)
                ids = drop_ids(self._bridge, [label.memory_key])
                self._database(LEADER, text, ids, parts=parts, owner=label.reservation, removal=True)

    def _lead(self, wanted: Controller, leading: list[Controller], memories: list[str]) -> None:
        parts = self._needing(str(wanted))
        label, memory = wanted.label, self._wish.managed.memories[wanted.label.key]
        alone = (
            list(self._actual.bridge.controllers) == [lead(wanted)]
            if self._actual.whole
            else self._actual.managed.controllers == (wanted,)
        )
        remembered = {key: self._actual.managed.memories[key] for key in memories} == {label.key: memory}
        if not parts or (alone and remembered):
            return
        for former in leading:
            parts |= self._leaving(str(former), former.label.reservation) if former != wanted else frozenset()
        operations = (
            *drop_ids(self._bridge, [f"{key}-was" for key in memories if key != label.key]),
            *set_ids(self._bridge, {label.memory_key: memory}),
            *set_controllers(self._bridge, [lead(wanted)]),
        )
        text = f"set-controller {self._bridge} {wanted.target}"
        self._database(LEADER, text, operations, parts=parts, owner=label.reservation)

    def _give_back(self, leading: list[Controller], memories: list[str]) -> None:
        former = self._former([one.label.key for one in leading])
        controllers = [*site_controllers(self._actual.bridge, self._names), *(former or ())]
        owner = leading[0].label.reservation
        parts = frozenset[int]().union(*(self._leaving(str(one), one.label.reservation) for one in leading))
        if not controllers:
            words = "what led the bridge before its slot is not known any more; set its controller by hand"
            self._lines.append((LEADER, _waiting(words, parts, len(self._lines))))
            return
        operations = (
            *drop_ids(self._bridge, [f"{key}-was" for key in memories]),
            *set_controllers(self._bridge, controllers),
        )
        targets = " ".join(str(settings["target"]) for settings in controllers)
        text = f"set-controller {self._bridge} {targets}"
        self._database(LEADER, text, operations, parts=parts, owner=owner, removal=True)

    def _former(self, keys: Iterable[str]) -> tuple[Settings, ...]:
        """What led the bridge before one of these reservations did."""
        for key in keys:
            for memories in (self._actual.managed.memories, self._wish.memories):
                if key in memories and (found := parse_controllers(memories[key])):
                    return found
        return ()

    def _change_flows(self) -> None:
        have, want = self._actual.managed.entries, self._wish.managed.entries
        step = len(self._lines)
        for place, entry in sorted(have.items(), key=lambda item: str(item[1])):
            owner = self._names.reservation_of(entry.cookie)
            goes = place not in want or want[place].cookie != entry.cookie
            if owner in self._known and goes:
                parts = self._leaving(str(entry), owner)
                line = flow_line(self._bridge, entry, removal=True, parts=parts, owner=owner, step=step)
                self._lines.append((FLOWS, line))
        for place, entry in want.items():
            owner = self._names.reservation_of(entry.cookie) or 0
            parts = self._needing(str(entry))
            if parts and have.get(place) != entry:
                line = flow_line(self._bridge, entry, removal=False, parts=parts, owner=owner, step=step)
                self._lines.append((FLOWS, line))

    def _wait(self) -> None:
        waiting: defaultdict[str, frozenset[int]] = defaultdict(frozenset)
        for part, words in self._hindered.items():
            waiting[words] |= {part}
        for words, parts in waiting.items():
            self._lines.append((REST, _waiting(words, parts, len(self._lines))))

    def _strangers(self) -> Iterator[str]:
        here = self._names.ownership
        managed = self._actual.managed
        for label in sorted({*managed.labels.values(), *(one.label for one in managed.controllers)}):
            what = f"{label.key} of bridge {self._bridge}"
            if label.station != here.station:
                yield (
                    f"{what} carries this database's fingerprint under the name of station {label.station};"
                    f" the station word in the site file, {here.station}, seems to have changed"
                )
            elif label.database != here.database:
                yield f"{what} carries the fingerprint of another database, {label.database}"
            elif label.reservation not in self._known:
                yield f"{what} is of a reservation that this database does not know"
        labelled = {label.reservation for label in managed.labels.values() if is_ours(label, self._names)}
        flows = {self._names.reservation_of(entry.cookie) for entry in managed.entries.values()} - {None}
        for reservation in sorted(number for number in flows if number is not None):
            if reservation not in self._known | labelled:
                yield (
                    f"flows of bridge {self._bridge} carry this database's cookie of reservation"
                    f" {reservation}, which it does not know"
                )


def _waiting(words: str, parts: frozenset[int], step: int) -> PlanLine:
    return PlanLine(f"# waiting: {words}", parts, step=step, waits=words)
