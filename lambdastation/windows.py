"""findWindow: a request as for a ticket, with a window of time instead of a slot.

What is asked is read as openSvcTicket reads it, so a slot that is answered is one it takes: the same ends,
path, packets and devices. Only the times mean something else, and a volume may stand for a length.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from lambdastation.admission import Admission, admit, named_path
from lambdastation.bandwidth import format_bandwidth
from lambdastation.booking import (
    check_maintenance,
    flow_request,
    labelled_flows,
    refuse_to_open,
)
from lambdastation.capabilities import require_capable
from lambdastation.errors import BadValue
from lambdastation.extent import Extent
from lambdastation.site import Direction, Site
from lambdastation.slots import choose_window
from lambdastation.steering import bandwidth_claims, path_resource
from lambdastation.ticket import TicketRequest
from lambdastation.volume import format_volume, parse_volume
from reservation import errors
from reservation.model import ClaimRequest, TimeSlot
from reservation.window import find_window
from reservation.window_values import Transfer, Window, WindowRequest

_BITS = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """A slot, and what a ticket could have throughout it.

    Attributes:
        volume: bytes that are moved, where a volume was asked for.
    """

    slot: TimeSlot
    out_bits_per_second: int
    in_bits_per_second: int
    volume: int | None


@dataclass(frozen=True, slots=True)
class TicketWindow:
    """When a ticket would fit, or what would if it does not.

    Attributes:
        fits: the offer is what was asked for; else, if there is one, it is for less.
        message: where it does not fit, a sentence that says so.
    """

    fits: bool
    local_path: str
    topology: str
    offer: Offer | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Search:
    """A request for a window that fits the site.

    Attributes:
        wanted: for how long, or how many bytes are to be moved.
    """

    request: TicketRequest
    admission: Admission
    site: Site
    within: TimeSlot
    wanted: timedelta | int

    @property
    def direction(self) -> Direction:
        """Which way the volume goes: from the source to the destination."""
        return Direction.OUT if self.admission.ends.local.prefix == "src" else Direction.IN

    @property
    def extent(self) -> Extent:
        """What is known of the ticket before its slot is: not when it ends, nor what a volume needs."""
        length = None if isinstance(self.wanted, int) else self.wanted
        out, in_ = (
            None if self._takes_all(way) else self._most(way) for way in (Direction.OUT, Direction.IN)
        )
        return Extent(
            out_bits_per_second=out, in_bits_per_second=in_, duration=length, end_field="travelTime"
        )

    @property
    def claims(self) -> tuple[ClaimRequest, ...]:
        """What is wanted of each path both ways; of the way the volume goes, the most."""
        return bandwidth_claims(
            self.site,
            self.admission.paths,
            out_bits_per_second=self._most(Direction.OUT),
            in_bits_per_second=self._most(Direction.IN),
        )

    def _most(self, way: Direction) -> int:
        if self._takes_all(way):
            return min(path.capacity for path in self.admission.paths)
        out = way is Direction.OUT
        return self.admission.out_bits_per_second if out else self.admission.in_bits_per_second

    def _takes_all(self, way: Direction) -> bool:
        """Whether all the path has may be taken: for a volume that goes this way, and no rate was said."""
        word = self.request.out_bandwidth if way is Direction.OUT else self.request.in_bandwidth
        return isinstance(self.wanted, int) and way is self.direction and word is None

    def resources(self, way: Direction) -> tuple[str, ...]:
        """The bandwidth of every path that a ticket takes of, one way; as much of each."""
        return tuple(path_resource(self.site, path, way) for path in self.admission.paths)


def read_search(request: TicketRequest, volume: str | None, site: Site, *, now: datetime) -> Search:
    """Read a request for a window, its volume being a volume word.

    Raises:
        Refused: as `admission.admit` and `slots.choose_window`, and what is no volume.
    """
    try:
        size = None if volume is None else parse_volume(volume)
    except ValueError as error:
        raise BadValue(str(error), field="volume") from error
    within, wanted = choose_window(request, volume=size, limits=site.limits, now=now)
    length = wanted if isinstance(wanted, timedelta) else min(within.length, site.limits.longest)
    end = within.start + length
    # The first slot in question; the rest of the request is judged as if it were asked for.
    first = replace(request, board_at=None, start_at=within.start, end_at=end, travel_seconds=None)
    return Search(request, admit(first, site, now=now), site, within, wanted)


def search_window(session: Session, search: Search, *, now: datetime) -> TicketWindow:
    """Look into the calendar.

    Raises:
        NotCapable, InMaintenance, SlotInThePast, NotReady: as `booking.book`.
    """
    try:
        search = replace(search, admission=require_capable(session, search.admission))
        check_maintenance(session, search.admission, search.site)
        answer = find_window(session, _asked(search), now=now)
    except errors.ReservationError as error:
        refuse_to_open(error, search.request, search.admission, search.site)
    window = answer.found or answer.instead
    offer = None if window is None else _offer(search, window)
    path = search.admission.topology
    if answer.found is not None:
        return TicketWindow(True, path.path, path.name, offer, None)
    words = _taken(search) if window is None else _too_little(search, window)
    return TicketWindow(False, path.path, path.name, offer, words)


def _asked(search: Search) -> WindowRequest:
    admission, site, wanted = search.admission, search.site, search.wanted
    pool = admission.from_pool
    return WindowRequest(
        search.within,
        _transfer(search, wanted) if isinstance(wanted, int) else wanted,
        flows=flow_request(site, admission),
        claims=search.claims,
        labelled=None if pool is None else labelled_flows(site, admission, pool.label),
        unlabelled=pool is not None and not pool.needed,
    )


def _transfer(search: Search, volume: int) -> Transfer:
    longest = search.site.limits.longest // timedelta(seconds=1)
    own, *fallbacks = search.resources(search.direction)
    return Transfer(volume * _BITS, own, longest, tuple(fallbacks))


def _offer(search: Search, window: Window) -> Offer:
    amounts = {way: min(map(window.amount, search.resources(way))) for way in Direction}
    moved = amounts[search.direction] * (window.slot.length // timedelta(seconds=1)) // _BITS
    wanted = search.wanted
    return Offer(
        slot=window.slot,
        out_bits_per_second=amounts[Direction.OUT],
        in_bits_per_second=amounts[Direction.IN],
        volume=min(wanted, moved) if isinstance(wanted, int) else None,
    )


def _taken(search: Search) -> str:
    pool = search.admission.from_pool
    marks = " no DSCP that will do is free," if pool is not None and pool.needed else ""
    return (
        f"{_any_path(search.admission)} is taken,{marks} or these packets are promised another path, "
        "throughout that time"
    )


def _too_little(search: Search, window: Window) -> str:
    offer = _offer(search, window)
    if offer.volume is not None:
        path, volume = _any_path(search.admission), format_volume(offer.volume)
        return f"{path} has no room for that volume within that time; {volume} would fit"
    full = {claim.resource for claim in search.claims if window.amount(claim.resource) < claim.amount}
    short = [
        path
        for path in search.admission.paths
        if full.intersection(path_resource(search.site, path, way) for way in Direction)
    ]
    own = search.admission.topology
    named = named_path(short[0], of=own) if len(short) == 1 else _any_path(search.admission)
    out, in_ = format_bandwidth(offer.out_bits_per_second), format_bandwidth(offer.in_bits_per_second)
    return f"{named} has no room for that within that time; {out} out and {in_} in would fit"


def _any_path(admission: Admission) -> str:
    own, fallbacks = admission.topology.path, [path.path for path in admission.fallbacks]
    return f"{own}, or its fallback {' or '.join(fallbacks)}," if fallbacks else own
