"""One entry of an access list: read as an operator types it, written as IOS prints it, put to a packet.

IOS rewrites what it is given: names for well-known numbers, `host X` and `any` for the full and the empty
mask, don't-care bits of the address zeroed, IPv6 in upper case. Two entries that print the same are the same.

Source: Cisco IOS Security Command Reference, `permit (IP)`, `permit (IPv6)`; printed forms as seen on IOS-XE
17 (`10 remark`, `deny tcp`) and IOS 15 (`deny   tcp`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from netconfig.simulator import words
from netconfig.simulator.grammar import (
    IncompleteCommand,
    InvalidInput,
    Token,
    choose_keyword,
    first_wrong_column,
    tokens_of,
)
from netconfig.simulator.packet import Family, Packet

_BITS: Mapping[Family, int] = {4: 32, 6: 128}


class NotModelled(Exception):
    """The answer hangs on a line this simulator keeps and prints but does not understand."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses equal to `value` but for the bits set in `wildcard`."""

    family: Family
    value: int
    wildcard: int

    def __contains__(self, bits: int) -> bool:
        return not (bits ^ self.value) & ~self.wildcard

    def __str__(self) -> str:
        whole = (1 << _BITS[self.family]) - 1
        if self.wildcard == whole:
            return "any"
        if self.family == 6:
            address = str(IPv6Address(self.value)).upper()
            length = 128 - self.wildcard.bit_length()
            return f"{address}/{length}" if self.wildcard else f"host {address}"
        address = str(IPv4Address(self.value))
        return f"{address} {IPv4Address(self.wildcard)}" if self.wildcard else f"host {address}"


@dataclass(frozen=True, slots=True)
class Ports:
    """A port condition: `eq`, `neq` (one or more ports), `gt`, `lt` (one), `range` (two)."""

    operator: str
    numbers: tuple[int, ...]

    def __contains__(self, port: int) -> bool:
        first, last = self.numbers[0], self.numbers[-1]
        match self.operator:
            case "eq":
                return port in self.numbers
            case "neq":
                return port not in self.numbers
            case "gt":
                return port > first
            case "lt":
                return port < first
            case _:
                return first <= port <= last

    def text(self, names: Mapping[str, int]) -> str:
        return " ".join([self.operator, *(words.name_of(number, names) for number in self.numbers)])


@dataclass(frozen=True, slots=True)
class Ace:
    """An entry: permit or deny what fits every condition. None is no condition."""

    family: Family
    permit: bool
    protocol: int | None
    source: Addresses
    destination: Addresses
    source_ports: Ports | None = None
    destination_ports: Ports | None = None
    icmp_message: str | None = None
    established: bool = False
    dscp: int | None = None
    log: str | None = None

    @property
    def action(self) -> str:
        return "permit" if self.permit else "deny"

    @property
    def condition(self) -> str:
        """The entry as the router prints it, behind `permit` or `deny`."""
        return self.written(str)

    def written(self, addresses: Callable[[Addresses], str]) -> str:
        """The condition, with addresses as they are written there."""
        names = words.ports_of(self.protocol)
        parts = [
            _protocol_name(self.protocol, self.family),
            addresses(self.source),
            self.source_ports.text(names) if self.source_ports else None,
            addresses(self.destination),
            self.destination_ports.text(names) if self.destination_ports else None,
            self.icmp_message,
            "established" if self.established else None,
            None if self.dscp is None else f"dscp {words.name_of(self.dscp, words.DSCP)}",
            self.log,
        ]
        return " ".join(part for part in parts if part)

    def matches(self, packet: Packet) -> bool:
        """Whether the packet fits, permitted or denied.

        Raises:
            NotModelled: it hangs on an ICMP message type, which a `Packet` does not carry.
        """
        fits = (
            packet.family == self.family
            and self.protocol in {None, packet.protocol_number}
            and packet.source_bits in self.source
            and packet.destination_bits in self.destination
            and _port_fits(packet.source_port, self.source_ports)
            and _port_fits(packet.destination_port, self.destination_ports)
            and self.dscp in {None, packet.dscp}
            and (packet.established or not self.established)
        )
        if fits and self.icmp_message:
            raise NotModelled(f"ICMP message types: {self.action} {self.condition}")
        return fits


@dataclass(frozen=True, slots=True)
class UnreadAce:
    """An entry of the initial configuration, kept and printed, that cannot be put to a packet."""

    action: str
    condition: str

    def matches(self, packet: Packet) -> bool:
        raise NotModelled(f"{self.action} {self.condition}")


def read_ace(line: str, start: int, family: Family, *, prefixes: bool = False) -> Ace:
    """Read `permit ...` or `deny ...`, which begins at an offset of a line.

    With `prefixes` an IPv4 network may be written `10.0.0.0/8`, too, as NX-OS has it.

    Raises:
        LineRefused: InvalidInput with its column, IncompleteCommand or AmbiguousCommand.
    """
    reader = _Reader(line, tokens_of(line, start), prefixes=prefixes)
    permit = reader.keyword(("permit", "deny")) == "permit"
    protocol = reader.protocol(family)
    has_ports = protocol in {words.TCP, words.UDP, words.SCTP}
    source = reader.addresses(family)
    source_ports = reader.ports(protocol) if has_ports else None
    destination = reader.addresses(family)
    destination_ports = reader.ports(protocol) if has_ports else None
    ace = Ace(family, permit, protocol, source, destination, source_ports, destination_ports)
    while not reader.at_end:
        ace = _with_option(ace, reader)
    return ace


