"""Who waits for what in the lobby, and until when."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from enum import Enum
from typing import Generic, TypeVar

Guest = TypeVar("Guest", bound=Hashable)
Stage = TypeVar("Stage", bound=Enum)


class WaitingList(Generic[Guest, Stage]):
    """Guests by stage, in the order they came to it.

    Within a stage everybody has the same time, so the first in is the first to run out of it.
    `monotonic` counts seconds, as `times` does.
    """

    def __init__(self, times: Mapping[Stage, float], *, monotonic: Callable[[], float]) -> None:
        self._times = times
        self._monotonic = monotonic
        self._waiting: dict[Stage, OrderedDict[Guest, float]] = {stage: OrderedDict() for stage in times}
        self._stages: dict[Guest, Stage] = {}

    def __contains__(self, guest: object) -> bool:
        return guest in self._stages

    def __iter__(self) -> Iterator[Guest]:
        return iter(list(self._stages))

    def stage(self, guest: Guest) -> Stage:
        """Answer what a guest waits for."""
        return self._stages[guest]

    def at(self, stage: Stage) -> list[Guest]:
        """Answer everybody who waits for this, the longest waiting first."""
        return list(self._waiting[stage])

    def count(self, *stages: Stage) -> int:
        """Answer how many wait for any of these."""
        return sum(len(self._waiting[stage]) for stage in stages)

    def move(self, guest: Guest, stage: Stage) -> None:
        """Have a guest, new or not, wait for this from now on."""
        self.remove(guest)
        self._stages[guest] = stage
        self._waiting[stage][guest] = self._monotonic() + self._times[stage]

    def remove(self, guest: Guest) -> None:
        """Strike a guest off, if it is on the list."""
        stage = self._stages.pop(guest, None)
        if stage is not None:
            del self._waiting[stage][guest]

    def oldest(self, *stages: Stage) -> Guest:
        """Answer the first in the first of these stages that has any; there must be one."""
        first = next(stage for stage in stages if self._waiting[stage])
        return next(iter(self._waiting[first]))

    def late(self) -> Iterator[Guest]:
        """Answer those whose time has run out; each must be moved or removed before the next."""
        now = self._monotonic()
        for waiting in self._waiting.values():
            while waiting and next(iter(waiting.values())) <= now:
                yield next(iter(waiting))

    def seconds_left(self) -> float | None:
        """Answer how long until somebody's time runs out, None if nobody waits."""
        deadlines = [next(iter(waiting.values())) for waiting in self._waiting.values() if waiting]
        return max(0.0, min(deadlines) - self._monotonic()) if deadlines else None
