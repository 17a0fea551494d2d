"""What a strike of a worker finds to be done on its devices."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from activation.counting import devices_to_count
from activation.due import WorkerSettings, due_devices
from activation.next_hops import devices_to_ask


@dataclass(frozen=True, slots=True)
class Agenda:
    """The devices on which something is to be done now, by what it is.

    Attributes:
        visit: passes are due.
        ask: which next hops answer is to be asked.
        count: what passes is to be asked.
    """

    visit: Sequence[str]
    ask: Sequence[str]
    count: Sequence[str]

    @property
    def devices(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.visit, *self.ask, *self.count))


def read_agenda(
    session: Session,
    devices: Collection[str],
    settings: WorkerSettings,
    now: datetime,
    *,
    since: datetime | None,
) -> Agenda:
    """What is to be done on these devices; a pass asks and counts what it needs by itself.

    `since` is as for `due_devices`.
    """
    due = due_devices(session, devices, settings, now, since=since)
    others = frozenset(devices).difference(due)
    return Agenda(
        visit=due,
        ask=devices_to_ask(session, others, settings, now),
        count=devices_to_count(session, others, settings, now),
    )
