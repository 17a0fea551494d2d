"""Who asks, and what they ask for."""

from dataclasses import dataclass, field
from enum import StrEnum

LONGEST_NAME = 1024
"""Characters of a subject or issuer that the database keeps; a longer one is nobody."""


class Operation(StrEnum):
    """The requests a rule of the site may allow, in the words of the wire and of the site file."""

    OPEN_TICKET = "openSvcTicket"
    UPDATE_FLOWS = "updateFlowSpecs"
    GET_TICKET = "getTicket"
    LIST_TICKETS = "listTickets"
    CANCEL_TICKET = "cancelTicket"
    FIND_WINDOW = "findWindow"
    GET_PATHS = "getPaths"
    GET_CLIENTS = "getKnownPBRClients"
    GET_STATIONS = "getKnownLambdaStations"
    GET_STATUS = "getStatus"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: the client's address, and the name its answer and its log lines carry."""

    peer: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Caller:
    """One identity.

    Attributes:
        subject, issuer: of the verified end-entity certificate, as RFC 4514 writes them.
        local: True for who sits at the machine and can read the database anyway (the command line);
            the site's rules are not asked. Never True for anyone who came over the network.
        origin: of the request it asks now, no part of who it is; None for what did not come over the network.
    """

    subject: str
    issuer: str
    local: bool = False
    origin: Origin | None = field(default=None, compare=False)
