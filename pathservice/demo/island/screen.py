"""How the island's story looks on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from rich.table import Table

from pathservice.demo.screen import TerminalScreen
from pathservice.demo.story import Happening


class IslandScreen(Happening, Protocol):
    """Who shows the island's story."""

    def words(self, text: str) -> None:
        """A sentence, or a drawing."""

    def call(self, method: str, told: Mapping[str, str]) -> None:
        """A call, and what of its answer matters."""

    def request(self, envelope: str) -> None:
        """What goes over the wire."""

    def gateway(self, *, controller: str, flows: Sequence[str], access: str) -> None:
        """What the gateway has."""

    def figures(self, figures: Mapping[str, str]) -> None:
        """What was measured; nothing depends on it."""


class TerminalIslandScreen(TerminalScreen):
    """Draws it on a console."""

    def words(self, text: str) -> None:
        self._console.print(text, markup=False)

    def call(self, method: str, told: Mapping[str, str]) -> None:
        values = "  ".join(f"[dim]{name}[/] {value}" for name, value in told.items())
        self._console.print(f"[bold]{method}[/]  {values}")

    def gateway(self, *, controller: str, flows: Sequence[str], access: str) -> None:
        self._console.print(
            f"Controller of the island's switch: [bold]{controller}[/]. VLANs are mapped by:\n"
        )
        self._show("\n".join(flows) or "nothing", "text")
        self._console.print("\naccess.conf:\n")
        self._show(access, "text")
        self._console.print()

    def figures(self, figures: Mapping[str, str]) -> None:
        table = Table.grid(padding=(0, 2))
        for name, value in figures.items():
            table.add_row(f"[dim]{name}[/]", value)
        self._console.print(table)
