"""A command line over SSH, kept open between calls.

netmiko opens the session and prepares the terminal (width, no pager). From there on lines are written a
group at a time and the answers are told apart by their echoes: one round trip a group, where netmiko's
own `send_config_set` makes one or two a line.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import paramiko
from netmiko import ConnectHandler
from netmiko.exceptions import NetmikoBaseException, NetmikoTimeoutException

from netconfig.driver import Exchange
from netconfig.errors import Unreachable
from netconfig.hostkey import HostKey
from netconfig.inventory import Device
from netconfig.transport.answers import PROMPT, Answers
from netconfig.transport.kept import KeptSession, Login, UnansweredError, check_host_key
from netconfig.transport.link import Link

_PAGER = "--More--"
_CONFIRM = "[confirm]"
_NOISE = str.maketrans("", "", "\r\0\a")
_BLOCK = 1 << 15
"""Octets that are written at once."""
_LONGEST = 64 << 20
"""Octets that an answer may have; no device has so much to say."""
HOST_LENGTH = 16
"""Of a host name, what a prompt is sure to show: IOS cuts it off at 20 less a few in configuration mode."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Patience in seconds: to open a session, between two words of an answer, for a whole answer."""

    open: float = 30.0
    silence: float = 60.0
    answer: float = 900.0


DEFAULT_TIMEOUTS = Timeouts()


class CliSession(KeptSession):
    """The command line of one device."""

    default_port: ClassVar[int] = 22
    _timeouts: Timeouts

    def __init__(self, device: Device, device_type: str, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        super().__init__(device, timeouts)
        self._device_type = device_type
        self._host = ""
        self._prompt = ""

    @property
    def in_configuration(self) -> bool:
        """Whether the last prompt was one of a configuration mode."""
        return "(" in self._prompt

    def ask(
        self, command: str, *, confirm: bool = False, may_open: bool = True, patience: float | None = None
    ) -> str:
        """What the device answers to one command, as it is: secrets are not masked.

        With `may_open` a session is opened if there is none, and once more if the one there was turns out
        to be broken. With `confirm` a `[confirm]` is answered; nothing else that it asks is. `patience`, in
        seconds, is for the silence between two words of an answer that is sure to be quick.

        Raises:
            Unreachable: no session, or it broke or fell silent.
        """
        exchange = self._exchange([command], confirm=confirm, patience=patience)
        return self._ask(exchange, may_open=may_open)[0]

    def send(self, lines: Sequence[str]) -> list[Exchange]:
        """Write lines in one go; what the device answered to each, secrets masked.

        Raises:
            Unreachable: the session is gone; how many of the lines arrived is not known.
        """
        answers = self._ask(self._exchange(lines), may_open=False)
        return [
            Exchange(self.mask(line.rstrip()), self.mask(answer.strip("\n")))
            for line, answer in zip(lines, answers, strict=True)
        ]

    def _exchange(
        self, lines: Sequence[str], *, confirm: bool = False, patience: float | None = None
    ) -> Callable[[Link], list[str]]:
        def exchange(link: Link) -> list[str]:
            self._write(link, "".join(f"{line}\n" for line in lines))
            return self._read_answers(link, lines, confirm=confirm, patience=patience)

        return exchange

    def _write(self, link: Link, text: str) -> None:
        data = text.encode("latin-1")
        for start in range(0, len(data), _BLOCK):
            # Where a device reads no more, paramiko waits for a socket that takes no time-out of ours.
            with link.patience(self._timeouts.silence):
                _channel(link).sendall(data[start : start + _BLOCK])

    def _read_answers(
        self, link: Link, lines: Sequence[str], *, confirm: bool = False, patience: float | None = None
    ) -> list[str]:
        reader = Answers(lines, self._prompt)
        deadline = time.monotonic() + self._timeouts.answer
        silence = min(self._timeouts.silence, patience or self._timeouts.silence)
        suspect = ""
        heard = 0
        while True:
            try:
                words = self._receive(link, min(silence, deadline - time.monotonic()))
            except TimeoutError as error:
                if question := reader.unknown_question():
                    raise UnansweredError(question) from error
                raise
            if (heard := heard + len(words)) > _LONGEST:
                raise paramiko.SSHException(f"it says more than {_LONGEST} octets")
            reader.feed(words)
            if reader.tail.endswith(_CONFIRM) and confirm:
                self._write(link, "\n")
                reader.take_question()
            elif _PAGER in reader.tail:
                self._write(link, " ")
                reader.take_question()
            elif prompt := reader.final_prompt():
                if self._is_known(prompt) or prompt == suspect:
                    self._prompt = prompt
                    self._host = self._host_of(prompt)
                    return reader.answers(suspect)
                # A line of output, or the device has a new name: only a prompt repeats itself.
                suspect = prompt
                self._write(link, "\n")

    def _is_known(self, prompt: str) -> bool:
        return not self._host or self._host_of(prompt) == self._host

    def _host_of(self, prompt: str) -> str:
        found = PROMPT.fullmatch(prompt)
        return found["host"][:HOST_LENGTH] if found else ""

    def _receive(self, link: Link, patience: float) -> str:
        channel = _channel(link)
        if patience <= 0:
            raise TimeoutError
        channel.settimeout(patience)
        data: bytes = channel.recv(65536)
        if not data:
            raise EOFError
        return data.decode("latin-1").translate(_NOISE)

    def _is_alive(self, link: Link) -> bool:
        channel = getattr(link.session, "remote_conn", None)
        return channel is not None and not channel.closed and channel.get_transport().is_active()

    def _establish(self, link: Link, login: Login) -> None:
        sock = link.connect(login.host, self._port, self._timeouts.open)
        connection: Any = ConnectHandler(
            device_type=self._device_type,
            host=login.host,
            port=self._port,
            username=login.username,
            password=self._secret,
            sock=sock,
            system_host_keys=False,
            alt_host_keys=False,
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
        connection.key_policy = _OnlyKey(login.key)
        parameters = connection._connect_params_dict  # noqa: SLF001
        connection._connect_params_dict = lambda: {  # noqa: SLF001
            **parameters(),
            "transport_factory": lambda *given, **options: link.make_transport(
                *given, key=login.key, **options
            ),
        }
        link.carry(connection)
        try:
            connection.establish_connection()
            link.check()
            connection.write_channel("\n")
            connection.session_preparation()
        except (NetmikoBaseException, NetmikoTimeoutException) as error:
            raise _cause(error) from error
        except ValueError as error:
            raise paramiko.SSHException(f"{error}, which is no prompt") from error
        self._find_prompt(link)

    def _find_prompt(self, link: Link) -> None:
        self._host = self._prompt = ""
        self._write(link, "!\n")
        self._read_answers(link, ["!"])
        if not self._prompt.rstrip().endswith("#"):
            words = f"{self._device.username} may look but not configure: the prompt is {self._prompt!r}"
            raise Unreachable(self._device.name, words)


class _OnlyKey(paramiko.MissingHostKeyPolicy):
    """Looks at the key that the device shows; nowhere else is any known."""

    def __init__(self, known: HostKey) -> None:
        self._known = known

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        check_host_key(key, self._known)


def _channel(link: Link) -> paramiko.Channel:
    channel: paramiko.Channel | None = link.session.remote_conn
    if channel is None:
        raise EOFError
    return channel


def _cause(error: Exception) -> Exception:
    """What lies behind netmiko's error, or its words before its advice."""
    if isinstance(error.__context__, paramiko.SSHException | OSError):
        return error.__context__
    words = (line.strip() for line in str(error).splitlines())
    return paramiko.SSHException(next(filter(None, words), type(error).__name__))
