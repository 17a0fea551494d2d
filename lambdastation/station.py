"""What a station tells about itself."""

from dataclasses import dataclass
from datetime import datetime

from netconfig.intent import IpNetwork
from reservation.lifecycle import State


@dataclass(frozen=True, slots=True)
class PathView:
    """A path: its name and colour, whether it is the one without tickets, and bits per second each way."""

    name: str
    topology: str
    production: bool
    bits_per_second: int


@dataclass(frozen=True, slots=True)
class ClientView:
    """A PBR client, ours or a peer's."""

    name: str
    site: str
    prefixes: tuple[IpNetwork, ...]


@dataclass(frozen=True, slots=True)
class StationView:
    """A LambdaStation.

    Attributes:
        site: whose it is.
        station: its word.
        url: where it answers requests, None if nobody has said.
        known: it stands in our site file; one that other stations told of would not.
    """

    site: str
    station: str
    url: str | None
    known: bool


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """How a device is doing.

    Attributes:
        in_sync: it was last read to be as it should; None if it has not been read.
        error_code: of its last failure, None if the last visit went well.
        held_back: the word for what keeps pushes from it now.
        dry_run: nothing is ever pushed to it.
    """

    name: str
    platform: str
    in_sync: bool | None
    error_code: str | None
    held_back: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class StationStatus:
    """The station at a moment.

    Attributes:
        version: of the program.
        database_ok: if not, `tickets` and `devices` are empty.
        tickets: how many there are in each state that is not final, states without any left out.
    """

    station: str
    site: str
    version: str
    at: datetime
    database_ok: bool
    tickets: tuple[tuple[State, int], ...]
    devices: tuple[DeviceStatus, ...]
