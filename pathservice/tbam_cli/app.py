"""The commands of `tbam`. Credentials are for the network: who reads the database anyway needs none."""

import typer

from pathservice.cli.app import run
from pathservice.tbam_cli import booking, looking


def application() -> typer.Typer:
    """The command tree."""
    tree = typer.Typer(
        name="tbam",
        help="OpenFlow islands, booked as a whole for a time slot.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    tree.command()(looking.calendar)
    tree.command("list")(looking.list_slivers)
    tree.command()(looking.show)
    tree.command()(looking.free)
    tree.command()(booking.allocate)
    tree.command()(booking.provision)
    tree.command()(booking.renew)
    tree.command()(booking.delete)
    tree.command()(booking.reopen)
    return tree


def main() -> None:
    """Run the command that the arguments name and exit with its status: 1 where it failed, 2 for misuse."""
    run(application)
