"""The site as it is served here, and what is booked under it held against the version that is in force."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lambdastation.errors import NotReady
from lambdastation.site import Site
from reservation.errors import SiteReplaced

T = TypeVar("T")

TRIES = 3
"""How often a request is read anew because the site was replaced under it."""


@dataclass(frozen=True, slots=True)
class Served:
    """A site and the number of its version, which a booking is held against; None where nobody counts."""

    site: Site
    version: int | None


class SiteInForce:
    """What is served: one version at a time, replaced as a whole. Safe to ask from any number of threads."""

    def __init__(self, served: Served, *, catch_up: Callable[[], bool]) -> None:
        """`catch_up` has the version in force served instead, if it is another; False where it cannot."""
        self._served = served
        self._catch_up = catch_up

    @property
    def site(self) -> Site:
        """The site as it is served now."""
        return self._served.site

    def replace(self, served: Served) -> None:
        """Serve another version from the next request on."""
        self._served = served

    def book(self, work: Callable[[Served], T]) -> T:
        """Have work done under the version that is in force; it raises `SiteReplaced` under another one.

        Raises:
            NotReady: that one cannot be served here, or others replaced the site again and again.
        """
        for _ in range(TRIES):
            try:
                return work(self._served)
            except SiteReplaced as error:
                if not self._catch_up():
                    raise NotReady(f"{error}, which is served here; try again later") from error
        raise NotReady("the site is being replaced again and again; try again")
