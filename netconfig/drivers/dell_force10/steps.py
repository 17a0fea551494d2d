"""The steps of a plan: how a block is written down, and the last look at whose objects it touches."""

from collections.abc import Iterable, Sequence

from netconfig.driver import PlanLine
from netconfig.drivers.dell_force10.config import Reading, Wish, is_ours
from netconfig.drivers.dell_force10.names import Names
from netconfig.drivers.dell_force10.running import ACCESS_LIST, GROUP, INTERFACE, REDIRECT_LIST, interface_of
from netconfig.drivers.dell_force10.strangers import Holdings
from netconfig.errors import StateUnknown

REMOVALS_A_STEP = 100
"""Removals without a block are independent of each other and go in one write."""


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
        self._write(header, lines, parts, removal=False, undo=undo)

    def remove_in_block(self, header: str, line: str, parts: frozenset[int]) -> None:
        """A line to go from a block that stays."""
        self._write(header, [f"no {line}"], parts, removal=True)

    def remove_lists(self, lists: Iterable[tuple[str, frozenset[int], int | None]]) -> None:
        """Whole lists to go: the header, the parts that need it done, the reservation."""
        for position, (header, parts, reservation) in enumerate(lists):
            if position % REMOVALS_A_STEP == 0:
                self._step += 1
            self.lines.append(PlanLine(f"no {header}", parts, reservation, removal=True, step=self._step))

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
        if header.startswith(INTERFACE):
            return interface_of(header) in self._running.groups
        if header.startswith(ACCESS_LIST):
            return header.removeprefix(ACCESS_LIST) in self._running.access_lists
        name = header.removeprefix("no ").removeprefix(REDIRECT_LIST)
        return self._is_our_list(name, coming=not header.startswith("no "))

    def may_change(self, header: str, line: str) -> bool:
        if line == "exit" or header.startswith(REDIRECT_LIST):
            return True
        bare = line.removeprefix("no ")
        coming = bare == line
        if header.startswith(INTERFACE):
            return bare.startswith(GROUP) and self._is_our_list(bare.removeprefix(GROUP), coming=coming)
        path = header, bare[bare.find("permit ") :]
        return path in (self._wish.serves if coming else self._wish.retired)

    def _is_our_list(self, name: str, *, coming: bool) -> bool:
        if name in self._holdings.lists:
            return True
        return coming and is_ours(name, self._names) and name not in self._running.redirect_lists
