"""Doors with manners of their own in front of a bench's device: what is said behind them comes out otherwise.

Each speaks the device's protocol for real, on both sides; `said` is what becomes of each thing the device
says: a line of a terminal, a NETCONF message, all that a command writes, the body of an answer, a message of
a database. And doors behind which there is no device at all.
"""

import asyncio
import json
import re
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncssh

from netconfig.inventory import Device, Way
from netconfig.simulator import SimulatorLoop
from tests.contract.drivers.bench import Rig
from tests.contract.drivers.ofgw_agent_bench import credentials
from tests.rude import END, Process, rude_door

Said = Callable[[bytes], bytes]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_WAITS = re.compile(rb"[#>] ?\Z|--More-- ?\Z|\]:? ?\Z")
"""Behind this a terminal says nothing more by itself."""


def as_it_is(said: bytes) -> bytes:
    """Nothing becomes of it."""
    return said


@contextmanager
def ssh_manners(
    rig: Rig,
    loop: SimulatorLoop,
    *,
    banner: str = "",
    greeting: bytes = b"",
    said: Said = as_it_is,
    errors: Said = as_it_is,
) -> Iterator[Device]:
    """The device as it is reached over SSH; `errors` is for what its commands write to their other way."""

    behind: dict[asyncssh.SSHServerConnection, asyncio.Task[asyncssh.SSHClientConnection]] = {}

    async def come_in() -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            rig.device.host or "",
            rig.device.port or 0,
            username=rig.device.username,
            password=rig.secret,
            known_hosts=None,
            client_keys=None,
            agent_path=None,
            config=None,
        )

    async def talk(process: Process) -> None:
        outer = process.get_extra_info("connection")
        if outer not in behind:
            behind[outer] = asyncio.ensure_future(come_in())
        try:
            inner = await behind[outer]
            process.stdout.write(greeting)
            await _pass_on(process, inner, said, errors)
        except (OSError, asyncssh.Error):
            outer.abort()

    async def go() -> None:
        for visit in behind.values():
            (await visit).abort()

    with rude_door(loop, talk, platform=rig.device.platform, banner=banner) as door:
        where = {"host": door.host, "port": door.port, "host_key": door.host_key}
        try:
            yield rig.device.model_copy(update=where)
        finally:
            loop.run(go())


async def _pass_on(process: Process, behind: asyncssh.SSHClientConnection, said: Said, errors: Said) -> None:
    is_terminal = process.command is None and process.subsystem is None
    inner: asyncssh.SSHClientProcess[bytes] = await behind.create_process(
        process.command,
        subsystem=process.subsystem,
        term_type="vt100" if is_terminal else None,
        encoding=None,
    )

    async def listen() -> None:
        while data := await process.stdin.read(1 << 16):
            inner.stdin.write(_older(data))
        inner.stdin.write_eof()

    async def tell() -> None:
        async for part in _parts(process, inner.stdout):
            process.stdout.write(said(part))

    listening = asyncio.ensure_future(listen())
    telling = asyncio.ensure_future(tell())
    if process.command is None:
        # Whoever goes first, the other goes too.
        await asyncio.wait({listening, telling}, return_when=asyncio.FIRST_COMPLETED)
        for one in (listening, telling):
            one.cancel()
        await asyncio.gather(listening, telling, return_exceptions=True)
        process.get_extra_info("connection").abort()
        return
    await asyncio.gather(listening, telling)
    process.stderr.write(errors(await inner.stderr.read()))
    await inner.wait_closed()
    process.exit(0 if inner.exit_status is None else inner.exit_status)


async def _parts(process: Process, stream: asyncssh.SSHReader[bytes]) -> AsyncIterator[bytes]:
    """What is said, in the pieces in which it is said otherwise."""
    held = b""
    while data := await stream.read(1 << 16):
        held += data
        if process.command is not None:
            continue
        if process.subsystem:
            *whole, held = held.split(END)
            for part in whole:
                yield _older(part) + END
            continue
        *lines, held = held.split(b"\n")
        for line in lines:
            yield line + b"\n"
        if _WAITS.search(held):
            yield held
            held = b""
    yield held


def _older(message: bytes) -> bytes:
    """Without the framing of NETCONF 1.1, in which a message could not be said otherwise."""
    return message.replace(b"netconf:base:1.1", b"netconf:base:0.9")


