"""Keeps a discovery running as a process of its own, beside whoever needs it."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from ofgw.topology.model import Discovered
from ofgw.topology.store import read_discovered

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PAUSE_SECONDS = 2.0
"""Between the end of a process and the start of the next."""


class DiscoveryProcess:
    """A discovery on an address of the gateway's own; started again if it ends. A context manager.

    A process, because os-ken has one application for each; threads, because its other way of waiting,
    eventlet, changes Python's library for everything beside it.
    """

    def __init__(self, host: str, port: int, file: Path) -> None:
        """
        Args:
            host, port: where the controller proxy finds it, best on the loopback.
            file: where it writes, in a folder that only the gateway's agent can write into.
        """
        self._command = [sys.executable, "-m", "ofgw.topology.discovery", host, str(port), str(file)]
        self._file = file
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="discovery", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """Of the process that runs now; None between two."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def discovered(self) -> Discovered:
        """What it knows, or knew."""
        return read_discovered(self._file)

    def close(self) -> None:
        """End it."""
        with self._lock:
            self._ending.set()
            if self._process is not None:
                self._process.terminate()
        self._thread.join()

    def _keep(self) -> None:
        while True:
            with self._lock:
                if self._ending.is_set():
                    return
                # Its standard input ends when we do, and so does it.
                process = self._process = subprocess.Popen(  # noqa: S603 - our own program
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, "OSKEN_HUB_TYPE": "native"},
                )
            with process:
                status = process.wait()
            if not self._ending.is_set():
                log.warning("discovery-ended", status=status, again_in_seconds=PAUSE_SECONDS)
            self._ending.wait(PAUSE_SECONDS)
