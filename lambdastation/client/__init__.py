"""A station's requests as Python calls: open a ticket, wait until its path is there, give it up.

    with Client.from_environment(os.environ) as station:
        with station.ticket(TicketRequest(dst_site="Caltech", travel_seconds=600), cancel=True) as ticket:
            print(ticket.local_path, "until", ticket.end_at)

`station` has the calls, `values` what they answer, `errors` the one tree of what may go wrong, `messages` and
`answers` the XML. What is asked is a `lambdastation.ticket.TicketRequest`. The connection, with certificates
looked at on both sides, is `ost2`'s, so this imports Python's own library and no server.
"""

from lambdastation.client.errors import (
    BadAnswer,
    BadSettings,
    ClientError,
    NotActive,
    NotTrusted,
    Refused,
    StillThere,
    TimedOut,
    Unreachable,
)
from lambdastation.client.station import Client
from lambdastation.client.values import Path, PbrClient, Station, Status, Ticket, TicketPage, Window
from lambdastation.ticket import DscpRequest, Mode, TicketQuery, TicketRequest, Traffic
from reservation.lifecycle import Outcome, State

__all__ = [
    "BadAnswer",
    "BadSettings",
    "Client",
    "ClientError",
    "DscpRequest",
    "Mode",
    "NotActive",
    "NotTrusted",
    "Outcome",
    "Path",
    "PbrClient",
    "Refused",
    "State",
    "Station",
    "Status",
    "StillThere",
    "Ticket",
    "TicketPage",
    "TicketQuery",
    "TicketRequest",
    "TimedOut",
    "Traffic",
    "Unreachable",
    "Window",
]
