"""Runs every benchmark, or those named on the command line, and prints a table of ratios."""

import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from bench import admission, push, slots, tickets
from bench.figure import Figure

BENCHMARKS: dict[str, Callable[[], Iterator[Figure]]] = {
    "admission": admission.measure,
    "push": push.measure,
    "tickets": tickets.measure,
    "slots": slots.measure,
}


def main() -> None:
    """Measure and print."""
    chosen = sys.argv[1:] or list(BENCHMARKS)
    unknown = sorted(set(chosen) - set(BENCHMARKS))
    if unknown:
        sys.exit(f"bench: there is no {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    console = Console()
    table = Table("benchmark", "measured", "against", "ratio", box=None, header_style="bold")
    for name in chosen:
        with console.status(f"measuring {name}"):
            for figure in BENCHMARKS[name]():
                table.add_row(figure.what, figure.measured, figure.against, f"{figure.ratio:.2f}")
    console.print(table)


main()
