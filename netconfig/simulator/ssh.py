"""The router's SSH server: accounts, and one terminal line for every session."""

import asyncio
import hmac
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncssh

from netconfig.simulator.cli_router import CliRouter, Reaction
from netconfig.simulator.session import Question, Session
from netconfig.simulator.vty import MORE, WIPE_MORE, End, LineEditor, cut, on_wire

Process = asyncssh.SSHServerProcess[str]
TerminalRouter = CliRouter[Any]
"""A router with a command line, whatever its platform."""


@dataclass(frozen=True, slots=True)
class Account:
    """The one account of a router. `authorized_keys` is a file in OpenSSH's form, None for passwords only."""

    username: str
    password: str = field(repr=False)
    authorized_keys: Path | None = None


def host_key(path: Path | None) -> asyncssh.SSHKey:
    """The key in a file, made there for its owner's eyes if there is none; None makes a fresh one."""
    if path is not None and path.exists():
        return asyncssh.read_private_key(path)
    key = asyncssh.generate_private_key("ssh-ed25519")
    if path is not None:
        path.touch(mode=0o600, exist_ok=False)
        key.write_private_key(path)
    return key


def known_hosts_line(host: str, port: int, key: asyncssh.SSHKey) -> str:
    """`[host]:port ssh-ed25519 AAAA...`, as OpenSSH and paramiko read it."""
    return f"[{host}]:{port} {key.export_public_key().decode().strip()}"


class SshServer:
    """A router's SSH server. Made, started and stopped on one event loop."""

    def __init__(self, router: TerminalRouter, account: Account, key: asyncssh.SSHKey) -> None:
        self._router = router
        self._account = account
        self._key = key
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._listener: asyncssh.SSHAcceptor | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen for sessions; the port that was had.

        Raises:
            OSError: the port cannot be had.
        """
        keys = self._account.authorized_keys
        self._listener = await asyncssh.listen(
            host,
            port,
            server_factory=lambda: Login(self._account, self._connections),
            server_host_keys=[self._key],
            authorized_client_keys=str(keys) if keys else None,
            process_factory=lambda process: _Line(self._router, process).run(),
            line_editor=False,
            encoding="utf-8",
            errors="replace",
            agent_forwarding=False,
            allow_scp=False,
        )
        return self._listener.get_port()

    async def stop(self) -> None:
        """Stop listening and break every session."""
        if self._listener is None:
            return
        self._listener.close()
        open_connections = list(self._connections)
        for connection in open_connections:
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in open_connections))
        await self._listener.wait_closed()


class Login(asyncssh.SSHServer):
    """Who may log in, and the book of who is."""

    def __init__(self, account: Account, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._account = account
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection:
            self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        # Both are always compared, so that the time taken tells nothing.
        right_name = hmac.compare_digest(username.encode(), self._account.username.encode())
        right_password = hmac.compare_digest(password.encode(), self._account.password.encode())
        return right_name and right_password


class _Hangup(Exception):
    """The other side is gone."""


class _Line:
    """One terminal line: reads keys, lets the router react, writes what it says."""

    def __init__(self, router: TerminalRouter, process: Process) -> None:
        self._router = router
        self._process = process
        self._connection: asyncssh.SSHServerConnection = process.get_extra_info("connection")
        self._editor = LineEditor()
        self._typed_ahead = ""
        # What is said while keys are waiting goes out in one packet, not one a character.
        self._unsaid: list[str] = []

    async def run(self) -> None:
        """Serve the session to its end."""
        loop = asyncio.get_running_loop()

        def disconnect() -> None:
            loop.call_soon_threadsafe(self._connection.abort)

        session = self._router.connect(self._connection.get_extra_info("username"), disconnect)
        try:
            await self._serve(session)
        except (_Hangup, OSError, asyncssh.Error):
            self._connection.abort()
        finally:
            self._router.disconnect(session)

    async def _serve(self, session: Session) -> None:
        if self._process.command is not None:
            # Nobody is there to press a key between pages.
            await self._answer(self._router.react(replace(session, length=0), self._process.command))
            self._flush()
            self._process.exit(0)
            return
        self._write(f"\n{self._router.prompt(session)}")
        while True:
            line, end = await self._read_line(session)
            if end is End.GIVE_UP:
                self._write(self._router.prompt(session))
                continue
            reaction = self._router.react(session, line)
            if end is End.LEAVE and not reaction.hangs and not reaction.drops and reaction.session.mode:
                await self._answer(reaction)
                reaction = self._router.react(reaction.session, "end")
            await self._answer(reaction)
            session = reaction.session
            if reaction.closes:
                # A router's session is its connection: both end together.
                self._flush()
                self._process.exit(0)
                self._connection.close()
                return
            self._write(self._router.prompt(session))

    async def _answer(self, reaction: Reaction) -> None:
        if reaction.drops:
            self._flush()
            raise _Hangup
        if reaction.hangs:
            await self._hang()
        if reaction.delay:
            self._flush()
            await asyncio.sleep(reaction.delay.total_seconds())
        output = reaction.output
        if reaction.asks:
            # A neighbour may take seconds; the other sessions of the router go on.
            self._flush()
            output = await asyncio.to_thread(reaction.said)
        await self._write_paged(output, reaction.session.length)

    async def _hang(self) -> None:
        while True:
            await self._key()

    async def _read_line(self, session: Session) -> tuple[str, End]:
        secret = session.question is Question.PASSWORD
        while True:
            stroke = self._editor.press(await self._key(), secret=secret)
            self._write(stroke.echo)
            if stroke.line is not None:
                return stroke.line, stroke.end

    async def _key(self) -> str:
        while not self._typed_ahead:
            self._flush()
            try:
                self._typed_ahead = await self._process.stdin.read(4096)
            except asyncssh.TerminalSizeChanged:
                continue
            if not self._typed_ahead:
                raise _Hangup
        key, self._typed_ahead = self._typed_ahead[0], self._typed_ahead[1:]
        return key

    async def _write_paged(self, text: str, length: int) -> None:
        """Write an output; after each screen of `length` lines wait for a key, 0 never."""
        screen = max(length - 1, 1)
        room = screen
        while length:
            shown, text = cut(text, room)
            self._write(shown)
            if not text:
                return
            self._write(MORE)
            key = await self._key()
            self._write(WIPE_MORE)
            if key not in " \r\n":
                return
            room = screen if key == " " else 1
        self._write(text)

    def _write(self, text: str) -> None:
        self._unsaid.append(text)

    def _flush(self) -> None:
        if said := "".join(self._unsaid):
            self._process.stdout.write(on_wire(said))
        self._unsaid.clear()
