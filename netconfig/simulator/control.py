"""A way into a simulator that runs as a process of its own: a Unix socket, a line of JSON each way.

    {"do": "running_config"}                      -> {"ok": "version 15.7\\n..."}
    {"do": "apply", "lines": ["hostname x"]}      -> {"ok": null}
    {"do": "fly"}                                 -> {"error": "..."}

The socket is its owner's alone (0600). `SimulatorControl` is the other end.
"""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from netconfig.simulator.faults import Action, Fault
from netconfig.simulator.journal import JournalEntry
from netconfig.simulator.ssh import TerminalRouter

# A request may carry a whole configuration.
LONGEST_REQUEST = 64 * 1024 * 1024
ANSWER_TIMEOUT_SECONDS = 30.0

Message = Mapping[str, Any]


class ControlError(Exception):
    """The simulator did not do what it was asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Connections ever opened, and times configuration mode took at least one line."""

    sessions: int
    pushes: int


class ControlServer:
    """The router's end of the socket."""

    def __init__(self, router: TerminalRouter) -> None:
        self._verbs: Mapping[str, Callable[..., object]] = {
            "running_config": router.running_config,
            "startup_config": router.startup_config,
            "journal": lambda: [_journal_message(entry) for entry in router.journal],
            "counts": lambda: asdict(Counts(router.sessions, router.pushes)),
            "add_fault": lambda fault: router.faults.add(_fault(fault)),
            "clear_faults": router.faults.clear,
            "apply": router.apply,
            "reboot": router.reboot,
            "silence": lambda address: router.next_hops.silent.add(ip_address(address)),
            "wake": lambda address: router.next_hops.silent.discard(ip_address(address)),
        }
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()

    async def start(self, path: Path) -> None:
        """Listen at a path; a socket left there by a killed process is taken over."""
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path, limit=LONGEST_REQUEST)
        finally:
            os.umask(before)

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            for client in self._clients:
                client.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while request := await reader.readline():
                writer.write(json.dumps(self._answer(request)).encode() + b"\n")
                await writer.drain()
        finally:
            self._clients.discard(writer)
            writer.close()

    def _answer(self, request: bytes) -> Message:
        try:
            message = json.loads(request)
            verb = self._verbs[message.pop("do")]
            return {"ok": verb(**message)}
        except (KeyError, TypeError, ValueError) as error:
            return {"error": f"{type(error).__name__}: {error}"}


class SimulatorControl:
    """Asks a simulator process for what it knows, and meddles with it. Not for use from several threads.

    Raises:
        OSError: on making: nobody listens there.
        ControlError: any verb: the simulator refused, or is gone.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_TIMEOUT_SECONDS)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def running_config(self) -> str:
        return str(self._ask("running_config"))

    def startup_config(self) -> str:
        return str(self._ask("startup_config"))

    def journal(self) -> list[JournalEntry]:
        """Every line of configuration since the process began."""
        entries = self._ask("journal")
        return [
            JournalEntry(**{**message, "at": datetime.fromisoformat(message["at"])}) for message in entries
        ]

    def counts(self) -> Counts:
        return Counts(**self._ask("counts"))

    def add_fault(self, fault: Fault) -> None:
        self._ask("add_fault", fault=_fault_message(fault))

    def clear_faults(self) -> None:
        self._ask("clear_faults")

    def apply(self, lines: Iterable[str]) -> None:
        """Edit by hand, all lines or none."""
        self._ask("apply", lines=list(lines))

    def reboot(self, startup: str | None = None) -> None:
        """Lose power; every SSH connection breaks. With `startup` it boots from that."""
        self._ask("reboot", startup=startup)

    def silence(self, address: str) -> None:
        """Let the neighbour with that address answer no echo request of the router's any more."""
        self._ask("silence", address=address)

    def wake(self, address: str) -> None:
        """Let it answer again."""
        self._ask("wake", address=address)

    def _ask(self, verb: str, **arguments: object) -> Any:
        try:
            self._socket.sendall(json.dumps({"do": verb, **arguments}).encode() + b"\n")
            line = self._answers.readline()
        except OSError as error:
            raise ControlError(f"{verb}: {error}") from error
        answer = json.loads(line or '{"error": "the simulator is gone"}')
        if "error" in answer:
            raise ControlError(f"{verb}: {answer['error']}")
        return answer["ok"]


def _journal_message(entry: JournalEntry) -> Message:
    return {**asdict(entry), "at": entry.at.isoformat()}


def _fault_message(fault: Fault) -> Message:
    return {**asdict(fault), "action": fault.action.value, "delay": fault.delay.total_seconds()}


def _fault(message: Message) -> Fault:
    seconds = message.get("delay", 0)
    return Fault(**{**message, "action": Action(message["action"]), "delay": timedelta(seconds=seconds)})
