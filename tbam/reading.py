"""What the resource manager tells: slivers, islands, and when those are free. Nothing is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reservation.flows import FlowSpec
from reservation.model import TimeSlot
from reservation.window import find_window
from reservation.window_values import LabelledFlows, WindowRequest
from store import Store
from tbam import islands
from tbam.aggregate import AggregateManager
from tbam.errors import OutOfRange
from tbam.refusals import in_geni_words
from tbam.slivers import Resolved, everything_there, find, resolve, tell
from tbam.values import IslandView, Link, Reserved, Sliver, Switch


@dataclass(frozen=True, slots=True)
class Served:
    """The islands and the number of the site's version they are of; None where nobody counts."""

    settings: AggregateManager
    version: int | None


class IslandReader:
    """One site's islands, and what the words that change nothing answer.

    Every one raises `TbamError`s and nothing else.
    """

    def __init__(
        self,
        store: Store,
        settings: AggregateManager,
        *,
        clock: Callable[[], datetime],
        site_version: int | None = None,
        catch_up: Callable[[], bool] = lambda: False,
    ) -> None:
        """`clock` tells an aware time; `catch_up` takes up the site in force, False where it cannot."""
        self._store = store
        self._served = Served(settings, site_version)
        self._clock = clock
        self._catch_up = catch_up

    @property
    def settings(self) -> AggregateManager:
        """The islands as they are served now."""
        return self._served.settings

    def replace_settings(self, settings: AggregateManager, *, version: int | None = None) -> None:
        """Serve another version of the site from the next request on; slivers keep what they have."""
        self._served = Served(settings, version)

    def resolve(self, urns: Sequence[str], *, best_effort: bool = False) -> Resolved:
        """The slice that the `urns` of a call are about: one slice, or one or more slivers of one slice.

        With `best_effort` one of the slivers at least has to be there, else all.

        Raises:
            BadArgs: they are anything else.
            IslandRMNotAllocated: there is no such sliver.
            DbError.
        """
        with in_geni_words():
            return self._store.read(
                lambda session: resolve(session, urns, now=self._clock(), best_effort=best_effort)
            )

    def slivers(self, slice_urn: str, sliver_urns: Sequence[str] = ()) -> tuple[Sliver, ...]:
        """Describe, Status: what a slice has, by aggregate.

        Raises:
            IslandRMNotAllocated: nothing, or not all that is named.
            RefusedHere, DbError.
        """
        asked = Resolved(slice_urn, tuple(sliver_urns))
        with in_geni_words():
            return self._store.read(lambda session: tell(session, find(session, asked, now=self._clock())))

    def all_slivers(self) -> tuple[Sliver, ...]:
        """What all slices have, by aggregate and then by number.

        Raises:
            DbError.
        """
        with in_geni_words():
            return self._store.read(
                lambda session: tell(session, everything_there(session, now=self._clock()))
            )

    def islands(self) -> tuple[IslandView, ...]:
        """ListResources: every island, its switches and links, and when it is reserved.

        Raises:
            DbError, Unavailable.
        """
        now = self._clock()
        with in_geni_words():
            return self._store.read(
                lambda session: tuple(
                    islands.island_view(session, island, now=now) for island in self.settings.islands
                )
            )

    def get_sws(self, aggregate: str | None = None) -> tuple[Switch, ...]:
        """The switches of an island, or of all of them, as their gateways last told.

        Raises:
            BadArgs: there is no such island.
            DbError, Unavailable.
        """
        return tuple(switch for one in self._views(aggregate) for switch in one.switches)

    def get_links(self, aggregate: str | None = None) -> tuple[Link, ...]:
        """The links between them.

        Raises:
            BadArgs: there is no such island.
            DbError, Unavailable.
        """
        return tuple(link for one in self._views(aggregate) for link in one.links)

    def get_availability(self, aggregate: str | None = None) -> tuple[Reserved, ...]:
        """When an island, or each of them, is reserved from now on, and by which slice.

        Raises:
            BadArgs: there is no such island.
            DbError, Unavailable.
        """
        return tuple(reserved for one in self._views(aggregate) for reserved in one.reserved)

    def check_availability(self, slot: TimeSlot, aggregate: str | None = None) -> bool:
        """Whether an island, the only one where none is named, is nobody's throughout a slot.

        Raises:
            BadArgs, MissingArgs: which island is not clear.
            DbError, Unavailable.
        """
        island = islands.choose_island(self.settings, aggregate)
        with in_geni_words():
            return self._store.read(lambda session: islands.is_free(session, island.name, slot))

    def find_free(self, aggregate: str | None, length: timedelta, within: TimeSlot) -> TimeSlot | None:
        """The earliest slot of that length in which an island is nobody's; None where there is none.

        Raises:
            OutOfRange: what it shall be within is over, or it is longer than a slot may be.
            BadArgs, MissingArgs, DbError, Unavailable.
        """
        island = islands.choose_island(self.settings, aggregate)
        if not timedelta(0) < length <= self.settings.longest:
            raise OutOfRange(f"a slot lasts up to {self.settings.longest}, not {length}", field="length")
        label = LabelledFlows(islands.island_label(island.name), _no_packets)
        request = WindowRequest(within, length, labelled=label)
        with in_geni_words():
            answer = self._store.read(lambda session: find_window(session, request, now=self._clock()))
        return None if answer.found is None else answer.found.slot

    def _views(self, aggregate: str | None) -> tuple[IslandView, ...]:
        if aggregate is not None:
            islands.choose_island(self.settings, aggregate)
        return tuple(one for one in self.islands() if aggregate in {None, one.name})


def _no_packets(_label: int) -> FlowSpec:
    raise NotImplementedError
