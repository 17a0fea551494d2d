"""Clients that stall, drip, vanish or talk nonsense cost nobody anything.

Every house here has a single worker thread: had a stalled client got hold of it, the next request
would wait for ever.
"""

import contextlib
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pathservice.listener import Limits
from pathservice.listener.visitor import Stage
from pathservice.pki import DEMO_USER_SUBJECT, Credential, Pki, issue_client
from tests.functional.listener.conftest import BIG, PATIENCE, House, ask, eventually, read_to_end

HOURS = timedelta(hours=1)
PATIENT = Limits(handshake_time=HOURS, head_time=HOURS, body_time=HOURS, stall_time=HOURS, idle_time=HOURS)
SOON = timedelta(milliseconds=50)
"""Where nobody has to do anything before it is over."""
WHILE = timedelta(seconds=1)
"""Where a client has to have said something first, however busy the machine."""

HEAD = b"POST /app HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n"
TCPI_SACKED = 28
"""Where Linux's tcp_info has a listening socket's backlog."""
CHUNKED = HEAD.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked")


@pytest.fixture
def patient(serve: Callable[..., House]) -> House:
    """Waits for hours, so whoever is served is served while the others stall."""
    return serve(limits=PATIENT, threads=1)


@pytest.fixture(scope="module")
def other(pki: Pki) -> Credential:
    return issue_client(pki.ca.parent, "CN=Other,O=Tests", name="stalls-other", now=datetime.now(UTC))


@contextlib.contextmanager
def many(count: int, connect: Callable[[], socket.socket]) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect()) for _ in range(count)]


def client_hello() -> bytes:
    outgoing = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


class TestOthersAreServed:
    @pytest.mark.parametrize("length", [0, 1, 40, 10_000])
    def test_while_thirty_shake_hands_for_ever(self, patient: House, length: int) -> None:
        with many(30, patient.plain) as stalled:
            for sock in stalled:
                sock.sendall(client_hello()[:length])
            for _ in range(5):
                assert patient.client().ask().status == 200

    @pytest.mark.parametrize("sent", [b"", b"POST /app", HEAD, HEAD[:-1]])
    def test_while_thirty_compose_a_head_for_ever(self, patient: House, sent: bytes) -> None:
        with many(30, patient.client().tls) as stalled:
            for sock in stalled:
                sock.sendall(sent)
            for _ in range(5):
                assert patient.client().ask().status == 200

    def test_while_thirty_think_about_their_second_request(self, patient: House) -> None:
        with contextlib.ExitStack() as stack:
            for _ in range(30):
                connection = stack.enter_context(contextlib.closing(patient.client().connection()))
                assert ask(connection).status == 200
                assert connection.sock is not None
                connection.sock.sendall(b"POST /app")
            assert patient.client().ask().status == 200

    def test_while_strangers_never_send_their_bodies(self, patient: House) -> None:
        with many(5, patient.stranger().tls) as stalled:
            for sock in stalled:
                sock.sendall(HEAD + b"\r\n")
                assert sock.recv(65536).startswith(b"HTTP/1.1 403 ")
            assert patient.client().ask().status == 200

    @pytest.mark.parametrize(
        "sent", [HEAD + b"\r\n", HEAD + b"\r\n<", CHUNKED + b"\r\n", CHUNKED + b"\r\n4\r\n<a/>\r\n"]
    )
    def test_while_thirty_never_finish_their_bodies(self, patient: House, sent: bytes) -> None:
        with many(30, patient.client().tls) as stalled:
            for sock in stalled:
                sock.sendall(sent)
            for _ in range(5):
                assert patient.stranger().ask("/health", None, method="GET").status == 200
                assert patient.client().ask().status == 200

    def test_health_while_every_worker_hangs(self, patient: House) -> None:
        with patient.client().tls() as waiting, patient.client().tls() as queued:
            waiting.sendall(HEAD.replace(b"/app", b"/app/wait") + b"\r\n<a/>")
            patient.gate.entered.get(timeout=PATIENCE)
            queued.sendall(HEAD + b"\r\n<a/>")
            assert patient.stranger().ask("/health", None, method="GET").status == 200
            assert patient.stranger().ask().code == "certificate-missing"
            assert patient.client().ask("/nothing").code == "not-found"


def wait_for_bodies(house: House, count: int) -> None:
    lobby = house.listener._running().lobby
    eventually(lambda: lobby.population()[Stage.BODY] == count)


