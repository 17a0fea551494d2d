"""A real listener on an ephemeral port, clients of every kind, and a clock that only tests move.

Sockets have a generous time-out, so that a hang is a failure; no test measures time.
"""

import contextlib
import functools
import hashlib
import json
import queue
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from pathservice.listener import AuditLine, Limits, Listener, Mount, TlsSettings
from pathservice.pki import Pki, init_pki
from tests.grid import grid_proxy_init

PATIENCE = 60.0
"""Seconds after which a client of these tests gives up; nothing should ever take so long."""
BIG = hashlib.sha512(b"big").digest() * (8 * 1024 * 1024 // 64)


class Clock:
    """The instant certificates are judged at; starts at the real one, because Python's clients use that."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, time: timedelta) -> None:
        self.now += time


class Gate:
    """Lets a test hold a request inside the application."""

    def __init__(self) -> None:
        self.entered: queue.Queue[None] = queue.Queue()
        self.leave: queue.Queue[None] = queue.Queue()


def application(gate: Gate) -> Callable[..., Iterable[bytes]]:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, body = environ["PATH_INFO"], environ["wsgi.input"].read()
        if path == "/big":
            start_response("200 OK", [("Content-Length", str(len(BIG)))])
            return [BIG]
        if path == "/stream":
            start_response("200 OK", [])
            return (BIG[at : at + 100_000] for at in range(0, len(BIG), 100_000))
        if path == "/wait":
            gate.entered.put(None)
            gate.leave.get()
        if path == "/fail":
            raise RuntimeError("secret")
        if path == "/die":
            return dying(start_response)
        content = json.dumps(
            {
                "subject": environ["x509.subject"],
                "issuer": environ["x509.issuer"],
                "scheme": environ["wsgi.url_scheme"],
                "host": environ.get("HTTP_HOST"),
                "body": body.decode(errors="replace"),
                "fields": sorted(key for key in environ if key.startswith(("HTTP_", "x509", "pathservice"))),
            }
        ).encode()
        start_response(
            "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        )
        return [content]

    def dying(start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"half"
        raise RuntimeError("secret")

    return answer


@dataclass(frozen=True)
class Client:
    """Somebody who connects, with or without a certificate."""

    port: int
    ca: Path
    cert: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca)
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python 3.13 asks of everybody
        if self.cert:
            context.load_cert_chain(self.cert, self.key)
        return context

    def connection(self) -> HTTPSConnection:
        return HTTPSConnection("127.0.0.1", self.port, context=self.context(), timeout=PATIENCE)

    def tls(self, context: ssl.SSLContext | None = None, session: Any = None) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        try:
            return (context or self.context()).wrap_socket(
                plain, server_hostname="localhost", session=session
            )
        except BaseException:
            plain.close()
            raise

    def ask(
        self,
        path: str = "/app",
        body: bytes | None = b"<a/>",
        *,
        method: str = "POST",
        fields: Mapping[str, str] | None = None,
    ) -> "Reply":
        with contextlib.closing(self.connection()) as connection:
            return ask(connection, path, body, method=method, fields=fields)


@dataclass(frozen=True)
class Reply:
    """An answer, read to its end."""

    status: int
    body: bytes
    fields: Mapping[str, str]

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.document["code"])

    @classmethod
    def read(cls, response: HTTPResponse) -> "Reply":
        return cls(response.status, response.read(), dict(response.getheaders()))


def ask(
    connection: HTTPSConnection,
    path: str = "/app",
    body: bytes | None = b"<a/>",
    *,
    method: str = "POST",
    fields: Mapping[str, str] | None = None,
) -> Reply:
    connection.request(method, path, body, {"Content-Type": "text/xml", **(fields or {})})
    return Reply.read(connection.getresponse())


@dataclass
class House:
    """A running listener and what belongs to it."""

    listener: Listener
    pki: Pki
    tls: TlsSettings
    clock: Clock
    gate: Gate = field(default_factory=Gate)
    audited: "queue.Queue[AuditLine]" = field(default_factory=queue.Queue)

    def client(self, cert: Path | None = None, key: Path | None = None) -> Client:
        return Client(self.listener.port, self.pki.ca, cert or self.pki.user_cert, key or self.pki.user_key)

    def stranger(self) -> Client:
        return Client(self.listener.port, self.pki.ca)

    def plain(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.listener.port), timeout=PATIENCE)

    def next_audit(self) -> AuditLine:
        return self.audited.get(timeout=PATIENCE)


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds."""
    for _ in range(int(PATIENCE * 100)):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came true")


def read_to_end(sock: socket.socket) -> bytes:
    """Everything the server still sends, until it hangs up."""
    data = b""
    with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):
        while piece := sock.recv(65536):
            data += piece
    return data


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return init_pki(tmp_path_factory.mktemp("pki") / "ours", host_names=[], now=datetime.now(UTC))


@pytest.fixture(scope="session")
def foreign_pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return init_pki(tmp_path_factory.mktemp("pki") / "theirs", host_names=[], now=datetime.now(UTC))


@pytest.fixture(scope="session")
def grid_proxy(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes proxies of the demo user, or of the proxy `of`; those that were asked for before are kept."""
    directory = tmp_path_factory.mktemp("proxies")

    @functools.cache
    def make(*options: str, of: Path | None = None) -> Path:
        cert, key = (of, of) if of else (pki.user_cert, pki.user_key)
        out = directory / str(len(list(directory.iterdir())))
        return grid_proxy_init(out, *options, cert=cert, key=key, authorities=pki.ca.parent)

    return make


@contextlib.contextmanager
def serving(pki: Pki) -> Iterator[Callable[..., House]]:
    """Start listeners as a test wants them, and stop them after it."""
    houses: list[House] = []

    def start(
        *mounts: Mount,
        crl: Path | None = None,
        limits: Limits | None = None,
        threads: int = 4,
        **proxies: Any,
    ) -> House:
        tls = TlsSettings(ca=pki.ca, cert=pki.server_cert, key=pki.server_key, crl=crl, **proxies)
        clock, gate = Clock(), Gate()
        audited: queue.Queue[AuditLine] = queue.Queue()
        listener = Listener(
            bind=("127.0.0.1", 0),
            mounts=[Mount("/app", application(gate)), Mount("/raw", application(gate), xml=False), *mounts],
            tls=tls,
            health=lambda: (True, {}),
            audit=audited.put,
            clock=clock,
            threads=threads,
            limits=limits,
        )
        listener.start()
        houses.append(House(listener, pki, tls, clock, gate, audited))
        return houses[-1]

    yield start
    for house in houses:
        for _ in range(10):
            house.gate.leave.put(None)
        house.listener.stop()


@pytest.fixture
def serve(pki: Pki) -> Iterator[Callable[..., House]]:
    with serving(pki) as start:
        yield start


@pytest.fixture(scope="module")
def serve_for_module(pki: Pki) -> Iterator[Callable[..., House]]:
    with serving(pki) as start:
        yield start


@pytest.fixture
def house(serve: Callable[..., House]) -> House:
    return serve()
