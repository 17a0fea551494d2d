"""`pathservice devices adopt`: a ticket that routers carry and no database knows is made again."""

from datetime import datetime
from typing import Annotated

import typer
from rich.syntax import Syntax

from lambdastation.caller import Caller
from lambdastation.records import TicketDescription
from lambdastation.subjects import parse_subject
from pathservice.adoption import adopt as adopt_found
from pathservice.adoption import find
from pathservice.cli import options
from pathservice.cli.hand import Yes
from pathservice.cli.looking import look
from pathservice.cli.operator import audited, operator
from pathservice.cli.screen import console, plain
from pathservice.cli.strangers import Name, require_device
from reservation.moves import HIGHEST_ID

Number = Annotated[
    int, typer.Argument(help="The number in the objects' names: 42 of LS-FNAL-42.", min=1, max=HIGHEST_ID)
]


def _subject(text: str) -> str:
    try:
        parse_subject(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return text


def adopt(
    name: Name,
    number: Number,
    until: Annotated[
        datetime, typer.Option(help="When the ticket ends.", parser=options.parse_time, metavar="TIME")
    ],
    bandwidth: Annotated[
        str | None, typer.Option(help="What it takes each way, as 5G. Else the usual.", metavar="WORD")
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(help="Its path, by name or colour, where that next hop is another path's fallback too."),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(help="Whose it is, the subject of a certificate. Else yours.", parser=_subject),
    ] = None,
    issuer: Annotated[
        str | None, typer.Option(help="Who issued that certificate; goes with --owner.", parser=_subject)
    ] = None,
    yes: Yes = False,
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """Make a ticket again from a stranger's objects, under their number; no packet loses its path."""
    if (owner is None) != (issuer is None):
        raise typer.BadParameter("a certificate is known by both: --owner and --issuer")
    whose = operator() if owner is None or issuer is None else Caller(owner, issuer)
    with look(state, database, site) as assembly:
        require_device(assembly, name)
        who, now = operator().subject, assembly.clock.now()
        found = find(assembly, name, number, until=until, bandwidth=bandwidth, now=now, path=path)
        _tell(adopt_found(assembly, found, owner=whose, actor=who, now=now, rehearse=True))
        for device, plan in found.plans.items():
            if plan:
                console().print(f"\nTo {device}, as soon as pushes may go on:", markup=False)
                console().print(Syntax(str(plan), "text", background_color="default"))
            else:
                console().print(f"\n{device} has all of it", markup=False)
        if not yes:
            typer.confirm(f"Make ticket {number} so?", abort=True)
        with audited(assembly, "adopt", device=name, ticket_id=number, until=until, owner=whose.subject):
            adopt_found(assembly, found, owner=whose, actor=who, now=assembly.clock.now())
    console().print(f"ticket {number} is this database's now: `pathservice ticket show {number}`")


def _tell(ticket: TicketDescription) -> None:
    console().print(f"[bold]Ticket {ticket.ticket_id}[/]")
    for label, value in ticket.fields:
        console().print(f"  [dim]{label:14}[/]", end="")
        console().print(plain(value), markup=False)
