"""A stream that we dial: to a path or an address, kept, broken from another thread."""

import contextlib
import os
import resource
import socket
import threading
from collections.abc import Iterator

import pytest

from netconfig.errors import StateUnknown, Unreachable
from netconfig.transport.dialled import Dialled
from netconfig.transport.openflow import OpenFlow
from netconfig.transport.ovsdb import Ovsdb


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def address_of(listener: socket.socket) -> str:
    return f"tcp:127.0.0.1:{listener.getsockname()[1]}"


def answer(listener: socket.socket, *said: bytes) -> threading.Thread:
    """Whoever connects hears each of these after something was heard of him."""

    def serve() -> None:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            for words in said:
                client.recv(65536)
                client.sendall(words)
            while client.recv(65536):
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_kept_until_the_other_end_ends_it(listener: socket.socket) -> None:
    stream = Dialled("switch", address_of(listener), 30)
    assert not stream.is_connected
    assert stream.connect()
    assert not stream.connect()
    client, _ = listener.accept()
    client.sendall(b"x")
    assert stream.receive(10) == b"x"
    client.close()
    with pytest.raises(Unreachable, match="ended the session"):
        stream.receive(10)
    assert not stream.is_connected
    with pytest.raises(Unreachable, match="was closed"):
        stream.send(b"x")
    assert stream.connect()
    stream.close()


def test_kept_in_a_process_that_has_many_connections(listener: socket.socket) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = 1100
    with contextlib.ExitStack() as stack:
        if soft != resource.RLIM_INFINITY and soft < 2 * many:
            resource.setrlimit(resource.RLIMIT_NOFILE, (2 * many, hard))
            stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(many):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        stream = Dialled("switch", address_of(listener), 30)
        stack.callback(stream.close)
        assert stream.connect()
        assert stream.is_connected


def test_nobody_there_is_told_with_the_address() -> None:
    with pytest.raises(Unreachable, match="unix:/nowhere/at/all: No such file"):
        Dialled("switch", "unix:/nowhere/at/all", 1).connect()


def test_silence_is_told(listener: socket.socket) -> None:
    stream = Dialled("switch", address_of(listener), 0.01)
    stream.connect()
    with pytest.raises(Unreachable, match="nothing was heard in time"):
        stream.receive(1)
    assert not stream.is_connected


def test_who_waits_is_woken_by_close(listener: socket.socket) -> None:
    stream = Dialled("switch", address_of(listener), 300)
    stream.connect()
    closer = threading.Timer(0.05, stream.close)
    closer.start()
    with pytest.raises(Unreachable):
        stream.receive(1)
    closer.join()


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(64), b"\x04\x02\x00\x08\0\0\0\1"]
)
def test_what_is_no_openflow_is_told(listener: socket.socket, said: bytes) -> None:
    thread = answer(listener, said)
    switch = OpenFlow("switch", address_of(listener), patience=30)
    with pytest.raises(StateUnknown, match="no OpenFlow"):
        switch.open()
    thread.join()


def test_openflow_1_0_alone_is_told(listener: socket.socket) -> None:
    thread = answer(listener, b"\x01\x00\x00\x08\0\0\0\1")
    with pytest.raises(Unreachable, match=r"no OpenFlow 1\.3"):
        OpenFlow("switch", address_of(listener), patience=30).open()
    thread.join()


def test_echo_is_answered_and_what_nobody_asked_for_passed_over(listener: socket.socket) -> None:
    hello, echo = b"\x04\x00\x00\x08\0\0\0\1", b"\x04\x02\x00\x0c\0\0\0\x63ping"
    features = b"\x04\x06\x00\x20\0\0\0\x02" + bytes(7) + b"\x1a" + bytes(16)
    heard: list[bytes] = []

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(65536)
            client.sendall(hello)
            client.recv(65536)
            client.sendall(echo + features)
            heard.append(client.recv(65536))

    thread = threading.Thread(target=serve)
    thread.start()
    switch = OpenFlow("switch", address_of(listener), patience=30)
    switch.open()
    assert switch.datapath_id() == 0x1A
    thread.join()
    switch.close()
    assert heard == [b"\x04\x03\x00\x0c\0\0\0\x63ping"]


@pytest.mark.parametrize("said", [b"what?", b"[1]", b'{"id": 1, "result": 7, "error": null}'])
def test_what_is_no_database_is_told(listener: socket.socket, said: bytes) -> None:
    thread = answer(listener, said)
    database = Ovsdb("switch", address_of(listener), patience=30)
    database.open()
    with pytest.raises(StateUnknown, match="JSON-RPC"):
        database.select("Bridge")
    thread.join()


def test_database_may_answer_in_pieces_and_ask_for_an_echo(listener: socket.socket) -> None:
    reply = '{"id": 1, "error": null, "result": [{"rows": [{"name": "ä"}]}]}'.encode()
    cut = reply.index("ä".encode()) + 1
    echo = b'{"method": "echo", "params": ["x"], "id": "e"}'
    thread = answer(listener, echo + reply[:cut], reply[cut:])
    database = Ovsdb("switch", address_of(listener), patience=30)
    database.open()
    assert database.select("Bridge") == [{"name": "ä"}]
    database.close()
    thread.join()
