"""One access-list entry: written for a flow, and read into the one way of writing it that we compare.

A router prints what it was given in its own words (`cs4` for 32, `smtp` for 25, `any` for an empty mask);
unless both sides are brought to numbers, the difference between them is never empty.
"""

from collections import deque
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from netconfig.cisco.dialect import Dialect
from netconfig.cisco.ports import DSCP, PROTOCOLS, TCP, UDP
from netconfig.intent import FlowMatch, IpNetwork, PortRange, Protocol

ENTRIES_REMEMBERED = 20_000
"""A router prints the same entries at every reading; of so many it is remembered how they are written."""

_ALL_ONES = 0xFFFFFFFF


class _NotUnderstood(ValueError):
    """The entry uses words that we never write; it is compared as it stands."""


def write_permit(flow: FlowMatch, dialect: Dialect) -> str:
    """The entry that permits a flow, without its sequence number, as `canonical` would give it."""
    anything = "ip" if flow.family == 4 else "ipv6"
    words = [
        "permit",
        flow.protocol.value if flow.protocol else anything,
        _network(flow.source, dialect),
        *_ports(flow.source_ports),
        _network(flow.destination, dialect),
        *_ports(flow.destination_ports),
    ]
    if flow.dscp is not None:
        words += ["dscp", str(flow.dscp)]
    return " ".join(words)


@lru_cache(maxsize=ENTRIES_REMEMBERED)
def canonical(text: str, family: int, dialect: Dialect) -> str:
    """An entry as a router printed it, in the one way of writing it: numbers for words, lower-case addresses.

    Anything that is not understood is given back with single blanks, otherwise as it was.
    """
    words = deque(text.split())
    try:
        return " ".join(_read(words, family, dialect))
    except (IndexError, ValueError):
        return " ".join(text.split())


def read_permit(text: str, family: int) -> FlowMatch | None:
    """The flow that a canonical entry permits, or None if it is none that `write_permit` writes."""
    words = deque(text.split())
    try:
        if words.popleft() != "permit":
            return None
        word = words.popleft()
        protocol = None if word in {"ip", "ipv6"} else Protocol(word)
        source, source_ports = _flow_end(words, family)
        destination, destination_ports = _flow_end(words, family)
        dscp = int(words[1]) if len(words) == 2 and words[0] == "dscp" else None
        if words and dscp is None:
            return None
        return FlowMatch(source, destination, protocol, source_ports, destination_ports, dscp)
    except (IndexError, ValueError):
        return None


def _flow_end(words: deque[str], family: int) -> tuple[IpNetwork, PortRange | None]:
    network = _read_network(words, family)
    if isinstance(network, str):
        raise _NotUnderstood
    found = _read_ports(words, {})
    if not found:
        return network, None
    operator, *numbers = found[0].split() if len(found) == 1 else found
    if operator not in {"eq", "range"} or len(numbers) != (1 if operator == "eq" else 2):
        raise ValueError
    return network, PortRange(int(numbers[0]), int(numbers[-1]))


def _network(network: IpNetwork, dialect: Dialect) -> str:
    if network.prefixlen == 0:
        return "any"
    if dialect.prefixes:
        return str(network)
    if network.prefixlen == network.max_prefixlen:
        return f"host {network.network_address}"
    if network.version == 4:
        return f"{network.network_address} {network.hostmask}"
    return str(network)


def _ports(ports: PortRange | None) -> list[str]:
    if ports is None:
        return []
    if ports.first == ports.last:
        return [f"eq {ports.first}"]
    return [f"range {ports.first} {ports.last}"]


def _read(words: deque[str], family: int, dialect: Dialect) -> list[str]:
    action = words.popleft()
    if action not in {"permit", "deny"}:
        raise _NotUnderstood
    protocol = words.popleft().lower()
    protocol = PROTOCOLS.get(protocol, protocol)
    names = {"tcp": TCP, "udp": UDP}.get(protocol, {})
    result = [action, protocol]
    for _ in ("source", "destination"):
        network = _read_network(words, family)
        result.append(network if isinstance(network, str) else _network(network, dialect))
        result += _read_ports(words, names)
    while words:
        word = words.popleft()
        result.append(word)
        if word == "dscp":
            value = words.popleft()
            result.append(str(DSCP.get(value.lower(), value)))
    return result


def _read_network(words: deque[str], family: int) -> IpNetwork | str:
    """The next one in any way of writing it; as text only what is no prefix: `10.0.2.0 0.0.253.255`."""
    first = words.popleft()
    if first == "any":
        return IPv4Network("0.0.0.0/0") if family == 4 else IPv6Network("::/0")
    if first == "host":
        first = words.popleft()
    elif family == 4 and "/" not in first:
        return _read_wildcard(first, words.popleft())
    return IPv4Network(first, strict=False) if family == 4 else IPv6Network(first, strict=False)


def _read_wildcard(first: str, second: str) -> IPv4Network | str:
    wildcard = int(IPv4Address(second))
    address = IPv4Address(int(IPv4Address(first)) & ~wildcard & _ALL_ONES)
    if wildcard & (wildcard + 1):
        return f"{address} {IPv4Address(wildcard)}"
    return IPv4Network((address, 32 - wildcard.bit_length()))


def _read_ports(words: deque[str], names: dict[str, int]) -> list[str]:
    operator = words[0] if words else ""
    if operator not in {"eq", "neq", "gt", "lt", "range"}:
        return []
    words.popleft()
    if operator == "range":
        first, last = _port(words, names), _port(words, names)
        return [f"eq {first}"] if first == last else [f"range {first} {last}"]
    if operator == "gt":
        return [f"range {_port(words, names) + 1} 65535"]
    if operator == "lt":
        return [f"range 0 {_port(words, names) - 1}"]
    ports = [_port(words, names)]
    while words and (words[0].isdecimal() or words[0] in names):
        ports.append(_port(words, names))
    return [operator, *map(str, ports)]


def _port(words: deque[str], names: dict[str, int]) -> int:
    word = words.popleft()
    return names[word] if word in names else int(word)
