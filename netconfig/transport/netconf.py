"""NETCONF over SSH (RFC 6241, RFC 6242), the session kept open between calls.

ncclient makes the session: SSH and the exchange of capabilities; `framing` tells messages apart. Requests and
replies are matched here, so that a message nobody asked for does no harm, and a reply that is none is told
from a silence.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

import paramiko
from lxml import etree
from ncclient.devices.default import DefaultDeviceHandler
from ncclient.devices.junos import JunosDeviceHandler
from ncclient.transport.errors import AuthenticationError, SSHUnknownHostError, TransportError
from ncclient.transport.session import NetconfBase, SessionListener
from ncclient.transport.ssh import SSHSession

from netconfig.errors import BadCredential, StateUnknown, Unreachable
from netconfig.inventory import Device
from netconfig.transport.framing import END, FramingError, Messages
from netconfig.transport.link import Link
from netconfig.transport.secrets import mask

Element = etree._Element  # noqa: SLF001 - lxml's stubs have no other name for it

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
OPERATION = f"{{{BASE}}}operation"
DEFAULT_PORT = 830
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


class NetconfSession:
    """The session with one device; opened when it is needed, and anew when it broke.

    One thread at a time speaks; `close` may be called from any, also while a session is being opened.
    """

    def __init__(
        self, device: Device, handler: str = "default", timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> None:
        """`handler` is ncclient's name for the kind of device."""
        self._device = device
        self._handler = handler
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._closings = 0
        self._numbers = count(1)
        self._secret = ""

    def request(self, operation: Element, *, may_open: bool = False) -> Element:
        """The reply to an operation: an `rpc-reply` without namespaces.

        With `may_open` a session is opened if there is none, and once more if the one there was turns out to
        be broken.

        Raises:
            RpcRefused: the device refused it.
            Unreachable: no session, or it broke or fell silent; whether it was done is not known.
            StateUnknown: the reply makes no sense.
        """
        closings = self._closings
        was_open = self._is_open()
        try:
            return self._ask(operation, closings, may_open=may_open)
        except _EndedError:
            # One that `close` ended stays closed: whoever closed it no longer wants this to happen.
            if not (was_open and may_open) or self._closings != closings:
                raise
        return self._ask(operation, closings, may_open=True)

    def close(self) -> None:
        """End the session, if there is one; whoever waits on it gets `Unreachable`."""
        with self._lock:
            self._closings += 1
        self._drop()

    def _drop(self) -> None:
        with self._lock:
            link, self._link = self._link, None
            self._secret = ""
        if link is not None:
            link.break_off()

    def _is_open(self) -> bool:
        link = self._link
        if link is not None and link.session is not None and link.session.is_alive:
            return True
        self._drop()
        return False

    def _ask(self, operation: Element, closings: int, *, may_open: bool) -> Element:
        number = str(next(self._numbers))
        with self._translated():
            link = self._link
            if link is None and not may_open:
                raise EOFError
            session: _Session = (link or self._open(closings)).session
            text = session.ask(number, rpc_text(operation, number), self._timeouts.answer)
        return self.read_reply(text)

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
            return mask(" ".join((element.findtext(path) or "").split()), self._secret)

        return RpcError(
            tag=said("error-tag"),
            message=said("error-message"),
            path=said("error-path"),
            element=said("error-info/bad-element"),
            severity=said("error-severity") or "error",
        )

    def _open(self, closings: int) -> Link:
        self._secret = self._device.secret()
        link = Link()
        # Known before it is made, so that `close` never finds less than there is.
        with self._lock:
            if self._closings != closings:
                raise EOFError
            self._link = link
        watchdog = threading.Timer(self._timeouts.open, link.break_off, [TimeoutError])
        watchdog.daemon = True
        watchdog.start()
        try:
            self._establish(link)
            link.finish()
        except BaseException as error:
            reason = link.reason
            link.close()
            if reason and isinstance(error, Exception):
                # What the libraries say of a line that was cut is anybody's guess.
                raise reason from error
            raise
        finally:
            watchdog.cancel()
        return link

    def _establish(self, link: Link) -> None:
        device = self._device
        if device.host is None or device.host_key is None:
            raise BadCredential(f"device {device.name} has no address or no host key")
        port = device.port or DEFAULT_PORT
        sock = link.connect(device.host, port, self._timeouts.open)
        session = _Session(_HANDLERS[self._handler]({"name": self._handler}))
        link.carry(session)
        session.library.connect(
            device.host,
            port=port,
            timeout=self._timeouts.open,
            username=device.username,
            password=self._secret,
            hostkey_b64=device.host_key.split()[1],
            allow_agent=False,
            look_for_keys=False,
            sock=sock,
        )
        link.check()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        name = self._device.name
        try:
            yield
        except BadCredential as error:
            self._drop()
            raise Unreachable(name, str(error)) from error
        except (TransportError, FramingError, paramiko.SSHException, queue.Empty, OSError, EOFError) as error:
            words = self._words_for(error)
            self._drop()
            ended = isinstance(error, EOFError | OSError | TransportError) and not isinstance(
                error, TimeoutError
            )
            raise (_EndedError if ended else Unreachable)(name, words) from error

    def _words_for(self, error: Exception) -> str:
        where = f"{self._device.host} port {self._device.port or DEFAULT_PORT}"
        if isinstance(error, SSHUnknownHostError):
            return f"{where} shows another host key than the site file names"
        if isinstance(error, AuthenticationError):
            return f"{where} refuses the login of {self._device.username}"
        if isinstance(error, TimeoutError | queue.Empty):
            return f"{where} gives no answer"
        if isinstance(error, EOFError):
            return f"the session with {where} ended"
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        return f"no session with {where}: {mask(reason, self._secret)}"


class _EndedError(Unreachable):
    """The other side, or `close`, ended the session."""


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
        """Send a request at once; ncclient's own thread looks for something to send ten times a second."""
        data = text.encode()
        if self._is_chunked:
            self._channel.sendall(b"\n#%d\n%s\n##\n" % (len(data), data))
        else:
            self._channel.sendall(data + END)


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
            FramingError: what arrives makes no messages.
            queue.Empty: nothing came in time.
        """
        self.library.add_listener(self)
        self.library.tell(text)
        while True:
            # A thread that ended before we listened tells nobody.
            if not self.library.is_alive() and self._replies.empty():
                raise EOFError
            found = self._replies.get(timeout=patience)
            if isinstance(found, FramingError):
                raise found
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