def _with_option(ace: Ace, reader: "_Reader") -> Ace:
    options: list[str] = ["log", "log-input"]
    if ace.log is None and ace.dscp is None:
        options.append("dscp")
    if ace.protocol == words.TCP:
        options.append("established")
    if ace.protocol in {words.ICMP, words.ICMPV6} and ace.icmp_message is None:
        options += words.ICMP_MESSAGES
    option = reader.keyword(options)
    if option == "dscp":
        return replace(ace, dscp=reader.number(words.DSCP, 63))
    if option == "established":
        return replace(ace, established=True)
    if option in {"log", "log-input"}:
        return replace(ace, log=option)
    return replace(ace, icmp_message=option)


def _port_fits(port: int | None, ports: Ports | None) -> bool:
    return ports is None or (port is not None and port in ports)


def _protocol_name(protocol: int | None, family: Family) -> str:
    if protocol is None:
        return "ip" if family == 4 else "ipv6"
    return words.name_of(protocol, words.IPV4_PROTOCOLS if family == 4 else words.IPV6_PROTOCOLS)


class _Reader:
    """Takes the words of an entry one after the other."""

    def __init__(self, line: str, tokens: Sequence[Token], *, prefixes: bool) -> None:
        self._line = line
        self._tokens = list(tokens)
        self._prefixes = prefixes

    @property
    def at_end(self) -> bool:
        return not self._tokens

    def _next(self) -> Token:
        if not self._tokens:
            raise IncompleteCommand
        return self._tokens.pop(0)

    def keyword(self, keywords: Iterable[str]) -> str:
        token = self._next()
        chosen = choose_keyword(token, keywords, self._line)
        if chosen is None:
            raise InvalidInput(first_wrong_column(token, keywords))
        return chosen

    def number(self, names: Mapping[str, int], highest: int) -> int:
        token = self._next()
        if token.text.isdecimal():
            if int(token.text) <= highest:
                return int(token.text)
            raise InvalidInput(token.column)
        name = choose_keyword(token, names, self._line)
        if name is None:
            raise InvalidInput(first_wrong_column(token, names))
        return names[name]

    def protocol(self, family: Family) -> int | None:
        names = words.IPV4_PROTOCOLS if family == 4 else words.IPV6_PROTOCOLS
        everything = "ip" if family == 4 else "ipv6"
        if self._tokens and self._tokens[0].text.lower() == everything:
            self._next()
            return None
        return self.number(names, 255)

    def addresses(self, family: Family) -> Addresses:
        whole = (1 << _BITS[family]) - 1
        token = self._next()
        word = token.text.lower()
        if word in {"an", "any"}:
            return Addresses(family, 0, whole)
        make: Callable[[str], int] = _ipv4 if family == 4 else _ipv6
        if len(word) > 1 and "host".startswith(word):
            return Addresses(family, _made(make, self._next()), 0)
        if family == 6 or (self._prefixes and "/" in word):
            address, wildcard = _prefix(token, family)
        else:
            address, wildcard = _made(_ipv4, token), _made(_ipv4, self._next())
        return Addresses(family, address & ~wildcard & whole, wildcard)

    def ports(self, protocol: int | None) -> Ports | None:
        if self.at_end:
            return None
        operator = self._tokens[0].text.lower()
        if operator not in {"eq", "neq", "gt", "lt", "range"}:
            return None
        self._next()
        names = words.ports_of(protocol)
        numbers = [self.number(names, 65535)]
        if operator == "range":
            numbers.append(self.number(names, 65535))
            # IOS puts the two ends in order by itself.
            numbers.sort()
        while operator in {"eq", "neq"} and self._tokens and _is_port(self._tokens[0].text, names):
            numbers.append(self.number(names, 65535))
        return Ports(operator, tuple(numbers))


def _is_port(text: str, names: Mapping[str, int]) -> bool:
    return text.lower() in names or (text.isdecimal() and int(text) < 65536)


def _made(make: Callable[[str], int], token: Token) -> int:
    try:
        return make(token.text)
    except ValueError:
        raise InvalidInput(token.column) from None


def _ipv4(text: str) -> int:
    return int(IPv4Address(text))


def _ipv6(text: str) -> int:
    return int(IPv6Address(text))


def _prefix(token: Token, family: Family) -> tuple[int, int]:
    if "/" not in token.text:
        raise InvalidInput(token.column)
    try:
        network = (IPv4Interface if family == 4 else IPv6Interface)(token.text).network
    except ValueError:
        raise InvalidInput(token.column) from None
    return int(network.network_address), int(network.hostmask)
