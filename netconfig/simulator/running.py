"""A simulated router behind a real port, for code that is not asynchronous: demo, dry runs, tests."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncssh

from netconfig.simulator.junos_router import JunosRouter
from netconfig.simulator.junos_ssh import NetconfServer
from netconfig.simulator.ssh import Account, SshServer, TerminalRouter, host_key, known_hosts_line

LOOPBACK = "127.0.0.1"

Result = TypeVar("Result")


class SimulatorLoop:
    """A thread with an event loop, while the `with` block lasts; many simulators can share one."""

    _loop: asyncio.AbstractEventLoop
    _thread: threading.Thread

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulator", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(_finish_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do something on the loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class RunningSimulator:
    """A router listening on the loopback address while the `with` block lasts.

    Args:
        router: what answers.
        username, password: the one account.
        host_key_file: the server's key, made there if there is none; None makes a fresh one.
        port: 0 takes a free one.
        authorized_keys: public keys that may log in too, in OpenSSH's form.
        loop: a loop shared with other simulators; None runs one for this one.

    Raises:
        OSError: on entering: the port cannot be had.
    """

    def __init__(
        self,
        router: TerminalRouter | JunosRouter,
        *,
        username: str,
        password: str,
        host_key_file: Path | None = None,
        port: int = 0,
        authorized_keys: Path | None = None,
        loop: SimulatorLoop | None = None,
    ) -> None:
        self.router = router
        self.host = LOOPBACK
        self.port = port
        self._key = host_key(host_key_file)
        self._server = _server_of(router, Account(username, password, authorized_keys), self._key)
        self._loop = loop or SimulatorLoop()
        self._owns_loop = loop is None

    @property
    def host_key_line(self) -> str:
        """The server's key as a line of `known_hosts`."""
        return known_hosts_line(self.host, self.port, self._key)

    def __enter__(self) -> Self:
        if self._owns_loop:
            self._loop.__enter__()
        try:
            self.port = self._loop.run(self._server.start(self.host, self.port))
        except BaseException:
            self._leave_loop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._server.stop())
        self._leave_loop()

    def _leave_loop(self) -> None:
        if self._owns_loop:
            self._loop.__exit__(None, None, None)


def _server_of(
    router: TerminalRouter | JunosRouter, account: Account, key: asyncssh.SSHKey
) -> SshServer | NetconfServer:
    if isinstance(router, JunosRouter):
        return NetconfServer(router, account, key)
    return SshServer(router, account, key)


async def _finish_tasks() -> None:
    """Let what is still under way end, so that the loop closes clean."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
