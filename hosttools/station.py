"""The ticket beside a transfer: what it is asked for, and a thread that opens and follows it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar

from hosttools.flow import Ends, Flow, whose
from hosttools.network import Home
from hosttools.programs import ToolError
from hosttools.record import Event, What
from lambdastation.client import (
    Client,
    ClientError,
    DscpRequest,
    Mode,
    Outcome,
    Path,
    Refused,
    State,
    Ticket,
    TicketRequest,
    Unreachable,
)
from lambdastation.client.station import may_ask_again

_POLL_SECONDS = 0.1
_QUIET_SECONDS = 5.0
"""How long a station may be silent before it is told."""


Told = TypeVar("Told")
Otherwise = TypeVar("Otherwise")


class TicketRefused(ToolError):
    """There is no ticket, or it did not get active."""

    status = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for besides the flow; None is found out, or left to the station.

    Attributes:
        dscp: a code point, or -1 for one of the station's choice.
        travel_seconds: for how long.
    """

    mode: Mode = Mode.NEW
    path: str | None = None
    local_client: str | None = None
    remote_site: str | None = None
    remote_client: str | None = None
    out_bandwidth: str | None = None
    in_bandwidth: str | None = None
    dscp: int | None = None
    travel_seconds: int = 600


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the station knows: its production path, all paths, and whose the flow's ends are."""

    production: Path | None
    paths: tuple[Path, ...]
    ends: Ends

    def named(self, name: str | None) -> Path | None:
        """A path by its name or colour."""
        return next((path for path in self.paths if name in {path.name, path.topology}), None)


def look_around(client: Client, flow: Flow) -> Surroundings:
    """What the station tells of itself and of a flow's ends.

    Raises:
        TicketRefused: it does not answer, or not us.
    """
    try:
        paths = if_allowed(client.paths, ())
        known = if_allowed(client.clients, ())
    except ClientError as error:
        raise TicketRefused(f"{error} ({error.code})") from None
    production = next((path for path in paths if path.production), None)
    return Surroundings(production, paths, whose(flow, known))


def if_allowed(ask: Callable[[], Told], otherwise: Otherwise) -> Told | Otherwise:
    """What the station tells, unless its rules keep it from us: we may have a ticket all the same."""
    try:
        return ask()
    except Refused as refused:
        if refused.code != "not-authorized":
            raise
        return otherwise


def ticket_request(flow: Flow, wish: Wish, ends: Ends) -> TicketRequest:
    """The request for a flow's path.

    Raises:
        ToolError: nobody knows whose the other end is.
    """
    site = wish.remote_site or ends.remote_site
    if site is None:
        raise ToolError(
            f"no client that the station knows holds {flow.remote}: name the other site with --dst-site"
        )
    same_site = site == ends.remote_site
    return TicketRequest(
        src_client=wish.local_client or ends.local_client,
        src_ip=_block(flow.local),
        src_port=flow.local_words,
        dst_site=site,
        dst_client=wish.remote_client or (ends.remote_client if same_site else None),
        dst_ip=_block(flow.remote),
        dst_port=flow.remote_words,
        local_path=wish.path,
        out_bandwidth=wish.out_bandwidth,
        in_bandwidth=wish.in_bandwidth,
        dscp_request_out=None if wish.dscp is None else DscpRequest.YES,
        dscp_out=wish.dscp if wish.dscp is not None and wish.dscp >= 0 else None,
        travel_seconds=wish.travel_seconds,
    )


def _block(address: object) -> str:
    return f"{address}/{32 if '.' in str(address) else 128}"


