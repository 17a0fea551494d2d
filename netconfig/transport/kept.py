"""A session with a device over SSH, kept open between calls, whatever is spoken on it.

Here is what is the same for a command line, for commands and for NETCONF: whose key the device must show,
when a session is opened and when anew, who may end it, and in which words it is told that there is none.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

import paramiko

from netconfig.errors import BadCredential, DeviceError, Unreachable
from netconfig.hostkey import HostKey, read_host_key
from netconfig.inventory import Device
from netconfig.transport.link import Link
from netconfig.transport.secrets import mask

Result = TypeVar("Result")

LONGEST_QUOTE = 200
"""Characters of a device's words that an error tells."""


class Timeouts(Protocol):
    """Patience in seconds: to open a session, for a whole answer."""

    @property
    def open(self) -> float: ...
    @property
    def answer(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Login:
    """Where a device is, who we are to it, and by which key it is known."""

    host: str
    username: str
    key: HostKey


class EndedError(Unreachable):
    """The other side, or `close`, ended the session."""


class UnansweredError(TimeoutError):
    """It waits for an answer that it does not get; its words."""


class OtherHostKey(paramiko.SSHException):
    """Somebody else answers."""

    def __init__(self, shown: paramiko.PKey) -> None:
        super().__init__(f"{shown.get_name()} {shown.fingerprint}")


class KeptSession(ABC):
    """The session with one device; opened when it is needed, and anew when it broke.

    One thread at a time speaks; `close` may be called from any, also while a session is being opened. Every
    error of a library comes out as `Unreachable`, and then the session is gone.
    """

    default_port: ClassVar[int]

    def __init__(self, device: Device, timeouts: Timeouts) -> None:
        self._device = device
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._closings = 0
        self._secret = ""

    @property
    def _port(self) -> int:
        return self._device.port or self.default_port

    @property
    def current(self) -> object:
        """What tells the session that is open from any before or after it; None if there is none."""
        return self._link

    def mask(self, text: str) -> str:
        """A text of the device without secrets."""
        return mask(text, self._secret)

    def close(self) -> None:
        """End the session, if there is one; whoever waits on it gets `Unreachable`."""
        with self._lock:
            self._closings += 1
        self._drop()

    @abstractmethod
    def _establish(self, link: Link, login: Login) -> None:
        """Log in over the link, and let it carry a session; the secret has been read.

        Raises:
            OtherHostKey, paramiko.AuthenticationException: before any secret is said, and after.
            Exception: of whatever kind: it makes no sense what the other side says.
        """

    @abstractmethod
    def _is_alive(self, link: Link) -> bool:
        """Whether the session that the link carries has not ended."""

    def _ask(self, question: Callable[[Link], Result], *, may_open: bool) -> Result:
        """What comes of a question put over the session.

        With `may_open` a session is opened if there is none, and once more if the one there was turns out to
        be broken.

        Raises:
            Unreachable: no session, or it broke or fell silent; whether it was heard is not known.
        """
        closings = self._closings
        was_open = self._is_open()
        try:
            return self._try(question, closings, may_open=may_open)
        except EndedError:
            # One that `close` ended stays closed: whoever closed it no longer wants this to happen.
            if not (was_open and may_open) or self._closings != closings:
                raise
        return self._try(question, closings, may_open=True)

    def _try(self, question: Callable[[Link], Result], closings: int, *, may_open: bool) -> Result:
        with self._translated():
            link = self._link
            if link is None and not may_open:
                raise EOFError
            link = link or self._open(closings)
            with link.patience(self._timeouts.answer):
                return question(link)

    def _is_open(self) -> bool:
        link = self._link
        if link is not None and link.session is not None and self._is_alive(link):
            return True
        self._drop()
        return False

    def _drop(self) -> None:
        with self._lock:
            link, self._link = self._link, None
            self._secret = ""
        if link is not None:
            link.break_off()

    def _open(self, closings: int) -> Link:
        login = self._login()
        link = Link()
        # Known before it is made, so that `close` never finds less than there is.
        with self._lock:
            if self._closings != closings:
                raise EOFError
            self._link = link
        try:
            with link.patience(self._timeouts.open):
                self._establish(link, login)
                link.finish()
        except BaseException as error:
            link.close()
            if isinstance(error, paramiko.SSHException | OSError | EOFError | DeviceError | BadCredential):
                raise
            if not isinstance(error, Exception):
                raise
            # What is no key, no point of its curve, no hello is told by whichever library looked at it.
            raise paramiko.SSHException(f"what it says makes no sense: {error}") from error
        return link

    def _login(self) -> Login:
        # Before anybody is called: a secret that is not to be had is no news of the device's.
        device = self._device
        if device.host is None or device.host_key is None or device.username is None:
            raise BadCredential(f"device {device.name} has no address, no user name or no host key")
        try:
            key = read_host_key(device.host_key)
        except ValueError as error:
            raise BadCredential(f"device {device.name}: host_key: {error}") from error
        self._secret = "" if device.password is None else device.secret()
        return Login(device.host, device.username, key)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        name = self._device.name
        try:
            yield
        except DeviceError:
            self._drop()
            raise
        except BadCredential as error:
            self._drop()
            raise Unreachable(name, str(error)) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            words = self._words_for(error)
            self._drop()
            ended = isinstance(error, EOFError | OSError) and not isinstance(error, TimeoutError)
            raise (EndedError if ended else Unreachable)(name, words) from error

    def _words_for(self, error: Exception) -> str:
        where = f"{self._device.host} port {self._port}"
        match error:
            case OtherHostKey():
                return f"{where} shows another host key than the site file names: {error}"
            case paramiko.AuthenticationException():
                return f"{where} refuses the login of {self._device.username}"
            case UnansweredError():
                return f"{where} gives no answer, but asks {self.mask(str(error))[:LONGEST_QUOTE]!r}"
            case TimeoutError():
                return f"{where} gives no answer"
            case EOFError():
                return f"the session with {where} ended"
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        return f"no session with {where}: {self.mask(reason)}"


def check_host_key(shown: paramiko.PKey, known: HostKey) -> None:
    """See that a device shows the key that it is known by.

    Raises:
        OtherHostKey: it shows another.
    """
    if (shown.get_name(), shown.get_base64()) != (known.kind, known.base64):
        raise OtherHostKey(shown)
