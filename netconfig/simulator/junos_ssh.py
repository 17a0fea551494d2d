"""The router's SSH server: the subsystem `netconf`, both framings (RFC 6242)."""

import asyncio
import re

import asyncssh
from lxml import etree

from netconfig.simulator.junos_config import without_namespaces
from netconfig.simulator.junos_router import JunosRouter, NetconfReaction
from netconfig.simulator.junos_schema import Element
from netconfig.simulator.ssh import Account, Login

Process = asyncssh.SSHServerProcess[bytes]

BASE_1_0 = "urn:ietf:params:netconf:base:1.0"
BASE_1_1 = "urn:ietf:params:netconf:base:1.1"
CAPABILITIES = (
    BASE_1_0,
    BASE_1_1,
    "urn:ietf:params:netconf:capability:candidate:1.0",
    "urn:ietf:params:netconf:capability:confirmed-commit:1.0",
    "urn:ietf:params:netconf:capability:validate:1.0",
    "http://xml.juniper.net/netconf/junos/1.0",
)
_END = b"]]>]]>"
_LARGEST_MESSAGE = 64 * 1024 * 1024
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, remove_blank_text=True, remove_comments=True
)


class NetconfServer:
    """A router's NETCONF server. Made, started and stopped on one event loop."""

    def __init__(self, router: JunosRouter, account: Account, key: asyncssh.SSHKey) -> None:
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
        self._listener = await asyncssh.listen(
            host,
            port,
            server_factory=lambda: Login(self._account, self._connections),
            server_host_keys=[self._key],
            process_factory=lambda process: _Line(self._router, process).run(),
            line_editor=False,
            encoding=None,
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


class _Hangup(Exception):
    """The other side is gone, or has to go."""


class _Line:
    """One session: reads requests, lets the router react, writes what it says."""

    def __init__(self, router: JunosRouter, process: Process) -> None:
        self._router = router
        self._process = process
        self._connection: asyncssh.SSHServerConnection = process.get_extra_info("connection")
        self._received = b""
        self._is_chunked = False

    async def run(self) -> None:
        """Serve the session to its end."""
        if self._process.subsystem != "netconf":
            self._process.exit(1)
            return
        loop = asyncio.get_running_loop()

        def disconnect() -> None:
            loop.call_soon_threadsafe(self._connection.abort)

        session = self._router.connect(disconnect)
        try:
            await self._serve(session)
        except (_Hangup, OSError, asyncssh.Error, etree.XMLSyntaxError):
            self._connection.abort()
        finally:
            self._router.disconnect(session)

    async def _serve(self, session: int) -> None:
        said = "".join(f"<capability>{one}</capability>" for one in CAPABILITIES)
        self._write(
            f'<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>{said}</capabilities>'
            f"<session-id>{session}</session-id></hello>"
        )
        hello = _parsed(await self._read())
        self._is_chunked = BASE_1_1 in {(one.text or "").strip() for one in hello.iter("capability")}
        while True:
            reaction = await self._react(session, _parsed(await self._read()))
            await self._answer(reaction)
            if reaction.closes:
                self._process.exit(0)
                self._connection.close()
                return

    async def _react(self, session: int, rpc: Element) -> NetconfReaction:
        if self._router.takes_time(rpc):
            return await asyncio.to_thread(self._router.react, session, rpc)
        return self._router.react(session, rpc)

    async def _answer(self, reaction: NetconfReaction) -> None:
        if reaction.drops:
            raise _Hangup
        while reaction.hangs:
            await self._more()
        if reaction.delay:
            await asyncio.sleep(reaction.delay.total_seconds())
        if reaction.stray:
            self._write(reaction.stray)
        self._write(reaction.reply)

    def _write(self, text: str) -> None:
        data = text.encode(self._router.encoding, "xmlcharrefreplace")
        if self._is_chunked:
            self._process.stdout.write(b"\n#%d\n%s\n##\n" % (len(data), data))
        else:
            self._process.stdout.write(data + _END)

    async def _read(self) -> bytes:
        if not self._is_chunked:
            while _END not in self._received:
                await self._more()
            message, _, self._received = self._received.partition(_END)
            return message
        message = b""
        while True:
            while (found := re.match(rb"\s*\n#(?:(\d{1,10})|(#))\n", self._received)) is None:
                await self._more()
            self._received = self._received[found.end() :]
            if found[2]:
                return message
            length = int(found[1])
            while len(self._received) < length:
                await self._more()
            message += self._received[:length]
            self._received = self._received[length:]

    async def _more(self) -> None:
        data = await self._process.stdin.read(65536)
        if not data or len(self._received) > _LARGEST_MESSAGE:
            raise _Hangup
        self._received += data


def read_rpc(text: str | bytes) -> Element:
    """A request without namespaces.

    Raises:
        etree.XMLSyntaxError: it is none.
    """
    return _parsed(text.encode() if isinstance(text, str) else text)


def _parsed(message: bytes) -> Element:
    root = etree.fromstring(message.strip(), _PARSER)
    without_namespaces(root)
    return root