class Follower:
    """Opens a ticket at its time and tells what becomes of it, in a thread of its own.

    Attributes:
        events: what happened, oldest first.
        left: why a ticket that was to be given up is there still; None where none is.
    """

    def __init__(
        self,
        client: Client,
        asked: TicketRequest,
        mode: Mode,
        *,
        clock: Callable[[], float],
        after: float,
        home: Home,
    ) -> None:
        """Nothing is asked yet.

        Args:
            client: this thread's alone from `start` to `finish`.
            clock: seconds since the transfer's start.
            after: when to open it, by that clock.
            home: the network from which the station is reached.
        """
        self.events: SimpleQueue[tuple[Event, Ticket | None]] = SimpleQueue()
        self._client, self._asked, self._mode = client, asked, mode
        self._clock, self._after, self._home = clock, after, home
        self._cancel = False
        self._stop = threading.Event()
        self._over = threading.Event()
        self.left: str | None = None
        self._ticket: Ticket | None = None
        self._thread = threading.Thread(target=self._follow, name="ticket", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def done(self) -> bool:
        """There is nothing more to come."""
        return self._over.is_set() and self.events.empty()

    def finish(self, *, cancel: bool) -> None:
        """Follow it no longer; give it up if told to. What happens so is in `events` too."""
        self._cancel = cancel
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _follow(self) -> None:
        try:
            self._home.enter()
            if not self._wait_for_its_time():
                self._open()
                self._watch()
        except ClientError as error:
            what = What.UNREACHABLE if isinstance(error, Unreachable) else What.REFUSED
            field = getattr(error, "field", None)
            where = f", {field}" if field else ""
            self._tell(what, f"{error} ({error.code}{where})", self._ticket)
        finally:
            self._over.set()
        self._stop.wait()
        if self._cancel:
            self._give_up()

    def _give_up(self) -> None:
        ticket = self._ticket
        if ticket is None or ticket.over:
            return
        latest = time.monotonic() + _QUIET_SECONDS
        while True:
            try:
                self._client.cancel(ticket.ticket_id)
            except ClientError as error:
                if may_ask_again(error) and time.monotonic() < latest:
                    time.sleep(_POLL_SECONDS)
                    continue
                if getattr(error, "code", None) != "wrong-state":
                    self.left = f"ticket {ticket.ticket_id} was not given up: {error}"
                    self._tell(What.NOTE, self.left, ticket)
            else:
                self._tell(What.GIVEN_UP, f"ticket {ticket.ticket_id} given up", ticket)
            return

    def _wait_for_its_time(self) -> bool:
        """Whether we are to stop meanwhile."""
        return self._stop.wait(max(self._after - self._clock(), 0))

    def _open(self) -> None:
        self._ticket = ticket = self._client.open(self._asked, mode=self._mode)
        done = {Mode.JOIN: "joined", Mode.EXTEND: "extended"}.get(ticket.answered or Mode.NEW, "opened")
        # What the state was when it was opened is not news: `_watch` tells it.
        self._tell(What.ASKED, f"ticket {ticket.ticket_id} {done}", ticket)

    def _watch(self) -> None:
        last: State | None = None
        heard_at = time.monotonic()
        while self._ticket is not None and not self._ticket.over and not self._stop.is_set():
            try:
                self._ticket = ticket = self._client.get(self._ticket.ticket_id)
            except ClientError as error:
                if not may_ask_again(error):
                    raise
                if time.monotonic() - heard_at > _QUIET_SECONDS:
                    heard_at = time.monotonic()
                    self._tell(What.NOTE, f"the station does not answer: {error}", None)
            else:
                heard_at = time.monotonic()
                if ticket.state is not last:
                    last = ticket.state
                    self._tell(What.STATE, state_words(ticket), ticket, state=last)
            self._stop.wait(_POLL_SECONDS)

    def _tell(self, what: What, text: str, ticket: Ticket | None, state: State | None = None) -> None:
        self.events.put((Event(self._clock(), what, text, state), ticket))


def state_words(ticket: Ticket) -> str:
    """A ticket's state, and why it is over where it did not just complete."""
    why = f": {ticket.outcome.value}" if ticket.outcome else ""
    reason = f", {ticket.reason}" if ticket.reason and ticket.outcome is not Outcome.COMPLETED else ""
    return f"ticket {ticket.ticket_id} {ticket.state.value}{why}{reason}"
