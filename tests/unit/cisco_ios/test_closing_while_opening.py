"""`close` ends a session that is only being opened, wherever the device has left it waiting.

The time-outs here last an hour: only `close` can have ended what ends.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack

import pytest
from paramiko.packet import Packetizer

from netconfig.driver import Ownership
from netconfig.drivers.cisco_ios import CiscoIos
from netconfig.errors import Unreachable
from netconfig.inventory import Device
from netconfig.transport.cli import Timeouts

PATIENCE = 60.0
HOUR = 3600.0
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
BANNER = b"SSH-2.0-Cisco-1.25\r\n"
KEXINIT, KEX_ECDH_INIT = 20, 30
OFFERS = (b"curve25519-sha256@libssh.org", b"ssh-ed25519", *2 * [b"aes128-ctr"], *2 * [b"hmac-sha2-256"])


class Reading:
    """A `read` under way in a thread of its own."""

    def __init__(self, port: int) -> None:
        self.before = set(threading.enumerate())
        device = Device(
            name="mute",
            platform="cisco_ios",
            host="127.0.0.1",
            port=port,
            username="lambda",
            password="env:MUTE_PASSWORD",
            host_key=KEY,
        )
        timeouts = Timeouts(open=HOUR, silence=HOUR, answer=HOUR)
        self.driver = CiscoIos(device, Ownership("FNAL", "x"), timeouts=timeouts)
        self.outcome: Future[object] = Future()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        try:
            self.outcome.set_result(self.driver.read())
        except BaseException as error:  # noqa: BLE001
            self.outcome.set_exception(error)

    def assert_ended_by_close(self) -> None:
        with pytest.raises(Unreachable, match="ended"):
            self.outcome.result(PATIENCE)
        for thread in set(threading.enumerate()) - self.before:
            thread.join(PATIENCE)
            assert not thread.is_alive(), thread


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTE_PASSWORD", "x")


@pytest.fixture(autouse=True)
def patient_paramiko(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time-out that paramiko has of its own, 15 s, lasts an hour too."""
    start = Packetizer.start_handshake
    monkeypatch.setattr(Packetizer, "start_handshake", lambda packets, _timeout: start(packets, HOUR))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        yield server


def packet(payload: bytes) -> bytes:
    padding = 8 - (len(payload) + 5) % 8 + 8
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def kexinit() -> bytes:
    lists = (*OFFERS, b"none", b"none", b"", b"")
    names = b"".join(struct.pack(">I", len(name)) + name for name in lists)
    return packet(bytes([KEXINIT]) + bytes(16) + names + bytes(5))


def said(connection: socket.socket) -> Iterator[int]:
    """What the client says in clear: 0 for its banner, then the type of each packet."""
    with connection.makefile("rb") as words:
        words.readline()
        yield 0
        while head := words.read(4):
            yield words.read(struct.unpack(">I", head)[0])[1]


@pytest.mark.parametrize(
    ("words", "heard"),
    [(b"", 0), (BANNER, KEXINIT), (BANNER + kexinit(), KEX_ECDH_INIT)],
    ids=["mute", "only a banner", "stalls in key exchange"],
)
def test_close_ends_the_wait_for_a_device_that(listener: socket.socket, words: bytes, heard: int) -> None:
    reading = Reading(listener.getsockname()[1])
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(PATIENCE)
        connection.sendall(words)
        assert heard in said(connection)
        reading.driver.close()
        reading.assert_ended_by_close()


def test_close_ends_the_wait_for_a_device_that_answers_no_call() -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        reading = Reading(full.getsockname()[1])
        # It cannot be seen from here when it begins to call.
        while reading.thread.is_alive():
            reading.driver.close()
            reading.thread.join(0.01)
        reading.assert_ended_by_close()
