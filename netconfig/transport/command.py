"""Commands run on a device over SSH, each on a channel of its own; the session is kept open between calls.

A command is a fixed text: whatever belongs to a part goes to its standard input, where no shell looks at it.
"""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import paramiko

from netconfig.errors import BadCredential, Unreachable
from netconfig.inventory import Device
from netconfig.transport.link import Link
from netconfig.transport.secrets import mask

DEFAULT_PORT = 22
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


class CommandSession:
    """The session with one device; opened when it is needed, and anew when it broke.

    One thread at a time speaks; `close` may be called from any, also while a session is being opened.
    """

    def __init__(self, device: Device, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        self._device = device
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._closings = 0
        self._secrets: tuple[str, ...] = ()

    def run(self, command: str, data: bytes = b"", *, may_open: bool = False) -> Ended:
        """Run a command with this on its standard input, and see it end.

        With `may_open` a session is opened if there is none, and once more if the one there was turns out to
        be broken.

        Raises:
            Unreachable: no session, or it broke or fell silent; whether the command was done is not known.
        """
        closings = self._closings
        was_open = self._is_open()
        try:
            return self._ask(command, data, closings, may_open=may_open)
        except _EndedError:
            # One that `close` ended stays closed: whoever closed it no longer wants this to happen.
            if not (was_open and may_open) or self._closings != closings:
                raise
        return self._ask(command, data, closings, may_open=True)

    def mask(self, text: str) -> str:
        """A text of the device without secrets."""
        return mask(text, *self._secrets)

    def close(self) -> None:
        """End the session, if there is one; whoever waits on it gets `Unreachable`."""
        with self._lock:
            self._closings += 1
        self._drop()

    def _drop(self) -> None:
        with self._lock:
            link, self._link = self._link, None
        if link is not None:
            link.break_off()

    def _is_open(self) -> bool:
        link = self._link
        if link is not None and link.session is not None and link.session.is_active:
            return True
        self._drop()
        return False

    def _ask(self, command: str, data: bytes, closings: int, *, may_open: bool) -> Ended:
        with self._translated():
            link = self._link
            if link is None and not may_open:
                raise EOFError
            link = link or self._open(closings)
            session: _Session = link.session
            with _patience(link, self._timeouts.answer):
                return session.run(command, data)

    def _open(self, closings: int) -> Link:
        link = Link()
        # Known before it is made, so that `close` never finds less than there is.
        with self._lock:
            if self._closings != closings:
                raise EOFError
            self._link = link
        try:
            with _patience(link, self._timeouts.open):
                self._establish(link)
                link.finish()
        except BaseException:
            link.close()
            raise
        return link

    def _establish(self, link: Link) -> None:
        device = self._device
        if device.host is None or device.host_key is None or device.username is None:
            raise BadCredential(f"device {device.name} has no address, no user name or no host key")
        # Read before anybody is called: a secret that is not to be had is no news of the device's.
        key = None if device.private_key is None else _private_key(device)
        password = device.secret() if key is None else ""
        self._secrets = (password,)
        sock = link.connect(device.host, device.port or DEFAULT_PORT, self._timeouts.open)
        transport = link.make_transport(sock)
        link.carry(_Session(transport))
        kind, _, base64 = device.host_key.partition(" ")
        offered = transport.get_security_options()
        # A device with several host keys shows the one it is asked for.
        offered.key_types = sorted(offered.key_types, key=lambda name: name != kind)
        try:
            transport.start_client(timeout=self._timeouts.open)
        except (paramiko.SSHException, OSError, EOFError):
            raise
        except Exception as error:
            # What is no key, or no point of its curve, is told by whichever library looked at it.
            raise paramiko.SSHException(f"it speaks no SSH: {error}") from error
        link.check()
        shown = transport.get_remote_server_key()
        if (shown.get_name(), shown.get_base64()) != (kind, base64.split()[0]):
            raise _OtherHostKeyError
        if key is None:
            transport.auth_password(device.username, password)
        else:
            transport.auth_publickey(device.username, key)
        if not transport.is_authenticated():
            raise paramiko.AuthenticationException
        link.check()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        name = self._device.name
        try:
            yield
        except BadCredential as error:
            self._drop()
            raise Unreachable(name, str(error)) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            words = self._words_for(error)
            self._drop()
            ended = isinstance(error, EOFError | OSError) and not isinstance(error, TimeoutError)
            raise (_EndedError if ended else Unreachable)(name, words) from error

    def _words_for(self, error: Exception) -> str:
        where = f"{self._device.host} port {self._device.port or DEFAULT_PORT}"
        if isinstance(error, _OtherHostKeyError):
            return f"{where} shows another host key than the site file names"
        if isinstance(error, paramiko.AuthenticationException):
            return f"{where} refuses the login of {self._device.username}"
        if isinstance(error, TimeoutError):
            return f"{where} gives no answer"
        if isinstance(error, EOFError):
            return f"the session with {where} ended"
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        return f"no session with {where}: {self.mask(reason)}"


class _EndedError(Unreachable):
    """The other side, or `close`, ended the session."""


class _OtherHostKeyError(paramiko.SSHException):
    """Somebody else answers."""


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


@contextmanager
def _patience(link: Link, seconds: float) -> Iterator[None]:
    """Break a link off if this lasts longer: the library waits in places that take no time-out of ours."""
    watchdog = threading.Timer(seconds, link.break_off, [TimeoutError])
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    except Exception as error:
        if link.reason:
            # What the library says of a line that was cut is anybody's guess.
            raise link.reason from error
        raise
    finally:
        watchdog.cancel()


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
