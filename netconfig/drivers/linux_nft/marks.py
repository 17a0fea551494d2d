"""The rules in our table: which stay, which are replaced where they are, which come and go."""

from collections.abc import Iterable, Iterator

from netconfig.drivers.linux_nft.lines import RouterLine, nft_line
from netconfig.drivers.linux_nft.managed import Mark
from netconfig.drivers.linux_nft.names import Names, read_base
from netconfig.drivers.linux_nft.render import Steered, Wish
from netconfig.drivers.linux_nft.ruleset import Held, Ruleset, is_ours

HOOK = "{ type filter hook prerouting priority mangle; policy accept; }"


class MarkPlanner:
    """What is to be done in our table.

    Attributes:
        target: the rules that will be there, in their order.
        cleared: lanes that rules which go have led to, with the parts that this is for.
    """

    def __init__(
        self,
        names: Names,
        ruleset: Ruleset,
        wish: Wish,
        known: frozenset[int],
        hindered: frozenset[int],
    ) -> None:
        self._names = names
        self._ruleset = ruleset
        self._known = known
        self._adopted = wish.adopted
        self._wanted = [one for one in wish.steered if one.part.part_id not in hindered]
        self._kept = {one.base for one in wish.steered if one.part.part_id in hindered}
        self._leaving = wish.leaving
        self._missing = {mark: one for one in self._wanted for mark in one.marks}
        self.target: list[Mark] = []
        self.cleared: dict[int, frozenset[int]] = {}
        self._staying: list[Held] = []

    def lines(self) -> list[RouterLine]:
        """The lines, in their order; `closing` has those that are sent after all others."""
        changes = [line for held in self._ruleset.held for line in self._change(held)]
        foundations = list(self._foundations()) if self._missing else []
        self.target += self._missing
        added = [
            nft_line(f"add rule {self._names.chain} {mark}", _ids([one]), one.part.reservation_id)
            for mark, one in self._missing.items()
        ]
        return [*foundations, *changes, *added]

    def closing(self, parts: frozenset[int]) -> list[RouterLine]:
        """What goes when the rules have gone: counters, and the table with the last; `parts` have had it."""
        needed = {mark.label.base for mark in self.target} | self._kept
        needed |= {held.label.base for held in self._staying if held.label}
        table, lines = self._names.table, list[RouterLine]()
        for name in sorted(self._ruleset.counters.keys() - needed):
            label = read_base(name)
            if label and label.reservation in self._known:
                ids = self._losing(label.reservation, name)
                lines.append(
                    nft_line(f"delete counter inet {table} {name}", ids, label.reservation, removal=True)
                )
        is_empty = not (self.target or self._staying or len(lines) < len(self._ruleset.counters))
        if self._ruleset.has_table and is_empty and (lines or parts or self._leaving):
            ids = parts.union(*(line.parts for line in lines)) or _ids(self._leaving)
            lines.append(nft_line(f"delete table inet {table}", ids, removal=True))
        return lines

    def _change(self, held: Held) -> Iterator[RouterLine]:
        chain, name = self._names.chain, _called(held)
        number = held.label.reservation if held.label else None
        if not self._may_change(held):
            self._stay(held, held.mark)
        elif mark := self._successor(held):
            one = self._missing.pop(mark)
            self._stay(held, mark)
            if held.mark != mark:
                self._clear(held, _ids([one]))
                command = f"replace rule {chain} handle {held.handle} {mark}"
                yield nft_line(f"replace rule {chain} {name} {mark}", _ids([one]), number, command=command)
        else:
            ids = self._losing(number, held.label.base if held.label else "")
            self._clear(held, ids)
            command = f"delete rule {chain} handle {held.handle}"
            yield nft_line(f"delete rule {chain} {name}", ids, number, command=command, removal=True)

    def _stay(self, held: Held, mark: Mark | None) -> None:
        self._staying.append(held)
        self.target += [mark] if mark else []

    def _may_change(self, held: Held) -> bool:
        if held.label is None:
            # By somebody's hand, in a chain of ours: it may stand before what is wanted, or stay there alone.
            return bool(self._wanted or self._leaving)
        ours = is_ours(held, self._names, self._known, self._adopted)
        return ours and held.label.base not in self._kept

    def _successor(self, held: Held) -> Mark | None:
        """What a rule is or becomes: the flow that it steers, or else that it is named for."""
        if held.label is None:
            return None
        if held.mark in self._missing:
            return held.mark
        alike = (mark for mark in self._missing if held.mark and mark.steers_like(held.mark))
        there = {one.mark for one in self._ruleset.held}
        named = (mark for mark in self._missing if mark.label == held.label and mark not in there)
        return next(alike, None) or next(named, None)

    def _losing(self, reservation: int | None, name: str) -> frozenset[int]:
        """The parts that something goes for: those that had it, or else the others of their reservation."""
        same = [one for one in self._leaving if one.part.reservation_id == reservation]
        own = [one for one in (*same, *self._wanted) if one.base == name]
        if reservation is None:
            return _ids(self._wanted or self._leaving)
        return _ids(own or same)

    def _clear(self, held: Held, parts: frozenset[int]) -> None:
        if held.mark is not None:
            self.cleared[held.mark.lane] = self.cleared.get(held.mark.lane, frozenset()) | parts

    def _foundations(self) -> Iterator[RouterLine]:
        """What the rules that are missing stand in and count with."""
        ruleset, table = self._ruleset, self._names.table
        if not ruleset.has_table:
            yield nft_line(f"add table inet {table}", _ids(self._missing.values()))
        if not ruleset.has_chain:
            yield nft_line(f"add chain {self._names.chain} {HOOK}", _ids(self._missing.values()))
        for one in dict.fromkeys(one.base for one in self._missing.values()):
            if one not in ruleset.counters:
                named = [wanted for wanted in self._wanted if wanted.base == one]
                yield nft_line(f"add counter inet {table} {one}", _ids(named), named[0].part.reservation_id)


def _called(held: Held) -> str:
    return str(held.label) if held.label and held.label.flow else f"handle {held.handle}"


def _ids(steered: Iterable[Steered]) -> frozenset[int]:
    return frozenset(one.part.part_id for one in steered)
