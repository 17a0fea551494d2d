"""`pathservice ticket`: tickets, for who sits at the machine. The site's rules are for the network."""

from typing import Annotated

import typer

from lambdastation.bandwidth import format_bandwidth
from lambdastation.ticket import Ticket, TicketQuery
from lambdastation.tickets import describe
from pathservice.cli import options
from pathservice.cli.looking import look
from pathservice.cli.operator import operator
from pathservice.cli.screen import console, plain, show_json, show_table, show_time
from pathservice.cli.window import window
from reservation import service, sharing
from reservation.lifecycle import Outcome, State
from reservation.model import PartCount, PartView

_COLOURS = {Outcome.COMPLETED: "green", Outcome.CANCELLED: "yellow", Outcome.FAILED: "bold red"}

LARGEST_ID = 2**31 - 1
"""Tickets' numbers are 32-bit integers on every wire."""

Id = Annotated[int, typer.Argument(help="The ticket's number.", min=1, max=LARGEST_ID)]


def group() -> typer.Typer:
    """The commands of `pathservice ticket`."""
    commands = typer.Typer(help="Tickets.", no_args_is_help=True)
    commands.command("list")(list_tickets)
    commands.command()(show)
    commands.command()(history)
    commands.command()(cancel)
    commands.command()(window)
    return commands


def list_tickets(
    in_state: Annotated[
        list[State] | None, typer.Option("--in", help="Only tickets in this state; may be repeated.")
    ] = None,
    peer: Annotated[str | None, typer.Option(help="Only tickets of traffic with this site.")] = None,
    path: Annotated[str | None, typer.Option(help="Only tickets on this path, by name or colour.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only tickets that this subject opened.")] = None,
    before: Annotated[
        int | None, typer.Option(help="Only tickets of a lower number.", min=1, max=LARGEST_ID)
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100_000)] = 50,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """Tickets, newest first."""
    query = TicketQuery(
        states=tuple(in_state or ()), site=peer, path=path, owner=owner, before=before, limit=limit
    )
    with look(state, database, site) as assembly:
        found = assembly.tickets.list_tickets(query, caller=operator())
    if as_json:
        show_json(found.tickets)
        return
    columns = ("ticket", "state", "from", "until", "path", "out", "in", "source", "destination")
    show_table(columns, [_row(ticket) for ticket in found.tickets], empty="no tickets")
    if found.more:
        console().print(f"[dim]there are older ones: --before {found.tickets[-1].ticket_id}[/]")


def show(
    ticket: Id,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """One ticket: how it is or how it ended, who takes part in it, and what its devices carry for it."""
    with look(state, database, site) as assembly:
        found = assembly.tickets.get_ticket(ticket, caller=operator())
        parts = assembly.store.read(lambda session: service.list_parts(session, ticket))
        takers = assembly.store.read(lambda session: sharing.participants(session, ticket))
        description = assembly.store.read(lambda session: describe(session, ticket))
    if as_json:
        show_json({"ticket": found, "parts": parts, "participants": takers})
        return
    ended = "" if found.outcome is None else f" [{_COLOURS[found.outcome]}]{found.outcome}[/]"
    console().print(f"[bold]Ticket {ticket}[/]{ended}")
    for label, value in description.fields if description is not None else ():
        console().print(f"  [dim]{label:14}[/]", end="")
        console().print(plain(value), markup=False)
    console().print()
    rows = [(one.participant.subject, show_time(one.joined_at), show_time(one.left_at)) for one in takers]
    show_table(("participant", "since", "until"), rows, empty="nobody takes part in it")
    console().print()
    columns = ("device", "does", "now", "packets", "bytes", "last packet", "")
    show_table(columns, [_part(part) for part in parts], empty="no device carries anything")


def history(
    ticket: Id,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """Every move of a ticket: when, from where, to where, by whom and why."""
    with look(state, database, site) as assembly:
        assembly.tickets.get_ticket(ticket, caller=operator())
        moves = assembly.store.read(lambda session: service.history(session, ticket))
    if as_json:
        show_json(moves)
        return
    columns = ("at", "from", "to", "because", "by", "reason")
    rows = [
        (
            show_time(move.at),
            move.from_state or "-",
            move.to_state,
            move.cause or "made",
            move.actor,
            move.reason or "",
        )
        for move in moves
    ]
    show_table(columns, rows, empty="no moves")


def cancel(
    ticket: Id,
    reason: Annotated[str | None, typer.Option(help="Why; it is kept with the ticket.")] = None,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
) -> None:
    """End a ticket early; the worker takes it off its routers."""
    with look(state, database, site) as assembly:
        assembly.tickets.cancel_ticket(ticket, caller=operator(), reason=reason)
        now = assembly.tickets.get_ticket(ticket, caller=operator())
    console().print(
        f"ticket {ticket}: {now.state}"
        if now.state is State.CANCELLED
        else f"ticket {ticket} is being released"
    )


def _row(ticket: Ticket) -> tuple[str, ...]:
    words = [ticket.state, ticket.outcome or ""]
    words += ["degraded"] * (ticket.degraded_since is not None) + ["by fallback"] * ticket.by_fallback
    return (
        str(ticket.ticket_id),
        ", ".join(filter(None, words)),
        show_time(ticket.start_at),
        show_time(ticket.end_at),
        ticket.local_path,
        format_bandwidth(ticket.out_bits_per_second),
        format_bandwidth(ticket.in_bits_per_second),
        f"{ticket.src_site} {ticket.src_ip}",
        f"{ticket.dst_site} {ticket.dst_ip}",
    )


def _part(part: PartView) -> tuple[str, ...]:
    if part.wanted:
        now = "carries it" if part.in_sync else "is being given it"
        if part.detour is not None:
            now += f", by {part.detour}"
        if part.superseded:
            now += ", until the new is there"
    else:
        now = "does not carry it" if part.in_sync else "is being cleaned"
    return (part.device, part.does, now, *_passed(part.count), part.error or "")


def _passed(count: PartCount | None) -> tuple[str, str, str]:
    """Packets, bytes and when the last was seen, with a dash for what nobody can tell."""
    if count is None:
        return ("-", "-", "-")
    octets = "-" if count.octets is None else str(count.octets)
    return (str(count.packets), octets, show_time(count.grew_at))
