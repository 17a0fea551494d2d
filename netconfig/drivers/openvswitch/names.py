"""What our keys in a bridge's `external_ids` are called, and how flows and controllers are known as ours.

`LS-<station>-<reservation>-<mark>` holds the identity of the database; `-was` behind it the controllers that
the bridge had before. The mark is made of station and database, and is the upper half of a flow's cookie.
"""

import re
from dataclasses import dataclass

from netconfig.driver import Ownership
from netconfig.vlanflows import cookie_of, mark_of, reservation_of

_KEY = re.compile(r"LS-(?P<station>.+)-(?P<reservation>\d{1,10})-(?P<mark>[0-9a-f]{8})(?P<was>-was)?")


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """Says of a reservation's objects on a bridge whose they are."""

    station: str
    reservation: int
    database: str

    @property
    def key(self) -> str:
        """Under which the database is written."""
        return f"LS-{self.station}-{self.reservation}-{self.mark:08x}"

    @property
    def memory_key(self) -> str:
        """Under which the controllers are written that were there before."""
        return f"{self.key}-was"

    @property
    def mark(self) -> int:
        """Of its database's flows."""
        return mark_of(self.station, self.database)

    @property
    def cookie(self) -> int:
        """Of its flows."""
        return cookie_of(self.mark, self.reservation)


@dataclass(frozen=True, slots=True)
class Names:
    """The names that one station's database gives."""

    ownership: Ownership

    @property
    def mark(self) -> int:
        """Of all its flows."""
        return mark_of(self.ownership.station, self.ownership.database)

    def label(self, reservation: int) -> Label:
        """Of a reservation of ours."""
        return Label(self.ownership.station, reservation, self.ownership.database)

    def reservation_of(self, cookie: int) -> int | None:
        """The reservation that a flow of ours is for; None if it is not ours."""
        return reservation_of(cookie, self.mark)


def read_label(key: str, database: str) -> Label | None:
    """The label that is written so, of any station; None for any other key."""
    found = _KEY.fullmatch(key)
    if found is None or found["was"]:
        return None
    label = Label(found["station"], int(found["reservation"]), database)
    return label if label.key == key else None
