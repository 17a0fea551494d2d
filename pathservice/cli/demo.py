"""`pathservice demo`, `demo-island` and `demo-lab`: each main job from end to end."""

import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lab.processes import require_programs
from lab.routers import KINDS
from lab.sites import SIDES
from lab.wires import PROGRAMS as LAB_PROGRAMS
from pathservice.cli import options
from pathservice.cli.screen import console
from pathservice.demo.island.island import Island
from pathservice.demo.island.screen import TerminalIslandScreen
from pathservice.demo.island.story import tell as tell_of_island
from pathservice.demo.lab.screen import TerminalLabScreen
from pathservice.demo.lab.story import Told
from pathservice.demo.lab.story import tell as tell_of_lab
from pathservice.demo.lab.transfer import PROGRAMS as IPERF3
from pathservice.demo.screen import TerminalScreen
from pathservice.demo.story import tell
from pathservice.logs import configure_logs
from pathservice.pki import init_pki


def demo(
    keep: Annotated[Path | None, typer.Option(help="Keep database, keys and logs in this directory.")] = None,
) -> None:
    """Book a path, watch a simulated router change and go back. Exit status 0 only if all of it happened."""
    configure_logs("error")
    out = console(width=118)
    with tempfile.TemporaryDirectory(prefix="pathservice-demo-") as scratch:
        settings = options.settings(state=keep or Path(scratch), port=0)
        happened = tell(settings, TerminalScreen(out))
    _end(out, happened, "`pathservice serve --state DIR`, and docs/operations.md")


def demo_island() -> None:
    """Book an island of real switches, in a network of their own. Exit status 0 only if all of it happened.

    Needs root and Open vSwitch; ends what it starts, and leaves nothing.
    """
    configure_logs("error")
    # So that it, too, ends all that was started.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    out = console(width=118)
    with (
        tempfile.TemporaryDirectory(prefix="pathservice-island-") as scratch,
        _status(out, "starting switches, controllers, the gateway's agent and the service") as started,
        Island(Path(scratch)) as island,
    ):
        guest = island.guest("alice")
        started()
        happened = tell_of_island(island, guest, TerminalIslandScreen(out))
    _end(out, happened, "`tbam-agent --settings FILE` on a gateway, and docs/gateway.md")


def demo_lab(
    router: Annotated[
        list[str] | None, typer.Option("--router", help="Only this kind of border router; may be repeated.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Have lsiperf draw one more transfer, to this file: .png, .svg or .pdf."),
    ] = None,
) -> None:
    """Move a running transfer to the big path and back, on each kind of router. Status 0 only if it happened.

    Needs root, nftables and iperf3; all of it runs in network namespaces of its own, and nothing is left.
    """
    configure_logs("error")
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    out = console(width=118)
    screen = TerminalLabScreen(out)
    told: dict[str, Told] = {}
    require_programs({**LAB_PROGRAMS, **IPERF3}, root=True)
    with tempfile.TemporaryDirectory(prefix="pathservice-lab-") as scratch:
        folder = Path(scratch)
        pki = init_pki(folder / "pki", host_names=(), now=datetime.now(UTC))
        kinds = router or sorted(KINDS)
        for platform in kinds:
            screen.chapter(f"Two sites with {platform} at their borders")
            (folder / platform).mkdir(mode=0o700)
            platforms = {side.name: platform for side in SIDES}
            told[platform] = tell_of_lab(
                platforms,
                folder / platform,
                pki.ca.parent,
                screen,
                plot=plot if platform == kinds[-1] else None,
            )
    screen.chapter("Figures")
    screen.figures({platform: one.figures for platform, one in told.items()})
    happened = all(one.held for one in told.values())
    _end(out, happened, "`pathservice lab up`, and docs/lab.md")


@contextmanager
def _status(out: Console, words: str) -> Iterator[Callable[[], None]]:
    """Say so until what is yielded is called."""
    with ExitStack() as showing:
        showing.enter_context(out.status(words))
        yield showing.close


def _end(out: Console, happened: bool, further: str) -> None:
    out.print()
    if not happened:
        out.print("[bold red]Not all of it happened.[/]")
        raise typer.Exit(1)
    out.print(f"[bold green]All of it happened.[/] Next: {further}.")
