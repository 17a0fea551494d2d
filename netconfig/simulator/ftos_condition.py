"""Which packets an entry of a list is for, in FTOS's words: read as typed, printed as the switch prints it.

    tcp 131.225.204.0/24 eq 22 any range 5000 6000 ack dscp 32 count byte

A mask is a network mask, never a wildcard: `10.0.0.0/8`, `10.0.0.0 /8` and `10.0.0.0 255.0.0.0` are one; one
with holes is kept as it is. What is printed is `any`, `host A`, `A/n` or `A M`.

Source: Dell Networking OS 9 Configuration Guide and Command Line Reference, chapters Access Control Lists
(`permit tcp`, `seq`) and Policy-based Routing (`redirect`, `permit`). A redirect list knows neither DSCP nor
counting nor types of ICMP.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from netconfig.intent import FlowMatch, PortRange, Protocol
from netconfig.simulator.ios_ace import NotModelled
from netconfig.simulator.packet import Packet

PROTOCOLS = {"ip": None, "icmp": 1, "tcp": 6, "udp": 17}
FLAGS = frozenset({"ack", "fin", "psh", "rst", "syn", "urg", "established"})
_ALL_ONES = 0xFFFFFFFF
_LAST_PORT = 65535
_HAVE_PORTS = {6, 17}


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses that equal `value` wherever the mask has a one."""

    value: int
    mask: int

    def __contains__(self, bits: int) -> bool:
        return not (bits ^ self.value) & self.mask

    def __str__(self) -> str:
        if self.mask == 0:
            return "any"
        address = IPv4Address(self.value)
        if self.mask == _ALL_ONES:
            return f"host {address}"
        if (length := _prefix_length(self.mask)) is not None:
            return f"{address}/{length}"
        return f"{address} {IPv4Address(self.mask)}"

    @property
    def network(self) -> IPv4Network:
        """The same as a prefix.

        Raises:
            NotModelled: the mask has holes.
        """
        length = _prefix_length(self.mask)
        if length is None:
            raise NotModelled(str(self))
        return IPv4Network((self.value, length))


