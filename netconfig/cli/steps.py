"""The steps of a plan: how a block is written down, and the last look at whose objects it touches."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from netconfig.cli.wish import Wish
from netconfig.driver import PlanLine
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


class Look(Protocol):
    """What a plan may touch, in the device's words."""

    def may_enter(self, header: str) -> bool:
        """Whether a top-level line may be sent."""
        ...

    def may_change(self, header: str, line: str) -> bool:
        """Whether a line may be sent in the block of a header that may be."""
        ...


def check_touches_only_ours(device: str, lines: Iterable[PlanLine], look: Look) -> None:
    """Look at every line once more before it may leave the house.

    Raises:
        StateUnknown: one would touch an object that is not ours; nothing has been sent.
    """
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
