"""What is ours on a router, and how it is known again.

Rules that mark stand in one table of ours, `lambdastation_<station>`. Each has a comment,
`LS <reservation>-<n>-<k> <database>`: the k-th flow of the n-th part of a reservation; and counts in the
counter of its part, `LS-<reservation>-<n>`. A mark leads by an `ip rule` into a routing table whose only
route goes to a next hop: one lane a next hop, by a number that mark, priority and table share. Permits in
chains of the site's have the comment `LS <station>`.
"""

import re
from dataclasses import dataclass

from netconfig.driver import Ownership

TABLE_PREFIX = "lambdastation_"
CHAIN = "prerouting"
LANES = range(1, 1000)
"""Numbers of lanes: mark bits 20 to 29, priorities and tables 20001 to 20999 are ours on a router."""
FIRST_TABLE = 20_000
MARK_SHIFT = 20
MARK_MASK = 0x3FF00000
ROUTE_PROTOCOL = 201
"""Which says who made a route or a rule; Linux has given it to nobody."""
PREFIX = "LS"


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """One flow's rule: the reservation, which of its parts, and which of the part's flows, from 1.

    `flow` is 0 where the comment that told it is gone.
    """

    reservation: int
    part: int
    flow: int = 0

    def __str__(self) -> str:
        return f"{PREFIX}-{self.reservation}-{self.part}-{self.flow}"

    @property
    def base(self) -> str:
        """The part's name, which is that of its counter."""
        return base(self.reservation, self.part)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one station's objects."""

    ownership: Ownership

    @property
    def table(self) -> str:
        """The table that is ours."""
        return f"{TABLE_PREFIX}{self.ownership.station}"

    @property
    def chain(self) -> str:
        """The chain that is ours, as nft has it behind a verb."""
        return f"inet {self.table} {CHAIN}"

    @property
    def permit_comment(self) -> str:
        """The comment of our permits."""
        return f"{PREFIX} {self.ownership.station}"


def base(reservation: int, part: int) -> str:
    """The name of a part."""
    return f"{PREFIX}-{reservation}-{part}"


def read_base(name: str) -> Label | None:
    """The part that a counter is named for."""
    found = re.fullmatch(rf"{PREFIX}-(\d{{1,18}})-(\d{{1,9}})", name)
    return Label(int(found[1]), int(found[2])) if found else None


def comment_for(label: Label, database: str) -> str:
    """What says whose a rule is."""
    return f"{PREFIX} {label.reservation}-{label.part}-{label.flow} {database}"


def read_comment(comment: str) -> tuple[Label, str] | None:
    """Label and database of a comment; None if it is none of ours."""
    found = re.fullmatch(rf"{PREFIX} (\d{{1,18}})-(\d{{1,9}})-(\d{{1,9}}) ([A-Za-z0-9-]+)", comment)
    return (Label(int(found[1]), int(found[2]), int(found[3])), found[4]) if found else None


def mark_of(lane: int) -> int:
    """The mark of a lane's packets, under `MARK_MASK`."""
    return lane << MARK_SHIFT


def lane_of(number: int) -> int | None:
    """The lane of a routing table or a priority; None if it is not in our range."""
    lane = number - FIRST_TABLE
    return lane if lane in LANES else None
