"""NETCONF over SSH (RFC 6241, RFC 6242), the session kept open between calls.

ncclient makes the session: SSH and the exchange of capabilities; `framing` tells messages apart. Requests and
replies are matched here, so that a message nobody asked for does no harm, and a reply that is none is told
from a silence.
"""

import queue
import threading
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar

import paramiko
from lxml import etree
from ncclient.devices.default import DefaultDeviceHandler
from ncclient.devices.junos import JunosDeviceHandler
from ncclient.transport.errors import AuthenticationError, SSHUnknownHostError, TransportError
from ncclient.transport.session import NetconfBase, SessionListener
from ncclient.transport.ssh import SSHSession

from netconfig.errors import StateUnknown
from netconfig.inventory import Device
from netconfig.transport.framing import END, FramingError, Messages
from netconfig.transport.kept import KeptSession, Login, OtherHostKey
from netconfig.transport.link import Link

Element = etree._Element  # noqa: SLF001 - lxml's stubs have no other name for it

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
OPERATION = f"{{{BASE}}}operation"
_HANDLERS = {"junos": JunosDeviceHandler, "default": DefaultDeviceHandler}
_PARSER_OPTIONS = {"resolve_entities": False, "no_network": True, "huge_tree": True, "remove_comments": True}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Patience in seconds: to open a session, for an answer."""

    open: float = 30.0
    answer: float = 300.0


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class RpcError:
    """One `rpc-error`: what the device says it is about, empty where it does not."""

    tag: str
    message: str
    path: str = ""
    element: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        return self.message or self.tag


class RpcRefused(Exception):
    """The device did not do what it was asked; `errors` are its words, secrets masked."""

    def __init__(self, errors: tuple[RpcError, ...]) -> None:
        super().__init__("; ".join(dict.fromkeys(map(str, errors))))
        self.errors = errors


class NetconfSession(KeptSession):
    """The session with one device that speaks NETCONF."""

    default_port: ClassVar[int] = 830
    _timeouts: Timeouts

    def __init__(
        self, device: Device, handler: str = "default", timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> None:
        """`handler` is ncclient's name for the kind of device."""
        super().__init__(device, timeouts)
        self._handler = handler
        self._numbers = count(1)

    def request(self, operation: Element, *, may_open: bool = False) -> Element:
        """The reply to an operation: an `rpc-reply` without namespaces.

        With `may_open` a session is opened if there is none, and once more if the one there was turns out to
        be broken.

        Raises:
            RpcRefused: the device refused it.
            Unreachable: no session, or it broke or fell silent; whether it was done is not known.
            StateUnknown: the reply makes no sense.
        """

        def exchange(link: Link) -> str:
            number = str(next(self._numbers))
            session: _Session = link.session
            return session.ask(number, rpc_text(operation, number), self._timeouts.answer)

        return self.read_reply(self._ask(exchange, may_open=may_open))

    def read_reply(self, text: str) -> Element:
        """A reply without namespaces, from its text.

        Raises:
            RpcRefused: it is a refusal.
            StateUnknown: it is no reply.
        """
        try:
            reply = etree.fromstring(text.strip().encode(), etree.XMLParser(**_PARSER_OPTIONS))  # type: ignore[arg-type]
        except etree.XMLSyntaxError as error:
            self._drop()
            raise StateUnknown(self._device.name, f"its reply is no XML: {error.msg}") from error
        _strip(reply)
        found = tuple(self._error(one) for one in reply.iter("rpc-error"))
        if errors := tuple(one for one in found if one.severity != "warning"):
            raise RpcRefused(errors)
        return reply

    def _error(self, element: Element) -> RpcError:
        def said(path: str) -> str:
            return self.mask(" ".join((element.findtext(path) or "").split()))

        return RpcError(
            tag=said("error-tag"),
            message=said("error-message"),
            path=said("error-path"),
            element=said("error-info/bad-element"),
            severity=said("error-severity") or "error",
        )

    def _is_alive(self, link: Link) -> bool:
        return bool(link.session.is_alive)

    def _establish(self, link: Link, login: Login) -> None:
        sock = link.connect(login.host, self._port, self._timeouts.open)
        session = _Session(_HANDLERS[self._handler]({"name": self._handler}))
        link.carry(session)
        try:
            session.library.connect(
                login.host,
                port=self._port,
                timeout=self._timeouts.open,
                username=login.username,
                password=self._secret,
                hostkey_b64=login.key.base64,
                allow_agent=False,
                look_for_keys=False,
                sock=sock,
            )
        except SSHUnknownHostError as error:
            raise OtherHostKey(session.library.transport.get_remote_server_key()) from error
        except AuthenticationError as error:
            raise paramiko.AuthenticationException from error
        except TransportError as error:
            raise paramiko.SSHException(str(error)) from error
        link.check()


