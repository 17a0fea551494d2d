"""OpenFlow controllers as processes: learning switches that tell which switch they meet, and when."""

import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.processes import Service, wait_for


class Controller:
    """A learning switch that listens, until it is closed.

    Attributes:
        url: where switches find it, ADDRESS:PORT.
    """

    def __init__(self, name: str, address: str, port: int, folder: Path, *, code: Path) -> None:
        """Return when it listens.

        Args:
            name: of its log.
            code: folder that has `lab`.
        """
        self.url = f"{address}:{port}"
        command = (sys.executable, "-m", "lab.learning", address, str(port))
        self._service = Service(name, command, folder, PYTHONPATH=str(code))
        try:
            wait_for(f"{name} to listen", lambda: _answers(address, port))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._service.end()

    @property
    def pid(self) -> int | None:
        """Its process."""
        return self._service.pid

    def met(self, switch: int, *, since: datetime | None = None) -> datetime | None:
        """When it first met that switch, of all times or after an instant."""
        return self._first("met", switch, since)

    def has(self, switch: int) -> bool:
        """Whether the switch is its now."""
        told = [line["event"] for line in self._service.lines() if line.get("switch") == switch]
        return bool(told) and told[-1] == "met"

    def _first(self, word: str, switch: int, since: datetime | None) -> datetime | None:
        for line in self._service.lines():
            if line.get("event") == word and line["switch"] == switch:
                at = datetime.fromtimestamp(line["at"], UTC)
                if since is None or at >= since:
                    return at
        return None


def _answers(address: str, port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex((address, port)) == 0
