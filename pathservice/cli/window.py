"""`pathservice ticket window`: when would a ticket fit?"""

from datetime import datetime
from typing import Annotated

import typer

from lambdastation.bandwidth import format_bandwidth
from lambdastation.ticket import TicketRequest
from lambdastation.volume import format_volume
from pathservice.cli import options
from pathservice.cli.looking import look
from pathservice.cli.operator import operator
from pathservice.cli.screen import console, plain, show_json, show_table, show_time

LONGEST_LENGTH = 2**32 - 1


def window(
    peer: Annotated[str, typer.Argument(help="The site that the traffic goes to.")],
    length: Annotated[
        int | None,
        typer.Option("--for", help="How long, in seconds.", metavar="SECONDS", min=1, max=LONGEST_LENGTH),
    ] = None,
    volume: Annotated[
        str | None,
        typer.Option(
            help="What is to be moved instead, as 5TB or 500GB: as early as it can be.", metavar="WORD"
        ),
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option("--from", help="Not before then. Else now.", parser=options.parse_time, metavar="TIME"),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(
            "--by",
            help="Over by then. Else as far as the site allows.",
            parser=options.parse_time,
            metavar="TIME",
        ),
    ] = None,
    client: Annotated[str | None, typer.Option(help="Our PBR client. Else the peer's usual one.")] = None,
    path: Annotated[str | None, typer.Option(help="Path or colour. Else the peer's usual one.")] = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="Bandwidth out, as 5G; for a volume the most. Else the usual; all.", metavar="WORD"
        ),
    ] = None,
    in_: Annotated[
        str | None, typer.Option("--in", help="Bandwidth in. Else the usual.", metavar="WORD")
    ] = None,
    incoming: Annotated[
        bool, typer.Option("--incoming", help="The traffic comes from that site to us instead.")
    ] = False,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """The earliest slot a ticket would fit into; if there is none, what would fit. Nothing is booked."""
    if (length is None) == (volume is None):
        raise typer.BadParameter("say either --for SECONDS or --volume WORD")
    with look(state, database, site) as assembly:
        ours = assembly.file.site.name
        request = TicketRequest(
            src_site=peer if incoming else ours,
            src_client=None if incoming else client,
            dst_site=ours if incoming else peer,
            dst_client=client if incoming else None,
            local_path=path,
            out_bandwidth=out,
            in_bandwidth=in_,
            start_at=start,
            end_at=end,
            travel_seconds=length,
        )
        found = assembly.tickets.find_window(request, volume=volume, caller=operator())
    if as_json:
        show_json(found)
        return
    if found.message is not None:
        console().print(plain(found.message), markup=False)
    if (offer := found.offer) is not None:
        columns = ("", "path", "from", "until", "seconds", "out", "in", "volume")
        row = (
            "fits" if found.fits else "would fit",
            f"{found.local_path} ({found.topology})",
            show_time(offer.slot.start),
            show_time(offer.slot.end),
            f"{offer.slot.length.total_seconds():g}",
            format_bandwidth(offer.out_bits_per_second),
            format_bandwidth(offer.in_bits_per_second),
            "-" if offer.volume is None else format_volume(offer.volume),
        )
        show_table(columns, [row], empty="")