class TestTimesOut:
    def test_handshake(self, serve: Callable[..., House]) -> None:
        house = serve(limits=Limits(handshake_time=WHILE))
        with house.plain() as sock:
            sock.sendall(client_hello()[:40])
            assert read_to_end(sock) == b""
        assert house.next_audit().code == "handshake-timeout"

    def test_head(self, serve: Callable[..., House]) -> None:
        house = serve(limits=Limits(head_time=WHILE))
        with house.client().tls() as sock:
            sock.sendall(b"POST /app HTTP/1.1\r\nHost:")
            answer = read_to_end(sock)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"head-timeout" in answer
        assert house.next_audit().code == "head-timeout"

    def test_head_that_drips(self, serve: Callable[..., House]) -> None:
        """A byte now and then does not start the clock anew."""
        house = serve(limits=Limits(head_time=WHILE))
        with house.client().tls() as sock:
            sock.settimeout(0.02)
            answer = b""
            for _ in range(3000):
                with contextlib.suppress(TimeoutError):
                    answer = sock.recv(65536)
                    break
                sock.sendall(b"x")
        assert b"head-timeout" in answer

    def test_silence_after_the_handshake(self, serve: Callable[..., House]) -> None:
        house = serve(limits=Limits(head_time=SOON))
        with house.client().tls() as sock:
            assert read_to_end(sock) == b""
        assert house.audited.empty(), "nothing was asked, nothing was refused"

    def test_kept_alive_connection(self, serve: Callable[..., House]) -> None:
        house = serve(limits=Limits(idle_time=SOON))
        with contextlib.closing(house.client().connection()) as connection:
            assert ask(connection).status == 200
            assert connection.sock is not None
            assert read_to_end(connection.sock) == b""

    def test_body(self, serve: Callable[..., House]) -> None:
        house = serve(limits=Limits(body_time=WHILE), threads=1)
        with house.client().tls() as sock:
            sock.sendall(HEAD + b"\r\n<a")
            answer = read_to_end(sock)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"body-timeout" in answer
        line = house.next_audit()
        assert (line.code, line.path, line.subject) == ("body-timeout", "/app", DEMO_USER_SUBJECT)
        assert house.client().ask().status == 200

    @pytest.mark.parametrize("path", ["/app/big", "/app/stream"])
    def test_reader_that_stops_reading(self, serve: Callable[..., House], path: str) -> None:
        house = serve(limits=Limits(stall_time=WHILE), threads=1)
        with house.client().tls() as sock:
            sock.sendall(HEAD.replace(b"/app", path.encode()) + b"\r\n<a/>")
            assert house.client().ask().status == 200, "the only worker came back"

    def test_reader_that_takes_too_long_altogether(self, serve: Callable[..., House]) -> None:
        house = serve(limits=Limits(answer_time=WHILE), threads=1)
        with house.client().tls() as sock:
            sock.sendall(HEAD.replace(b"/app", b"/app/big") + b"\r\n<a/>")
            assert house.client().ask().status == 200


