"""boardTime, startTime, travelTime and endTime make one slot."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from lambdastation.errors import LambdaStationError
from lambdastation.site import Limits
from lambdastation.slots import choose_slot, choose_window
from lambdastation.ticket import TicketRequest
from reservation.model import TimeSlot

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)


def slot(**fields: object) -> TimeSlot:
    return choose_slot(TicketRequest(**fields), Limits(), now=NOON)  # type: ignore[arg-type]


def test_no_start_means_now() -> None:
    assert slot(travel_seconds=600) == TimeSlot(NOON, NOON + TEN)
    assert slot(end_at=NOON + TEN) == TimeSlot(NOON, NOON + TEN)


def test_an_end_and_a_length_make_the_start() -> None:
    assert slot(travel_seconds=60, end_at=NOON + TEN) == TimeSlot(
        NOON + TEN - timedelta(minutes=1), NOON + TEN
    )


def test_board_time_and_start_time_are_the_same_to_us() -> None:
    wanted = TimeSlot(NOON + TEN, NOON + 2 * TEN)
    assert slot(board_at=NOON + TEN, travel_seconds=600) == wanted
    assert slot(start_at=NOON + TEN, end_at=NOON + 2 * TEN) == wanted
    assert slot(board_at=NOON + TEN, start_at=NOON + TEN, end_at=NOON + 2 * TEN, travel_seconds=600) == wanted


def test_zones_are_brought_to_utc() -> None:
    chicago = timezone(timedelta(hours=-5))
    found = slot(start_at=datetime(2026, 6, 1, 8, 0, tzinfo=chicago), travel_seconds=60)
    assert found.start == NOON + timedelta(hours=1)
    assert found.start.tzinfo is UTC


times = st.none() | st.datetimes() | st.datetimes(timezones=st.timezones())


@given(times, times, times, st.none() | st.integers(-(10**12), 10**12))
def test_whatever_times_are_given_the_answer_is_a_slot_within_the_limits_or_a_refusal(
    board: datetime | None, start: datetime | None, end: datetime | None, seconds: int | None
) -> None:
    request = TicketRequest(board_at=board, start_at=start, end_at=end, travel_seconds=seconds)
    found = _slot_or_field(request)
    if isinstance(found, TimeSlot):
        assert found.length <= Limits().longest
        assert found.end <= NOON + Limits().horizon
    else:
        assert found in {"boardTime", "startTime", "endTime", "travelTime"}


@given(times, times, times, st.none() | st.integers(-(10**12), 10**12), st.none() | st.integers(1, 10**18))
def test_whatever_is_sought_lies_within_the_limits_or_is_refused_by_a_field(
    board: datetime | None,
    start: datetime | None,
    end: datetime | None,
    seconds: int | None,
    volume: int | None,
) -> None:
    request = TicketRequest(board_at=board, start_at=start, end_at=end, travel_seconds=seconds)
    field = None
    try:
        within, wanted = choose_window(request, volume=volume, limits=Limits(), now=NOON)
    except LambdaStationError as error:
        field = error.field
    if field is not None:
        assert field in {"boardTime", "startTime", "endTime", "travelTime", "volume"}
        return
    assert within.end <= NOON + Limits().horizon
    assert wanted == (timedelta(seconds=seconds) if seconds else volume)
    if isinstance(wanted, timedelta):
        assert wanted <= min(within.length, Limits().longest)


def _slot_or_field(request: TicketRequest) -> TimeSlot | str | None:
    try:
        return choose_slot(request, Limits(), now=NOON)
    except LambdaStationError as error:
        return error.field


def test_a_length_that_leads_out_of_time_is_refused() -> None:
    for start, end in ((NOON, NOON), (NOON, None), (None, NOON)):
        request = TicketRequest(start_at=start, end_at=end, travel_seconds=252_455_616_000)
        assert _slot_or_field(request) == "travelTime"
