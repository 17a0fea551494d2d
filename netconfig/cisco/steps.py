"""The steps of a plan: how a block is written down, and the last look at whose objects it touches."""

import re
from collections.abc import Iterable, Sequence

from netconfig.cisco.config import Reading, Wish, is_ours
from netconfig.cisco.names import Names
from netconfig.cisco.strangers import Holdings
from netconfig.driver import PlanLine
from netconfig.errors import StateUnknown

REMOVALS_A_STEP = 100
"""Removals without a block are independent of each other and go in one write."""

_ENTRY = re.compile(r"(?:no )?route-map (\S+) (?:permit|deny) (\d+)")
_LIST = re.compile(r"(?:no )?(?:ip|ipv6) access-list (?:extended )?(\S+)")
_POLICY = re.compile(r"(?:no )?(ip|ipv6) policy route-map (\S+)")


class Steps:
    """Collects the lines of a plan, a block a step."""

    def __init__(self, wish: Wish) -> None:
        self.lines: list[PlanLine] = []
        self._wish = wish
        self._step = 0

    def add_block(
        self, header: str, lines: Sequence[str], parts: frozenset[int], *, undo: str | None = None
    ) -> None:
        """Lines to come into a block, closed with `exit`.

        A block is closed so that a refused header never lets the next lines fall into the one before.
        """
        if lines or undo:
            self._write(header, lines, parts, removal=False, undo=undo)

    def remove_in_block(self, header: str, lines: Sequence[str], parts: frozenset[int]) -> None:
        """Lines, `no ...`, to go from a block that stays."""
        if lines:
            self._write(header, lines, parts, removal=True)

    def remove_lines(self, lines: Iterable[tuple[str, frozenset[int], int | None]]) -> None:
        """Whole objects to go: the line, the parts that need it done, the reservation."""
        for position, (text, parts, reservation) in enumerate(lines):
            if position % REMOVALS_A_STEP == 0:
                self._step += 1
            self.lines.append(PlanLine(text, parts, reservation, removal=True, step=self._step))

    def note_hindrance(self, words: str, parts: frozenset[int]) -> None:
        """A comment in place of what cannot be sent."""
        self._step += 1
        self.lines.append(PlanLine(f"! waiting: {words}", parts, step=self._step, waits=words))

    def _write(
        self,
        header: str,
        lines: Sequence[str],
        parts: frozenset[int],
        *,
        removal: bool,
        undo: str | None = None,
    ) -> None:
        self._step += 1
        owners = {self._wish.reservations.get(part) for part in parts}
        owner = owners.pop() if len(owners) == 1 else None
        for text in (header, *(f" {line}" for line in lines), " exit"):
            self.lines.append(PlanLine(text, parts, owner, removal=removal, step=self._step, undo=undo))


def check_touches_only_ours(
    device: str, names: Names, lines: Iterable[PlanLine], actual: Reading, wish: Wish, holdings: Holdings
) -> None:
    """Look at every line once more before it may leave the house.

    Raises:
        StateUnknown: one would touch an object that is not ours; nothing has been sent.
    """
    look = _Look(names, actual, wish, holdings)
    header = ""
    for line in lines:
        if line.waits:
            continue
        inner = line.text.startswith(" ")
        if not inner:
            header = line.text
        if not (look.may_change(header, line.text.strip()) if inner else look.may_enter(header)):
            words = f"a plan would have touched what is not ours: {header!r}, {line.text!r}"
            raise StateUnknown(device, words)


class _Look:
    def __init__(self, names: Names, actual: Reading, wish: Wish, holdings: Holdings) -> None:
        self._names = names
        self._running = actual.running
        self._wish = wish
        self._holdings = holdings

    def may_enter(self, header: str) -> bool:
        if header.startswith("interface "):
            return header.removeprefix("interface ") in self._running.policies
        if found := _LIST.fullmatch(header):
            return self._may_enter_list(found[1], header)
        if found := _ENTRY.fullmatch(header):
            place = found[1], int(found[2])
            there = any(entry.sequence == place[1] for entry in self._running.route_maps.get(place[0], ()))
            return place in self._holdings.entries or (place in self._wish.entries and not there)
        return False

    def _may_enter_list(self, name: str, header: str) -> bool:
        if name in self._holdings.access_lists:
            return True
        if is_ours(name, self._names):
            return name not in self._running.access_lists and not header.startswith("no ")
        return name in self._running.access_lists and not header.startswith("no ")

    def may_change(self, header: str, line: str) -> bool:
        if header.startswith("interface ") and line != "exit":
            return self._may_set_policy(header.removeprefix("interface "), line)
        found = _LIST.fullmatch(header)
        if found and not is_ours(found[1], self._names) and line != "exit":
            text = line[line.find("permit ") :]
            path = header, text
            wanted = path in self._wish.serves and not line.startswith("no ")
            return wanted or (path in self._wish.retired and line == f"no {text}")
        return True

    def _may_set_policy(self, interface: str, line: str) -> bool:
        found = _POLICY.fullmatch(line)
        if not found:
            return False
        family = 4 if found[1] == "ip" else 6
        carried = self._running.policies[interface].get(6 if family == 6 else 4)
        may_replace = carried is None or self._names.revision_of(carried, interface, family) is not None
        return may_replace and self._names.revision_of(found[2], interface, family) is not None
