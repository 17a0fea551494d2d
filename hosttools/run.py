"""A run: a transfer that is watched while its ticket comes and goes."""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Protocol

from hosttools.flow import Flow
from hosttools.marking import Marking
from hosttools.network import Home
from hosttools.pathmtu import MtuWatch, forget_path_mtus
from hosttools.programs import ToolError
from hosttools.record import Event, Moment, On, Record, Transfer, What
from hosttools.sockets import Connection, connections_of
from hosttools.standing import Standing
from hosttools.station import Follower, Surroundings, TicketRefused, Wish, ticket_request
from lambdastation.client import Client, State, Ticket

_LONGEST_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.05
_TALK_BYTES = 65536
"""More than iperf3's control connection carries."""
_HOPELESS = frozenset({What.REFUSED, What.UNREACHABLE})


class Source(Protocol):
    """What transfers."""

    @property
    def running(self) -> bool:
        """It goes on."""

    def stop(self) -> None:
        """End it, if it is ours."""

    def answer(self) -> tuple[Transfer, Any] | None:
        """What it says of itself after its end, if it says anything."""

    def close(self) -> None:
        """End it, if it is ours, and let go of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done when.

    Attributes:
        after_seconds: when the ticket is asked for, after the transfer's start; None: before it, and the
            transfer starts when it is active.
        watch_seconds: when to look no longer, None for the transfer's end.
    """

    wish: Wish
    after_seconds: float | None
    interval_seconds: float
    watch_seconds: float | None = None
    cancel: bool = False
    quiet: bool = False


class Stopped:
    """Whether somebody wants us to end, by a signal."""

    number: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take note of it: a signal's handler."""
        self.number = number


class Sampler:
    """How fast a flow's connections are, from what the kernel counts of each."""

    def __init__(self, flow: Flow, *, begun: bool) -> None:
        """`begun`: what they have sent so far is not counted. Else one of them may only talk of it."""
        self._flow = flow
        self._least = 0 if begun else _TALK_BYTES
        self._before = {each.key: each for each in connections_of(flow)} if begun else {}
        self._carried = False
        self._at = time.monotonic()

    def sample(self) -> tuple[float, Connection | None] | None:
        """Bits per second since the last, and the busiest connection; None where that has ended."""
        found, now = connections_of(self._flow), time.monotonic()
        moved = sum(_total(each) - _total(self._before.get(each.key)) for each in found)
        seconds, self._at = max(now - self._at, 1e-6), now
        self._before = {each.key: each for each in found}
        carrying = [each for each in found if _total(each) >= self._least]
        if self._carried and not carrying:
            return None
        self._carried = self._carried or bool(carrying)
        return 8 * moved / seconds, max(carrying, key=_total, default=None)


def _total(each: Connection | None) -> int:
    return 0 if each is None else each.acknowledged + each.received


