"""What findWindow, listTickets and getKnownLambdaStations answer, as a client sees it; after `wire`."""

from typing import Any

from lambdastation.spyne_compat import Boolean, DateTime, UnsignedInteger32
from lambdastation.station import StationView
from lambdastation.ticket import TicketPage
from lambdastation.windows import TicketWindow
from lambdastation.wire import SVC_TICKET, in_utc, ticket_to_wire
from lambdastation.wire_types import (
    BANDWIDTH,
    NAME,
    SENTENCE,
    SimpleType,
    any_number_of,
    complex_type,
    optional,
    required,
    text_up_to,
)

VOLUME = text_up_to(32, "volumeWord")
URL = text_up_to(255, "url")
MOST_TICKETS = 1000
LIMIT = SimpleType(UnsignedInteger32, "limit", {"ge": 1, "le": MOST_TICKETS})

TICKET_LIST = complex_type("ticketList", {"svcTicket": any_number_of(SVC_TICKET), "more": required(Boolean)})

WINDOW = complex_type(
    "window",
    {
        "fits": required(Boolean),
        "localPath": required(NAME),
        "startTime": optional(DateTime),
        "endTime": optional(DateTime),
        "travelTime": optional(UnsignedInteger32),
        "outBW": optional(BANDWIDTH),
        "inBW": optional(BANDWIDTH),
        "volume": optional(VOLUME),
        "message": optional(SENTENCE),
    },
)

STATION = complex_type(
    "station",
    {
        "site": required(NAME),
        "lambdaStationId": required(NAME),
        "url": optional(URL),
        "known": required(Boolean),
    },
)


def page_to_wire(page: TicketPage) -> Any:
    """The element of a list of tickets."""
    tickets = [ticket_to_wire(ticket, with_outcome=True) for ticket in page.tickets]
    return TICKET_LIST(svcTicket=tickets, more=page.more)


def window_to_wire(window: TicketWindow) -> Any:
    """The element of a window."""
    found = WINDOW(fits=window.fits, localPath=window.local_path, message=window.message)
    if (offer := window.offer) is not None:
        found.startTime, found.endTime = in_utc(offer.slot.start), in_utc(offer.slot.end)
        found.travelTime = round(offer.slot.length.total_seconds())
        found.outBW, found.inBW = str(offer.out_bits_per_second), str(offer.in_bits_per_second)
        found.volume = None if offer.volume is None else str(offer.volume)
    return found


def station_to_wire(station: StationView) -> Any:
    """The element of a station."""
    return STATION(site=station.site, lambdaStationId=station.station, url=station.url, known=station.known)
