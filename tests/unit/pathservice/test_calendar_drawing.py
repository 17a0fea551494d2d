"""The calendar of an island as text: every cell tells who has that time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pathservice.tbam_cli.drawing import FREE, SEVERAL, Drawing, draw_month, draw_week
from reservation.model import TimeSlot
from tbam.values import Reserved


def utc(shown: datetime) -> datetime:
    return shown.replace(tzinfo=UTC)


def on(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def reserved(name: str, start: datetime, end: datetime) -> Reserved:
    return Reserved("alien", TimeSlot(start, end), f"urn:publicid:IDN+lab+slice+{name}")


WAVES = reserved("waves", on(3, 9), on(3, 12))
NIGHT = reserved("night", on(3, 23), on(4, 2, 30))
SHORT = reserved("short", on(3, 12), on(3, 12, 20))
NEXT = reserved("next", on(3, 12, 20), on(3, 12, 30))
ALL = (NIGHT, WAVES, SHORT, NEXT)


def test_a_month() -> None:
    drawn = draw_month(date(2026, 11, 22), ALL, at=utc)
    assert drawn.title == "November 2026, three hours a letter"
    assert drawn.lines == (
        "Mon       Tue       Wed       Thu       Fri       Sat       Sun",
        "                                                            1",
        "                                                            ········",
        "2         3         4         5         6         7         8",
        "········  ···A+··D  D·······  ········  ········  ········  ········",
        "9         10        11        12        13        14        15",
        "········  ········  ········  ········  ········  ········  ········",
        "16        17        18        19        20        21        22",
        "········  ········  ········  ········  ········  ········  ········",
        "23        24        25        26        27        28        29",
        "········  ········  ········  ········  ········  ········  ········",
        "30",
        "········",
    )
    assert list(drawn.letters) == ["A", "B", "C", "D"]
    assert drawn.letters["A"] == WAVES.slice_urn


def test_a_week() -> None:
    drawn = draw_week(date(2026, 11, 5), ALL, at=utc)
    assert drawn.title == "Week 45 of 2026, half an hour a letter"
    assert drawn.lines[0] == "           0     3     6     9     12    15    18    21"
    assert drawn.lines[2] == "Tue 03 Nov ··················AAAAAA+·····················DD"
    assert drawn.lines[3] == "Wed 04 Nov DDDDD" + FREE * 43
    assert drawn.within == TimeSlot(on(2), on(9))


def test_the_end_of_a_slot_is_nobodys() -> None:
    whole = reserved("whole", on(3, 3), on(3, 6))
    assert draw_month(date(2026, 11, 1), [whole], at=utc).lines[4][10:18] == "·A······"


def test_who_has_nothing_in_it_has_no_letter() -> None:
    assert draw_week(date(2026, 12, 5), ALL, at=utc).letters == {}


def test_with_more_slices_than_letters_each_is_still_told() -> None:
    many = [reserved(str(n), on(2) + timedelta(hours=n), on(2, 1) + timedelta(hours=n)) for n in range(60)]
    told = draw_week(date(2026, 11, 2), many, at=utc).letters
    assert len(told) == 52
    assert sum(len(urns.split(", ")) for urns in told.values()) == 60


def test_an_hour_that_the_clocks_leave_out_is_blank_and_days_stay_in_line() -> None:
    zone = ZoneInfo("Europe/Rome")
    drawn = draw_week(date(2026, 3, 29), [], at=lambda shown: shown.replace(tzinfo=zone).astimezone(UTC))
    sunday = drawn.lines[7]
    assert len(sunday) == len(drawn.lines[6])
    assert drawn.within.length == timedelta(days=7, hours=-1)


HOURS = st.integers(-400, 1200)


@given(st.lists(st.tuples(HOURS, st.integers(1, 200)), max_size=6), st.sampled_from([draw_month, draw_week]))
def test_a_cell_is_free_exactly_where_nobody_has_any_of_it(
    slots: list[tuple[int, int]], draw: object
) -> None:
    start = on(2)
    taken = [
        reserved(str(n), start + timedelta(hours=begin), start + timedelta(hours=begin + length))
        for n, (begin, length) in enumerate(slots)
    ]
    drawn: Drawing = draw(date(2026, 11, 2), taken, at=utc)  # type: ignore[operator]
    cells = "".join(drawn.lines[2::2] if draw is draw_month else [line[11:] for line in drawn.lines[1:]])
    cells = cells.replace(" ", "")
    step = drawn.within.length / len(cells)
    for number, cell in enumerate(cells):
        slot = TimeSlot(drawn.within.start + number * step, drawn.within.start + (number + 1) * step)
        there = {one.slice_urn for one in taken if one.slot.overlaps(slot)}
        assert (cell == FREE) == (not there)
        assert (cell == SEVERAL) == (len(there) > 1)
