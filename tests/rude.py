"""Devices that are rude at the door, over real SSH: they say what a test wants them to, and obey nothing."""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import asyncssh

from netconfig.cisco.driver import CiscoDriver
from netconfig.driver import Ownership
from netconfig.drivers.dell_force10 import DellForce10
from netconfig.drivers.juniper_junos import JuniperJunos
from netconfig.inventory import Device
from netconfig.simulator import SimulatorLoop
from netconfig.transport import cli, netconf

PASSWORD = "NASTY_PASSWORD"
"""The environment's variable that any password may be in."""
OWNERSHIP = Ownership("FNAL", "x")

Driver = TypeVar("Driver", CiscoDriver, DellForce10)
Process = asyncssh.SSHServerProcess[bytes]
Talk = Callable[[Process], Awaitable[None]]
Line = Callable[[bytes], Iterable[bytes]]
"""What is answered to a line."""
Request = Callable[[bytes], bytes]
"""What is answered to a NETCONF request."""

END = b"]]>]]>"
BASE = b'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"'
HELLO = (
    b"<hello %s><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities>"
    b"<session-id>7</session-id></hello>" % BASE
)


@contextmanager
def rude_door(
    loop: SimulatorLoop, talk: Talk, *, platform: str, banner: str = "", window: int | None = None
) -> Iterator[Device]:
    """The device behind a door where everybody is greeted, and let in with any password."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    visits: list[asyncssh.SSHServerConnection] = []
    options: dict[str, Any] = {} if window is None else {"window": window}
    server = loop.run(_listen(lambda: _Door(banner, visits), key, talk, options))
    try:
        yield Device(
            name="nasty",
            platform=platform,
            host="127.0.0.1",
            port=server.get_port(),
            username="lambda",
            password=f"env:{PASSWORD}",
            host_key=key.export_public_key().decode().strip(),
        )
    finally:
        loop.run(_close(server, visits))


@contextmanager
def rude_router(
    loop: SimulatorLoop,
    driver: type[Driver],
    answer: Line,
    *,
    greeting: bytes = b"\r\n",
    asks: bytes = b"",
    prompt: bytes = b"r1#",
    silent_at: bytes = b"never",
    silent: threading.Event | None = None,
    last_words: bytes = b"",
    deaf_at: bytes = b"never",
    patience: int = 60,
    silence: float = 60,
    window: int | None = None,
) -> Iterator[Driver]:
    """A driver on a router with a command line.

    It may ask something first, and does until it is told yes. At a line with `silent_at` it says nothing
    any more but its `last_words`, and sets `silent`; behind one with `deaf_at` it does not listen either.
    `patience` is the driver's for the opening of a session and `silence` for an answer, in seconds. `window`
    is how many octets may be sent to it that it has not read.
    """

    async def talk(process: Process) -> None:
        waiting = asks
        process.stdout.write(greeting + (waiting or prompt))
        async for line in process.stdin:
            if silent_at in line:
                if last_words:
                    process.stdout.write(line.rstrip() + b"\r\n" + last_words)
                if silent:
                    silent.set()
                continue
            process.stdout.write(line.rstrip() + b"\r\n")
            if waiting:
                waiting = b"" if line.strip() == b"y" else waiting
                process.stdout.write(waiting or prompt)
                continue
            for words in answer(line.strip()):
                process.stdout.write(words)
                # Lets the loop see that the other side is gone.
                await asyncio.sleep(0)
                if process.is_closing():
                    return
            process.stdout.write(prompt)
            if deaf_at in line:
                process.get_extra_info("connection")._transport.pause_reading()

    timeouts = cli.Timeouts(open=patience, silence=silence, answer=2 * silence)
    with rude_door(loop, talk, platform=driver.platform, window=window) as device:
        made = driver(device, OWNERSHIP, timeouts=timeouts)
        try:
            yield made
        finally:
            made.close()


@contextmanager
def rude_junos(
    loop: SimulatorLoop,
    answer: Request,
    *,
    greeting: bytes = HELLO + END,
    banner: str = "",
    patience: float = 60,
) -> Iterator[JuniperJunos]:
    """A driver on a router with NETCONF, and without its framing of 1.1."""

    async def talk(process: Process) -> None:
        process.stdout.write(greeting)
        heard = b""
        while data := await process.stdin.read(65536):
            heard += data
            while END in heard:
                request, _, heard = heard.partition(END)
                if b"hello" not in request:
                    process.stdout.write(answer(request))

    with rude_door(loop, talk, platform="juniper_junos", banner=banner) as device:
        driver = JuniperJunos(device, OWNERSHIP, timeouts=netconf.Timeouts(open=patience, answer=patience))
        try:
            yield driver
        finally:
            driver.close()


def reply(request: bytes, said: bytes) -> bytes:
    """A reply to a NETCONF request, as it is sent."""
    found = re.search(rb'message-id="(\d+)"', request)
    assert found
    return b'<rpc-reply %s message-id="%s">%s</rpc-reply>' % (BASE, found[1], said) + END


class _Door(asyncssh.SSHServer):
    def __init__(self, banner: str, visits: list[asyncssh.SSHServerConnection]) -> None:
        self._banner = banner
        self._visits = visits

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._visits.append(conn)

    def begin_auth(self, username: str) -> bool:
        if self._banner:
            self._connection.send_auth_banner(self._banner)
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return True


async def _listen(
    door: Callable[[], _Door], key: asyncssh.SSHKey, talk: Talk, options: dict[str, Any]
) -> asyncssh.SSHAcceptor:
    return await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=door,
        server_host_keys=[key],
        process_factory=talk,
        encoding=None,
        line_editor=False,
        **options,
    )


async def _close(server: asyncssh.SSHAcceptor, visits: list[asyncssh.SSHServerConnection]) -> None:
    server.close()
    for visit in visits:
        visit.abort()
        await visit.wait_closed()
    await server.wait_closed()
