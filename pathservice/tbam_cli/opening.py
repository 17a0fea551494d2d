"""What every command of `tbam` begins with: the site's islands, and the options that are theirs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Annotated

import typer

from pathservice.assembly import Assembly, SetupError
from pathservice.cli import options
from pathservice.cli.looking import look
from tbam.manager import IslandManager

Island = Annotated[
    str | None, typer.Option("--island", help="Which island. Else the only one.", metavar="NAME")
]
Urns = Annotated[
    list[str], typer.Argument(help="A slice's URN, or those of slivers of one slice.", metavar="URN...")
]

_LENGTH = re.compile(r"([0-9]{1,9})([smhd]?)", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
_UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@contextmanager
def islands(
    state: options.State, database: options.Database, site: options.Site
) -> Iterator[tuple[Assembly, IslandManager]]:
    """The assembly of these options and the manager of its islands.

    Raises:
        SetupError: the site has none.
    """
    with look(state, database, site) as assembly:
        if assembly.islands is None:
            raise SetupError("this site has no islands: its site file says nothing under `tbam`")
        yield assembly, assembly.islands


def parse_length(text: str) -> timedelta:
    """A length as it is written on the command line: 90m, 2h, 1d; seconds where no unit is named.

    Raises:
        typer.BadParameter: it is none.
    """
    match = _LENGTH.fullmatch(text.strip())
    try:
        length = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta(0)
    except OverflowError:
        length = timedelta(0)
    if length <= timedelta(0):
        raise typer.BadParameter("a length is written 90m, 2h or 1d; a number alone is seconds")
    return length


def parse_day(text: str) -> date:
    """A day, or the first of a month, as it is written on the command line.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        day = date.fromisoformat(f"{text}-01" if re.fullmatch(r"\d{4}-\d{2}", text) else text)
    except ValueError as error:
        raise typer.BadParameter("a day is written 2026-01-31, a month 2026-01") from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise typer.BadParameter(f"there are calendars of the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return day
