"""What a station tells about itself."""

from dataclasses import dataclass
from datetime import datetime

from lambdastation.site import Site
from lambdastation.ticket import Traffic
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
        traffic: what passed of each ticket that is on devices; of at most so many, and only if asked for.
        tickets: how many there are in each state that is not final, states without any left out.
    """

    station: str
    site: str
    version: str
    at: datetime
    database_ok: bool
    tickets: tuple[tuple[State, int], ...]
    devices: tuple[DeviceStatus, ...]
    traffic: tuple[Traffic, ...] = ()


def path_views(site: Site) -> tuple[PathView, ...]:
    """The site's paths, the production path among them."""
    return tuple(
        PathView(
            name=topology.path,
            topology=topology.name,
            production=topology.production,
            bits_per_second=topology.capacity,
        )
        for topology in site.topologies
    )


def client_views(site: Site) -> tuple[ClientView, ...]:
    """All PBR clients that are known here, ours before the peers'."""
    ours = [ClientView(client.name, site.name, client.prefixes) for client in site.clients]
    theirs = [
        ClientView(client.name, peer.name, client.prefixes) for peer in site.peers for client in peer.clients
    ]
    return (*ours, *theirs)


def station_views(site: Site) -> tuple[StationView, ...]:
    """The LambdaStations the site file names: ours, then those of the peers that have one."""
    theirs = [
        StationView(peer.name, peer.station, peer.url, known=True)
        for peer in site.peers
        if peer.station is not None
    ]
    return (StationView(site.name, site.station, site.url, known=True), *theirs)
