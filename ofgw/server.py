"""XML-RPC over TLS: who may call is decided by the certificate, and nobody can keep the others waiting.

A client needs a certificate of the configured authority and a subject on the list. Each connection has a
thread of its own and one patience for each request; there are so many connections at a time and no more. Who
has not shown a certificate yet gives way to who comes after him, and who may not call is not kept.
"""

import io
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self

import structlog
from cryptography import x509

from netconfig.deadline import DeadlineReader
from netconfig.xmlrpcwire import NotXmlRpc, read_call, write_answer, write_fault
from ofgw.credentials import Credentials
from ofgw.errors import BadSettings, FaultCode, Refused

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PATHS = frozenset({"/", "/RPC2"})
LARGEST_CALL = 2 * 1024 * 1024
CONNECTIONS = 32
HANDSHAKE_PATIENCE = 10.0
CALL_PATIENCE = 20.0
"""Seconds from a request's first byte to its last."""
ROOM_PATIENCE = 1.0
"""Seconds until whoever gave way has gone."""
IDLE_PATIENCE = 900.0
"""Seconds a connection is kept for the next request."""

Call = Callable[[str, tuple[object, ...]], object]


class AgentServer(socketserver.ThreadingTCPServer):
    """Answers calls while the `with` block lasts."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], credentials: Credentials, call: Call) -> None:
        """Listen.

        Raises:
            BadSettings: the address cannot be had or the credentials cannot be used.
        """
        self.credentials = credentials
        self.call = call
        self._context = credentials.context()
        self._room = threading.BoundedSemaphore(CONNECTIONS)
        self._connections: set[socket.socket] = set()
        # In the order in which they came.
        self._unknown: dict[socket.socket, None] = {}
        self._lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            raise BadSettings(
                f"address, port: {address[0]} port {address[1]} cannot be listened on: {error}"
            ) from error
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="calls", daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            _break_off(connection)

    def reload(self) -> None:
        """Take certificates and keys from their files anew, for connections to come.

        Raises:
            BadSettings: they cannot be used; the old ones stay.
        """
        self._context = self.credentials.context()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more, or can be."""
        if self._room.acquire(blocking=False) or self._make_room():
            return True
        log.warning("too-many-connections", peer=client_address[0])
        return False

    def _make_room(self) -> bool:
        """Whether there was one without a certificate, which has gone."""
        with self._lock:
            first = next(iter(self._unknown), None)
            if first is None:
                return False
            del self._unknown[first]
            _break_off(first)
        return self._room.acquire(timeout=ROOM_PATIENCE)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for it, if there can be one more."""
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection, from its handshake to its end."""
        connection = request
        try:
            request.settimeout(HANDSHAKE_PATIENCE)
            connection = self._context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            with self._lock:
                self._connections.add(connection)
                self._unknown[connection] = None
            connection.do_handshake()
            with self._lock:
                self._unknown.pop(connection, None)
            self.finish_request(connection, client_address)
        except (OSError, EOFError) as error:
            log.info("connection-failed", peer=client_address[0], error=str(error))
        except Exception:
            log.exception("connection-failed", peer=client_address[0])
        finally:
            with self._lock:
                self._connections.discard(connection)
                self._unknown.pop(connection, None)
            self._room.release()
            with suppress(OSError):
                connection.close()

    def may_call(self, connection: ssl.SSLSocket) -> tuple[bool, str]:
        """Whether whoever is at the other end is on the list, and who that is (RFC 4514)."""
        encoded = connection.getpeercert(binary_form=True)
        if encoded is None:
            return False, ""
        try:
            subject = x509.load_der_x509_certificate(encoded).subject
            return subject in self.credentials.subjects, subject.rfc4514_string()
        except ValueError:
            return False, "a subject that cannot be read"


class _Handler(BaseHTTPRequestHandler):
    """The requests of one connection."""

    server: AgentServer
    connection: ssl.SSLSocket
    protocol_version = "HTTP/1.1"
    server_version = "tbam-agent"
    sys_version = ""
    # An answer goes out in one piece, at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._patience = DeadlineReader(self.connection)
        self._incoming = self.rfile = io.BufferedReader(self._patience)
        self._patience.allow(CALL_PATIENCE)

    def handle_one_request(self) -> None:
        try:
            # The first byte may take long, the rest may not.
            if not self._incoming.peek(1):
                self.close_connection = True
                return
            self._patience.allow(CALL_PATIENCE)
            super().handle_one_request()
            self._patience.allow(IDLE_PATIENCE)
        except OSError:
            self.close_connection = True

    def do_POST(self) -> None:
        if (body := self._body()) is None:
            return
        peer = self.client_address[0]
        may_call, subject = self.server.may_call(self.connection)
        try:
            method, arguments = read_call(body)
        except NotXmlRpc as error:
            log.warning("bad-call", peer=peer, subject=subject, error=str(error))
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        words = {"peer": peer, "subject": subject, "method": method[:80]}
        if may_call:
            answer = self._called(method, arguments, words)
        else:
            denial = Refused(FaultCode.DENIED, f"{subject} may not call this agent")
            log.warning("call-refused", error=str(denial), **words)
            answer = write_fault(int(denial.fault), str(denial))
            self.close_connection = True
        self._answer(HTTPStatus.OK, answer, "text/xml")

    def _called(self, method: str, arguments: tuple[object, ...], words: dict[str, str]) -> bytes:
        try:
            answer = write_answer(self.server.call(method, arguments))
        except Refused as error:
            log.warning("call-refused", error=str(error), **words)
            return write_fault(int(error.fault), str(error))
        except Exception:
            log.exception("call-failed", **words)
            return write_fault(int(FaultCode.INTERNAL), "internal: an error of the agent; its log has it")
        (log.debug if method.startswith("get") else log.info)("called", **words)
        return answer

    def _body(self) -> bytes | None:
        """All of it; None if it was refused, or did not come."""
        length = self.headers.get("Content-Length", "")
        if self.path not in PATHS:
            self._refuse(HTTPStatus.NOT_FOUND, f"calls are answered at {' and '.join(sorted(PATHS))}")
        elif "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "a call says its Content-Length")
        elif len(length) > 10 or int(length) > LARGEST_CALL:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a call has at most {LARGEST_CALL} bytes")
        elif len(body := self.rfile.read(int(length))) == int(length):
            return body
        self.close_connection = True
        return None

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        self.close_connection = True
        self._answer(status, f"{words}\n".encode(), "text/plain; charset=utf-8")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.connection.settimeout(CALL_PATIENCE)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.close_connection = True
        # Or it would answer in the version of a line that made no sense.
        self.request_version = self.protocol_version
        self._answer(HTTPStatus(code), b"this is not a call\n", "text/plain; charset=utf-8")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Calls are told by their names, where they are done."""


def _break_off(connection: socket.socket) -> None:
    with suppress(OSError):
        # The plain socket's own: TLS would want to say goodbye first.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
