"""`pathservice serve` and `pathservice worker`: the processes that stay."""

import signal
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Annotated

import structlog
import typer

from pathservice.cli import options
from pathservice.logs import configure_logs
from pathservice.serving import Serving

log = structlog.get_logger("pathservice")

LOOK_SECONDS = 60.0
"""How often it is looked whether a TLS file has changed."""

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only read devices, and rehearse what would be sent.")
]


def serve(
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
    bind: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port, 0 for a free one.", show_default="8443")] = None,
    host_name: Annotated[
        list[str] | None,
        typer.Option(help="A name clients reach this by, for the test PKI; may be repeated."),
    ] = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Answer only; `pathservice worker` runs elsewhere.")
    ] = False,
    dry_run: DryRun = False,
    file: options.SettingsFile = None,
) -> None:
    """Answer clients over mutual TLS and change devices when slots start and end."""
    settings = options.settings(
        file,
        state=state,
        site=site,
        database=database,
        bind=bind,
        port=port,
        host_names=tuple(host_name) if host_name else None,
        worker=False if no_worker else None,
        dry_run=dry_run or None,
    )
    configure_logs(settings.log_level)

    def run(assembly: Serving) -> None:
        assembly.start_simulators()
        # The port and the certificates before the worker: what cannot serve should not touch a router.
        listener = assembly.start_listener()
        if settings.worker:
            assembly.start_worker()
        assembly.start_following()
        log.info(
            "serving",
            address=settings.bind,
            port=listener.port,
            site=assembly.file.site.name,
            version=assembly.served.version,
        )

    _stay(lambda: Serving(settings), run)


def worker(
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
    dry_run: DryRun = False,
    file: options.SettingsFile = None,
) -> None:
    """Change devices when slots start and end; answer nobody."""
    settings = options.settings(file, state=state, site=site, database=database, dry_run=dry_run or None)
    configure_logs(settings.log_level)

    def run(assembly: Serving) -> None:
        assembly.start_worker()
        assembly.start_following()
        log.info("working", site=assembly.file.site.name, version=assembly.served.version)

    _stay(lambda: Serving(settings), run)


def _stay(assemble: Callable[[], Serving], run: Callable[[Serving], None]) -> None:
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: signals.put(number))
    with assemble() as assembly:
        run(assembly)
        wait_for_end(signals, assembly.reload_tls)
        log.info("stopping")
    log.info("stopped")


def wait_for_end(
    signals: SimpleQueue[int], reload: Callable[..., None], *, look_every: float = LOOK_SECONDS
) -> None:
    """Return when the process has to end; until then TLS files are reloaded at SIGHUP or when changed."""
    while True:
        try:
            number = signals.get(timeout=look_every)
        except Empty:
            reload(always=False)
            continue
        if number != signal.SIGHUP:
            return
        reload(always=True)
