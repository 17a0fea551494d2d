"""How much is free when, and for how long: a sweep over the instants at which that changes. Pure.

What is free over time is a skyline. Of all slots that fit under it only the *stretches* matter: those that
can be made neither longer nor higher. There are no more of them than instants at which something changes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from reservation.model import TimeSlot

Measure = Callable[[Sequence[int]], int]
"""From what is free of each supply at an instant to how good that is; 0 is of no use."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Supply:
    """Something of which an amount is wanted throughout a slot, and who has how much of it when."""

    capacity: int
    wanted: int
    taken: Sequence[tuple[TimeSlot, int]]

    def free(self, slot: TimeSlot) -> int:
        """The most that can be taken throughout the slot."""
        return min(max(level, 0) for _, level in skyline([self], slot, lambda free: free[0]))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A slot throughout which the measure is at least `level`, and just before and after which it is not."""

    slot: TimeSlot
    level: int

    @property
    def whole_seconds(self) -> int:
        """How many of them fit into it."""
        return self.slot.length // _SECOND


def skyline(supplies: Sequence[Supply], within: TimeSlot, measure: Measure) -> Iterator[tuple[datetime, int]]:
    """The measure from each instant of the slot at which it may change, in order, the slot's start first."""
    changes = sorted(
        (
            (at, which, change)
            for which, supply in enumerate(supplies)
            for slot, amount in supply.taken
            if slot.overlaps(within)
            for at, change in ((max(slot.start, within.start), -amount), (slot.end, amount))
        ),
        key=lambda change: change[0],
    )
    free = [supply.capacity for supply in supplies]
    since = within.start
    # Ends and starts of one instant count together: that is what half-open means.
    for at, together in groupby(changes, key=lambda change: change[0]):
        if at >= within.end:
            break
        if at > since:
            yield since, measure(free)
            since = at
        for _, which, change in together:
            free[which] += change
    yield since, measure(free)


def stretches(supplies: Sequence[Supply], within: TimeSlot, measure: Measure) -> Iterator[Stretch]:
    """Every stretch of the slot at a level above 0, the earliest end first."""
    rising: list[tuple[datetime, int]] = []
    for at, level in (*skyline(supplies, within, measure), (within.end, 0)):
        since = at
        while rising and rising[-1][1] > level:
            since, height = rising.pop()
            yield Stretch(TimeSlot(since, at), height)
        if level > 0 and (not rising or rising[-1][1] < level):
            rising.append((since, level))
