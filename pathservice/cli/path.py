"""`pathservice path`: whether what was promised is really there."""

import time
from typing import Annotated

import typer

from lambdastation.errors import StoreAway
from pathservice.assembly import Assembly
from pathservice.cli import options
from pathservice.cli.looking import look
from pathservice.cli.operator import operator
from pathservice.cli.screen import console, plain, show_json, show_table
from pathservice.cli.tickets import Id
from pathservice.verify import Answer, Verdict, judge
from reservation import service
from store import StoreUnavailable

_COLOURS = {Verdict.UP: "bold green", Verdict.NOT_UP: "bold red", Verdict.UNKNOWN: "bold yellow"}
_LOOK_AGAIN = 0.5
"""Seconds between looks while one waits."""


def group() -> typer.Typer:
    """The commands of `pathservice path`."""
    commands = typer.Typer(help="Paths.", no_args_is_help=True)
    # With a single command typer would take its name for an argument.
    commands.callback()(lambda: None)
    commands.command()(verify)
    return commands


def verify(
    ticket: Id,
    wait: Annotated[
        float,
        typer.Option(help="Seconds to wait until it is up; what passes is counted now and then.", min=0),
    ] = 0.0,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """Say whether a ticket's path is really up. Exit status 0 if it is, 1 if not, 2 if nobody can tell."""
    latest = time.monotonic() + wait
    try:
        with look(state, database, site) as assembly:
            answer = _judged(assembly, ticket)
            while answer.verdict is not Verdict.UP and (left := latest - time.monotonic()) > 0:
                time.sleep(min(left, _LOOK_AGAIN))
                answer = _judged(assembly, ticket)
    except (StoreUnavailable, StoreAway) as error:
        answer = Answer(Verdict.UNKNOWN, str(error), ())
    if as_json:
        show_json({"ticket": ticket, **_told(answer)})
    else:
        rows = [(one.device, str(one.verdict), one.words) for one in answer.findings]
        show_table(("device", "path", "because"), rows, empty="no device carries anything")
        console().print(f"\n[{_COLOURS[answer.verdict]}]{answer.verdict}[/]: ", end="")
        console().print(plain(f"ticket {ticket}: {answer.words}"), markup=False)
    if answer.verdict is not Verdict.UP:
        raise typer.Exit(answer.verdict.value)


def _judged(assembly: Assembly, ticket: int) -> Answer:
    found = assembly.tickets.get_ticket(ticket, caller=operator())
    parts = assembly.store.read(lambda session: service.list_parts(session, ticket))
    devices = {device.name: device for device in assembly.device_views()}
    # One look may be missed before what the last one found is old news.
    stale_after = 2 * assembly.settings.drift_every
    return judge(found.state, parts, devices, now=assembly.clock.now(), stale_after=stale_after)


def _told(answer: Answer) -> dict[str, object]:
    findings = [
        {"device": one.device, "verdict": str(one.verdict), "because": one.words} for one in answer.findings
    ]
    return {"verdict": str(answer.verdict), "because": answer.words, "devices": findings}
