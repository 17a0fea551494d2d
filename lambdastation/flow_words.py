"""Flow words: `tcp eq 25`, `tcp range 5000-6000`, `udp le 3200`, and lists of address blocks.

The words are those of the LambdaStation slides (CHEP 2007). A list is separated by commas; a port word
begins with its protocol, and a protocol alone stands for all of its ports.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from lambdastation.errors import shown
from netconfig.intent import IpNetwork, PortRange, Protocol

_LAST_PORT = 65535
_PORT_WORD = re.compile(
    r"(tcp|udp)(?: +(?:(eq|le|ge) +([0-9]{1,5})|range +([0-9]{1,5})(?: *- *| +)([0-9]{1,5})))?"
)


@dataclass(frozen=True, slots=True)
class PortWord:
    """Ports of one protocol; `ports` None is all of them."""

    protocol: Protocol
    ports: PortRange | None = None

    def __str__(self) -> str:
        if self.ports is None:
            return str(self.protocol)
        if self.ports.first == self.ports.last:
            return f"{self.protocol} eq {self.ports.first}"
        if self.ports.first == 0:
            return f"{self.protocol} le {self.ports.last}"
        if self.ports.last == _LAST_PORT:
            return f"{self.protocol} ge {self.ports.first}"
        return f"{self.protocol} range {self.ports.first}-{self.ports.last}"

    def contains(self, other: "PortWord") -> bool:
        """Whether every packet of `other` is one of ours."""
        if self.protocol is not other.protocol:
            return False
        if self.ports is None:
            return True
        return (
            other.ports is not None
            and self.ports.first <= other.ports.first
            and other.ports.last <= self.ports.last
        )


def parse_ports(text: str) -> tuple[PortWord, ...]:
    """The port words of a comma-separated list, each once, in its order.

    Raises:
        ValueError: a word that is none, or ports outside 0 to 65535.
    """
    return tuple(dict.fromkeys(_port_word(word) for word in text.split(",")))


def format_ports(words: Sequence[PortWord]) -> str:
    """The list that `parse_ports` reads back as the same."""
    return ", ".join(str(word) for word in words)


def _port_word(text: str) -> PortWord:
    found = _PORT_WORD.fullmatch(" ".join(text.lower().split()))
    if found is None:
        raise ValueError(
            "ports are written tcp eq 25, tcp range 5000-6000, udp le 3200, udp ge 1024 or tcp, "
            f"not {shown(text)}"
        )
    protocol = Protocol(found.group(1))
    relation, number, first, last = found.group(2, 3, 4, 5)
    if relation == "eq":
        ports = PortRange(int(number), int(number))
    elif relation == "le":
        ports = PortRange(0, int(number))
    elif relation == "ge":
        ports = PortRange(int(number), _LAST_PORT)
    elif first is not None:
        ports = PortRange(int(first), int(last))
    else:
        return PortWord(protocol)
    return PortWord(protocol, None if ports == PortRange(0, _LAST_PORT) else ports)


def parse_networks(text: str) -> tuple[IpNetwork, ...]:
    """The address blocks of a comma-separated list; an address alone is a block of one.

    Raises:
        ValueError: a word that is no address or block, or a block with host bits set.
    """
    return tuple(parse_network(word.strip()) for word in text.split(","))


def format_networks(networks: Iterable[IpNetwork]) -> str:
    """The list that `parse_networks` reads back as the same."""
    return ", ".join(str(network) for network in networks)


def parse_network(word: str) -> IpNetwork:
    """One address block, or an address as a block of one.

    Raises:
        ValueError: it is neither, has host bits set, or names a zone.
    """
    if "%" in word:
        raise ValueError(f"an address with a zone cannot be routed: {shown(word)}")
    try:
        network = ip_network(word)
    except ValueError:
        pass
    else:
        mask = word.partition("/")[2]
        # A dotted mask is what old clients send; the router's way round would be another block altogether.
        if "." in mask and mask != str(network.netmask):
            raise ValueError(f"a wildcard mask is not taken, write {network}, not {shown(word)}")
        return network
    try:
        meant = ip_network(word, strict=False)
    except ValueError:
        raise ValueError(f"addresses are written 192.0.2.0/24 or 2001:db8::/32, not {shown(word)}") from None
    raise ValueError(f"{shown(word)} has host bits set; the block is {meant}")


def collapsed(networks: Iterable[IpNetwork]) -> tuple[IpNetwork, ...]:
    """The same addresses in the fewest blocks: IPv4 before IPv6, ascending."""
    every = list(networks)
    return (
        *collapse_addresses(network for network in every if isinstance(network, IPv4Network)),
        *collapse_addresses(network for network in every if isinstance(network, IPv6Network)),
    )


def lies_inside(network: IpNetwork, blocks: Iterable[IpNetwork]) -> bool:
    """Whether every address of `network` is in the blocks taken together."""
    for block in collapsed(blocks):
        if isinstance(network, IPv4Network) and isinstance(block, IPv4Network) and network.subnet_of(block):
            return True
        if isinstance(network, IPv6Network) and isinstance(block, IPv6Network) and network.subnet_of(block):
            return True
    return False
