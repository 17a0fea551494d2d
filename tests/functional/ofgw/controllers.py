"""Controllers by os-ken as processes, each on a loopback address and port of its own."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ofgw.proxy.endpoint import Endpoint
from tests.functional.ofgw.openvswitch import ENDS_WITH_US

PATIENCE = 60.0
ROOT = Path(__file__).parents[3]


class OsKen:
    """One controller, listening; a context manager that leaves nothing behind.

    Attributes:
        endpoint: where switches find it.
        cookie: of the flow that it puts into each switch.
    """

    def __init__(self, cookie: int, *options: str, endpoint: Endpoint | None = None) -> None:
        self.endpoint = endpoint or free_endpoint()
        self.cookie = cookie
        with tempfile.NamedTemporaryFile(prefix="os-ken-", delete=False) as log:
            self._log = Path(log.name)
            self._process = subprocess.Popen(
                [
                    *ENDS_WITH_US,
                    *(sys.executable, "-m", "tests.functional.ofgw.osken_app"),
                    *(self.endpoint.host, str(self.endpoint.port), str(cookie), *options),
                ],
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        try:
            wait_for(self._listens, self._words)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._log.unlink(missing_ok=True)

    def told(self) -> list[dict[str, Any]]:
        """What it has seen, oldest first."""
        whole = self._words().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def marked(self, dpid: int) -> int:
        """How often that switch was marked by it."""
        return sum(line.get("marked") == dpid for line in self.told())

    def _listens(self) -> bool:
        assert self._process.poll() is None, self._words()
        return answers(self.endpoint)

    def _words(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


def free_endpoint() -> Endpoint:
    """A port on a loopback address that only this process uses, so that it stays free until it is taken."""
    number = os.getpid()
    host = f"127.{1 + (number >> 16) % 254}.{number >> 8 & 255}.{1 + (number & 255) % 254}"
    with socket.socket() as taken:
        taken.bind((host, 0))
        return Endpoint(host, taken.getsockname()[1])


def answers(endpoint: Endpoint) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as knock:
        return knock.connect_ex((endpoint.host, endpoint.port)) == 0


def wait_for(fact: Callable[[], object], words: Callable[[], object] = lambda: "") -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it never is, with what `words` says.
    """
    latest = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < latest, words()
        threading.Event().wait(0.01)
