"""Where connections wait for their clients: one thread, one selector, deadlines for everybody.

A connection enters when it was accepted and shakes hands. When a whole head has arrived it leaves to
be examined; if that finds a body wanting, it comes back until the body is whole too, and leaves
for a worker. It comes back when it is kept alive, or when it was refused and goes on sending (closing
on it at once would take the answer away from under it). So no other thread ever waits for a client
to send something. A client that stalls costs an entry here and the bytes it sent.

Room is bounded. Who waits without a request makes way for a newcomer, the longest waiting first. Where
bodies crowd, whoever has most of them loses the oldest, so that one client's many cost others none.
"""

import contextlib
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Generic

import structlog

from pathservice.listener.channel import HandshakeFailed, Need
from pathservice.listener.errors import Refused
from pathservice.listener.model import Limits
from pathservice.listener.visitor import Guest, Stage, find_greediest
from pathservice.listener.waiting import WaitingList

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


_PORTION = 64 * 1024
"""Bytes of a body taken in before others have their turn."""
_GIVES_WAY: tuple[Stage, ...] = (Stage.IDLE, Stage.LINGER, Stage.HEAD)
_EVENTS = {Need.READABLE: selectors.EVENT_READ, Need.WRITABLE: selectors.EVENT_WRITE}

_NO_TLS = Refused(HTTPStatus.BAD_REQUEST, "tls-failed", "the TLS handshake failed")
_PLAIN_HTTP = Refused(HTTPStatus.BAD_REQUEST, "plain-http", "this port speaks HTTPS only")
_SLOW_HANDSHAKE = Refused(HTTPStatus.REQUEST_TIMEOUT, "handshake-timeout", "the TLS handshake took too long")
_SLOW_HEAD = Refused(HTTPStatus.REQUEST_TIMEOUT, "head-timeout", "the request's head took too long")
_SLOW_BODY = Refused(HTTPStatus.REQUEST_TIMEOUT, "body-timeout", "the request's body took too long")
_TRUNCATED = Refused(HTTPStatus.BAD_REQUEST, "truncated-body", "the body ends before it should")
_CROWDED = Refused(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "too-many-bodies",
    "too many of your requests are arriving at once; repeat this one later",
    headers=(("Retry-After", "5"),),
)


