"""Options that several commands take, and the settings they make."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pathservice.settings import Settings, load_settings

State = Annotated[
    Path | None,
    typer.Option("--state", help="Directory for the database, keys and logs.", envvar="PATHSERVICE_STATE"),
]
Site = Annotated[Path | None, typer.Option("--site", help="Site file.", show_default="the Fermilab example")]
Database = Annotated[
    str | None, typer.Option("--database", help="Database URL.", show_default="SQLite in the state directory")
]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", help="Settings file.", show_default="settings.yaml in the state directory"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def parse_time(text: str) -> datetime:
    """A time as it is written on the command line; one without a zone is of the zone of this machine.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        at = datetime.fromisoformat(text)
        return at if at.utcoffset() is not None else at.astimezone()
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            "a time is written 2026-01-31T12:00, with a zone if it is not here"
        ) from error


def settings(file: Path | None = None, **given: object) -> Settings:
    """The settings in force for a command.

    Raises:
        SettingsError: see `load_settings`.
    """
    return load_settings(given, environment=os.environ, file=file)
