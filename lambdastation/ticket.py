"""What passes between a caller and the station: a request as it was asked, a ticket as it stands.

Both mirror the svcTicket element (slides, CHEP 2007); the wire's spelling is `wire`'s business. "Out" is what
leaves our site and "in" what comes to it, whichever end the request calls source.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reservation.lifecycle import Outcome, State


class DscpRequest(StrEnum):
    """Whether packets shall be known by their DSCP: by all means, not at all, or if a value is known."""

    YES = "YES"
    NO = "NO"
    DESIRABLE = "DESIRABLE"


class Mode(StrEnum):
    """What openSvcTicket shall do with a ticket for the same flow that exists already, and what it did.

    It never did `auto`: that is one of the others.
    """

    AUTO = "auto"
    NEW = "new"
    JOIN = "join"
    EXTEND = "extend"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRequest:
    """A ticket as it is asked for; None is left to the station.

    Attributes:
        src_ip, dst_ip: comma-separated address blocks.
        src_port, dst_port: comma-separated port words.
        local_path: a path's name or colour at the station that is asked.
        out_bandwidth, in_bandwidth: bandwidth words.
        board_at: when the asker is ready; start_at: when the path is wanted; the same to us.
        travel_seconds: for how long it is wanted, instead of `end_at`.
    """

    src_site: str | None = None
    src_client: str | None = None
    src_ip: str | None = None
    src_port: str | None = None
    dst_site: str | None = None
    dst_client: str | None = None
    dst_ip: str | None = None
    dst_port: str | None = None
    local_path: str | None = None
    remote_path: str | None = None
    out_bandwidth: str | None = None
    in_bandwidth: str | None = None
    dscp_request_out: DscpRequest | None = None
    dscp_request_in: DscpRequest | None = None
    dscp_out: int | None = None
    dscp_in: int | None = None
    board_at: datetime | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    travel_seconds: int | None = None


USUAL_LIMIT = 100
"""Tickets in an answer where nobody says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketQuery:
    """Which tickets are asked for; None and nothing is no condition.

    Attributes:
        states: any of these.
        site: either end's.
        path: its name or its colour.
        owner: who opened it, the subject as it stands in the ticket.
        before: only tickets of a lower number; for the next page, the last one's.
        limit: how many at most.
    """

    states: tuple[State, ...] = ()
    site: str | None = None
    path: str | None = None
    owner: str | None = None
    before: int | None = None
    limit: int = USUAL_LIMIT


@dataclass(frozen=True, slots=True)
class Traffic:
    """What passed of one ticket's packets, as far as it is known.

    Each packet passes by several devices: it is told as the one has it that counted most.

    Attributes:
        octets: None where devices count packets alone.
        counted_at: when a device last told.
        grew_at: when one last told of more than before; None while nothing has passed.
    """

    ticket_id: int
    packets: int
    octets: int | None
    counted_at: datetime
    grew_at: datetime | None

    @property
    def is_flowing(self) -> bool:
        """Whether packets were still passing when that was last looked at."""
        return self.grew_at is not None and self.grew_at >= self.counted_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as it stands. Times are aware UTC.

    Attributes:
        ticket_id: our reservation's number.
        remote_ticket_id: the other station's number of it, 0 where there is none.
        src_ip, dst_ip, src_port, dst_port: what is really matched, as words.
        topology: our path's colour; `local_path` is its name.
        start_at, end_at: the slot.
        actual_end_at: when it was over, devices included.
        credential_subject, credential_issuer: whose it is.
        outcome, reason, waiting_for: the core's words on how it goes or went.
        degraded_since: since when some device has been found not to carry it, while that is being mended.
        by_fallback: some device has its packets go by a fallback, since a next hop does not answer.
        dry_run: some device it is for is only rehearsed on: it carries less than the state says.
        traffic: what passed of it; None where nobody can tell, or a ticket is one of several that are read.
        answered: what openSvcTicket did for it just now; None when it was only read.
    """

    ticket_id: int
    remote_ticket_id: int
    state: State
    src_site: str
    src_client: str | None
    src_ip: str
    src_port: str | None
    dst_site: str
    dst_client: str | None
    dst_ip: str
    dst_port: str | None
    local_path: str
    topology: str
    remote_path: str | None
    out_bits_per_second: int
    in_bits_per_second: int
    dscp_request_out: DscpRequest | None
    dscp_request_in: DscpRequest | None
    dscp_out: int | None
    dscp_in: int | None
    board_at: datetime | None
    start_at: datetime
    end_at: datetime
    actual_end_at: datetime | None
    credential_subject: str
    credential_issuer: str
    station: str
    outcome: Outcome | None
    reason: str | None
    waiting_for: str | None
    degraded_since: datetime | None = None
    by_fallback: bool = False
    dry_run: bool = False
    traffic: Traffic | None = None
    answered: Mode | None = None

    @property
    def travel_seconds(self) -> int:
        """For how long the path is taken, in whole seconds."""
        return round((self.end_at - self.start_at).total_seconds())


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Tickets, newest first; `more` if older ones would be the answer too."""

    tickets: tuple[Ticket, ...]
    more: bool