@pytest.mark.parametrize("path", ["/app/big", "/app/stream"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_slow_reader_gets_every_byte(house: House, path: str, version: ssl.TLSVersion) -> None:
    client = house.client()
    context = client.context()
    context.minimum_version = context.maximum_version = version
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(60)
    plain.connect(("127.0.0.1", client.port))
    with context.wrap_socket(plain, server_hostname="localhost") as sock:
        sock.sendall(
            b"POST %s HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<a/>" % path.encode()
        )
        answer = bytearray()
        while piece := sock.recv(777 if len(answer) < 100_000 else 65536):
            answer += piece
    assert answer.partition(b"\r\n\r\n")[2] == BIG


class TestRoomIsBounded:
    def test_oldest_handshake_makes_way(self, serve: Callable[..., House]) -> None:
        house = serve(limits=Limits(handshakes=3, handshake_time=HOURS))
        with house.plain() as oldest, many(3, house.plain):
            assert read_to_end(oldest) == b""
            assert house.client().ask().status == 200

    def test_oldest_idle_connection_makes_way(self, serve: Callable[..., House]) -> None:
        house = serve(limits=Limits(waiting=3, idle_time=HOURS))
        with contextlib.ExitStack() as stack:
            connections = [
                stack.enter_context(contextlib.closing(house.client().connection())) for _ in range(5)
            ]
            for connection in connections:
                assert ask(connection).status == 200
            assert connections[0].sock is not None
            assert read_to_end(connections[0].sock) == b""
            assert ask(connections[-1]).status == 200

    def test_greediest_clients_oldest_body_makes_way(
        self, serve: Callable[..., House], other: Credential
    ) -> None:
        house = serve(limits=replace(PATIENT, bodies=3), threads=1)
        with house.client(other.cert, other.key).tls() as honest, many(3, house.client().tls) as greedy:
            honest.sendall(HEAD + b"\r\n<a")
            wait_for_bodies(house, 1)
            for number, sock in enumerate(greedy[:2], 2):
                sock.sendall(HEAD + b"\r\n<a")
                wait_for_bodies(house, number)
            greedy[2].sendall(HEAD + b"\r\n<a")
            refused = read_to_end(greedy[0])
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert b"too-many-bodies" in refused
            assert b"Retry-After: 5" in refused
            line = house.next_audit()
            assert (line.code, line.outcome, line.path) == ("too-many-bodies", "failed", "/app")
            for sock in (honest, greedy[1]):
                sock.sendall(b"/>")
                assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")

    def test_bodies_share_their_memory(self, serve: Callable[..., House], other: Credential) -> None:
        house = serve(limits=replace(PATIENT, bodies_bytes=100_000), threads=1)
        large = b"<a>" + b"x" * 60_000
        head = HEAD.replace(b"Content-Length: 4", b"Content-Length: 60007") + b"\r\n"
        with house.client(other.cert, other.key).tls() as honest, many(2, house.client().tls) as greedy:
            honest.sendall(HEAD + b"\r\n<a")
            wait_for_bodies(house, 1)
            greedy[0].sendall(head + large)
            wait_for_bodies(house, 2)
            greedy[1].sendall(head + large)
            assert b"too-many-bodies" in read_to_end(greedy[0])
            honest.sendall(b"/>")
            assert honest.recv(65536).startswith(b"HTTP/1.1 200 ")

    def test_kernel_queues_as_many_connections_as_was_said(self, house: House) -> None:
        """cheroot listens with five if it is not told otherwise; the kernel tells what a socket has."""
        listening = house.listener._running().socket
        information = listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        (backlog,) = struct.unpack_from("I", information, TCPI_SACKED)
        assert backlog == Limits().backlog == 256

    def test_queue_for_the_workers_is_bounded(self, serve: Callable[..., House]) -> None:
        house = serve(limits=replace(PATIENT, queued=1), threads=1)
        with many(2, house.client().tls) as waiting:
            for sock, path in zip(waiting, (b"/app/wait", b"/app"), strict=True):
                sock.sendall(HEAD.replace(b"/app", path) + b"\r\n<a/>")
                if path == b"/app/wait":
                    house.gate.entered.get(timeout=PATIENCE)
            eventually(lambda: house.listener._running().requests.waiting() == 1)
            reply = house.client().ask()
            assert (reply.status, reply.code) == (503, "too-busy")
            assert house.next_audit().code == "too-busy"
            house.gate.leave.put(None)
            for sock in waiting:
                assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")


class TestNonsense:
    @pytest.mark.parametrize(
        "sent", [b"\0" * 500, b"\xff" * 500, b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01\xff\xff" * 99]
    )
    def test_garbage_instead_of_tls(self, house: House, sent: bytes) -> None:
        with house.plain() as sock:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            read_to_end(sock)
        assert house.client().ask().status == 200

    def test_garbage_is_audited(self, house: House) -> None:
        with house.plain() as sock:
            sock.sendall(b"\0" * 500)
            read_to_end(sock)
        line = house.next_audit()
        assert (line.code, line.peer, line.subject, line.path) == ("tls-failed", "127.0.0.1", None, None)

    @pytest.mark.parametrize("sent", [b"GET /health HTTP/1.1\r\n\r\n", b"POST /app HTTP/1.0\r\n\r\n"])
    def test_plain_http_is_told_so(self, house: House, sent: bytes) -> None:
        with house.plain() as sock:
            sock.sendall(sent)
            answer = read_to_end(sock)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"plain-http" in answer
        assert house.next_audit().code == "plain-http"

    def test_port_scanner_is_not_worth_a_line(self, house: House) -> None:
        for _ in range(5):
            house.plain().close()
        assert house.client().ask("/nothing").status == 404
        assert house.next_audit().code == "not-found"

    def test_old_protocols_are_refused(self, house: House) -> None:
        context = house.client().context()
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            house.client().tls(context)
        assert house.next_audit().code == "tls-failed"

    def test_client_that_does_not_trust_us(self, house: House) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            house.client().tls(ssl.create_default_context())
        assert house.next_audit().code == "tls-failed"
        assert house.client().ask().status == 200

    @pytest.mark.parametrize(
        "sent", [b"", HEAD, HEAD + b"\r\n<a", HEAD.replace(b"/app", b"/app/big") + b"\r\n<a/>"]
    )
    def test_client_that_vanishes(self, serve: Callable[..., House], sent: bytes) -> None:
        house = serve(threads=1)
        for _ in range(3):
            sock = house.client().tls()
            sock.sendall(sent)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()  # with a reset
        assert house.client().ask().status == 200


def test_nobody_is_left_behind(serve: Callable[..., House]) -> None:
    """Whatever happened, connections go when their clients go."""
    house = serve(limits=PATIENT)
    lobby = house.listener._running().lobby
    with (
        many(3, house.plain),
        many(3, house.client().tls),
        contextlib.closing(house.client().connection()) as one,
    ):
        assert ask(one).status == 200
        eventually(lambda: sum(lobby.population().values()) == 7)
    eventually(lambda: sum(lobby.population().values()) == 0)
