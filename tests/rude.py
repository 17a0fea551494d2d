"""A router that is rude at the door, over real SSH: it says what a test wants it to, and obeys nothing."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncssh

from netconfig.cisco.driver import CiscoDriver
from netconfig.driver import Ownership
from netconfig.inventory import Device
from netconfig.simulator import SimulatorLoop
from netconfig.transport.cli import Timeouts

Line = Callable[[bytes], Iterable[bytes]]
"""What it answers to a line."""


@contextmanager
def rude_router(
    loop: SimulatorLoop,
    driver: type[CiscoDriver],
    answer: Line,
    *,
    greeting: bytes = b"\r\n",
    prompt: bytes = b"r1#",
    silent_at: bytes = b"never",
    silent: threading.Event | None = None,
    patience: int = 60,
    silence: float = 60,
) -> Iterator[CiscoDriver]:
    """A driver on such a router; the password is in `NASTY_PASSWORD`.

    At a line with `silent_at` it says nothing any more, and sets `silent`; `patience` is the driver's for the
    opening of a session and `silence` for an answer, in seconds.
    """

    async def talk(process: asyncssh.SSHServerProcess[bytes]) -> None:
        process.stdout.write(greeting + prompt)
        async for line in process.stdin:
            if silent_at in line:
                if silent:
                    silent.set()
                continue
            process.stdout.write(line.rstrip() + b"\r\n")
            for words in answer(line.strip()):
                process.stdout.write(words)
                # Lets the loop see that the other side is gone.
                await asyncio.sleep(0)
                if process.is_closing():
                    return
            process.stdout.write(prompt)

    key = asyncssh.generate_private_key("ssh-ed25519")
    server = loop.run(_listen(key, talk))
    made = driver(
        Device(
            name="nasty",
            platform=driver.platform,
            host="127.0.0.1",
            port=server.get_port(),
            username="lambda",
            password="env:NASTY_PASSWORD",
            host_key=key.export_public_key().decode().strip(),
        ),
        Ownership("FNAL", "x"),
        timeouts=Timeouts(open=patience, silence=silence, answer=2 * silence),
    )
    try:
        yield made
    finally:
        made.close()
        loop.run(_close(server))


class _Door(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return True


async def _listen(key: asyncssh.SSHKey, talk: Any) -> asyncssh.SSHAcceptor:
    return await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_Door,
        server_host_keys=[key],
        process_factory=talk,
        encoding=None,
        line_editor=False,
    )


async def _close(server: asyncssh.SSHAcceptor) -> None:
    server.close()
    await server.wait_closed()
