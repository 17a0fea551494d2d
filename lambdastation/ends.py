"""Who talks to whom: the two ends of a ticket, with the addresses and ports that may be steered. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lambdastation.errors import (
    BadValue,
    Contradiction,
    FieldMissing,
    OutsideClient,
    UnknownClient,
    UnknownSite,
    shown,
)
from lambdastation.flow_words import PortWord, collapsed, lies_inside, parse_networks, parse_ports
from lambdastation.site import Client, Peer, Site
from lambdastation.ticket import TicketRequest
from netconfig.intent import IpNetwork

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class End:
    """One end of the traffic.

    Attributes:
        client: its name; None for a whole peer.
        networks: what is matched, in the fewest blocks.
        named: True if the request named the addresses; else they are all of the client's.
        ports: empty for any.
        dscp: the code point that always marks what this end sends.
        prefix: `src` or `dst`, how the request's fields of this end begin.
    """

    site: str
    client: str | None
    networks: tuple[IpNetwork, ...]
    named: bool
    ports: tuple[PortWord, ...]
    dscp: int | None
    prefix: str


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends; `local` is ours, whichever the request calls source."""

    local: End
    remote: End
    client: Client
    peer: Peer

    @property
    def source(self) -> End:
        """The end that the request calls source."""
        return self.local if self.local.prefix == "src" else self.remote

    @property
    def destination(self) -> End:
        """The end that the request calls destination."""
        return self.remote if self.local.prefix == "src" else self.local


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request's fields of one end."""

    prefix: str
    client: str | None
    ip: str | None
    port: str | None


def choose_ends(request: TicketRequest, site: Site) -> Ends:
    """The two ends a request means. An absent source is our site; if the destination is ours, it is local.

    Raises:
        FieldMissing: no destination site, or no client of ours where the peer has no default.
        UnknownSite, UnknownClient: no such name.
        Contradiction: neither end is ours, or both are.
        OutsideClient: addresses or ports beyond those of the client.
        BadValue: addresses or ports that are not understood.
    """
    source = _Asked("src", request.src_client, request.src_ip, request.src_port)
    destination = _Asked("dst", request.dst_client, request.dst_ip, request.dst_port)
    src_site = request.src_site or site.name
    if request.dst_site is None:
        raise FieldMissing("say which site the traffic goes to", field="dstSite")
    if src_site == site.name:
        if request.dst_site == site.name:
            raise Contradiction(f"both ends are {site.name} itself", field="dstSite")
        return _ends(site, source, destination, _peer(site, request.dst_site, "dstSite"))
    peer = _peer(site, src_site, "srcSite")
    if request.dst_site != site.name:
        _peer(site, request.dst_site, "dstSite")
        raise Contradiction(f"one of the two sites is {site.name}", field="srcSite")
    return _ends(site, destination, source, peer)


def _peer(site: Site, name: str, field: str) -> Peer:
    peer = site.peer(name)
    if peer is None:
        known = ", ".join(sorted(peer.name for peer in site.peers))
        raise UnknownSite(f"{shown(name)} is no site known to {site.name}: {known}", field=field)
    return peer


def _ends(site: Site, ours: _Asked, theirs: _Asked, peer: Peer) -> Ends:
    client = _our_client(site, ours, peer)
    return Ends(
        local=_end(ours, site.name, client.name, client.prefixes, client.ports or (), client.dscp),
        remote=_remote_end(theirs, peer),
        client=client,
        peer=peer,
    )


def _our_client(site: Site, asked: _Asked, peer: Peer) -> Client:
    field = f"{asked.prefix}Client"
    name = asked.client or peer.default_client
    if name is None:
        raise FieldMissing(f"there is no usual client for traffic with {peer.name}; name one", field=field)
    client = site.client(name)
    if client is None:
        raise UnknownClient(f"{site.name} has no client {shown(name)}", field=field)
    return client


def _remote_end(asked: _Asked, peer: Peer) -> End:
    if asked.client is None:
        return _end(asked, peer.name, None, peer.all_prefixes, (), None)
    client = next((client for client in peer.clients if client.name == asked.client), None)
    if client is None:
        raise UnknownClient(
            f"{peer.name} has no client {shown(asked.client)} that is known here",
            field=f"{asked.prefix}Client",
        )
    return _end(asked, peer.name, client.name, client.prefixes, (), client.dscp)


def _end(
    asked: _Asked,
    site: str,
    client: str | None,
    prefixes: tuple[IpNetwork, ...],
    allowed_ports: tuple[PortWord, ...],
    dscp: int | None,
) -> End:
    return End(
        site=site,
        client=client,
        networks=_networks(asked, f"{site}/{client}" if client else site, prefixes),
        named=asked.ip is not None,
        ports=_ports(asked, client, allowed_ports),
        dscp=dscp,
        prefix=asked.prefix,
    )


def _networks(asked: _Asked, whose: str, prefixes: tuple[IpNetwork, ...]) -> tuple[IpNetwork, ...]:
    if asked.ip is None:
        return collapsed(prefixes)
    field = f"{asked.prefix}IP"
    networks = _read(parse_networks, asked.ip, field)
    for network in networks:
        if not lies_inside(network, prefixes):
            raise OutsideClient(f"{network} is not one of {whose}", field=field)
    return collapsed(networks)


def _ports(asked: _Asked, client: str | None, allowed: tuple[PortWord, ...]) -> tuple[PortWord, ...]:
    if asked.port is None:
        return allowed
    field = f"{asked.prefix}Port"
    words = _read(parse_ports, asked.port, field)
    for word in words:
        if allowed and not any(own.contains(word) for own in allowed):
            raise OutsideClient(f"{word} is not among the ports of {client}", field=field)
    return words


def _read(parse: Callable[[str], T], text: str, field: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise BadValue(str(error), field=field) from error