@contextmanager
def tls_manners(
    rig: Rig, loop: SimulatorLoop, *, head: bytes = b"", said: Said = as_it_is, first: bytes = b""
) -> Iterator[Device]:
    """The agent of a gateway; `head` are lines more in the head of its answers, `first` comes before them."""
    pki = credentials()
    inside = ssl.create_default_context(cafile=str(pki.ca))
    inside.load_cert_chain(pki.user_cert, pki.user_key)
    outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    outside.load_cert_chain(pki.server_cert, pki.server_key)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opening = asyncio.open_connection(rig.device.host, rig.device.port, ssl=inside)
        async with _opened(opening) as (inner_reader, inner_writer):
            while True:
                inner_writer.write(b"".join(await _http(reader)))
                line, body = await _http(inner_reader)
                body = said(body)
                fields = b"Content-Type: text/xml\r\nContent-Length: %d\r\n" % len(body)
                writer.write(first + line.split(b"\r\n")[0] + b"\r\n" + fields + head + b"\r\n" + body)

    with _listening(loop, talk, tls=outside) as port:
        yield rig.device.model_copy(update={"port": port})


async def _http(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of a request or an answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    found = re.search(rb"(?i)content-length: *(\d+)", head)
    return head, await reader.readexactly(int(found[1]) if found else 0)


@contextmanager
def database_manners(
    rig: Rig, loop: SimulatorLoop, *, said: Said = as_it_is, before: bytes = b"", greeting: bytes = b""
) -> Iterator[Device]:
    """A switch's database; `before` comes before each of its answers, `greeting` before OpenFlow's first."""
    folder = Path((rig.device.ovsdb or "").removeprefix("unix:")).parent
    name = f"{rig.device.bridge}.mgmt"

    async def database(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def tell(answer: bytes) -> None:
            writer.write(before + said(answer))

        async def listen(message: bytes) -> None:
            if b'"method"' in message:
                inner.write(message)

        async with _opened(asyncio.open_unix_connection(str(folder / "db.sock"))) as (there, inner):
            await _both(_each(reader, listen), _each(there, tell))

    async def openflow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _opened(asyncio.open_unix_connection(str(folder / name))) as (there, inner):
            writer.write(greeting)
            await _both(_copy(reader, inner), _copy(there, writer))

    with tempfile.TemporaryDirectory(prefix="rude-") as here:
        paths = Path(here) / "db.sock", Path(here) / name
        with _listening(loop, database, path=paths[0]), _listening(loop, openflow, path=paths[1]):
            yield rig.device.model_copy(update={"ovsdb": f"unix:{paths[0]}"})


async def _each(reader: asyncio.StreamReader, take: Callable[[bytes], Awaitable[None]]) -> None:
    """Each message of JSON-RPC: they follow each other with nothing between."""
    held = b""
    while data := await reader.read(1 << 16):
        held += data
        while text := held.lstrip():
            try:
                _, end = json.JSONDecoder().raw_decode(text.decode())
            except ValueError:
                break
            await take(text.decode()[:end].encode())
            held = text.decode()[end:].encode()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)


@asynccontextmanager
async def _opened(connecting: Awaitable[Streams]) -> AsyncIterator[Streams]:
    """What comes of this, closed in the end, also where the end comes while it is being opened."""
    opening = asyncio.ensure_future(connecting)
    try:
        streams = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise
    try:
        yield streams
    finally:
        streams[1].close()


def _close(opened: "asyncio.Future[Streams]") -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result()[1].close()


async def _both(one: Awaitable[None], other: Awaitable[None]) -> None:
    tasks = {asyncio.ensure_future(one), asyncio.ensure_future(other)}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def nobodys_door(
    rig: Rig, loop: SimulatorLoop, *, words: bytes = b"", stays: bool = False
) -> Iterator[Device]:
    """The device with somebody else at its address, who says this, and goes or stays."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        while stays and await reader.read(1 << 16):
            pass

    if rig.device.way is not Way.OVSDB:
        with _listening(loop, talk) as port:
            yield rig.device.model_copy(update={"port": port})
        return
    with tempfile.TemporaryDirectory(prefix="rude-") as folder:
        path = Path(folder) / "db.sock"
        # What it says by OpenFlow is as ever.
        real = Path((rig.device.ovsdb or "").removeprefix("unix:")).parent
        (path.parent / f"{rig.device.bridge}.mgmt").symlink_to(real / f"{rig.device.bridge}.mgmt")
        with _listening(loop, talk, path=path):
            yield rig.device.model_copy(update={"ovsdb": f"unix:{path}"})


@contextmanager
def _listening(
    loop: SimulatorLoop,
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    *,
    path: Path | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """Whoever comes is talked to, until we end; the port, if it is no path."""
    visits: set[asyncio.Task[None]] = set()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        visits.add(task)
        try:
            # Who was let in before the end may begin after it.
            if server.is_serving():
                await talk(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            visits.discard(task)
            writer.close()

    async def begin() -> asyncio.AbstractServer:
        if path is not None:
            return await asyncio.start_unix_server(receive, str(path))
        return await asyncio.start_server(receive, "127.0.0.1", 0, ssl=tls)

    async def end() -> None:
        server.close()
        for visit in list(visits):
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        await server.wait_closed()

    server = loop.run(begin())
    try:
        yield 0 if path is not None else server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    finally:
        loop.run(end())
