"""When a ticket is wanted: boardTime, startTime, travelTime and endTime made one slot. Pure."""

from datetime import UTC, datetime, timedelta

from lambdastation.errors import BadTime, Contradiction, FieldMissing
from lambdastation.site import Limits
from lambdastation.ticket import TicketRequest
from reservation.model import TimeSlot


def choose_slot(request: TicketRequest, limits: Limits, *, now: datetime) -> TimeSlot:
    """The slot a request means. Without a start it is now, or `travelTime` before a given end.

    A slot in the past is left to the core, whose clock tolerance it is.

    Raises:
        FieldMissing: neither travelTime nor endTime.
        Contradiction: two fields give different times.
        BadTime: no zone, an end that is not after the start, longer or further ahead than the site allows.
    """
    begin = _begin(request, limits, now)
    end = _utc(request.end_at, "endTime")
    length = _length(request)
    if end is None:
        if length is None:
            raise FieldMissing("say for how long: travelTime in seconds, or endTime", field="travelTime")
        begin = begin or now
        end = _moved(begin, length)
    elif length is not None:
        if begin is not None and _moved(begin, length) != end:
            raise Contradiction(
                "endTime is not travelTime after the start; give one of them", field="endTime"
            )
        begin = begin or _moved(end, -length)
    begin = begin or now
    if end <= begin:
        raise BadTime("the end is not after the start", field="endTime")
    _within_limits(request, TimeSlot(begin, end), limits, now)
    return TimeSlot(begin, end)


def choose_window(
    request: TicketRequest, *, volume: int | None, limits: Limits, now: datetime
) -> tuple[TimeSlot, timedelta | int]:
    """Within which times a slot is sought, and for how long or for which volume.

    Without a start it is from now on; without an end, as far ahead as the site allows.

    Raises:
        FieldMissing: neither travelTime nor a volume.
        Contradiction: both of them, or two starts.
        BadTime: no zone, an end that is not after the start, longer or further ahead than the site allows.
    """
    begin = _begin(request, limits, now) or now
    end = _utc(request.end_at, "endTime")
    length = _length(request)
    if volume is not None and length is not None:
        raise Contradiction("volume and travelTime are two ways to ask; give one of them", field="volume")
    wanted = length if volume is None else volume
    if wanted is None:
        raise FieldMissing("say for how long: travelTime in seconds, or a volume", field="travelTime")
    if end is not None and end <= begin:
        raise BadTime("the end is not after the start", field="endTime")
    if end is not None and end - now > limits.horizon:
        raise _too_far_ahead(limits, "endTime")
    within = TimeSlot(begin, end or _moved(now, limits.horizon))
    if length is not None and length > limits.longest:
        raise BadTime(f"a ticket lasts at most {spoken(limits.longest)} here", field="travelTime")
    if length is not None and length > within.length:
        raise BadTime("travelTime is longer than from the start to the end", field="travelTime")
    return within, wanted


def _begin(request: TicketRequest, limits: Limits, now: datetime) -> datetime | None:
    board = _utc(request.board_at, "boardTime")
    start = _utc(request.start_at, "startTime")
    if board is not None and start is not None and board != start:
        raise Contradiction("boardTime and startTime differ; give one of them", field="startTime")
    begin = start or board
    if begin is not None and begin - now >= limits.horizon:
        raise _too_far_ahead(limits, "boardTime" if start is None else "startTime")
    return begin


def _too_far_ahead(limits: Limits, field: str) -> BadTime:
    return BadTime(f"a ticket ends at most {spoken(limits.horizon)} ahead here", field=field)


def _utc(time: datetime | None, field: str) -> datetime | None:
    if time is None:
        return None
    if time.utcoffset() is None:
        raise BadTime("a time carries its zone, as in 2026-01-31T12:00:00Z", field=field)
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise BadTime("the time is out of range", field=field) from error


def _length(request: TicketRequest) -> timedelta | None:
    if request.travel_seconds is None:
        return None
    if request.travel_seconds < 1:
        raise BadTime("travelTime is at least 1 second", field="travelTime")
    try:
        return timedelta(seconds=request.travel_seconds)
    except OverflowError as error:
        raise BadTime("travelTime is out of range", field="travelTime") from error


def _moved(time: datetime, by: timedelta) -> datetime:
    try:
        return time + by
    except OverflowError as error:
        raise BadTime("travelTime is out of range", field="travelTime") from error


def _within_limits(request: TicketRequest, slot: TimeSlot, limits: Limits, now: datetime) -> None:
    if slot.length > limits.longest:
        raise lasts_too_long(request, limits.longest)
    if slot.end - now > limits.horizon:
        raise _too_far_ahead(limits, end_field(request))


def lasts_too_long(request: TicketRequest, longest: timedelta) -> BadTime:
    """What to say of a request that would make a ticket longer than the site allows."""
    # With both and no start, the end says where the length begins to be counted and no more.
    field = "endTime" if request.travel_seconds is None else "travelTime"
    return BadTime(f"a ticket lasts at most {spoken(longest)} here", field=field)


def end_field(request: TicketRequest) -> str:
    """The element of a request that says when the slot ends."""
    return "travelTime" if request.end_at is None else "endTime"


def spoken(length: timedelta) -> str:
    """A length of time in words: whole days, or seconds."""
    if length % timedelta(days=1):
        return f"{length.total_seconds():.0f} seconds"
    return f"{length.days} days"
