"""`pathservice pki`: certificates and credentials for tests, demonstrations and small sites."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from pathservice.cli import options
from pathservice.cli.screen import console
from pathservice.pki import init_pki
from pathservice.pki.experimenters import (
    init_slice_authority,
    issue_slice_credential,
    issue_user,
    issue_user_credential,
)

Out = Annotated[
    Path | None, typer.Option("--out", help="File to write.", show_default="a new one below STATE/pki")
]
Days = Annotated[float, typer.Option(help="How long it is good for.", min=0.001, max=3650)]
_WEEK = 7.0


def group() -> typer.Typer:
    """The commands of `pathservice pki`."""
    commands = typer.Typer(
        help="Certificates and credentials for tests and small sites.", no_args_is_help=True
    )
    commands.callback()(lambda: None)
    commands.command()(init)
    commands.command()(slice_authority)
    commands.command()(user)
    commands.command()(slice_credential)
    commands.command()(user_credential)
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


def slice_authority(
    name: Annotated[str, typer.Argument(help="What its URNs begin with, such as example.net.")],
    state: options.State = None,
) -> None:
    """Make a slice authority below STATE/pki, trusted for its own slices and users; what is there stays."""
    settings = options.settings(state=state)
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = init_slice_authority(settings.pki, name, now=datetime.now(UTC))
    console().print(
        f"authority  {made.urn}\ncert       {made.files.cert}, {made.files.key}\nroot       {made.root}"
    )


def user(
    name: Annotated[str, typer.Argument(help="The user's name, the last part of the URN.")],
    state: options.State = None,
    days: Days = 730.0,
) -> None:
    """Issue an experimenter's certificate from the slice authority; what is there stays."""
    settings = options.settings(state=state)
    made = issue_user(settings.pki, name, now=datetime.now(UTC), lifetime=timedelta(days=days))
    console().print(f"user       {made.cert}, {made.key}")


def slice_credential(
    name: Annotated[str, typer.Argument(help="The slice's name, the last part of the URN.")],
    owner: Annotated[str, typer.Option("--user", help="Whose it is.")],
    state: options.State = None,
    days: Days = _WEEK,
    out: Out = None,
) -> None:
    """Write a credential with which a user may do everything with a slice."""
    settings = options.settings(state=state)
    path = out or settings.pki / f"{quote(name, safe='')}-{owner}.xml"
    now = datetime.now(UTC)
    urn = issue_slice_credential(
        settings.pki, name, owner, path=path, now=now, expires_at=now + timedelta(days=days)
    )
    console().print(f"slice      {urn}\ncredential {path}")


def user_credential(
    name: Annotated[str, typer.Argument(help="The user's name.")],
    state: options.State = None,
    days: Days = _WEEK,
    out: Out = None,
) -> None:
    """Write a credential that says who a user is: enough to list resources."""
    settings = options.settings(state=state)
    path = out or settings.pki / f"{name}-user.xml"
    now = datetime.now(UTC)
    issue_user_credential(settings.pki, name, path=path, now=now, expires_at=now + timedelta(days=days))
    console().print(f"credential {path}")
