"""What a station answers, as values. Times are aware UTC, rates bits per second."""

from dataclasses import dataclass
from datetime import datetime

from lambdastation.ticket import DscpRequest, Mode, Traffic
from reservation.lifecycle import FINAL, Outcome, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as the station tells it.

    Attributes:
        ticket_id: its number at the station that was asked; `remote_ticket_id` at the other, 0 for none.
        src_ip, dst_ip, src_port, dst_port: what is matched, as words.
        answered: what opening did; None for `new`, and where the ticket was only read.
        outcome, reason: how it ended and why, where it is over and that was asked for.
        dry_run: some router is only rehearsed on.
        traffic: what passed of it, where that was asked for and some router counts.
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
    remote_path: str | None
    out_bits_per_second: int
    in_bits_per_second: int
    dscp_request_out: DscpRequest | None
    dscp_request_in: DscpRequest | None
    dscp_out: int | None
    dscp_in: int | None
    start_at: datetime
    end_at: datetime
    actual_end_at: datetime | None
    credential_subject: str
    station: str
    answered: Mode | None
    outcome: Outcome | None
    reason: str | None
    dry_run: bool
    traffic: Traffic | None = None

    @property
    def over(self) -> bool:
        """Its path is no more."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Tickets, newest first; `more` if older ones would be the answer too."""

    tickets: tuple[Ticket, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Path:
    """One of the site's parallel networks: `topology` is its colour."""

    name: str
    topology: str
    production: bool
    bits_per_second: int


@dataclass(frozen=True, slots=True)
class PbrClient:
    """A cluster whose traffic may be steered; `prefixes` are address blocks."""

    name: str
    site: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Station:
    """A LambdaStation that is known here."""

    site: str
    station: str
    url: str | None
    known: bool


@dataclass(frozen=True, slots=True)
class Device:
    """A router as the station last saw it; `in_sync` is None where it was not read yet."""

    name: str
    platform: str
    in_sync: bool | None
    error_code: str | None
    held_back: str | None
    dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the station is doing; `tickets` counts those of each state that is not final.

    `traffic` is what passed of each ticket that is on routers, if that was asked for.
    """

    station: str
    site: str
    version: str
    at: datetime
    database_ok: bool
    tickets: dict[State, int]
    devices: tuple[Device, ...]
    traffic: tuple[Traffic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When such a ticket would fit; or, where `fits` is false, what would. `volume` is in bytes."""

    fits: bool
    local_path: str
    start_at: datetime | None
    end_at: datetime | None
    out_bits_per_second: int | None
    in_bits_per_second: int | None
    volume: int | None
    message: str | None
