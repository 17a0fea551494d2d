"""Where connections wait while nobody serves them: one thread, one selector, deadlines for everybody.

A connection enters when it was accepted and shakes hands; leaves for a worker when a whole request
head has arrived; comes back when it is kept alive, or when it was refused and goes on sending
(closing on it at once would take the answer away from under it). So a worker thread is only ever
spent on a request, never on a client that stalls, and a client that stalls costs nobody anything.
Room is bounded: the one that has waited longest makes way for a newcomer.
"""

import contextlib
import enum
import selectors
import socket
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Generic, Protocol, TypeVar

import structlog

from pathservice.listener.channel import Channel, HandshakeFailed, Need
from pathservice.listener.errors import Refused
from pathservice.listener.model import Limits

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Visitor(Protocol):
    """A connection, as far as the lobby cares."""

    @property
    def channel(self) -> Channel:
        """Its bytes."""

    def close(self) -> None:
        """Let go of it."""


Guest = TypeVar("Guest", bound=Visitor)


class Stage(enum.Enum):
    """What a visitor is waiting for."""

    HANDSHAKE = "handshake"
    HEAD = "head"
    IDLE = "idle"
    LINGER = "linger"


_GIVES_WAY: tuple[Stage, ...] = (Stage.IDLE, Stage.LINGER, Stage.HEAD)
_EVENTS = {Need.READABLE: selectors.EVENT_READ, Need.WRITABLE: selectors.EVENT_WRITE}

_NO_TLS = Refused(HTTPStatus.BAD_REQUEST, "tls_failed", "the TLS handshake failed")
_PLAIN_HTTP = Refused(HTTPStatus.BAD_REQUEST, "plain_http", "this port speaks HTTPS only")
_SLOW_HANDSHAKE = Refused(HTTPStatus.REQUEST_TIMEOUT, "handshake_timeout", "the TLS handshake took too long")
_SLOW_HEAD = Refused(HTTPStatus.REQUEST_TIMEOUT, "head_timeout", "the request's head took too long")


class Lobby(Generic[Guest]):
    """See the module. `hand_over` and `refuse` are called in its thread and must not wait.

    `refuse` says that a visitor was refused and answers the HTTP message that tells it so.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        hand_over: Callable[[Guest], None],
        refuse: Callable[[Guest, Refused], bytes],
        monotonic: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._hand_over = hand_over
        self._refuse = refuse
        self._monotonic = monotonic
        self._times = {
            Stage.HANDSHAKE: limits.handshake_time.total_seconds(),
            Stage.HEAD: limits.head_time.total_seconds(),
            Stage.IDLE: limits.idle_time.total_seconds(),
            Stage.LINGER: limits.linger_time.total_seconds(),
        }
        # Within a stage everybody has the same time, so the first in is the first to run out of it.
        self._waiting: dict[Stage, OrderedDict[Guest, float]] = {stage: OrderedDict() for stage in Stage}
        self._stages: dict[Guest, Stage] = {}
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

    def linger(self, visitor: Guest) -> None:
        """Take a connection that has had its last answer while it may still be sending."""
        self._enter(visitor, Stage.LINGER)

    def population(self) -> dict[Stage, int]:
        """Answer how many wait for what, for metrics and tests."""
        return {stage: len(waiting) for stage, waiting in self._waiting.items()}

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
                for key, _ in self._selector.select(self._time_to_next_deadline()):
                    if key.data is None:
                        self._sleep_again()
                    elif key.data in self._stages:
                        self._attend(key.data)
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
            self._move(visitor, stage)
            self._attend(visitor)

    def _attend(self, visitor: Guest) -> None:
        """Do for a visitor what can be done now."""
        try:
            match self._stages[visitor]:
                case Stage.HANDSHAKE:
                    self._shake_hands(visitor)
                case Stage.HEAD | Stage.IDLE:
                    self._collect_head(visitor)
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
            self._move(visitor, Stage.HEAD)
            self._collect_head(visitor)
        else:
            self._watch(visitor, need)

    def _collect_head(self, visitor: Guest) -> None:
        channel = visitor.channel
        need = channel.fill(self._limits.head_bytes)
        if channel.holds_head() or channel.buffered() >= self._limits.head_bytes:
            # Whole or too long: its parser will not have to wait for more.
            self._forget(visitor)
            self._hand_over(visitor)
        elif need is Need.NOTHING:
            self._show_out(visitor)
        else:
            if channel.buffered() and self._stages[visitor] is Stage.IDLE:
                self._move(visitor, Stage.HEAD)
            self._watch(visitor, need)

    def _send_away(self, visitor: Guest) -> None:
        visitor.channel.say_goodbye()
        self._move(visitor, Stage.LINGER)
        self._watch(visitor, Need.READABLE)

    def _show_out_the_late(self) -> None:
        now = self._monotonic()
        for stage, waiting in self._waiting.items():
            while waiting and next(iter(waiting.values())) <= now:
                self._end_wait(next(iter(waiting)), stage)

    def _end_wait(self, visitor: Guest, stage: Stage) -> None:
        """Take leave of a visitor that waited too long, or has to make room."""
        if stage is Stage.HANDSHAKE:
            self._refuse(visitor, _SLOW_HANDSHAKE)
        elif stage is Stage.HEAD and visitor.channel.buffered():
            visitor.channel.try_write(self._refuse(visitor, _SLOW_HEAD))
            self._send_away(visitor)
            return
        self._show_out(visitor)

    def _make_room(self, stage: Stage) -> None:
        stages, limit = _GIVES_WAY, self._limits.waiting
        if stage is Stage.HANDSHAKE:
            stages, limit = (Stage.HANDSHAKE,), self._limits.handshakes
        if sum(len(self._waiting[stage]) for stage in stages) >= limit:
            first = next(stage for stage in stages if self._waiting[stage])
            self._show_out(next(iter(self._waiting[first])))

    def _move(self, visitor: Guest, stage: Stage) -> None:
        before = self._stages.get(visitor)
        if before is not None:
            del self._waiting[before][visitor]
        self._stages[visitor] = stage
        self._waiting[stage][visitor] = self._monotonic() + self._times[stage]

    def _watch(self, visitor: Guest, need: Need) -> None:
        descriptor = visitor.channel.fileno()
        if descriptor in self._selector.get_map():
            self._selector.modify(descriptor, _EVENTS[need], visitor)
        else:
            self._selector.register(descriptor, _EVENTS[need], visitor)

    def _forget(self, visitor: Guest) -> None:
        del self._waiting[self._stages.pop(visitor)][visitor]
        descriptor = visitor.channel.fileno()
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def _show_out(self, visitor: Guest) -> None:
        self._forget(visitor)
        visitor.close()

    def _time_to_next_deadline(self) -> float | None:
        deadlines = [next(iter(waiting.values())) for waiting in self._waiting.values() if waiting]
        return max(0.0, min(deadlines) - self._monotonic()) if deadlines else None

    def _close_everything(self) -> None:
        for visitor in list(self._stages):
            self._show_out(visitor)
        while self._inbox:
            self._inbox.popleft()[0].close()
        self._selector.close()
        self._wake_out.close()
        self._wake_in.close()
