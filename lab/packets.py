"""Single packets of a lab's hosts: one that a flow has, one that no flow has, and their bytes. Pure."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from typing import Literal

from lab.sites import HOSTS, Side
from netconfig.intent import FlowMatch, IpAddress, PortRange, Protocol

TOKEN_AT = 64
"""Where a packet's token stands, in bytes from the start of its network header, whatever its headers are."""
HIGHEST_PORT = 65535
_HOPS = 3
"""It passes two routers, and never goes round."""
_TOKEN_BYTES = 12
_SOURCE_PORT = 40000
_DESTINATION_PORT = 33434
"""Ports where a flow has any: one of a client's, and the one that traceroute begins with."""
_NUMBERS = {
    4: {Protocol.TCP: 6, Protocol.UDP: 17, Protocol.ICMP: 1},
    6: {Protocol.TCP: 6, Protocol.UDP: 17, Protocol.ICMP: 58},
}
_ECHO_REQUEST = {4: 8, 6: 128}


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet as far as a router's policy looks at it. Ports are 0 for ICMP, which has none."""

    source: IpAddress
    destination: IpAddress
    protocol: Protocol
    source_port: int
    destination_port: int
    dscp: int

    @property
    def family(self) -> Literal[4, 6]:
        """4 or 6."""
        return self.source.version

    def is_of(self, flow: FlowMatch) -> bool:
        """Whether the flow has it."""
        return (
            self.family == flow.family
            and self.source in flow.source
            and self.destination in flow.destination
            and flow.protocol in {None, self.protocol}
            and _has(flow.source_ports, self.source_port)
            and _has(flow.destination_ports, self.destination_port)
            and flow.dscp in {None, self.dscp}
        )

    def __str__(self) -> str:
        marked = f" dscp {self.dscp}" if self.dscp else ""
        if self.protocol is Protocol.ICMP:
            return f"icmp {self.source} > {self.destination}{marked}"
        ends = (_end(self.source, self.source_port), _end(self.destination, self.destination_port))
        return f"{self.protocol} {' > '.join(ends)}{marked}"


def packet_of(flow: FlowMatch, near: Side) -> Packet | None:
    """One of the flow's packets, from a host of a site to one of the other; None where neither has one."""
    sources, destinations = (
        [address for address in _hosts(side, flow.family) if address in prefix]
        for side, prefix in ((near, flow.source), (near.other, flow.destination))
    )
    if not sources or not destinations:
        return None
    protocol = flow.protocol or Protocol.UDP
    has_ports = protocol is not Protocol.ICMP
    return Packet(
        sources[0],
        destinations[0],
        protocol,
        _first(flow.source_ports, _SOURCE_PORT) if has_ports else 0,
        _first(flow.destination_ports, _DESTINATION_PORT) if has_ports else 0,
        flow.dscp or 0,
    )


def packet_beside(packet: Packet, flows: Sequence[FlowMatch], near: Side) -> Packet | None:
    """The packet most like this one that none of the flows has; None where they have all of the lab's."""
    return next((one for one in _like(packet, flows, near) if not any(map(one.is_of, flows))), None)


def encode(packet: Packet, *, token: bytes) -> bytes:
    """The whole packet, from its network header on; the kernel adds that header's checksum.

    That of what it carries is wrong, on purpose: routers pass it on, and a host throws it away, so that no
    program ever gets it.

    Args:
        token: 12 bytes, which stand at `TOKEN_AT`.
    """
    number = _NUMBERS[packet.family][packet.protocol]
    headers = {4: 20, 6: 40}[packet.family] + (20 if packet.protocol is Protocol.TCP else 8)
    body = _transport(packet, token.rjust(_TOKEN_BYTES + TOKEN_AT - headers, b"\0"), number)
    ends = packet.source.packed + packet.destination.packed
    if packet.family == 4:
        head = struct.pack("!BBHHHBBH", 0x45, packet.dscp << 2, 20 + len(body), 0, 0, _HOPS, number, 0)
    else:
        head = struct.pack("!IHBB", 0x6 << 28 | packet.dscp << 22, len(body), number, _HOPS)
    return head + ends + body


def _like(packet: Packet, flows: Sequence[FlowMatch], near: Side) -> Iterator[Packet]:
    """What differs from a packet in one thing, the least first: what is steered beside a flow is found so."""
    if packet.protocol is not Protocol.ICMP:
        for port in _edges(flow.destination_ports for flow in flows):
            yield replace(packet, destination_port=port)
        for port in _edges(flow.source_ports for flow in flows):
            yield replace(packet, source_port=port)
        other = Protocol.TCP if packet.protocol is Protocol.UDP else Protocol.UDP
        yield replace(packet, protocol=other)
    else:
        yield replace(
            packet,
            protocol=Protocol.UDP,
            source_port=_SOURCE_PORT,
            destination_port=_DESTINATION_PORT,
        )
    for dscp in range(64):
        yield replace(packet, dscp=dscp)
    for source, destination in product(_hosts(near, packet.family), _hosts(near.other, packet.family)):
        yield replace(packet, source=source, destination=destination)


def _edges(ranges: Iterable[PortRange | None]) -> Iterator[int]:
    """The ports next to ranges of ports."""
    beside = chain.from_iterable((each.last + 1, each.first - 1) for each in ranges if each is not None)
    return (port for port in beside if 0 < port <= HIGHEST_PORT)


def _transport(packet: Packet, data: bytes, number: int) -> bytes:
    if packet.protocol is Protocol.UDP:
        ports = packet.source_port, packet.destination_port
        head, checksum_at = struct.pack("!HHHH", *ports, 8 + len(data), 0), 6
    elif packet.protocol is Protocol.TCP:
        # An acknowledgement of nothing: nobody takes it for the beginning of a connection.
        ports = packet.source_port, packet.destination_port
        head, checksum_at = struct.pack("!HHIIBBHHH", *ports, 0, 0, 5 << 4, 0x10, 0, 0, 0), 16
    else:
        head, checksum_at = struct.pack("!BBHHH", _ECHO_REQUEST[packet.family], 0, 0, 0, 0), 2
    body = head + data
    is_bare = packet.family == 4 and packet.protocol is Protocol.ICMP
    ends = packet.source.packed + packet.destination.packed
    pseudo_header = b"" if is_bare else ends + struct.pack("!II", len(body), number)
    # Never right, and never 0, which stands for none.
    wrong = _checksum(pseudo_header + body) % 0xFFFF + 1
    return body[:checksum_at] + struct.pack("!H", wrong) + body[checksum_at + 2 :]


def _checksum(data: bytes) -> int:
    """Of RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _hosts(side: Side, family: int) -> list[IpAddress]:
    return [side.address(family, number) for number in range(1, HOSTS + 1)]


def _has(ports: PortRange | None, port: int) -> bool:
    return ports is None or ports.first <= port <= ports.last


def _first(ports: PortRange | None, port: int) -> int:
    return port if ports is None else max(ports.first, min(ports.last, 1))


def _end(address: IpAddress, port: int) -> str:
    return f"{address}:{port}" if address.version == 4 else f"[{address}]:{port}"
