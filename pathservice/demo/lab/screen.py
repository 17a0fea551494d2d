"""How the lab's story looks on a terminal."""

from collections.abc import Mapping
from typing import Protocol

from rich.padding import Padding
from rich.table import Table

from pathservice.demo.screen import TerminalScreen
from pathservice.demo.story import Happening


class LabScreen(Happening, Protocol):
    """Who shows the lab's story."""

    def ticket(self, wanted: Mapping[str, str]) -> None:
        """What is asked for."""

    def lines(self, text: str) -> None:
        """What a program says."""

    def figures(self, kinds: Mapping[str, Mapping[str, str]]) -> None:
        """What was measured on each kind of router; nothing depends on it."""


class TerminalLabScreen(TerminalScreen):
    """Draws it on a console."""

    def ticket(self, wanted: Mapping[str, str]) -> None:
        table = Table.grid(padding=(0, 2))
        for name, value in wanted.items():
            table.add_row(f"[dim]{name}[/]", value)
        self._console.print("[bold]openSvcTicket[/], over mutual TLS\n")
        self._console.print(Padding(table, (0, 0, 1, 2)))

    def lines(self, text: str) -> None:
        self._show(text, "text")

    def figures(self, kinds: Mapping[str, Mapping[str, str]]) -> None:
        names = list(dict.fromkeys(name for figures in kinds.values() for name in figures))
        table = Table("", *names, box=None, header_style="dim", pad_edge=False)
        for kind, figures in kinds.items():
            table.add_row(f"[bold]{kind}[/]", *(figures.get(name, "") for name in names))
        self._console.print(table)
