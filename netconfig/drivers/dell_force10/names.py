"""What our redirect lists are called, and how they are known again.

`LS-<station>-<reservation>`, and with a letter behind it, `LS-FNAL-42b`, where that is taken. FTOS takes 16
characters; a station's word is therefore cut off after six. The fingerprint in the description says the rest.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, product
from string import ascii_lowercase

from netconfig.driver import Ownership

LONGEST = 16
STATION_LETTERS = 6


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one station's objects."""

    ownership: Ownership

    @property
    def prefix(self) -> str:
        """What the name of every managed list begins with."""
        return f"LS-{self.ownership.station[:STATION_LETTERS]}-"

    def redirect_list(self, reservation_id: int, *, taken: Callable[[str], bool]) -> str | None:
        """The first name of a reservation's list that is not taken; None if FTOS takes no further one."""
        for ending in _endings():
            name = f"{self.prefix}{reservation_id}{ending}"
            if len(name) > LONGEST:
                return None
            if not taken(name):
                return name
        return None

    def reservation_of(self, redirect_list: str) -> int | None:
        """The reservation that a list is named for, or None if it is not named as ours are."""
        if not redirect_list.startswith(self.prefix):
            return None
        found = re.fullmatch(r"(\d+)[a-z]*", redirect_list[len(self.prefix) :])
        return int(found[1]) if found else None

    def station_of(self, redirect_list: str) -> str | None:
        """The other station that a list is named for, or None if it is ours or nobody's."""
        found = re.fullmatch(r"LS-(.+)-\d+[a-z]*", redirect_list)
        return found[1] if found and self.reservation_of(redirect_list) is None else None


def _endings() -> Iterator[str]:
    """Nothing, b, c ... z, ba, bb ...: the first has no letter."""
    yield ""
    for length in count(1):
        for first, *rest in product(ascii_lowercase[1:], *[ascii_lowercase] * (length - 1)):
            yield first + "".join(rest)
