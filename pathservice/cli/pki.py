"""`pathservice pki`: certificates for tests and demonstrations."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from pathservice.cli import options
from pathservice.cli.screen import console
from pathservice.pki import init_pki


def group() -> typer.Typer:
    """The commands of `pathservice pki`."""
    commands = typer.Typer(help="Certificates for tests and demonstrations.", no_args_is_help=True)
    commands.callback()(lambda: None)
    commands.command()(init)
    return commands


def init(
    state: options.State = None,
    host_name: Annotated[
        list[str] | None, typer.Option(help="A name clients reach the service by; may be repeated.")
    ] = None,
) -> None:
    """Make a test authority, a server's and a user's certificate below STATE/pki; what is there stays."""
    settings = options.settings(state=state, host_names=tuple(host_name) if host_name else None)
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = init_pki(settings.pki, host_names=settings.host_names, now=datetime.now(UTC))
    console().print(
        f"authority  {made.ca}\nserver     {made.server_cert}\nuser       {made.user_cert}, {made.user_key}"
    )
