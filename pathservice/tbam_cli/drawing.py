"""A calendar of slots drawn with letters: a month with a line a week, or a week with a line a day. Pure.

Each cell is a stretch of time: a dot where nothing is taken in it, a slice's letter where one slice is, `+`
where several follow one another.
"""

import calendar
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from reservation.model import TimeSlot
from tbam.values import Reserved

FREE, SEVERAL = "·", "+"
CELLS_A_DAY = 8
"""Of a month: three hours each."""

CELLS_A_WEEKDAY = 48
"""Of a week: half an hour each."""

_LETTERS = string.ascii_uppercase + string.ascii_lowercase

Local = Callable[[datetime], datetime]
"""The instant at which the reader's clocks show a naive time."""


def local(shown: datetime) -> datetime:
    """In the zone of this machine."""
    return shown.astimezone()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A calendar as text.

    Attributes:
        title: what it is of.
        lines: header first.
        letters: which slice each letter stands for, in the order of their slots.
        within: from its first instant to its last.
    """

    title: str
    lines: tuple[str, ...]
    letters: Mapping[str, str]
    within: TimeSlot


def draw_month(of: date, reserved: Sequence[Reserved], *, at: Local = local) -> Drawing:
    """The month that a day is in, a line a week, Monday first; the first day of each cell is numbered."""
    weeks = calendar.Calendar().monthdatescalendar(of.year, of.month)
    first = of.replace(day=1)
    within = TimeSlot(_midnight(first, at), _midnight(_next_month(first), at))
    letters = _letters(reserved, within)
    lines = ["  ".join(f"{calendar.day_abbr[day]:<{CELLS_A_DAY}}" for day in range(7)).rstrip()]
    for week in weeks:
        days = [day if day.month == of.month else None for day in week]
        lines.append("  ".join(f"{day.day if day else '':<{CELLS_A_DAY}}" for day in days).rstrip())
        cells = (_day(day, CELLS_A_DAY, reserved, letters, at) if day else " " * CELLS_A_DAY for day in days)
        lines.append("  ".join(cells).rstrip())
    title = f"{calendar.month_name[of.month]} {of.year}, three hours a letter"
    return Drawing(title, tuple(lines), _by_letter(letters), within)


def draw_week(of: date, reserved: Sequence[Reserved], *, at: Local = local) -> Drawing:
    """The week that a day is in, Monday first, a line a day."""
    monday = of - timedelta(days=of.weekday())
    days = [monday + timedelta(days=number) for number in range(7)]
    within = TimeSlot(_midnight(monday, at), _midnight(monday + timedelta(days=7), at))
    letters = _letters(reserved, within)
    hours = "".join(f"{hour:<6}" for hour in range(0, 24, 3)).rstrip()
    lines = [" " * 11 + hours]
    lines += [f"{day:%a} {day:%d %b} " + _day(day, CELLS_A_WEEKDAY, reserved, letters, at) for day in days]
    title = f"Week {of.isocalendar().week} of {of.isocalendar().year}, half an hour a letter"
    return Drawing(title, tuple(lines), _by_letter(letters), within)


def _midnight(day: date, at: Local) -> datetime:
    return at(datetime.combine(day, time()))


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _letters(reserved: Sequence[Reserved], within: TimeSlot) -> dict[str, str]:
    """A letter for each slice; with more slices than letters they come round again."""
    slices = dict.fromkeys(
        one.slice_urn for one in sorted(reserved, key=lambda one: one.slot.start) if one.slot.overlaps(within)
    )
    return {urn: _LETTERS[number % len(_LETTERS)] for number, urn in enumerate(slices)}


def _by_letter(letters: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for urn, letter in letters.items():
        found[letter] = f"{found[letter]}, {urn}" if letter in found else urn
    return found


def _day(day: date, cells: int, reserved: Sequence[Reserved], letters: Mapping[str, str], at: Local) -> str:
    step = timedelta(days=1) / cells
    begins = [at(datetime.combine(day, time()) + number * step) for number in range(cells)]
    begins.append(_midnight(day + timedelta(days=1), at))
    return "".join(_cell(begins[n], begins[n + 1], reserved, letters) for n in range(cells))


def _cell(start: datetime, end: datetime, reserved: Sequence[Reserved], letters: Mapping[str, str]) -> str:
    if end <= start:
        # An hour that the clocks leave out.
        return " "
    there = {one.slice_urn for one in reserved if one.slot.overlaps(TimeSlot(start, end))}
    if not there:
        return FREE
    return letters[there.pop()] if len(there) == 1 else SEVERAL
