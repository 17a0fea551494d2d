"""Where each door is on the port, and who may come to it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from lambdastation.soap import soap_application
from lambdastation.tickets import TicketService
from pathservice.listener import Mount
from pathservice.logs import Audit
from tbam.am import LARGEST_MESSAGE, PATHS, AmDoor, TenCalls
from tbam.credentials import TrustedRoots
from tbam.manager import IslandManager


def station_mount(tickets: TicketService) -> Mount:
    """LambdaStation's requests: for those whom our own authorities know."""
    return Mount("/lambdastation", soap_application(tickets))


def islands_mounts(
    islands: Callable[[], IslandManager | None],
    *,
    trusted_roots: Path,
    clock: Callable[[], datetime],
    audit: Audit,
    accept_sha1: bool = True,
    url: str | None = None,
) -> list[Mount]:
    """GENI AM API v3: for experimenters too, whom only the trusted roots know; credentials decide.

    `islands` answers those of the site as it is served now. geni-lib does not say of what kind
    its bodies are.
    """
    calls = TenCalls(islands, TrustedRoots(trusted_roots, accept_sha1=accept_sha1), clock=clock)
    door = AmDoor(calls, clock=clock, audit=audit, url=url)
    return [
        Mount(path, door, methods=("POST",), untyped=True, guests=True, body_bytes=LARGEST_MESSAGE)
        for path in PATHS
    ]
