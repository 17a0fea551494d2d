"""A flow as packets have it, and whom its ends belong to."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from hosttools.programs import ToolError
from lambdastation.client import PbrClient

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Flow:
    """Packets from this host to another, and their answers.

    Attributes:
        protocol: `tcp` or `udp`.
        local_ports: nothing for any.
    """

    protocol: str
    local: Address
    local_ports: tuple[int, ...]
    remote: Address
    remote_ports: tuple[int, ...]

    @property
    def local_words(self) -> str | None:
        """Our ports, as a ticket writes them."""
        return _port_words(self.protocol, self.local_ports)

    @property
    def remote_words(self) -> str | None:
        """The other end's ports."""
        return _port_words(self.protocol, self.remote_ports)

    def __str__(self) -> str:
        return (
            f"{self.protocol} {_end(self.local, self.local_ports)} > {_end(self.remote, self.remote_ports)}"
        )


@dataclass(frozen=True, slots=True)
class Ends:
    """Whose the ends of a flow are, as far as the station's clients tell."""

    local_client: str | None
    remote_site: str | None
    remote_client: str | None


def resolve(host: str, family: socket.AddressFamily = socket.AF_UNSPEC) -> Address:
    """The first address of a host.

    Raises:
        ToolError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, None, family=family, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no host name"
        raise ToolError(f"{host!r} has no address: {reason}") from None
    return ip_address(str(found[0][4][0]).partition("%")[0])


def local_address(remote: Address) -> Address:
    """The address that packets to there would carry; none is sent.

    Raises:
        ToolError: there is no route.
    """
    family = socket.AF_INET if remote.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(remote), 9))
        except OSError as error:
            raise ToolError(f"there is no way to {remote}: {error.strerror}") from None
        return ip_address(probe.getsockname()[0])


def whose(flow: Flow, clients: Iterable[PbrClient]) -> Ends:
    """Whose clients the ends are. The station's own come first in `clients`, as it tells them."""
    known = list(clients)
    ours = known[0].site if known else None
    local = _holder(flow.local, (client for client in known if client.site == ours))
    remote = _holder(flow.remote, (client for client in known if client.site != ours))
    return Ends(
        None if local is None else local.name,
        None if remote is None else remote.site,
        None if remote is None else remote.name,
    )


def _holder(address: Address, clients: Iterable[PbrClient]) -> PbrClient | None:
    """The client with the narrowest block that holds an address."""
    held = [
        (ip_network(block).prefixlen, client)
        for client in clients
        for block in client.prefixes
        if address in ip_network(block)
    ]
    return max(held, key=lambda each: each[0])[1] if held else None


def _port_words(protocol: str, ports: tuple[int, ...]) -> str | None:
    if not ports:
        return None
    if len(ports) > 1 and ports == tuple(range(ports[0], ports[-1] + 1)):
        return f"{protocol} range {ports[0]}-{ports[-1]}"
    return ", ".join(f"{protocol} eq {port}" for port in ports)


def _end(address: Address, ports: tuple[int, ...]) -> str:
    shown = str(address) if address.version == 4 else f"[{address}]"
    return f"{shown}:{','.join(map(str, ports)) or '*'}"