class _SshSession(SSHSession):  # type: ignore[misc]
    """ncclient's session, that knows no host keys but the one it is told, and bears text that is no UTF-8."""

    def __init__(self, handler: Any) -> None:
        self._messages = Messages()
        super().__init__(handler)

    @property
    def parser(self) -> "_SshSession":
        """What ncclient has take what arrives: its own parsers end the session at what is no UTF-8."""
        return self

    @parser.setter
    def parser(self, other: object) -> None:
        """It stays; ncclient would choose another with each message."""

    def parse(self, data: bytes) -> None:
        """Let whoever listens have the messages that are whole with this.

        Raises:
            FramingError: there will be none any more, and the session ends.
        """
        for message in self._messages.feed(data, is_chunked=self._is_chunked):
            self._dispatch_message(message)

    @property
    def _is_chunked(self) -> bool:
        return bool(self._base == NetconfBase.BASE_11)

    def load_known_hosts(self, filename: str | None = None) -> None:
        """None are loaded: the site file's is the only one that counts."""

    def tell(self, text: str) -> None:
        """Send a request at once; ncclient's own thread looks for something to send ten times a second.

        Raises:
            EOFError: the session has just ended.
        """
        data, channel = text.encode(), self._channel
        if channel is None:
            raise EOFError
        channel.sendall(b"\n#%d\n%s\n##\n" % (len(data), data) if self._is_chunked else data + END)


class _Session(SessionListener):  # type: ignore[misc]
    """A session of ncclient's, and the replies that arrive on it."""

    def __init__(self, handler: Any) -> None:
        self.library = _SshSession(handler)
        self._replies: queue.Queue[tuple[str, str] | Exception] = queue.Queue()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return bool(self.library.connected and self.library.is_alive())

    def ask(self, number: str, text: str, patience: float) -> str:
        """The reply with this number.

        Raises:
            EOFError: the session ended.
            paramiko.SSHException: what arrives makes no messages.
            TimeoutError: nothing came in time.
        """
        self.library.add_listener(self)
        self.library.tell(text)
        while True:
            # A thread that ended before we listened tells nobody.
            if not self.library.is_alive() and self._replies.empty():
                raise EOFError
            try:
                found = self._replies.get(timeout=patience)
            except queue.Empty:
                raise TimeoutError from None
            if isinstance(found, FramingError):
                raise paramiko.SSHException(str(found)) from found
            if not isinstance(found, tuple):
                raise EOFError from found  # noqa: TRY004 - how the session ended, no wrong type
            if found[0] == number:
                return found[1]

    def callback(self, root: tuple[str, dict[str, str]], raw: str) -> None:
        """A message has arrived."""
        tag, attributes = root
        if tag.rpartition("}")[2] == "rpc-reply":
            self._replies.put((attributes.get("message-id", ""), raw))

    def errback(self, ex: Exception) -> None:
        """The session has ended."""
        self._replies.put(ex)

    def disconnect(self) -> None:
        """End it, and its threads."""
        transport = self.library.transport
        if transport is None:
            return
        transport.close()
        transport.join(1.0)
        # Or paramiko's timer, a thread that no interpreter ends before, runs on.
        transport.packetizer.complete_handshake()
        if self.library.is_alive() and threading.current_thread() is not self.library:
            self.library.join(1.0)
        with suppress(Exception):
            self.library.close()


def rpc_text(operation: Element, number: str) -> str:
    """A request as it is sent."""
    rpc = etree.Element(f"{{{BASE}}}rpc", {"message-id": number}, nsmap={None: BASE, "nc": BASE})  # type: ignore[dict-item]
    rpc.append(_qualified(operation))
    return etree.tostring(rpc, encoding="unicode")


def _qualified(element: Element) -> Element:
    """The element in the protocol's namespace, unless it says another."""
    tag = str(element.tag)
    made = etree.Element(
        tag if tag.startswith("{") else f"{{{BASE}}}{tag}",
        {str(name): str(value) for name, value in element.attrib.items()},
    )
    made.text = element.text
    for child in element:
        made.append(_qualified(child))
    return made


def _strip(reply: Element) -> None:
    """Take namespaces and the device's own notes about itself off."""
    for element in reply.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
        for name in [name for name in map(str, element.attrib) if name.startswith("{")]:
            del element.attrib[name]
    etree.cleanup_namespaces(reply)
