"""What our objects on a router are called, and how they are known again.

An access list `LS-<station>-<reservation>[-v6][-r<n>]`, a route map `LS-<station>-<interface>[-v6][-r<n>]`.
Access lists of both families share one name space, and so do route maps, hence the `-v6`; `-r<n>`
is what comes after a name that may no longer be written to.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, count

from netconfig.cli import fingerprint as words
from netconfig.cli.fingerprint import Owner
from netconfig.driver import Ownership

_REMARK = "remark "


def fingerprint(reservation_id: int, database: str) -> str:
    """The remark that says whose an access list is."""
    return f"{_REMARK}{words.fingerprint(reservation_id, database)}"


def read_fingerprint(line: str) -> Owner | None:
    """Reservation and database of a remark of ours, or None for anybody else's."""
    return words.read_fingerprint(line.removeprefix(_REMARK)) if line.startswith(_REMARK) else None


def is_fingerprint(line: str) -> bool:
    """Whether it is a remark of ours, or of another database's."""
    return read_fingerprint(line) is not None


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one station's objects."""

    ownership: Ownership

    @property
    def prefix(self) -> str:
        """What the name of every managed object begins with."""
        return f"LS-{self.ownership.station}-"

    def access_list(self, reservation_id: int, family: int, *, taken: Callable[[str], bool]) -> str:
        """The first name of a reservation's access list that is not taken."""
        return _first_free(f"{self.prefix}{reservation_id}{_suffix(family)}", taken)

    def reservation_of(self, access_list: str) -> int | None:
        """The reservation that an access list is named for, or None if it is not named as ours are."""
        if not access_list.startswith(self.prefix):
            return None
        found = re.fullmatch(r"(\d+)(-v6)?(-r\d+)?", access_list[len(self.prefix) :])
        return int(found[1]) if found else None

    def station_of(self, access_list: str) -> str | None:
        """The other station that an access list is named for, or None if it is ours or nobody's."""
        found = re.fullmatch(r"LS-(.+)-\d+(-v6)?(-r\d+)?", access_list)
        return found[1] if found and self.reservation_of(access_list) is None else None

    def route_map(self, interface: str, family: int, *, taken: Callable[[str], bool]) -> str:
        """The first name of an interface's route map that is not taken."""
        return _first_free(self._route_map_stem(interface, family), taken)

    def revision_of(self, route_map: str, interface: str, family: int) -> int | None:
        """1 for the first route map of ours on an interface, n for `-r<n>`, None for one not ours."""
        stem = self._route_map_stem(interface, family)
        if route_map == stem:
            return 1
        found = re.fullmatch(r"-r([1-9]\d*)", route_map.removeprefix(stem))
        return int(found[1]) if found and route_map.startswith(stem) else None

    def _route_map_stem(self, interface: str, family: int) -> str:
        return f"{self.prefix}{''.join(interface.split())}{_suffix(family)}"


def _suffix(family: int) -> str:
    return "" if family == 4 else "-v6"


def _first_free(stem: str, taken: Callable[[str], bool]) -> str:
    candidates = chain([stem], (f"{stem}-r{n}" for n in count(2)))
    return next(name for name in candidates if not taken(name))
