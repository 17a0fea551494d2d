"""Runs every benchmark, or those named on the command line, and prints a table of ratios."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from bench import admission, crowd, islands, ofproxy, one_more, process, push, slots, soak, tickets
from bench.databases import KINDS
from bench.figure import Figure, Options

BENCHMARKS: dict[str, Callable[[Options], Iterator[Figure]]] = {
    "admission": admission.measure,
    "push": push.measure,
    "tickets": tickets.measure,
    "process": process.measure,
    "slots": slots.measure,
    "crowd": crowd.measure,
    "one-more": one_more.measure,
    "ofproxy": ofproxy.measure,
    "islands": islands.measure,
    "soak": soak.measure,
}

WIDTH = 170
"""Columns of the table where there is no terminal."""


def main() -> None:
    """Measure and print."""
    chosen, options = _arguments()
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    table = Table("benchmark", "measured", "against", "ratio", "aim", box=None, header_style="bold")
    for name in chosen:
        began = time.perf_counter()
        with console.status(f"measuring {name}"):
            for figure in BENCHMARKS[name](options):
                table.add_row(figure.what, figure.measured, figure.against, *_shown(figure))
        table.add_row(f"[dim]{name} took {time.perf_counter() - began:.0f} s[/dim]")
    console.print(table)


def _shown(figure: Figure) -> tuple[str, str]:
    if figure.aim is None:
        return f"{figure.ratio:.2f}", ""
    colour = "green" if figure.ratio <= figure.aim else "red"
    return f"[{colour}]{figure.ratio:.2f}[/]", f"{figure.aim:g}"


def _arguments() -> tuple[list[str], Options]:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all where none is given")
    parser.add_argument(
        "--database", choices=(*KINDS, "all"), default=KINDS[0], help="where admission is measured"
    )
    parser.add_argument("--days", type=int, default=Options().days, help="simulated days of the soak")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(BENCHMARKS)):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if given.days < 1:
        parser.error(f"--days: a soak lasts at least one, not {given.days}")
    databases = KINDS if given.database == "all" else (given.database,)
    return given.names or list(BENCHMARKS), Options(databases=databases, days=given.days)


main()
