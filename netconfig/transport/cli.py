"""A command line over SSH, kept open between calls.

netmiko opens the session and prepares the terminal (width, no pager). From there on lines are written a
group at a time and the answers are told apart by their echoes: one round trip a group, where netmiko's
own `send_config_set` makes one or two a line.
"""

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import paramiko
from netmiko import ConnectHandler
from netmiko.exceptions import NetmikoAuthenticationException, NetmikoBaseException

from netconfig.driver import Exchange
from netconfig.errors import BadCredential, Unreachable
from netconfig.inventory import Device
from netconfig.transport.answers import PROMPT, Answers
from netconfig.transport.link import Link
from netconfig.transport.secrets import mask

_PAGER = "--More--"
_CONFIRM = "[confirm]"
_NOISE = str.maketrans("", "", "\r\0\a")
HOST_LENGTH = 16
SSH_PORT = 22
"""Of a host name, what a prompt is sure to show: IOS cuts it off at 20 less a few in configuration mode."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Patience in seconds: to open a session, between two words of an answer, for a whole answer."""

    open: float = 30.0
    silence: float = 60.0
    answer: float = 900.0


DEFAULT_TIMEOUTS = Timeouts()


class CliSession:
    """The command line of one device; opened when it is needed, and anew when it broke.

    One thread at a time speaks; `close` may be called from any, also while a session is being opened.
    Every error of a library comes out as `Unreachable`, and then the session is gone.
    """

    def __init__(self, device: Device, device_type: str, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        self._device = device
        self._device_type = device_type
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._closings = 0
        self._host = ""
        self._prompt = ""
        self._secret = ""

    @property
    def in_configuration(self) -> bool:
        """Whether the last prompt was one of a configuration mode."""
        return "(" in self._prompt

    def mask(self, text: str) -> str:
        """A text of the device without secrets."""
        return mask(text, self._secret)

    def ask(self, command: str, *, confirm: bool = False, may_open: bool = True) -> str:
        """What the device answers to one command, as it is: secrets are not masked.

        With `may_open` a session is opened if there is none, and once more if the one there was turns out
        to be broken. With `confirm` a `[confirm]` is answered.

        Raises:
            Unreachable: no session, or it broke or fell silent.
        """
        closings = self._closings
        was_open = self._is_open()
        try:
            return self._exchange([command], closings, confirm=confirm, may_open=may_open)[0]
        except _EndedError:
            # One that `close` ended stays closed: whoever closed it no longer wants this to happen.
            if not (was_open and may_open) or self._closings != closings:
                raise
        return self._exchange([command], closings, confirm=confirm, may_open=True)[0]

    def send(self, lines: Sequence[str]) -> list[Exchange]:
        """Write lines in one go; what the device answered to each, secrets masked.

        Raises:
            Unreachable: the session is gone; how many of the lines arrived is not known.
        """
        answers = self._exchange(lines, self._closings)
        return [
            Exchange(self.mask(line.rstrip()), self.mask(answer.strip("\n")))
            for line, answer in zip(lines, answers, strict=True)
        ]

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

    def _exchange(
        self, lines: Sequence[str], closings: int, *, confirm: bool = False, may_open: bool = False
    ) -> list[str]:
        with self._translated():
            link = self._link
            if link is None and not may_open:
                raise EOFError
            connection = (link or self._open(closings)).session
            connection.write_channel("".join(f"{line}\n" for line in lines))
            return self._read_answers(connection, lines, confirm=confirm)

    def _read_answers(self, connection: Any, lines: Sequence[str], *, confirm: bool) -> list[str]:
        reader = Answers(lines, self._prompt)
        deadline = time.monotonic() + self._timeouts.answer
        suspect = ""
        while True:
            reader.feed(self._receive(connection, deadline))
            if reader.tail.endswith(_CONFIRM) and confirm:
                connection.write_channel("\n")
                reader.take_question()
            elif _PAGER in reader.tail:
                connection.write_channel(" ")
                reader.take_question()
            elif prompt := reader.final_prompt():
                if self._is_known(prompt) or prompt == suspect:
                    self._prompt = prompt
                    self._host = self._host_of(prompt)
                    return reader.answers(suspect)
                # A line of output, or the device has a new name: only a prompt repeats itself.
                suspect = prompt
                connection.write_channel("\n")

    def _is_known(self, prompt: str) -> bool:
        return not self._host or self._host_of(prompt) == self._host

    def _host_of(self, prompt: str) -> str:
        found = PROMPT.fullmatch(prompt)
        return found["host"][:HOST_LENGTH] if found else ""

    def _receive(self, connection: Any, deadline: float) -> str:
        channel = connection.remote_conn
        if channel is None:
            raise EOFError
        patience = min(self._timeouts.silence, deadline - time.monotonic())
        if patience <= 0:
            raise TimeoutError
        channel.settimeout(patience)
        data: bytes = channel.recv(65536)
        if not data:
            raise EOFError
        return data.decode("latin-1").translate(_NOISE)

    def _is_open(self) -> bool:
        link = self._link
        channel = getattr(link.session, "remote_conn", None) if link else None
        if channel is not None and not channel.closed and channel.get_transport().is_active():
            return True
        self._drop()
        return False

    def _open(self, closings: int) -> Link:
        self._secret = self._device.secret()
        link = Link()
        # Known before it is made, so that `close` never finds less than there is.
        with self._lock:
            if self._closings != closings:
                raise EOFError
            self._link = link
        # Some waits of paramiko know no time-out (a shell that never comes); this bounds them all.
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
        self._host = ""
        self._find_prompt(link.session)
        return link

    def _establish(self, link: Link) -> None:
        if self._device.host is None:
            raise BadCredential(f"device {self._device.name} has no address")
        sock = link.connect(self._device.host, _port_of(self._device), self._timeouts.open)
        with tempfile.NamedTemporaryFile("w", prefix="known_hosts-", encoding="ascii") as known_hosts:
            known_hosts.write(_known_hosts_line(self._device))
            known_hosts.flush()
            connection: Any = ConnectHandler(
                device_type=self._device_type,
                host=self._device.host,
                port=_port_of(self._device),
                username=self._device.username,
                password=self._secret,
                sock=sock,
                ssh_strict=True,
                system_host_keys=False,
                alt_host_keys=True,
                alt_key_file=known_hosts.name,
                use_keys=False,
                allow_agent=False,
                conn_timeout=self._timeouts.open,
                banner_timeout=self._timeouts.open,
                auth_timeout=self._timeouts.open,
                blocking_timeout=self._timeouts.silence,
                read_timeout_override=self._timeouts.open,
                encoding="latin-1",
                auto_connect=False,
            )
            parameters = connection._connect_params_dict  # noqa: SLF001
            connection._connect_params_dict = lambda: {  # noqa: SLF001
                **parameters(),
                "transport_factory": link.make_transport,
            }
            link.carry(connection)
            try:
                connection.establish_connection()
                link.check()
                connection.write_channel("\n")
                connection.session_preparation()
            except ValueError as error:
                raise NetmikoBaseException(f"{error}, which is no prompt") from error

    def _find_prompt(self, connection: Any) -> None:
        connection.write_channel("!\n")
        self._prompt = ""
        self._read_answers(connection, ["!"], confirm=False)
        if not self._prompt.rstrip().endswith("#"):
            self._drop()
            words = f"{self._device.username} may look but not configure: the prompt is {self._prompt!r}"
            raise Unreachable(self._device.name, words)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        name = self._device.name
        try:
            yield
        except BadCredential as error:
            raise Unreachable(name, str(error)) from error
        except (NetmikoBaseException, paramiko.SSHException, OSError, EOFError) as error:
            words = self._words_for(error)
            self._drop()
            ended = isinstance(error, EOFError | OSError) and not isinstance(error, TimeoutError)
            raise (_EndedError if ended else Unreachable)(name, words) from error

    def _words_for(self, error: Exception) -> str:
        where = f"{self._device.host} port {_port_of(self._device)}"
        cause = error.__context__ or error
        if isinstance(cause, paramiko.BadHostKeyException) or "not found in known_hosts" in str(cause):
            return f"{where} shows another host key than the site file names"
        if isinstance(error, NetmikoAuthenticationException):
            return f"{where} refuses the login of {self._device.username}"
        if isinstance(error, TimeoutError):
            return f"{where} gives no answer"
        if isinstance(error, EOFError):
            return f"the session with {where} ended"
        reason = next((line for line in str(cause).splitlines() if line.strip()), type(cause).__name__)
        return f"no session with {where}: {self.mask(reason)}"


class _EndedError(Unreachable):
    """The other side, or `close`, ended the session."""


def _port_of(device: Device) -> int:
    return device.port or SSH_PORT


def _known_hosts_line(device: Device) -> str:
    port = _port_of(device)
    host = device.host if port == SSH_PORT else f"[{device.host}]:{port}"
    return f"{host} {device.host_key}\n"