class Lobby(Generic[Guest]):
    """See the module. What is handed in is called in its thread and must not wait.

    `examine` gets a connection whose head has arrived, `serve` one whose body has. `refuse` says that a
    visitor was refused and answers the HTTP message that tells it so.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        examine: Callable[[Guest], None],
        serve: Callable[[Guest], None],
        refuse: Callable[[Guest, Refused], bytes],
        monotonic: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._examine = examine
        self._serve = serve
        self._refuse = refuse
        times = {
            Stage.HANDSHAKE: limits.handshake_time.total_seconds(),
            Stage.HEAD: limits.head_time.total_seconds(),
            Stage.BODY: limits.body_time.total_seconds(),
            Stage.IDLE: limits.idle_time.total_seconds(),
            Stage.LINGER: limits.linger_time.total_seconds(),
        }
        self._waiting: WaitingList[Guest, Stage] = WaitingList(times, monotonic=monotonic)
        self._unfinished: list[Guest] = []
        self._selector = selectors.DefaultSelector()
        self._inbox: deque[tuple[Guest, Stage]] = deque()
        self._wake_out, self._wake_in = socket.socketpair()
        self._doors = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="listener-lobby", daemon=True)

    # For any thread

    def start(self) -> None:
        """Open the doors."""
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        self._selector.register(self._wake_out, selectors.EVENT_READ, None)
        self._thread.start()

    def admit(self, visitor: Guest) -> None:
        """Take a connection that was just accepted."""
        self._enter(visitor, Stage.HANDSHAKE)

    def park(self, visitor: Guest) -> None:
        """Take a connection that is kept alive for its next request."""
        self._enter(visitor, Stage.IDLE)

    def await_body(self, visitor: Guest) -> None:
        """Take a connection whose request wants the rest of its body."""
        self._enter(visitor, Stage.BODY)

    def linger(self, visitor: Guest) -> None:
        """Take a connection that has had its last answer while it may still be sending."""
        self._enter(visitor, Stage.LINGER)

    def population(self) -> dict[Stage, int]:
        """Answer how many wait for what, for metrics and tests."""
        return {stage: self._waiting.count(stage) for stage in Stage}

    def stop(self) -> None:
        """Close everybody's connection and end the thread."""
        with self._doors:
            self._stopping = True
            self._wake()
        if self._thread.ident is None:
            self._close_everything()
        else:
            self._thread.join()

    def _enter(self, visitor: Guest, stage: Stage) -> None:
        with self._doors:
            if not self._stopping:
                self._inbox.append((visitor, stage))
                self._wake()
                return
        visitor.close()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):  # full or closed: awake already, or gone
            self._wake_in.send(b"!")

    # The lobby's own thread

    def _loop(self) -> None:
        try:
            while not self._stopping:
                timeout = 0.0 if self._unfinished else self._waiting.seconds_left()
                events = self._selector.select(timeout)
                unfinished, self._unfinished = self._unfinished, []
                for visitor in (*unfinished, *(key.data for key, _ in events)):
                    if visitor is None:
                        self._sleep_again()
                    elif visitor in self._waiting:
                        self._attend(visitor)
                self._let_in()
                self._show_out_the_late()
        finally:
            self._close_everything()

    def _sleep_again(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_out.recv(4096)

    def _let_in(self) -> None:
        while self._inbox:
            visitor, stage = self._inbox.popleft()
            self._make_room(stage)
            self._waiting.move(visitor, stage)
            self._attend(visitor)

    def _attend(self, visitor: Guest) -> None:
        """Do for a visitor what can be done now."""
        try:
            match self._waiting.stage(visitor):
                case Stage.HANDSHAKE:
                    self._shake_hands(visitor)
                case Stage.HEAD | Stage.IDLE:
                    self._collect_head(visitor)
                case Stage.BODY:
                    self._collect_body(visitor)
                case Stage.LINGER:
                    if visitor.channel.discard():
                        self._watch(visitor, Need.READABLE)
                    else:
                        self._show_out(visitor)
        except OSError:
            self._show_out(visitor)
        except Exception:  # one visitor's trouble is not everybody's
            log.exception("a waiting connection failed")
            self._show_out(visitor)

    def _shake_hands(self, visitor: Guest) -> None:
        try:
            need = visitor.channel.handshake()
        except HandshakeFailed as failure:
            answer = self._refuse(visitor, _PLAIN_HTTP if failure.plain_http else _NO_TLS)
            if failure.plain_http:
                visitor.channel.try_write_plain(answer)
            self._send_away(visitor)
            return
        if need is Need.NOTHING:
            self._make_room(Stage.HEAD)
            self._waiting.move(visitor, Stage.HEAD)
            self._collect_head(visitor)
        else:
            self._watch(visitor, need)

    def _collect_head(self, visitor: Guest) -> None:
        channel = visitor.channel
        need = channel.fill(self._limits.head_bytes)
        if channel.holds_head() or channel.buffered() >= self._limits.head_bytes:
            # Whole or too long: its parser will not have to wait for more.
            self._forget(visitor)
            self._examine(visitor)
        elif need is Need.NOTHING:
            self._show_out(visitor)
        else:
            if channel.buffered() and self._waiting.stage(visitor) is Stage.IDLE:
                self._waiting.move(visitor, Stage.HEAD)
            self._watch(visitor, need)

    def _collect_body(self, visitor: Guest) -> None:
        need = visitor.channel.fill(_PORTION)
        try:
            whole = visitor.collect()
        except Refused as refused:
            self._turn_away(visitor, refused)
            return
        if whole:
            self._forget(visitor)
            self._serve(visitor)
        elif visitor.channel.ended:
            self._turn_away(visitor, _TRUNCATED)
        else:
            self._watch(visitor, Need.READABLE if need is Need.NOTHING else need)
            if need is Need.NOTHING:  # there is more, which the selector cannot see
                self._unfinished.append(visitor)
            greediest = find_greediest(self._waiting.at(Stage.BODY), self._limits)
            if greediest is not None:
                self._turn_away(greediest, _CROWDED)

    def _turn_away(self, visitor: Guest, refused: Refused) -> None:
        visitor.channel.try_write(self._refuse(visitor, refused))
        self._send_away(visitor)

    def _send_away(self, visitor: Guest) -> None:
        visitor.channel.say_goodbye()
        self._waiting.move(visitor, Stage.LINGER)
        self._watch(visitor, Need.READABLE)

    def _show_out_the_late(self) -> None:
        for visitor in self._waiting.late():
            self._end_wait(visitor)

    def _end_wait(self, visitor: Guest) -> None:
        """Take leave of a visitor that waited too long."""
        match self._waiting.stage(visitor):
            case Stage.BODY:
                self._turn_away(visitor, _SLOW_BODY)
            case Stage.HEAD if visitor.channel.buffered():
                self._turn_away(visitor, _SLOW_HEAD)
            case Stage.HANDSHAKE:
                self._refuse(visitor, _SLOW_HANDSHAKE)
                self._show_out(visitor)
            case _:
                self._show_out(visitor)

    def _make_room(self, stage: Stage) -> None:
        if stage is Stage.BODY:
            return  # they have room of their own
        stages, limit = _GIVES_WAY, self._limits.waiting
        if stage is Stage.HANDSHAKE:
            stages, limit = (Stage.HANDSHAKE,), self._limits.handshakes
        if self._waiting.count(*stages) >= limit:
            self._show_out(self._waiting.oldest(*stages))

    def _watch(self, visitor: Guest, need: Need) -> None:
        descriptor = visitor.channel.fileno()
        if descriptor in self._selector.get_map():
            self._selector.modify(descriptor, _EVENTS[need], visitor)
        else:
            self._selector.register(descriptor, _EVENTS[need], visitor)

    def _forget(self, visitor: Guest) -> None:
        self._waiting.remove(visitor)
        descriptor = visitor.channel.fileno()
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def _show_out(self, visitor: Guest) -> None:
        self._forget(visitor)
        visitor.close()

    def _close_everything(self) -> None:
        for visitor in self._waiting:
            self._show_out(visitor)
        while self._inbox:
            self._inbox.popleft()[0].close()
        self._selector.close()
        self._wake_out.close()
        self._wake_in.close()
