"""NETCONF over SSH (RFC 6241, RFC 6242), the session kept open between calls.

ncclient makes the session: SSH and the exchange of capabilities; `framing` tells messages apart. Requests and
replies are matched here, so that a message nobody asked for does no harm, and a reply that is none is told
from a silence.
"""

from dataclasses import dataclass
from itertools import count
from typing import ClassVar

import paramiko
from lxml import etree
from ncclient.devices.default import DefaultDeviceHandler
from ncclient.devices.junos import JunosDeviceHandler
from ncclient.transport.errors import AuthenticationError, SSHUnknownHostError, TransportError

from netconfig.errors import StateUnknown
from netconfig.inventory import Device
from netconfig.transport.kept import KeptSession, Login, OtherHostKey
from netconfig.transport.link import Link
from netconfig.transport.ncclient_session import NcclientSession

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
            session: NcclientSession = link.session
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
        session = NcclientSession(_HANDLERS[self._handler]({"name": self._handler}), login.key)
        link.carry(session)
        try:
            session.library.connect(
                login.host,
                port=self._port,
                timeout=self._timeouts.open,
                username=login.username,
                password=self._secret,
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
