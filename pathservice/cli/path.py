"""`pathservice path`: whether what was promised is really there."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from lab.named import NamedLab, default_folder
from lab.processes import LabError
from lambdastation.errors import StoreAway
from pathservice.assembly import Assembly
from pathservice.cli import options
from pathservice.cli.looking import look
from pathservice.cli.operator import operator
from pathservice.cli.screen import console, plain, show_json, show_table
from pathservice.cli.tickets import Id
from pathservice.probing import Ground, find_ground, ground, read_steering
from pathservice.verify import Answer, Verdict, judge
from reservation.lifecycle import State
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
    lab: Annotated[
        str | None,
        typer.Option(
            help="The lab to send packets in.", show_default="the one whose routers the site has, if any"
        ),
    ] = None,
    lab_folder: Annotated[
        Path | None,
        typer.Option(
            help="Where labs are.", show_default="pathservice-labs in $XDG_RUNTIME_DIR, else in /run"
        ),
    ] = None,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """Say whether a ticket's path is really up. Exit status 0 if it is, 1 if not, 2 if nobody can tell.

    Where its routers are a lab's, packets are sent to see.
    """
    latest = time.monotonic() + wait
    folder = (lab_folder or default_folder(os.environ)).absolute()
    place: Ground | None = None
    try:
        with look(state, database, site) as assembly:
            place = (
                find_ground(folder, assembly.devices)
                if lab is None
                else ground(NamedLab(folder, lab), assembly.devices)
            )
            answer = _judged(assembly, ticket, place)
            while answer.verdict is not Verdict.UP and (left := latest - time.monotonic()) > 0:
                time.sleep(min(left, _LOOK_AGAIN))
                answer = _judged(assembly, ticket, place)
    except (StoreUnavailable, StoreAway, LabError) as error:
        answer = Answer(Verdict.UNKNOWN, str(error), ())
    if as_json:
        show_json({"ticket": ticket, "lab": None if place is None else place.lab, **_told(answer)})
    else:
        rows = [(one.device, one.does, str(one.verdict), one.words) for one in answer.findings]
        show_table(("device", "does", "path", "because"), rows, empty="no device carries anything")
        console().print(f"\n[{_COLOURS[answer.verdict]}]{answer.verdict}[/]: ", end="")
        console().print(plain(f"ticket {ticket}: {answer.words}"), markup=False)
    if answer.verdict is not Verdict.UP:
        raise typer.Exit(answer.verdict.value)


def _judged(assembly: Assembly, ticket: int, place: Ground | None) -> Answer:
    state = assembly.tickets.get_ticket(ticket, caller=operator()).state
    steering = assembly.store.read(lambda session: read_steering(session, ticket))
    devices = {device.name: device for device in assembly.device_views()}
    # What is not to be there is not looked for.
    is_sent = place is not None and state is State.ACTIVE
    # One look may be missed before what the last one found is old news.
    return judge(
        state,
        steering.parts,
        devices,
        now=assembly.clock.now(),
        stale_after=2 * assembly.settings.drift_every,
        steered=place.probe(steering) if place and is_sent else steering.without_packets(),
    )


def _told(answer: Answer) -> dict[str, object]:
    findings = [
        {"device": one.device, "does": one.does, "verdict": str(one.verdict), "because": one.words}
        for one in answer.findings
    ]
    return {"verdict": str(answer.verdict), "because": answer.words, "devices": findings}
