"""cheroot's connection and request on a TLS channel, strict where cheroot is lenient.

From cheroot come the request line, the WSGI environ and the writing of answers. Heads, bodies and
its own error pages are ours; and it is here that each request learns who is asking.
"""

import socket
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

from cheroot.server import HTTPConnection, HTTPRequest

from pathservice.listener.body import ChunkedBody, LengthBody
from pathservice.listener.channel import Channel
from pathservice.listener.errors import Refused
from pathservice.listener.head import BadHead, Fields, Lines, read_fields
from pathservice.listener.material import TlsMaterial
from pathservice.listener.model import JUDGEMENT, Judgement, Limits
from pathservice.listener.verifier import judge

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_REFUSALS = {
    400: (HTTPStatus.BAD_REQUEST, "malformed_request", "this is not an HTTP/1.1 request"),
    405: (HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "this method is not for this service"),
    408: (HTTPStatus.REQUEST_TIMEOUT, "request_timeout", "the request took too long to arrive"),
    413: (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", "the header fields are too long"),
    414: (HTTPStatus.REQUEST_URI_TOO_LONG, "uri_too_long", "the request line is too long"),
    501: (HTTPStatus.NOT_IMPLEMENTED, "coding_unknown", "of transfer codings only chunked is known"),
    505: (HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "version_unknown", "HTTP/1.0 and HTTP/1.1 are spoken here"),
}
_INTERNAL = (HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "the service failed; it has been logged")


class Host(Protocol):
    """What a connection asks of the server it belongs to."""

    limits: Limits
    material: TlsMaterial
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]

    def refuse(self, connection: "TlsConnection", refused: Refused, *, path: str | None) -> bytes:
        """Have the refusal audited; answer the HTTP message that tells the client."""


class TlsRequest(HTTPRequest):
    """One request and its answer."""

    conn: "TlsConnection"

    def __init__(self, server: Any, conn: "TlsConnection") -> None:
        super().__init__(server, conn)
        self.scheme = b"https"
        self.header_reader = self._read_head
        self._bad_head: BadHead | None = None
        self._body: LengthBody | ChunkedBody = LengthBody(conn.channel, 0)
        self._expects_continue = False

    def _read_head(self, lines: Lines, fields: Fields) -> Fields:
        try:
            fields.update(read_fields(lines))
        except BadHead as error:
            self._bad_head = error
            raise
        # cheroot would ask for the body at once; we only ask when somebody wants to read it.
        self._expects_continue = fields.pop(b"Expect", b"").lower() == b"100-continue"
        return fields

    def respond(self) -> None:
        """Have the request answered by the WSGI application."""
        channel, limits = self.conn.channel, self.conn.host.limits
        channel.allow_reading(limits.body_time)
        channel.announce(_CONTINUE if self._expects_continue else None)
        length = int(self.inheaders.get(b"Content-Length", 0))
        self._body = ChunkedBody(channel) if self.chunked_read else LengthBody(channel, length)
        self.rfile = self._body
        self.conn.ssl_env = {JUDGEMENT: self.conn.judge()}
        self.server.gateway(self).respond()
        self.ensure_headers_sent()
        if self.chunked_write:
            channel.write(b"0\r\n\r\n")
        channel.flush()

    def send_headers(self) -> None:
        """Start the answer, and decide whether it is the last on this connection."""
        self._start_writing()
        wants_to_close = any(
            name.lower() == b"connection" and value.lower() == b"close" for name, value in self.outheaders
        )
        self.conn.lingers = not self._body.exhausted
        if wants_to_close or self.conn.lingers or self.conn.is_outdated():
            self.close_connection = True
        self.conn.channel.hold_next()
        super().send_headers()

    def simple_response(self, status: object, msg: str = "") -> None:
        """Refuse, in our words, what did not get as far as the application; then the connection is closed."""
        refused = Refused(*_REFUSALS.get(int(str(status)[:3]), _INTERNAL))
        if self._bad_head is not None:
            refused = Refused(HTTPStatus.BAD_REQUEST, self._bad_head.code, str(self._bad_head))
        self.close_connection = True
        self.conn.lingers = True
        self._start_writing()
        path = getattr(self, "path", None)
        self.conn.channel.write(
            self.conn.host.refuse(self.conn, refused, path=path.decode("latin-1") if path else None)
        )

    def _start_writing(self) -> None:
        limits = self.conn.host.limits
        self.conn.channel.announce(None)
        self.conn.channel.allow_writing(limits.answer_time, stall=limits.stall_time)


class TlsConnection(HTTPConnection):
    """A client's connection, from accept to close."""

    RequestHandlerClass = TlsRequest

    def __init__(self, server: Any, sock: socket.socket, makefile: object = None) -> None:
        self.host: Host = server
        self.channel = Channel(sock, server.material.context, monotonic=server.monotonic)
        super().__init__(server, self.channel, lambda channel, *_: channel)
        self.lingers = False
        self._made_for = server.material
        self._judged_by: TlsMaterial | None = None
        self._judgement = Judgement()

    def serve(self) -> bool:
        """Read and answer one request; whether there may be another."""
        return bool(self.communicate())  # type: ignore[no-untyped-call]

    def judge(self) -> Judgement:
        """Answer what we hold of the client now.

        A connection may outlive its certificate and the authorities it was judged by, so the verdict
        is reached anew when either has changed since the last request.
        """
        now, material = self.host.clock(), self.host.material
        identity = self._judgement.identity
        lapsed = identity is not None and now >= identity.not_after
        if self._judged_by is not material or lapsed:
            self._judgement = judge(self.channel.peer_certificates, material.verifier, now=now)
            self._judged_by = material
        return self._judgement

    def known(self) -> Judgement:
        """Answer what was held of the client at its last request."""
        return self._judgement

    def is_outdated(self) -> bool:
        """Whether TLS was reloaded since this connection was made: it gets its answer and is closed."""
        return self._made_for is not self.host.material

    def close(self) -> None:
        """Let go of the socket."""
        self.channel.close()
