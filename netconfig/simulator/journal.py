"""The record of what was configured."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A configuration line and what the router said to it.

    `session` counts connections from 1; 0 is a hand edit. `at` is the router's own clock.
    """

    at: datetime
    session: int
    line: str
    accepted: bool
    output: str
