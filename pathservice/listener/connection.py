"""cheroot's connection and request on a TLS channel, strict where cheroot is lenient.

From cheroot come the request line, the WSGI environ and the writing of answers. Heads, bodies and
its own error pages are ours; and it is here that each request learns who is asking.

A request is asked for twice at most. `examine` reads a whole head and answers what the head alone
decides: refusals, /health. `serve` has the application answer, once the body is whole too. In between
the lobby has `collect` put the body together. None of them ever waits for the client to send.
"""

import enum
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Protocol

import structlog
from cheroot.server import HTTPConnection, HTTPRequest

from pathservice.listener.body import Body, ChunkedBody, LengthBody
from pathservice.listener.channel import Channel
from pathservice.listener.errors import Postponed, Refused
from pathservice.listener.head import BadHead, Fields, Lines, read_fields
from pathservice.listener.material import TlsMaterial
from pathservice.listener.model import ADMIT, JUDGEMENT, Judgement, Limits
from pathservice.listener.verifier import judge

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_AT_ONCE = timedelta(0)

_REFUSALS = {
    400: (HTTPStatus.BAD_REQUEST, "malformed-request", "this is not an HTTP/1.1 request"),
    405: (HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", "this method is not for this service"),
    413: (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-large", "the header fields are too long"),
    414: (HTTPStatus.REQUEST_URI_TOO_LONG, "uri-too-long", "the request line is too long"),
    501: (HTTPStatus.NOT_IMPLEMENTED, "coding-unknown", "of transfer codings only chunked is known"),
    505: (HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "version-unknown", "HTTP/1.0 and HTTP/1.1 are spoken here"),
}
_INTERNAL = (HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", "the service failed; it has been logged")


class Next(enum.Enum):
    """What becomes of a connection when it has been worked on."""

    BODY = "body"
    """The rest of the request's body has to arrive."""
    SERVE = "serve"
    """The request is whole: an application may answer it."""
    KEEP = "keep"
    """It was answered, and there may be another."""
    END = "end"


class Host(Protocol):
    """What a connection asks of the server it belongs to."""

    limits: Limits
    material: TlsMaterial
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]

    def refuse(self, connection: "TlsConnection", refused: Refused) -> bytes:
        """Have the refusal audited; answer the HTTP message that tells the client."""


class TlsRequest(HTTPRequest):
    """One request and its answer."""

    conn: "TlsConnection"

    def __init__(self, server: Any, conn: "TlsConnection") -> None:
        super().__init__(server, conn)
        self.scheme = b"https"
        self.header_reader = self._read_head
        self.body: Body = LengthBody(0)
        self.expects_continue = False
        self._bad_head: BadHead | None = None
        self._is_whole = False

    def parse_request(self) -> None:
        """Read the head, which has arrived whole."""
        super().parse_request()
        if self.ready and not self.chunked_read:
            self._expect(LengthBody(int(self.inheaders.get(b"Content-Length", 0))))
        elif self.ready:
            self._expect(ChunkedBody(self.conn.host.limits.body_bytes))

    def _expect(self, body: Body) -> None:
        self.body = self.rfile = body

    def _read_head(self, lines: Lines, fields: Fields) -> Fields:
        try:
            fields.update(read_fields(lines, needs_host=self.response_protocol == "HTTP/1.1"))
        except BadHead as error:
            self._bad_head = error
            raise
        # cheroot would ask for the body at once; we only ask for one that somebody wants to read.
        expects = fields.pop(b"Expect", b"").lower() == b"100-continue"
        self.expects_continue = expects and self.response_protocol == "HTTP/1.1"
        return fields

    def examine(self) -> None:
        """Answer what needs no application. Raises Postponed where one has to be asked."""
        self.respond()

    def serve(self) -> None:
        """Have the application answer."""
        self._is_whole = True
        self.respond()

    def respond(self) -> None:
        """Have the request answered by the WSGI application."""
        self.conn.ssl_env = {JUDGEMENT: self.conn.judge(), ADMIT: self._admit}
        self.server.gateway(self).respond()
        self.ensure_headers_sent()
        if self.chunked_write:
            self.conn.channel.write(b"0\r\n\r\n")
        self.conn.channel.flush()

    def _admit(self, *, needs_body: bool, limit: int) -> None:
        if self._is_whole:
            return
        if self.chunked_read:
            self._expect(ChunkedBody(limit))  # nothing was taken yet
        raise Postponed(needs_body=needs_body)

    def send_headers(self) -> None:
        """Start the answer, and decide whether it is the last on this connection."""
        self._start_writing()
        wants_to_close = any(
            name.lower() == b"connection" and value.lower() == b"close" for name, value in self.outheaders
        )
        self.conn.lingers = not self.body.whole
        if wants_to_close or self.conn.lingers or self.conn.is_outdated():
            self.close_connection = True
        self.conn.channel.hold_next()
        super().send_headers()

    def simple_response(self, status: object, msg: str = "") -> None:
        """Refuse, in our words, what did not get as far as the front."""
        refused = Refused(*_REFUSALS.get(int(str(status)[:3]), _INTERNAL))
        if self._bad_head is not None:
            refused = Refused(HTTPStatus.BAD_REQUEST, self._bad_head.code, str(self._bad_head))
        self.refuse(refused)

    def refuse(self, refused: Refused) -> None:
        """Tell the client, and close the connection: nobody knows where another request would start."""
        self.close_connection = True
        self.conn.lingers = True
        self._start_writing()
        self.conn.channel.write(self.conn.host.refuse(self.conn, refused))

    def _start_writing(self) -> None:
        """An application's answer may take its time; others are short, and are taken at once or never."""
        limits = self.conn.host.limits
        if self._is_whole:
            self.conn.channel.allow_writing(limits.answer_time, stall=limits.stall_time)
        else:
            self.conn.channel.allow_writing(_AT_ONCE, stall=_AT_ONCE)


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
        self._request: TlsRequest | None = None

    def examine(self) -> Next:
        """Read the head that has arrived, and answer it if no application has to."""
        self._request = TlsRequest(self.server, self)
        return self._carry_out(self._request, self._examine)

    def collect(self) -> bool:
        """Put what has arrived to the request's body; whether that is whole now. Raises Refused."""
        body = self._current().body
        body.take(self.channel.arrived)
        return body.whole

    def serve(self) -> Next:
        """Have the application answer the request."""
        return self._carry_out(self._current(), self._serve)

    def _examine(self, request: TlsRequest) -> Next:
        request.parse_request()
        if not request.ready:
            return Next.END
        try:
            request.examine()
        except Postponed as postponed:
            return self._postpone(request, needs_body=postponed.needs_body)
        return _after(request)

    def _postpone(self, request: TlsRequest, *, needs_body: bool) -> Next:
        try:
            if not needs_body or self.collect():
                return Next.SERVE
        except Refused as refused:
            request.refuse(refused)
            return Next.END
        if request.expects_continue:
            self.channel.allow_writing(_AT_ONCE, stall=_AT_ONCE)
            self.channel.write(_CONTINUE)
        return Next.BODY

    def _serve(self, request: TlsRequest) -> Next:
        request.serve()
        return _after(request)

    def _carry_out(self, request: TlsRequest, step: Callable[[TlsRequest], Next]) -> Next:
        try:
            return step(request)
        except OSError:
            return Next.END  # the client is gone, or might as well be
        except Exception:  # one request's trouble is not everybody's
            log.exception("a request failed")
            if not request.sent_headers:
                request.refuse(Refused(*_INTERNAL))
            return Next.END

    def _current(self) -> TlsRequest:
        if self._request is None:
            raise RuntimeError("no request was examined")
        return self._request

    def judge(self) -> Judgement:
        """Answer what we hold of the client now.

        A connection may outlive its certificate and the authorities it was judged by, so the verdict
        is reached anew when either has changed since the last request.
        """
        now, material = self.host.clock(), self.host.material
        identity = self._judgement.identity
        lapsed = identity is not None and now >= identity.not_after
        if self._judged_by is not material or lapsed:
            self._judgement = judge(
                self.channel.peer_certificates, material.verifier, material.guests, now=now
            )
            self._judged_by = material
        return self._judgement

    def known(self) -> Judgement:
        """Answer what was held of the client at its last request."""
        return self._judgement

    @property
    def owner(self) -> str:
        """Whose connection this is, empty before anybody was judged."""
        return self._judgement.identity.subject if self._judgement.identity else ""

    @property
    def held(self) -> int:
        """How many bytes of a body it holds."""
        return len(self._request.body) if self._request else 0

    @property
    def path(self) -> str | None:
        """What the request that is under way asks for."""
        path: bytes | None = getattr(self._request, "path", None)
        return path.decode("latin-1") if path else None

    def forget_request(self) -> None:
        """Forget the request that was answered."""
        self._request = None

    def is_outdated(self) -> bool:
        """Whether TLS was reloaded since this connection was made: it gets its answer and is closed."""
        return self._made_for is not self.host.material

    def close(self) -> None:
        """Let go of the socket."""
        self.channel.close()


def _after(request: TlsRequest) -> Next:
    return Next.END if request.close_connection else Next.KEEP
