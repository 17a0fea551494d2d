"""`pathservice demo`: the main job from end to end."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pathservice.cli import options
from pathservice.cli.screen import console
from pathservice.demo.screen import TerminalScreen
from pathservice.demo.story import tell
from pathservice.logs import configure_logs


def demo(
    keep: Annotated[Path | None, typer.Option(help="Keep database, keys and logs in this directory.")] = None,
) -> None:
    """Book a path, watch a simulated router change and go back. Exit status 0 only if all of it happened."""
    configure_logs("error")
    out = console(width=118)
    with tempfile.TemporaryDirectory(prefix="pathservice-demo-") as scratch:
        settings = options.settings(state=keep or Path(scratch), port=0)
        happened = tell(settings, TerminalScreen(out))
    out.print()
    if not happened:
        out.print("[bold red]Not all of it happened.[/]")
        raise typer.Exit(1)
    out.print(
        "[bold green]All of it happened.[/] Next: `pathservice serve --state DIR`, and docs/operations.md."
    )
