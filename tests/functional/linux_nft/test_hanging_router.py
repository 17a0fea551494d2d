"""A router that lets us in and then hangs is given up in time, wherever it hangs."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import paramiko
import pytest

from netconfig.errors import Unreachable
from netconfig.inventory import Device
from netconfig.transport import command
from netconfig.transport.command import CommandSession, Timeouts

PATIENCE = 60.0
MUCH = b"x" * (8 << 20)
"""More than a channel takes of which nobody reads."""
_OVER = (OSError, EOFError, paramiko.SSHException)
"""What the end of a session is told by, whoever happens to be speaking."""


class Hanging(paramiko.ServerInterface):
    """Lets everybody in; what a command does is for the test to say."""

    def __init__(self, answer: Callable[[paramiko.Channel], bool]) -> None:
        self._answer = answer

    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.common.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        return self._answer(channel)


class NoKey(paramiko.RSAKey):
    """What is shown for a host key, and is none."""

    def asbytes(self) -> bytes:
        shown = paramiko.Message()
        shown.add_string("ssh-rsa")
        shown.add_mpint(0)
        shown.add_mpint(0)
        return shown.asbytes()


class Router:
    """One that hangs, for one session."""

    def __init__(self, answer: Callable[[paramiko.Channel], bool], key: paramiko.PKey) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._key, self._interface = key, Hanging(answer)
        self._transport: paramiko.Transport | None = None
        self.device = Device(
            name="border-4",
            platform="linux_nft",
            host="127.0.0.1",
            port=int(self._listener.getsockname()[1]),
            username="lambda",
            password="env:HANGING_PASSWORD",
            host_key=f"{key.get_name()} {key.get_base64()}",
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._listener.close()
        if self._transport:
            self._transport.close()

    def _serve(self) -> None:
        with suppress(*_OVER):
            connection, _ = self._listener.accept()
            self._transport = paramiko.Transport(connection)
            self._transport.add_server_key(self._key)
            self._transport.start_server(server=self._interface)


@pytest.fixture
def over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def fate_of(
    answer: Callable[[paramiko.Channel], bool],
    *,
    patience: float,
    data: bytes = b"",
    key: paramiko.PKey | None = None,
) -> Exception:
    """What becomes of a command."""
    router = Router(answer, key or paramiko.ECDSAKey.generate())
    session = CommandSession(router.device, Timeouts(open=PATIENCE, answer=patience))
    found: list[Exception] = []

    def run() -> None:
        try:
            session.run("lambdastation-router read", data, may_open=True)
        except Exception as error:  # noqa: BLE001 - looked at by the test
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    router.close()
    assert found, "it still waits"
    return found[0]


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANGING_PASSWORD", "any")


def test_router_that_never_says_whether_it_runs_a_command(over: threading.Event) -> None:
    error = fate_of(lambda _: over.wait(PATIENCE), patience=1.0)
    assert isinstance(error, Unreachable)
    assert "gives no answer" in str(error)


@pytest.mark.parametrize("data", [b"", MUCH], ids=["says nothing", "reads nothing"])
def test_router_whose_command_does_nothing(data: bytes) -> None:
    error = fate_of(lambda _: True, patience=1.0, data=data)
    assert isinstance(error, Unreachable)
    assert "gives no answer" in str(error)


def test_router_that_never_stops_talking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_LONGEST", 1 << 20)

    def talk(channel: paramiko.Channel) -> bool:
        def words() -> None:
            with suppress(*_OVER):
                while True:
                    channel.sendall(b"x" * (1 << 16))

        threading.Thread(target=words, daemon=True).start()
        return True

    error = fate_of(talk, patience=PATIENCE)
    assert isinstance(error, Unreachable)
    assert "says more than 1048576 octets" in str(error)


def test_router_whose_host_key_is_none() -> None:
    key = NoKey(key=paramiko.RSAKey.generate(2048).key)
    error = fate_of(lambda _: True, patience=PATIENCE, key=key)
    assert isinstance(error, Unreachable)
    assert "what it says makes no sense" in str(error)
