"""OpenFlow controllers as processes: learning switches that tell which switch they meet, and when."""

import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.processes import Service, wait_for


class Controller:
    """A learning switch, until it is closed.

    Attributes:
        url: where switches find it, ADDRESS:PORT.
    """

    def __init__(
        self, name: str, address: str, port: int, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start it; `name` is that of its log. Python must find `lab` in the environment."""
        self.url = f"{address}:{port}"
        self._where = address, port
        command = (sys.executable, "-m", "lab.learning", address, str(port))
        self._service = Service(name, command, folder, environment)

    def wait_until_ready(self) -> None:
        """Return when it listens.

        Raises:
            LabError: it does not.
        """
        wait_for(f"a controller at {self.url}", self._answers)

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
        return next((at for at in self._meetings(switch) if since is None or at >= since), None)

    def met_last(self, switch: int) -> datetime | None:
        """When it last met that switch. Who has done so after all others is its controller now."""
        return next(reversed(self._meetings(switch)), None)

    def _meetings(self, switch: int) -> list[datetime]:
        told = (line for line in self._service.lines() if line.get("met") == switch)
        return [datetime.fromtimestamp(line["at"], UTC) for line in told]

    def _answers(self) -> bool:
        with socket.socket() as knock:
            return knock.connect_ex(self._where) == 0
