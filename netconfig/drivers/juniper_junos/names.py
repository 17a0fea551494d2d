"""What our objects on a router are called, and how they are known again.

Everything is inside the group `lambdastation-<station>`. A filter is `LS-<station>-<interface>-<family>`, a
routing instance `LS-<station>-<next hop>`, a term `LS-<station>-<reservation>-<n>-<k>`: the k-th flow of the
n-th part of a reservation. Junos takes letters, digits and hyphens everywhere, so all else becomes a
hyphen.
"""

import re
from dataclasses import dataclass

from netconfig.driver import Ownership
from netconfig.intent import IpAddress

FAMILY = {4: "inet", 6: "inet6"}
MACRO = "lambdastation"
"""The `apply-macro` in every term that says whose it is; Junos keeps it and does nothing about it."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one station's objects."""

    ownership: Ownership

    @property
    def group(self) -> str:
        """The configuration group that all of it is in."""
        return f"lambdastation-{self.ownership.station}"

    @property
    def prefix(self) -> str:
        """What the name of every managed object begins with."""
        return f"LS-{self.ownership.station}-"

    @property
    def rest(self) -> str:
        """The last term of every filter of ours: what no ticket is for goes on as before."""
        return f"{self.prefix}rest"

    def filter(self, interface: str, family: int) -> str:
        """The input filter of an interface."""
        return f"{self.prefix}{_plain(interface)}-{FAMILY[family]}"

    def instance(self, next_hop: IpAddress) -> str:
        """The routing instance whose only route leads to a next hop."""
        return f"{self.prefix}{_plain(str(next_hop))}"

    def rib_group(self, family: int) -> str:
        """The group of tables that all get the routes of the interfaces, or no next hop would be known."""
        return f"{self.prefix}{FAMILY[family]}"

    def base(self, reservation_id: int, number: int) -> str:
        """What the terms of a part begin with."""
        return f"{self.prefix}{reservation_id}-{number}"

    def base_of(self, term: str) -> str | None:
        """The part that a term is named for, or None if it is not named as ours are."""
        return term.rpartition("-")[0] if self.reservation_of(term) is not None else None

    def reservation_of(self, term: str) -> int | None:
        """The reservation that a term is named for, or None if it is not named as ours are."""
        if not term.startswith(self.prefix):
            return None
        found = re.fullmatch(r"(\d+)-\d+-\d+", term[len(self.prefix) :])
        return int(found[1]) if found else None


def table(instance: str, family: int) -> str:
    """The routing table of an instance."""
    return f"{instance}.{FAMILY[family]}.0"


def _plain(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "-", word)
