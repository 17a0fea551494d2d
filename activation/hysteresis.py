"""When a next hop is down, and when it is up again: by what it answered in a row. Pure.

A single miss is nothing, for a policer may drop an echo request now and then; a single answer is nothing from
one that was down, for traffic must not go back and forth. What was not heard of lately is as if it had never
been asked: the first that is heard then decides alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

MISSES_UNTIL_DOWN = 2
ANSWERS_UNTIL_UP = 3


@dataclass(frozen=True, slots=True)
class Hop:
    """What is known of a next hop.

    Attributes:
        told_at: when its device last could say whether it answers; None while it never has.
        misses, answers: how often in a row it did not, or did; one of them is 0.
        down_since: when it was found to be down, None while it is not.
    """

    told_at: datetime | None = None
    misses: int = 0
    answers: int = 0
    down_since: datetime | None = None

    @property
    def is_up(self) -> bool | None:
        """Whether it is up; None while nobody can tell."""
        return None if self.told_at is None else self.down_since is None

    def was_told(self, *, lately: timedelta, now: datetime) -> bool:
        """Whether that was no longer ago than `lately`; nor as long after now: a clock was set back."""
        return self.told_at is not None and abs(now - self.told_at) <= lately

    def heard(self, *, answered: bool, lately: timedelta, asked: datetime, now: datetime) -> "Hop":
        """What is known once it has been asked again; `asked` then, for a device may take long to tell."""
        if not self.was_told(lately=lately, now=asked):
            return Hop(now, answers=1) if answered else Hop(now, misses=1, down_since=self.down_since or now)
        misses, answers = (0, self.answers + 1) if answered else (self.misses + 1, 0)
        since = self.down_since
        if since is None and misses >= MISSES_UNTIL_DOWN:
            since = now
        elif since is not None and answers >= ANSWERS_UNTIL_UP:
            since = None
        return Hop(now, misses, answers, since)
