"""How the demo looks on a terminal."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from textwrap import indent

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table

from pathservice.assembly import Assembly
from pathservice.cli.screen import show_time
from reservation.model import TransitionView


class TerminalScreen:
    """Draws the story on a console; colours and moving bars only where they can be seen."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def chapter(self, title: str) -> None:
        self._console.print()
        self._console.print(Rule(f"[bold]{title}", align="left", style="cyan"))

    def site(self, assembly: Assembly, address: str) -> None:
        site = assembly.file.site
        self._console.print(
            f"[bold]{site.name}[/], station {site.station}, answers at {address} over mutual TLS\n"
        )
        table = Table("topology", "path", "capacity", "", box=None, header_style="bold", pad_edge=False)
        for topology in site.topologies:
            role = "production" if topology.production else "alternate"
            table.add_row(topology.name, topology.path, f"{topology.capacity / 1e9:g} Gbit/s", role)
        self._console.print(table)

    def request(self, envelope: str) -> None:
        self._show(envelope, "xml")

    def answer(self, answer: Mapping[str, str]) -> None:
        self._console.print("\nThe answer, at once:\n")
        table = Table.grid(padding=(0, 2))
        for name, value in answer.items():
            table.add_row(f"[dim]{name}[/]", value)
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def plan(self, lines: str) -> None:
        self._console.print("Nothing is sent before the slot; this is what would be:\n")
        self._show(lines, "text")

    def router(self, sections: str, *, lines: int) -> None:
        self._console.print(f"What a ticket may touch, of {lines} lines in all:\n")
        self._show(sections, "text")

    def difference(self, lines: list[str]) -> None:
        if lines:
            self._show("\n".join(lines), "diff")
        else:
            self._console.print("  no difference")

    def history(self, moves: tuple[TransitionView, ...]) -> None:
        table = Table("at", "from", "to", "because", "by", box=None, header_style="bold", pad_edge=False)
        for move in moves:
            table.add_row(
                show_time(move.at), move.from_state or "", move.to_state, move.cause or "made", move.actor
            )
        self._console.print(table)

    def wait(self, what: str, done: threading.Event, *, until: datetime) -> None:
        began = datetime.now(UTC)
        total = max((until - began).total_seconds(), 0.1)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            bar = progress.add_task(f"waiting for {what}", total=total)
            while not done.wait(0.1):
                progress.update(bar, completed=min((datetime.now(UTC) - began).total_seconds(), total))
        self._console.print(f"waited for {what}\n")

    def fact(self, sentence: str, *, holds: bool) -> None:
        self._console.print(f"  [green]✓[/] {sentence}" if holds else f"  [bold red]✗ not so:[/] {sentence}")

    def _show(self, text: str, language: str) -> None:
        if not self._console.is_terminal:
            self._console.print(indent(text.rstrip("\n"), "  "), markup=False)
            return
        code = Syntax(
            text.rstrip("\n"), language, background_color="default", theme="ansi_dark", word_wrap=True
        )
        self._console.print(Padding(code, (0, 0, 0, 2)))
