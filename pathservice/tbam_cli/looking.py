"""`tbam calendar | list | show | free`: what is booked, and when there is room."""

from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from pathservice.cli import options
from pathservice.cli.screen import console, plain, show_json, show_table, show_time
from pathservice.tbam_cli.drawing import Drawing, draw_month, draw_week
from pathservice.tbam_cli.opening import Island, Urns, islands, parse_day, parse_length
from pathservice.tbam_cli.telling import show_sliver, show_slivers
from reservation.model import TimeSlot
from tbam.manager import IslandManager
from tbam.values import Reserved

_SCREEN = 80


def calendar(
    month: Annotated[
        date | None,
        typer.Option(help="A month, as 2026-01. Else this one.", parser=parse_day, metavar="MONTH"),
    ] = None,
    week: Annotated[
        date | None,
        typer.Option(
            help="The week of a day, as 2026-01-31, instead of a month.", parser=parse_day, metavar="DAY"
        ),
    ] = None,
    island: Island = None,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """A month or a week of each island: who has it when, a letter a slice."""
    if month is not None and week is not None:
        raise typer.BadParameter("say either --month or --week")
    with islands(state, database, site) as (assembly, manager):
        day = month or week or assembly.clock.now().astimezone().date()
        views = [view for view in manager.islands() if island in {None, view.name}]
        _require_island(manager, island)
    draw = draw_month if week is None else draw_week
    drawn = {view.name: (view.reserved, draw(day, view.reserved)) for view in views}
    if as_json:
        show_json([_as_values(name, *shown) for name, shown in drawn.items()])
        return
    for number, (name, shown) in enumerate(drawn.items()):
        if number:
            console().print()
        _show_calendar(name, *shown)


def _require_island(manager: IslandManager, island: str | None) -> None:
    """Have it said which islands there are, where this is none of them."""
    if island is not None:
        manager.get_availability(island)


def _as_values(name: str, reserved: tuple[Reserved, ...], drawing: Drawing) -> dict[str, object]:
    within = drawing.within
    found = [one for one in reserved if one.slot.overlaps(within)]
    return {"island": name, "from": within.start, "until": within.end, "reserved": found}


def _show_calendar(name: str, reserved: tuple[Reserved, ...], drawing: Drawing) -> None:
    zone = drawing.within.start.astimezone().tzname()
    console().print(f"[bold]{name}[/]  {drawing.title}, {zone}")
    console().print()
    for line in drawing.lines:
        console(_SCREEN).print(line, markup=False)
    console().print()
    letters = {urn: letter for letter, urns in drawing.letters.items() for urn in urns.split(", ")}
    rows = [
        (letters[one.slice_urn], show_time(one.slot.start), show_time(one.slot.end), one.slice_urn)
        for one in reserved
        if one.slice_urn in letters and one.slot.overlaps(drawing.within)
    ]
    show_table(("", "from", "until", "slice"), rows, empty="nobody has it")


def list_slivers(
    island: Island = None,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """All slivers there are: one line an island of a slice."""
    with islands(state, database, site) as (_, manager):
        _require_island(manager, island)
        found = [one for one in manager.all_slivers() if island in {None, one.aggregate}]
    if as_json:
        show_json(found)
        return
    show_slivers(found)


def show(
    urns: Urns,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """What a slice has: its slots, what its gateways carry, and how that goes."""
    with islands(state, database, site) as (_, manager):
        asked = manager.resolve(urns)
        found = manager.slivers(asked.slice_urn, asked.sliver_urns)
    if as_json:
        show_json(found)
        return
    for number, sliver in enumerate(found):
        if number:
            console().print()
        show_sliver(sliver)


def free(
    length: Annotated[
        timedelta, typer.Option("--for", help="How long: 90m, 2h, 1d.", parser=parse_length, metavar="LENGTH")
    ],
    start: Annotated[
        datetime | None,
        typer.Option("--from", help="Not before then. Else now.", parser=options.parse_time, metavar="TIME"),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(
            "--by",
            help="Over by then. Else as far ahead as the site allows.",
            parser=options.parse_time,
            metavar="TIME",
        ),
    ] = None,
    island: Island = None,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """The next free slot of that length. Nothing is booked; exit status 1 where there is none."""
    with islands(state, database, site) as (assembly, manager):
        now = assembly.clock.now()
        within = _within(manager, start or now, end, now)
        found = manager.find_free(island, length, within)
    if as_json:
        show_json({"slot": found})
    elif found is None:
        console().print(f"none between {show_time(within.start)} and {show_time(within.end)}")
    else:
        console().print(plain(f"{show_time(found.start)} to {show_time(found.end)}"), markup=False)
    if found is None:
        raise typer.Exit(1)


def _within(manager: IslandManager, start: datetime, end: datetime | None, now: datetime) -> TimeSlot:
    last = end or now + manager.settings.horizon
    if last <= start:
        raise typer.BadParameter("--by is not after --from")
    return TimeSlot(start, last)