class Run:
    """One run.

    Attributes:
        record: what was seen so far.
        left: why a ticket that was to be given up is there still; None where none is.
    """

    def __init__(
        self,
        flow: Flow,
        plan: Plan,
        client: Client,
        around: Surroundings,
        before: Standing | None = None,
        home: Home | None = None,
    ) -> None:
        """Nothing is done yet.

        Args:
            before: where the flow goes now; None if the station does not say.
            home: the network of the station, where it is not the flow's.

        Raises:
            ToolError: nobody knows whose the other end is.
        """
        self._flow, self._plan = flow, plan
        self._asked = ticket_request(flow, plan.wish, around.ends)
        self._client, self._around, self._home = client, around, home or Home(None)
        self._start = time.monotonic()
        self.record = Record(datetime.now(UTC), str(flow), production=around.production)
        self.left: str | None = None
        if before is not None and before.on is not On.PRODUCTION:
            self.record.began_on, self.record.alternate = before.on, around.named(before.name)
        self._marking: Marking | None = None
        self._mtu, self._may_forget = MtuWatch(), True
        self._last_mtu: int | None = None
        self._said: Any = None

    def carry_out(self, start: Callable[[], Source], stopped: Stopped, *, begun: bool = False) -> Any:
        """Start the transfer, or take one that runs (`begun`), and see it through.

        Returns:
            What the transfer said of itself, whole; None if it says nothing.

        Raises:
            ToolError: the transfer failed, packets cannot be marked, or the ticket to begin with was refused.
        """
        first = self._plan.after_seconds is None
        after = -1.0 if self._plan.after_seconds is None else self._plan.after_seconds
        follower = Follower(
            self._client,
            self._asked,
            self._plan.wish.mode,
            clock=self._seconds,
            after=after,
            home=self._home,
        )
        with ExitStack() as stack:
            if self._plan.wish.dscp is not None:
                self._marking = stack.enter_context(Marking())
            stack.callback(self._finish, follower)
            if first:
                follower.start()
                self._wait_until_active(follower, stopped)
            self._start_now()
            self.record.attached = begun
            source = start()
            stack.callback(source.close)
            if not first and source.running:
                follower.start()
            self._watch(source, follower, stopped, begun=begun)
            source.stop()
            told = source.answer()
            if told is not None:
                self.record.transfer, self._said = told
                if not any(moment.bits_per_second for moment in self.record.moments):
                    self.record.fill_from(self.record.transfer)
        return self._said

    def _seconds(self) -> float:
        return time.monotonic() - self._start

    def _start_now(self) -> None:
        """From here on time is counted; what was before is negative."""
        passed = self._seconds()
        self._start += passed
        self.record.started_at = datetime.now(UTC)
        early = [Event(e.seconds - passed, e.what, e.text, e.state) for e in self.record.events]
        self.record.events[:] = early

    def _finish(self, follower: Follower) -> None:
        follower.finish(cancel=self._plan.cancel)
        self.left = follower.left
        self._hear(follower)

    def _wait_until_active(self, follower: Follower, stopped: Stopped) -> None:
        latest = time.monotonic() + _LONGEST_WAIT_SECONDS
        while not self.was_active():
            self._hear(follower)
            if stopped.number is not None:
                raise TicketRefused("stopped before the ticket was active")
            if follower.done or time.monotonic() > latest:
                raise TicketRefused(f"the ticket is not active: {self._last_words()}")
            time.sleep(_POLL_SECONDS)

    def _last_words(self) -> str:
        return self.record.events[-1].text if self.record.events else "the station said nothing"

    def _watch(self, source: Source, follower: Follower, stopped: Stopped, *, begun: bool) -> None:
        counted = self._flow.protocol == "tcp"
        sampler = Sampler(self._flow, begun=begun)
        last = self._plan.watch_seconds
        while source.running and stopped.number is None and (last is None or self._seconds() < last):
            time.sleep(self._plan.interval_seconds)
            self._hear(follower)
            self._look_for_mtu()
            if counted and (seen := sampler.sample()) is not None:
                self._note(*seen)

    def _note(self, bits: float, busiest: Connection | None) -> None:
        seconds = self._seconds()
        mtu, size = (None, None) if busiest is None else (busiest.path_mtu, busiest.segment_size)
        if mtu is not None and mtu != self._last_mtu:
            if self._last_mtu is not None:
                self._tell(Event(seconds, What.MTU, f"path MTU {self._last_mtu} > {mtu}"))
            self._last_mtu = mtu
        moment = Moment(seconds, bits, mtu, size, self.record.on, self.record.path)
        self.record.moments.append(moment)
        self._print(moment_line(moment))

    def _hear(self, follower: Follower) -> None:
        """Take in what happened to the ticket, and do what follows from it."""
        while not follower.events.empty():
            event, ticket = follower.events.get()
            if ticket is not None:
                self._know(ticket)
            self._tell(event)
            if event.what is What.ASKED and ticket is not None:
                self._mark(ticket)
                if ticket.dry_run:
                    self._tell(Event(self._seconds(), What.NOTE, "its routers are only rehearsed on"))

    def _know(self, ticket: Ticket) -> None:
        self.record.ticket = ticket
        self.record.alternate = self._around.named(ticket.local_path)

    def _mark(self, ticket: Ticket) -> None:
        if self._marking is None:
            return
        if ticket.dscp_out is None:
            raise ToolError("the ticket has no code point to mark packets with")
        self._marking.mark(self._flow, ticket.dscp_out)
        self._tell(Event(self._seconds(), What.NOTE, f"packets are marked with DSCP {ticket.dscp_out}"))

    def _look_for_mtu(self) -> None:
        if self._may_forget and self._mtu.due(self.record.on, self._last_mtu, self._seconds()):
            why_not = forget_path_mtus(self._flow.remote.version)
            self._may_forget = why_not is None
            if why_not is None:
                self._tell(Event(self._seconds(), What.MTU_FORGOTTEN, "path MTU looked for anew"))
            else:
                self._tell(Event(self._seconds(), What.NOTE, why_not))

    def _tell(self, event: Event) -> None:
        self.record.events.append(event)
        self._print(f"{event.seconds:7.1f} s  * {event.text}")

    def _print(self, line: str) -> None:
        if self._plan.quiet or sys.stderr is None:
            return
        try:
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - a command's words
        except BrokenPipeError:
            raise
        except OSError:
            # A disk that is full, a terminal that is gone: no reason to end a transfer.
            return

    def was_active(self) -> bool:
        """The ticket was active at some time."""
        return any(event.state is State.ACTIVE for event in self.record.events)

    def why_not_active(self) -> str:
        """The sentence for a ticket that was not."""
        refused = [event.text for event in self.record.events if event.what in _HOPELESS]
        if refused:
            return refused[-1]
        if not self.record.events:
            return "the transfer ended before it was asked for"
        return f"not while the transfer ran: {self._last_words()}"


def moment_line(moment: Moment) -> str:
    """A line for a moment."""
    mtu = "?" if moment.path_mtu is None else moment.path_mtu
    size = "?" if moment.segment_size is None else moment.segment_size
    where = moment.path or moment.on.value
    rate = f"{moment.bits_per_second / 1e6:10.1f} Mbit/s"
    return f"{moment.seconds:7.1f} s  {rate}  MTU {mtu:>5}  MSS {size:>5}  {where}"