@dataclass(frozen=True, slots=True)
class Ports:
    """A condition on a port, as it was typed."""

    operator: str
    numbers: tuple[int, ...]

    def __contains__(self, port: int) -> bool:
        return any(one.first <= port <= one.last for one in self.ranges)

    def __str__(self) -> str:
        return " ".join([self.operator, *map(str, self.numbers)])

    @property
    def ranges(self) -> tuple[PortRange, ...]:
        """The same as ranges; none if no port fits."""
        first, last = self.numbers[0], self.numbers[-1]
        bounds = {
            "eq": [(first, first)],
            "neq": [(0, first - 1), (first + 1, _LAST_PORT)],
            "gt": [(first + 1, _LAST_PORT)],
            "lt": [(0, first - 1)],
            "range": [(first, last)],
        }[self.operator]
        return tuple(PortRange(low, high) for low, high in bounds if low <= high)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a packet must be like.

    Attributes:
        protocol: its number; None for any.
        flags: TCP flags that must be set.
        dscp: code point; None for any.
        extras: words that change nothing of that (`count byte`, `log`, `monitor`, `order 7`), as typed.
    """

    protocol: int | None
    source: Addresses
    destination: Addresses
    source_ports: Ports | None = None
    destination_ports: Ports | None = None
    flags: tuple[str, ...] = ()
    dscp: int | None = None
    extras: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = {number: name for name, number in PROTOCOLS.items()}
        words = [names.get(self.protocol, str(self.protocol)), str(self.source)]
        words += [str(self.source_ports)] if self.source_ports else []
        words += [str(self.destination)]
        words += [str(self.destination_ports)] if self.destination_ports else []
        words += self.flags
        words += ["dscp", str(self.dscp)] if self.dscp is not None else []
        return " ".join([*words, *self.extras])

    def matches(self, packet: Packet) -> bool:
        """Whether the packet is one of these.

        Raises:
            NotModelled: it hangs on a TCP flag.
        """
        fits = (
            packet.family == 4
            and self.protocol in {None, packet.protocol_number}
            and packet.source_bits in self.source
            and packet.destination_bits in self.destination
            and _fits(self.source_ports, packet.source_port)
            and _fits(self.destination_ports, packet.destination_port)
            and self.dscp in {None, packet.dscp}
        )
        if fits and self.flags:
            raise NotModelled(str(self))
        return fits

    def flows(self) -> Iterator[FlowMatch]:
        """The same as flows: several where ports are what is left out.

        Raises:
            NotModelled: a flow cannot say it.
        """
        words = {number: name for name, number in PROTOCOLS.items() if number}
        if self.flags or self.protocol not in {None, *words}:
            raise NotModelled(str(self))
        protocol = None if self.protocol is None else Protocol(words[self.protocol])
        for source in _ranges(self.source_ports):
            for destination in _ranges(self.destination_ports):
                yield FlowMatch(
                    self.source.network, self.destination.network, protocol, source, destination, self.dscp
                )


def read_condition(text: str, *, redirects: bool) -> Condition:
    """The condition that these words are; `redirects` for an entry of a redirect list, which knows less.

    Raises:
        ValueError: it is none; the argument is the word that is wrong, empty if one is missing.
    """
    words = deque(text.split())
    try:
        protocol = _protocol(words.popleft())
        source = _addresses(words)
        source_ports = _ports(words, protocol)
        destination = _addresses(words)
        destination_ports: Ports | None = None
        flags: list[str] = []
        dscp = None
        extras: list[str] = []
        while words:
            word = words[0]
            if word in {"eq", "neq", "gt", "lt", "range"} and destination_ports is None:
                destination_ports = _ports(words, protocol)
            elif word in FLAGS and protocol == PROTOCOLS["tcp"]:
                flags.append(words.popleft())
            elif word == "dscp" and dscp is None and not redirects:
                words.popleft()
                dscp = _number(words, 63)
            elif not redirects:
                extras += _extra(words)
            else:
                raise ValueError(word)
    except IndexError:
        raise ValueError("") from None
    return Condition(
        protocol, source, destination, source_ports, destination_ports, tuple(flags), dscp, tuple(extras)
    )


def _protocol(word: str) -> int | None:
    if word in PROTOCOLS:
        return PROTOCOLS[word]
    if word.isdecimal() and int(word) <= 255:
        return int(word)
    raise ValueError(word)


def _addresses(words: deque[str]) -> Addresses:
    first = words.popleft()
    if first == "any":
        return Addresses(0, 0)
    if first == "host":
        return Addresses(_address(words.popleft()), _ALL_ONES)
    address, slash, length = first.partition("/")
    if not slash and words and words[0].startswith("/"):
        slash, length = "/", words.popleft()[1:]
    if not slash:
        mask = _address(words.popleft())
    elif length.isdecimal() and int(length) <= 32:
        mask = _ALL_ONES << (32 - int(length)) & _ALL_ONES
    else:
        raise ValueError(first)
    return Addresses(_address(address) & mask, mask)


def _address(word: str) -> int:
    try:
        return int(IPv4Address(word))
    except ValueError:
        raise ValueError(word) from None


def _ports(words: deque[str], protocol: int | None) -> Ports | None:
    if not words or words[0] not in {"eq", "neq", "gt", "lt", "range"}:
        return None
    if protocol not in _HAVE_PORTS:
        raise ValueError(words[0])
    operator = words.popleft()
    numbers = tuple(_number(words, _LAST_PORT) for _ in range(2 if operator == "range" else 1))
    if numbers[0] > numbers[-1]:
        raise ValueError(str(numbers[-1]))
    return Ports(operator, numbers)


def _number(words: deque[str], last: int) -> int:
    word = words.popleft()
    if not word.isdecimal() or int(word) > last:
        raise ValueError(word)
    return int(word)


def _extra(words: deque[str]) -> list[str]:
    word = words.popleft()
    if word in {"log", "monitor", "fragments"}:
        return [word]
    if word == "count":
        return [word, words.popleft()] if words and words[0] == "byte" else [word]
    if word == "order":
        return [word, str(_number(words, 254))]
    raise ValueError(word)


def _fits(ports: Ports | None, port: int | None) -> bool:
    return ports is None or (port is not None and port in ports)


def _ranges(ports: Ports | None) -> tuple[PortRange | None, ...]:
    return (None,) if ports is None else ports.ranges


def _prefix_length(mask: int) -> int | None:
    """How many ones a mask begins with; None if there are more behind a zero."""
    length = mask.bit_count()
    return length if mask == _ALL_ONES << (32 - length) & _ALL_ONES else None
