"""The calls: each is one request and its answer, or an error of `errors`."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from xml.etree import ElementTree as ET

from lambdastation.client import answers, messages
from lambdastation.client.answers import Found
from lambdastation.client.errors import (
    ClientError,
    NotActive,
    Refused,
    StillThere,
    Unreachable,
    from_trouble,
)
from lambdastation.client.values import Path, PbrClient, Station, Status, Ticket, TicketPage, Window
from lambdastation.ost2.settings import Settings, read_settings
from lambdastation.ost2.station import TIMEOUT_SECONDS
from lambdastation.ost2.station import Station as Connection
from lambdastation.ost2.trouble import Trouble
from lambdastation.ticket import Mode, TicketQuery, TicketRequest
from reservation.lifecycle import State

_LONGEST_IDLE_SECONDS = 20.0
"""After that a connection is made anew: the station lets go of idle ones after a minute."""
_POLL_SECONDS = 0.1
_WITHIN = timedelta(seconds=60)
_ENDING = frozenset({State.RELEASING, State.RELEASED, State.CANCELLED, State.EXPIRED})


class Client:
    """A station that is asked over HTTPS with our certificate. For one thread at a time."""

    def __init__(
        self, settings: Settings, *, timeout: timedelta = timedelta(seconds=TIMEOUT_SECONDS)
    ) -> None:
        """Nothing is sent yet.

        Args:
            timeout: for connecting, and for each wait for some bytes more.

        Raises:
            BadSettings: a certificate or key cannot be used.
        """
        try:
            self._connection = Connection(settings, timeout=timeout.total_seconds())
        except Trouble as trouble:
            raise from_trouble(trouble) from None
        self._used_at = time.monotonic()

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], *, timeout: timedelta = timedelta(seconds=TIMEOUT_SECONDS)
    ) -> Self:
        """The station that LAMBDASTATION_URL, _CA, _CERT and _KEY name, or the file of `ost2`'s settings.

        Raises:
            BadSettings: one is missing, or cannot be used.
        """
        try:
            settings = read_settings(environment)
        except Trouble as trouble:
            raise from_trouble(trouble) from None
        return cls(settings, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connection go; a later call makes another."""
        self._connection.close()

    def open(self, asked: TicketRequest, *, mode: Mode = Mode.NEW) -> Ticket:
        """Open, join or extend a ticket; `answered` of it says what was done where the mode is not `new`.

        Whoever asks the same again takes part once; to leave, `cancel` once for each that differs.
        """
        word = messages.element("mode", mode)
        return answers.ticket(self._ask("openSvcTicket", messages.svc_ticket(asked), word).one("svcTicket"))

    def extend(self, asked: TicketRequest, *, until: datetime) -> Ticket:
        """Make the ticket for the flow of a request last until then. Give the request it was opened with."""
        return self.open(_lasting_until(asked, until), mode=Mode.EXTEND)

    def get(self, ticket_id: int, *, with_traffic: bool = False) -> Ticket:
        """A ticket as it stands, with its outcome and reason once it is over; what passed of it if asked."""
        arguments = (
            messages.element("ticketId", ticket_id),
            messages.element("withOutcome", True),
            messages.element("withTraffic", with_traffic or None),
        )
        return answers.ticket(self._ask("getTicket", *arguments).one("svcTicket"))

    def cancel(self, ticket_id: int) -> None:
        """Give up our part in a ticket; it ends if nobody else takes part."""
        self._ask("cancelTicket", messages.element("ticketId", ticket_id))

    def update_flows(
        self,
        ticket_id: int,
        *,
        src_ip: str | None = None,
        src_port: str | None = None,
        dst_ip: str | None = None,
        dst_port: str | None = None,
        out_bandwidth: str | None = None,
        in_bandwidth: str | None = None,
    ) -> None:
        """Change which packets a ticket is for, or its bandwidth; None is left as it is."""
        changed = TicketRequest(
            src_ip=src_ip,
            src_port=src_port,
            dst_ip=dst_ip,
            dst_port=dst_port,
            out_bandwidth=out_bandwidth,
            in_bandwidth=in_bandwidth,
        )
        self._ask("updateFlowSpecs", messages.svc_ticket(changed, ticket_id))

    def tickets(self, query: TicketQuery | None = None) -> TicketPage:
        """Tickets, newest first."""
        arguments = messages.list_arguments(query or TicketQuery())
        return answers.page(self._ask("listTickets", *arguments).one("ticketList"))

    def every_ticket(self, query: TicketQuery | None = None) -> Iterator[Ticket]:
        """Tickets, newest first, page by page of the query's limit until there are no more."""
        asked = query or TicketQuery()
        while True:
            page = self.tickets(asked)
            yield from page.tickets
            if not page.more or not page.tickets:
                return
            asked = replace(asked, before=page.tickets[-1].ticket_id)

    def find_window(self, asked: TicketRequest, *, volume: str | None = None) -> Window:
        """When such a ticket would fit; `volume` (`5TB`) instead of its length."""
        arguments = messages.svc_ticket(asked), messages.element("volume", volume)
        return answers.window(self._ask("findWindow", *arguments).one("window"))

    def paths(self) -> tuple[Path, ...]:
        """The site's parallel networks."""
        return tuple(map(answers.path, self._ask("getPaths").each("path")))

    def clients(self) -> tuple[PbrClient, ...]:
        """The PBR clients that are known there; the site's own, then its peers'."""
        return tuple(map(answers.pbr_client, self._ask("getKnownPBRClients").each("client")))

    def stations(self) -> tuple[Station, ...]:
        """The stations that are known there; itself first."""
        return tuple(map(answers.station, self._ask("getKnownLambdaStations").each("station")))

    def status(self, *, with_traffic: bool = False) -> Status:
        """How the station is doing; with what passed of the tickets on routers if asked."""
        told = messages.element("withTraffic", with_traffic or None)
        return answers.status(self._ask("getStatus", told).one("status"))

    def wait_until_active(
        self, ticket_id: int, *, within: timedelta = _WITHIN, stop: threading.Event | None = None
    ) -> Ticket:
        """The ticket once its routers steer. A station that does not answer for a while is asked again.

        Args:
            within: how long to wait, from now.
            stop: wait no longer once it is set.

        Raises:
            NotActive: it is over, or not active in time.
        """
        for seen in self._seen(ticket_id, within, stop):
            if seen.state is State.ACTIVE:
                return seen
            if seen.state in _ENDING:
                raise NotActive(_over(seen))
        raise NotActive(f"ticket {ticket_id} was not active in time; its state is {seen.state.value}")

    def wait_until_over(
        self, ticket_id: int, *, within: timedelta = _WITHIN, stop: threading.Event | None = None
    ) -> Ticket:
        """The ticket once its routers are as before, after its end or where it was given up.

        Raises:
            StillThere: it is not over in time.
        """
        for seen in self._seen(ticket_id, within, stop):
            if seen.over:
                return seen
        raise StillThere(f"ticket {ticket_id} was not over in time; its state is {seen.state.value}")

    @contextmanager
    def ticket(
        self,
        asked: TicketRequest,
        *,
        mode: Mode = Mode.NEW,
        within: timedelta = _WITHIN,
        cancel: bool = False,
    ) -> Iterator[Ticket]:
        """A ticket, opened and active, for a `with` block; `answered` of it says what opening did.

        Args:
            within: how long it may take to be active.
            cancel: give it up at the block's end, and where it does not get active. Else it lasts until its
                end, for whoever runs on.

        Raises:
            NotActive: it is over, or not active in time.
        """
        opened = self.open(asked, mode=mode)
        with self.given_up_after(opened.ticket_id) if cancel else nullcontext():
            active = self.wait_until_active(opened.ticket_id, within=within)
            yield replace(active, answered=opened.answered)

    @contextmanager
    def given_up_after(self, ticket_id: int) -> Iterator[None]:
        """Give up our part in a ticket at the end of a `with` block, however that comes about."""
        try:
            yield
        except BaseException:
            # What went wrong first is what is told.
            with suppress(ClientError):
                self._leave(ticket_id)
            raise
        self._leave(ticket_id)

    def _leave(self, ticket_id: int) -> None:
        """Give it up; that it has ended by itself is as good."""
        try:
            self.cancel(ticket_id)
        except Refused as refused:
            if refused.code != "wrong-state":
                raise

    def _seen(self, ticket_id: int, within: timedelta, stop: threading.Event | None) -> Iterator[Ticket]:
        """The ticket, at least once, until the time is up."""
        latest = time.monotonic() + within.total_seconds()
        pause = stop or threading.Event()
        told = False
        while not told or (time.monotonic() < latest and not pause.is_set()):
            try:
                yield self.get(ticket_id)
                told = True
            except ClientError as error:
                if not may_ask_again(error) or pause.is_set() or time.monotonic() >= latest:
                    raise
            pause.wait(_POLL_SECONDS)

    def _ask(self, operation: str, *arguments: ET.Element | None) -> Found:
        if time.monotonic() - self._used_at > _LONGEST_IDLE_SECONDS:
            self._connection.close()
        message = messages.request(operation, *arguments)
        try:
            content = self._connection.exchange(message)
        except BaseException as error:
            # Whatever it was, a Ctrl-C too: half a question or answer would be in the way of the next.
            self._connection.close()
            if isinstance(error, Trouble):
                raise from_trouble(error) from None
            raise
        finally:
            self._used_at = time.monotonic()
        return answers.read_answer(content, operation)


def may_ask_again(error: ClientError) -> bool:
    """Whether the same question may be answered later."""
    return isinstance(error, Unreachable) or (isinstance(error, Refused) and error.repeatable)


def _lasting_until(asked: TicketRequest, until: datetime) -> TicketRequest:
    return replace(asked, end_at=until, travel_seconds=None)


def _over(ticket: Ticket) -> str:
    why = f": {ticket.reason}" if ticket.reason else ""
    return f"ticket {ticket.ticket_id} is {ticket.state.value} and was not seen active{why}"
