"""The station's requests, for every way they come in: SOAP and the command line.

Each is authorised before anything of it is looked at, runs in one transaction, and leaves one audit line. No
device is touched: a ticket that is scheduled is carried out by the worker when its slot starts.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from lambdastation.admission import admit
from lambdastation.audit import Audit
from lambdastation.auditing import Trail
from lambdastation.authorization import authorize
from lambdastation.booking import count_open, ensure_resources
from lambdastation.caller import Caller, Operation
from lambdastation.errors import FieldMissing, LambdaStationError
from lambdastation.modes import Opening, open_in, require_allowed
from lambdastation.participation import call_off
from lambdastation.records import (
    TicketDescription,
    describe,
    read_all_traffic,
    read_ticket,
    read_tickets,
)
from lambdastation.site import Site
from lambdastation.site_in_force import Served, SiteInForce
from lambdastation.station import (
    ClientView,
    DeviceStatus,
    PathView,
    StationStatus,
    StationView,
    client_views,
    path_views,
    station_views,
)
from lambdastation.ticket import Mode, Ticket, TicketPage, TicketQuery, TicketRequest, Traffic
from lambdastation.updating import Update, update_flows
from lambdastation.windows import TicketWindow, read_search, search_window
from reservation.lifecycle import State
from store import Store, StoreUnavailable

__all__ = ["TicketDescription", "TicketService", "describe", "ensure_resources"]

HOLD_FOR = timedelta(minutes=5)
"""How long what a ticket takes is held before it is confirmed; both happen in one transaction."""

log = structlog.get_logger("lambdastation")


class TicketService:
    """One site's tickets. Safe to call from any number of threads."""

    def __init__(
        self,
        store: Store,
        site: Site,
        *,
        clock: Callable[[], datetime],
        audit: Audit,
        devices: Callable[[], Sequence[DeviceStatus]] = tuple,
        version: str = "",
        hold_for: timedelta = HOLD_FOR,
        site_version: int | None = None,
        catch_up: Callable[[], bool] = lambda: False,
    ) -> None:
        """`clock` tells an aware time; `devices` what getStatus says of them; `version` the program's.

        `catch_up` replaces the site by the version in force, if it is another; False where it cannot.
        """
        self._store = store
        self._in_force = SiteInForce(Served(site, site_version), catch_up=catch_up)
        self._clock = clock
        self._trail = Trail(audit, clock)
        self._devices = devices
        self._version = version
        self._hold_for = hold_for

    @property
    def site(self) -> Site:
        """The site as it is served now."""
        return self._in_force.site

    def replace_site(self, site: Site, *, version: int | None = None) -> None:
        """Serve another version of the site from the next request on; running tickets keep what they have."""
        self._in_force.replace(Served(site, version))

    def open_ticket(self, request: TicketRequest, *, caller: Caller, mode: Mode = Mode.NEW) -> Ticket:
        """Reserve a path, or take part in a ticket for the same flow, as the mode says; all or nothing.

        Raises:
            Refused: something about the request; nothing was written.
            StoreAway, NotReady: our side cannot do it now.
        """
        with self._trail.request(caller, Operation.OPEN_TICKET) as line:
            ticket = self._opened(request, caller, mode)
            line.ticket_id = ticket.ticket_id
            log.info(
                "ticket opened",
                ticket=ticket.ticket_id,
                path=ticket.local_path,
                mode=ticket.answered or Mode.NEW,
            )
            return ticket

    def _opened(self, request: TicketRequest, caller: Caller, mode: Mode) -> Ticket:
        def open_on(served: Served) -> Ticket:
            site, now = served.site, self._clock()
            authorize(site, caller, Operation.OPEN_TICKET)
            admission = admit(request, site, now=now)
            opening = Opening(request, admission, mode, site, caller, now, self._hold_for, served.version)
            require_allowed(opening)
            return open_in(self._store, opening)

        return self._in_force.book(open_on)

    def update_flows(self, ticket_id: int | None, request: TicketRequest, *, caller: Caller) -> bool:
        """Let a ticket be for other addresses, ports or bandwidth, from now on; what is left out stays.

        True also if it was so before. A ticket that is active stays so while its routers follow.

        Raises:
            Refused: something about the request; nothing was changed.
            StoreAway, NotReady: our side cannot do it now.
        """
        with self._trail.request(caller, Operation.UPDATE_FLOWS) as line:
            authorize(self.site, caller, Operation.UPDATE_FLOWS)
            if ticket_id is None:
                raise FieldMissing("say which ticket", field="localTicketId")
            line.ticket_id = ticket_id

            def update(served: Served) -> None:
                asked = Update(ticket_id, request, served.site, caller, self._clock(), served.version)
                self._store.write(lambda session: update_flows(session, asked))

            self._in_force.book(update)
            log.info("ticket updated", ticket=ticket_id)
            return True

    def get_ticket(self, ticket_id: int, *, caller: Caller) -> Ticket:
        """One ticket, anybody's.

        Raises:
            NotAuthorized, TicketNotFound, StoreAway.
        """
        with self._trail.request(caller, Operation.GET_TICKET) as line:
            authorize(self.site, caller, Operation.GET_TICKET)
            line.ticket_id = ticket_id
            return self._store.read(lambda session: read_ticket(session, ticket_id))

    def list_tickets(self, query: TicketQuery, *, caller: Caller) -> TicketPage:
        """The tickets that are asked for, anybody's, newest first.

        Raises:
            NotAuthorized, StoreAway.
        """
        with self._trail.request(caller, Operation.LIST_TICKETS):
            authorize(self.site, caller, Operation.LIST_TICKETS)
            return self._store.read(lambda session: read_tickets(session, query))

    def find_window(
        self, request: TicketRequest, *, caller: Caller, volume: str | None = None
    ) -> TicketWindow:
        """When a ticket would fit: for `travelTime`, or for as long as moving a volume (a word) takes.

        Its slot is one that openSvcTicket takes at this moment; nothing is kept for the caller.

        Raises:
            Refused: something about the request.
            StoreAway, NotReady: our side cannot tell now.
        """
        with self._trail.request(caller, Operation.FIND_WINDOW):
            site, now = self.site, self._clock()
            authorize(site, caller, Operation.FIND_WINDOW)
            search = read_search(request, volume, site, now=now)
            authorize(
                site,
                caller,
                Operation.FIND_WINDOW,
                client=search.admission.ends.client.name,
                topology=search.admission.topology.name,
                extent=search.extent,
            )
            return self._store.read(lambda session: search_window(session, search, now=now))

    def cancel_ticket(self, ticket_id: int, *, caller: Caller, reason: str | None = None) -> bool:
        """End a ticket early, for an operator; for others, end their part in it, and it with the last.

        True also if that was done before, so that a repeat does no harm.

        Raises:
            NotAuthorized: the request neither of somebody who takes part in it nor of an operator.
            TicketNotFound: there is none of that number.
            WrongState: it has ended by itself, or is ending.
            StoreAway: our side cannot do it now.
        """
        with self._trail.request(caller, Operation.CANCEL_TICKET) as line:
            site, now = self.site, self._clock()
            authorize(site, caller, Operation.CANCEL_TICKET)
            line.ticket_id = ticket_id
            self._store.write(
                lambda session: call_off(session, ticket_id, site=site, caller=caller, now=now, reason=reason)
            )
            log.info("ticket called off", ticket=ticket_id)
            return True

    def paths(self, *, caller: Caller) -> tuple[PathView, ...]:
        """The site's paths, the production path among them.

        Raises:
            NotAuthorized.
        """
        with self._trail.request(caller, Operation.GET_PATHS):
            authorize(self.site, caller, Operation.GET_PATHS)
            return path_views(self.site)

    def clients(self, *, caller: Caller) -> tuple[ClientView, ...]:
        """All PBR clients that are known here, ours before the peers'.

        Raises:
            NotAuthorized.
        """
        with self._trail.request(caller, Operation.GET_CLIENTS):
            site = self.site
            authorize(site, caller, Operation.GET_CLIENTS)
            return client_views(site)

    def stations(self, *, caller: Caller) -> tuple[StationView, ...]:
        """The LambdaStations the site file names: ours, then those of the peers that have one.

        Raises:
            NotAuthorized.
        """
        with self._trail.request(caller, Operation.GET_STATIONS):
            site = self.site
            authorize(site, caller, Operation.GET_STATIONS)
            return station_views(site)

    def status(self, *, caller: Caller, with_traffic: bool = False) -> StationStatus:
        """How the station is doing, and what passes if asked for; it answers without its database too.

        Raises:
            NotAuthorized.
        """
        with self._trail.request(caller, Operation.GET_STATUS):
            site = self.site
            authorize(site, caller, Operation.GET_STATUS)
            tickets: tuple[tuple[State, int], ...] = ()
            devices: tuple[DeviceStatus, ...] = ()
            traffic: tuple[Traffic, ...] = ()
            database_ok = True
            try:
                tickets = self._store.read(count_open)
                devices = tuple(self._devices())
                if with_traffic:
                    traffic = self._store.read(read_all_traffic)
            except StoreUnavailable:
                database_ok = False
            return StationStatus(
                station=site.station,
                site=site.name,
                version=self._version,
                at=self._clock(),
                database_ok=database_ok,
                tickets=tickets,
                devices=devices,
                traffic=traffic,
            )

    def record_refusal(self, caller: Caller, operation: str, error: LambdaStationError) -> None:
        """Leave the audit line of a request that did not get as far as a verb."""
        self._trail.refused(caller, operation, error)
