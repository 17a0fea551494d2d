"""A packet, as far as an access list looks at it."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

from netconfig.simulator import words

Family = Literal[4, 6]


@dataclass(frozen=True, slots=True)
class Packet:
    """A question to a router: where would this go?

    Addresses are text (`131.225.204.7`, `2001:db8::7`) or `ipaddress` values, both of one family; the
    protocol is its number or the name an access list uses (`tcp`, `icmp`). Ports are None where the protocol
    has none. `dscp` is the code point, 0 to 63. `established` stands for TCP's ACK or RST bit.

    Raises:
        ValueError: not an address, two families, an unknown protocol, a port or a code point out of range.
    """

    source: str | IPv4Address | IPv6Address
    destination: str | IPv4Address | IPv6Address
    protocol: str | int = "tcp"
    source_port: int | None = None
    destination_port: int | None = None
    dscp: int = 0
    established: bool = False
    family: Family = field(init=False, repr=False, compare=False)
    source_bits: int = field(init=False, repr=False, compare=False)
    destination_bits: int = field(init=False, repr=False, compare=False)
    protocol_number: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        source, destination = ip_address(self.source), ip_address(self.destination)
        if source.version != destination.version:
            raise ValueError(f"{source} and {destination} are of two families")
        if not 0 <= self.dscp < 64:
            raise ValueError(f"no such DSCP: {self.dscp}")
        for port in (self.source_port, self.destination_port):
            if port is not None and not 0 <= port < 65536:
                raise ValueError(f"no such port: {port}")
        for name, value in (
            ("family", source.version),
            ("source_bits", int(source)),
            ("destination_bits", int(destination)),
            ("protocol_number", _protocol_number(self.protocol, source.version)),
        ):
            object.__setattr__(self, name, value)


def _protocol_number(protocol: str | int, family: int) -> int:
    if isinstance(protocol, int):
        if not 0 <= protocol < 256:
            raise ValueError(f"no such protocol: {protocol}")
        return protocol
    names = words.IPV4_PROTOCOLS if family == 4 else words.IPV6_PROTOCOLS
    if protocol not in names:
        raise ValueError(f"no such protocol: {protocol}")
    return names[protocol]
