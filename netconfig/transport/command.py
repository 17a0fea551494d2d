"""Commands run on a device over SSH, each on a channel of its own; the session is kept open between calls.

A command is a fixed text: whatever belongs to a part goes to its standard input, where no shell looks at it.
"""

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import paramiko

from netconfig.errors import BadCredential
from netconfig.inventory import Device
from netconfig.transport.kept import KeptSession, Login, check_host_key
from netconfig.transport.link import Link

_KEYS: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
_BLOCK = 1 << 16
_LONGEST = 64 << 20
"""Octets that a command may write on either of its ways; no device has so much to say."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Patience in seconds: to open a session, for a command to end."""

    open: float = 30.0
    answer: float = 60.0


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit status, and what it wrote; secrets are not masked."""

    status: int
    output: bytes
    errors: bytes


class CommandSession(KeptSession):
    """The session with one device that runs commands."""

    default_port: ClassVar[int] = 22
    _timeouts: Timeouts

    def __init__(self, device: Device, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        super().__init__(device, timeouts)

    def run(self, command: str, data: bytes = b"", *, may_open: bool = False) -> Ended:
        """Run a command with this on its standard input, and see it end.

        With `may_open` a session is opened if there is none, and once more if the one there was turns out to
        be broken.

        Raises:
            Unreachable: no session, or it broke or fell silent; whether the command was done is not known.
        """

        def see_it_end(link: Link) -> Ended:
            session: _Session = link.session
            return session.run(command, data)

        return self._ask(see_it_end, may_open=may_open)

    def _is_alive(self, link: Link) -> bool:
        return bool(link.session.is_active)

    def _establish(self, link: Link, login: Login) -> None:
        device = self._device
        private_key = None if device.private_key is None else _private_key(device)
        sock = link.connect(login.host, self._port, self._timeouts.open)
        transport = link.make_transport(sock, key=login.key)
        link.carry(_Session(transport))
        transport.start_client(timeout=self._timeouts.open)
        link.check()
        check_host_key(transport.get_remote_server_key(), login.key)
        if private_key is None:
            transport.auth_password(login.username, self._secret)
        else:
            transport.auth_publickey(login.username, private_key)
        if not transport.is_authenticated():
            raise paramiko.AuthenticationException
        link.check()


class _Session:
    """What runs over a link: a transport, and a channel for each command."""

    def __init__(self, transport: paramiko.Transport) -> None:
        self._transport = transport

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self._transport.is_active() and self._transport.is_authenticated()

    def run(self, command: str, data: bytes) -> Ended:
        """See a command end; for whoever does not want to wait for ever, the link is to be broken off.

        Raises:
            EOFError: the session ended first.
            paramiko.SSHException: no channel was granted, or there is no end to what the command writes.
        """
        try:
            channel = self._transport.open_session()
        except paramiko.SSHException as error:
            raise self._cause(error) from error
        try:
            channel.exec_command(command)
            # What ends without reading all of it says why, and so does its exit status.
            with suppress(OSError):
                channel.sendall(data)
                channel.shutdown_write()
            output = _received(channel.recv)
            errors = _received(channel.recv_stderr)
            status = channel.recv_exit_status()
        except paramiko.SSHException as error:
            raise self._cause(error) from error
        finally:
            channel.close()
        if status < 0:
            # It was not said: the session ended, or what ran there was killed.
            raise EOFError
        return Ended(status, output, errors)

    def disconnect(self) -> None:
        """End it; its link ends the transport."""
        self._transport.close()

    def _cause(self, error: Exception) -> Exception:
        return error if self._transport.is_active() else EOFError()


def _received(receive: Callable[[int], bytes]) -> bytes:
    found = bytearray()
    while block := receive(_BLOCK):
        found += block
        if len(found) > _LONGEST:
            raise paramiko.SSHException(f"it says more than {_LONGEST} octets")
    return bytes(found)


def _private_key(device: Device) -> paramiko.PKey:
    text = device.key_text()
    for kind in _KEYS:
        with suppress(paramiko.SSHException, ValueError, IndexError):
            return kind.from_private_key(io.StringIO(text))
    raise BadCredential(
        f"device {device.name}: private_key: no SSH private key without a passphrase (Ed25519, ECDSA or RSA)"
    )
