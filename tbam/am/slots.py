"""When a slice is wanted: by the RSpec's slot, or by the options, or by both. Pure."""

from dataclasses import replace
from datetime import datetime

from reservation.model import TimeSlot
from tbam.am.options import Options
from tbam.errors import BadArgs
from tbam.values import IslandRequest


def timed(
    request: IslandRequest, options: Options, *, now: datetime
) -> tuple[IslandRequest, datetime | None]:
    """The request with its slot, and when the sliver is to expire at the latest, where that was said.

    Where the RSpec has no slot the options are it, from now on where they have no start. Where it has one,
    the end among the options is when the sliver expires.

    Raises:
        BadArgs: the two contradict each other, or an end is missing or before the start.
    """
    start, end = options.start_time, options.end_time
    if request.slot is not None:
        if start is not None and start != request.slot.start:
            raise BadArgs(
                f"geni_start_time and the RSpec's timeslot contradict each other: {start:%Y-%m-%dT%H:%M:%SZ} "
                f"and {request.slot.start:%Y-%m-%dT%H:%M:%SZ}",
                field="geni_start_time",
            )
        return request, end
    if end is None:
        if start is not None:
            raise BadArgs(
                "geni_start_time needs geni_end_time beside it, or a timeslot in the RSpec",
                field="geni_end_time",
            )
        return request, None
    return replace(request, slot=slot_of(start or now, end)), None


def slot_of(start: datetime, end: datetime) -> TimeSlot:
    """The slot between two options. Raises BadArgs: it has no length."""
    if end <= start:
        raise BadArgs(
            f"geni_end_time {end:%Y-%m-%dT%H:%M:%SZ} is not after the start, {start:%Y-%m-%dT%H:%M:%SZ}",
            field="geni_end_time",
        )
    return TimeSlot(start, end)
