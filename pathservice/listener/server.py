"""The listener: one port, from settings to a clean stop."""

import socket
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from time import monotonic as system_monotonic
from types import TracebackType
from typing import Self

import structlog
from cheroot.wsgi import Server

from pathservice.listener.answer import raw_refusal
from pathservice.listener.connection import Next, TlsConnection
from pathservice.listener.errors import BindError, Refused
from pathservice.listener.front import Front, new_request_id, outcome_of, shown_path, write_audit
from pathservice.listener.lobby import Lobby
from pathservice.listener.material import TlsMaterial, load_material, stamp_of
from pathservice.listener.model import Audit, AuditLine, Health, Limits, Mount, TlsSettings
from pathservice.listener.pool import Work, WorkerPool

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_ACCEPT_POLL_SECONDS = 0.2
_DESK_THREADS = 2
_TOO_BUSY = Refused(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "too-busy",
    "too many requests wait to be answered; repeat this one later",
    headers=(("Retry-After", "5"),),
)


class Listener:
    """Mutual TLS and HTTP on one port before WSGI applications.

    Every client may shake hands, with a certificate or without, because only an HTTP answer can tell
    it in words what is wrong: a missing, foreign, expired, revoked or misused certificate gets a 403
    with the reason's code (an alert would reach a TLS 1.3 client as a broken connection). Without a
    certificate `GET /health` is answered and nothing else.

    `audit` is called once per refusal and once per WSDL, from several threads; other accepted requests
    are for the applications to audit. `threads` is how many of those are answered at once. `clock`
    answers the aware time certificates are judged at, `monotonic` counts seconds for time-outs.
    """

    def __init__(
        self,
        *,
        bind: tuple[str, int],
        mounts: Sequence[Mount],
        tls: TlsSettings,
        health: Health,
        audit: Audit,
        clock: Callable[[], datetime],
        threads: int = 16,
        limits: Limits | None = None,
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        self._bind = bind
        self._tls = tls
        self._audit = audit
        self._clock = clock
        self._threads = threads
        self._limits = limits or Limits()
        self._monotonic = monotonic
        self._front = Front(mounts, health=health, audit=audit, clock=clock, limits=self._limits)
        self._server: _HttpServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Check the TLS files, listen, and return; requests are answered from here on.

        Raises TlsFileError or BindError.
        """
        server = _HttpServer(
            self._bind,
            self._front,
            material=load_material(self._tls, now=self._clock()),
            threads=self._threads,
            limits=self._limits,
            audit=self._audit,
            clock=self._clock,
            monotonic=self._monotonic,
        )
        try:
            server.prepare()
        except OSError as error:
            server.lobby.stop()
            raise BindError(f"cannot listen on {self._bind[0]} port {self._bind[1]}: {error}") from error
        server.desk.start()
        server.lobby.start()
        self._thread = threading.Thread(target=server.serve, name="listener-accept", daemon=True)
        self._thread.start()
        self._server = server
        log.info("listening", host=self._bind[0], port=self.port)

    @property
    def port(self) -> int:
        """The port that is listened on, once started."""
        return int(self._running().bind_addr[1])

    def reload(self) -> None:
        """Read the TLS files again, for connections made from now on.

        Those that are open get one more answer, judged by the new files, and are closed. Raises
        TlsFileError and keeps the old ones when a file cannot be used.
        """
        self._running().material = load_material(self._tls, now=self._clock())
        log.info("TLS files reloaded")

    def reload_if_changed(self) -> bool:
        """Reload if a file looks different from when it was last read; whether that was so.

        Raises TlsFileError like `reload`, and again at the next call if the file is not mended.
        """
        if stamp_of(self._tls) == self._running().material.stamp:
            return False
        self.reload()
        return True

    def stop(self) -> None:
        """Stop listening, let requests being served end within the limit, close everything."""
        if self._server is None or self._thread is None:
            return
        self._server.stop()
        self._server.desk.stop(self._limits.stop_time.total_seconds())
        self._server.lobby.stop()
        self._thread.join()
        self._server = None
        log.info("stopped listening")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _running(self) -> "_HttpServer":
        if self._server is None:
            raise RuntimeError("the listener is not started")
        return self._server


class _HttpServer(Server):
    """cheroot's server: it accepts and parses; waiting is the lobby's business, threads are the pools'.

    Heads go to the desk's two threads, which never wait: refusals and /health are answered there whatever
    the applications do. Whole requests go to the workers.
    """

    ConnectionClass = TlsConnection
    expiration_interval = _ACCEPT_POLL_SECONDS

    def __init__(
        self,
        bind: tuple[str, int],
        front: Front,
        *,
        material: TlsMaterial,
        threads: int,
        limits: Limits,
        audit: Audit,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(
            bind,
            front,
            server_name=bind[0],
            request_queue_size=limits.backlog,
            timeout=int(limits.idle_time.total_seconds()),
        )
        self.shutdown_timeout = limits.stop_time.total_seconds()
        self.max_request_header_size = limits.head_bytes - 1
        self.material = material
        self.limits = limits
        self.clock = clock
        self.monotonic = monotonic
        self._audit = audit
        self.requests = WorkerPool(threads, monotonic=monotonic)
        self.desk = WorkerPool(_DESK_THREADS, monotonic=monotonic, name="listener-desk")
        self.lobby: Lobby[TlsConnection] = Lobby(
            limits=limits,
            examine=partial(self._submit, self.desk, TlsConnection.examine),
            serve=self._queue,
            refuse=self._refuse_waiting,
            monotonic=monotonic,
        )

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:  # noqa: A002  cheroot's word
        """Bind the listening socket, or leave none open."""
        made: socket.socket = self.prepare_socket(
            self.bind_addr, family, type, proto, self.nodelay, None, self.reuse_port
        )
        try:
            made.bind(self.bind_addr)
        except OSError:
            made.close()
            raise
        self.socket = made
        self.bind_addr = made.getsockname()[:2]
        return made

    @property
    def can_add_keepalive_connection(self) -> bool:
        """Whether to keep connections alive: always, the lobby makes room."""
        return bool(self.ready)

    def process_conn(self, conn: TlsConnection) -> None:
        """Take a connection that was accepted a moment ago."""
        self.lobby.admit(conn)

    def put_conn(self, conn: TlsConnection) -> None:
        """Take back a connection that is kept alive."""
        conn.forget_request()
        self.lobby.park(conn)

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """Log what cheroot has to say."""
        log.log(level, "cheroot", detail=msg, exc_info=traceback)

    def refuse(self, connection: TlsConnection, refused: Refused) -> bytes:
        """Have a refusal audited that the front did not come to; answer the HTTP message for it."""
        line = self._line(connection, refused)
        write_audit(self._audit, line)
        return raw_refusal(refused, line.request_id)

    def _refuse_waiting(self, connection: TlsConnection, refused: Refused) -> bytes:
        line = self._line(connection, refused)
        self.desk.submit_chore(partial(write_audit, self._audit, line))
        return raw_refusal(refused, line.request_id)

    def _line(self, connection: TlsConnection, refused: Refused) -> AuditLine:
        known, path = connection.known(), connection.path
        return AuditLine(
            at=self.clock(),
            request_id=new_request_id(),
            peer=connection.remote_addr or "",
            outcome=outcome_of(refused.status),
            code=refused.code,
            subject=known.identity.subject if known.identity else None,
            claimed_subject=known.claimed_subject,
            path=None if path is None else shown_path(path),
        )

    def _queue(self, connection: TlsConnection) -> None:
        """Have a whole request served, if it does not have to wait behind too many."""
        if self.requests.waiting() < self.limits.queued:
            self._submit(self.requests, TlsConnection.serve, connection)
            return
        connection.channel.try_write(self._refuse_waiting(connection, _TOO_BUSY))
        connection.lingers = True
        self._let_go(connection)

    def _submit(
        self, pool: WorkerPool, step: Callable[[TlsConnection], Next], connection: TlsConnection
    ) -> None:
        pool.submit(
            Work(
                run=partial(self._work_on, connection, step),
                abort=connection.channel.abort,
                drop=connection.close,
            )
        )

    def _work_on(self, connection: TlsConnection, step: Callable[[TlsConnection], Next]) -> None:
        after = Next.END
        try:
            after = step(connection)
        finally:
            if not self.ready:
                after = Next.END
            match after:
                case Next.BODY:
                    self.lobby.await_body(connection)
                case Next.SERVE:
                    self._queue(connection)
                case Next.KEEP:
                    self.put_conn(connection)
                case Next.END:
                    self._let_go(connection)

    def _let_go(self, connection: TlsConnection) -> None:
        connection.channel.say_goodbye()
        if connection.lingers:
            self.lobby.linger(connection)
        else:
            connection.close()
