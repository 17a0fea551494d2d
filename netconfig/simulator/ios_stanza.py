"""The lines of a block that each say one thing: an interface, an entry of a route-map.

A block is a tuple of lines in the order they are printed. A *slot* is a thing that can be said once (`ip
address ...`); the slots of a kind of block have an order, which is IOS's. Lines that fit no slot come from
the initial configuration and stay where they are.
"""

import re
from collections.abc import Mapping, Sequence

Lines = tuple[str, ...]


class Slots:
    """The things that can be said in a kind of block, in the order IOS prints them.

    Each slot is a name and a regular expression its line matches from its beginning.
    """

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self._patterns = {name: re.compile(pattern) for name, pattern in patterns.items()}
        self.names: Sequence[str] = tuple(patterns)

    def find(self, lines: Lines, slot: str) -> str | None:
        """The first line of a slot."""
        return next((line for line in lines if self._patterns[slot].match(line)), None)

    def put(self, lines: Lines, slot: str, line: str) -> Lines:
        """Say it: in place of what was said, else before the first line of a later slot."""
        said = self.find(lines, slot)
        if said is not None:
            return tuple(line if known == said else known for known in lines)
        return self.insert(lines, slot, line)

    def insert(self, lines: Lines, slot: str, line: str) -> Lines:
        """Say it beside what was said, for slots that take several lines."""
        if line in lines:
            return lines
        later = self.names[self.names.index(slot) + 1 :]
        index = next(
            (
                at
                for at, known in enumerate(lines)
                if any(self._patterns[name].match(known) for name in later)
            ),
            len(lines),
        )
        return (*lines[:index], line, *lines[index:])

    def clear(self, lines: Lines, slot: str) -> Lines:
        """Say nothing of it."""
        return tuple(line for line in lines if not self._patterns[slot].match(line))
