"""The command tree, and what a person sees when something goes wrong: a sentence, never a traceback."""

import os
import sys

import typer

from lambdastation.errors import LambdaStationError
from netconfig.errors import NetconfigError
from pathservice.assembly import SetupError
from pathservice.cli import database, demo, devices, pki, serve, site, tickets
from pathservice.cli.screen import errors
from pathservice.demo.soap import Refused
from pathservice.demo.story import DemoFailed
from pathservice.listener import ListenerError
from pathservice.locks import StateTaken
from pathservice.logs import configure_logs
from pathservice.pki import PkiError
from pathservice.schema import SchemaMismatch
from pathservice.settings import SettingsError
from pathservice.sitefile import SiteFileError
from reservation.errors import ReservationError
from store import StoreUnavailable

EXPECTED = (
    DemoFailed,
    Refused,
    LambdaStationError,
    ListenerError,
    NetconfigError,
    PkiError,
    ReservationError,
    SchemaMismatch,
    SettingsError,
    SetupError,
    SiteFileError,
    StateTaken,
    StoreUnavailable,
)
"""What may go wrong without a fault of ours: told in a sentence, exit status 1."""


def application() -> typer.Typer:
    """The command tree."""
    tree = typer.Typer(
        name="pathservice",
        help="Reserve network paths for a time slot; routers change at its start and go back at its end.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    tree.command()(serve.serve)
    tree.command()(serve.worker)
    tree.command()(demo.demo)
    for name, group in {
        "db": database.group,
        "devices": devices.group,
        "pki": pki.group,
        "site": site.group,
        "ticket": tickets.group,
    }.items():
        tree.add_typer(group(), name=name)
    return tree


def main() -> None:
    """Run the command that the arguments name and exit with its status: 1 where it failed, 2 for misuse."""
    # Database, keys and logs: what this process makes is for its owner only.
    os.umask(0o077)
    # Until a command says otherwise: what goes wrong beside its answer, apart from its answer.
    configure_logs("warning")
    try:
        application()()
    except EXPECTED as error:
        _tell(error.code, str(error))
        sys.exit(1)
    except Exception as error:
        if os.environ.get("PATHSERVICE_LOG_LEVEL") == "debug":
            raise
        _tell("internal-error", f"a fault of ours: {error!r}; PATHSERVICE_LOG_LEVEL=debug shows where")
        sys.exit(70)


def _tell(code: str, sentence: str) -> None:
    errors().print(f"[bold red]error[/] [dim]({code})[/] ", end="")
    errors().print(sentence, markup=False)
