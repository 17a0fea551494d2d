"""One entry of a list: written for a flow, and read into the one way of writing it that we compare.

FTOS takes a mask as `/24`, apart from its address or not, or in dotted decimals, and options in more than one
order; unless both sides are brought to one form, the difference between them is never empty.
"""

from collections import deque
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from netconfig.intent import FlowMatch, IpAddress, IpNetwork, PortRange, Protocol

ENTRIES_REMEMBERED = 20_000
"""A switch prints the same entries at every reading; of so many it is remembered how they are written."""
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp"}
"""Protocol numbers that have a word."""
_OPERATORS = frozenset({"eq", "neq", "gt", "lt", "range"})
_LAST_PORT = 65535
_EVERYTHING = IPv4Network("0.0.0.0/0")


class _NotUnderstood(Exception):
    """The entry uses words that we never write; it is compared as it stands."""


def write_redirect(flow: FlowMatch, next_hop: IpAddress) -> str:
    """The entry that sends a flow to a next hop, without its number, as `canonical` would give it."""
    return f"redirect {next_hop} {_write(flow)}"


def write_permit(flow: FlowMatch) -> str:
    """The entry that permits a flow, without its number, as `canonical` would give it."""
    return f"permit {_write(flow)}"


@lru_cache(maxsize=ENTRIES_REMEMBERED)
def canonical(text: str) -> str:
    """An entry without its number, as FTOS printed it, in the one way of writing it.

    Anything that is not understood is given back with single blanks, otherwise as it was.
    """
    words = deque(text.split())
    try:
        return " ".join(_read(words))
    except (_NotUnderstood, IndexError, ValueError):
        return " ".join(text.split())


def read_redirect(text: str) -> tuple[FlowMatch, IPv4Address] | None:
    """The flow of a canonical entry and its next hop, or None if it is none that `write_redirect` writes."""
    action, _, rest = text.partition(" ")
    word, _, condition = rest.partition(" ")
    try:
        next_hop = IPv4Address(word)
        flow = _flow(deque(condition.split()))
    except (IndexError, ValueError):
        return None
    return (flow, next_hop) if action == "redirect" and write_redirect(flow, next_hop) == text else None


def _write(flow: FlowMatch) -> str:
    words = [flow.protocol.value if flow.protocol else "ip"]
    words += [_network(flow.source), *_range(flow.source_ports)]
    words += [_network(flow.destination), *_range(flow.destination_ports)]
    if flow.dscp is not None:
        words.append(f"dscp {flow.dscp}")
    return " ".join(words)


def _network(network: IpNetwork) -> str:
    if network.prefixlen == 0:
        return "any"
    if network.prefixlen == network.max_prefixlen:
        return f"host {network.network_address}"
    return str(network)


def _range(ports: PortRange | None) -> list[str]:
    if ports is None:
        return []
    return [f"eq {ports.first}"] if ports.first == ports.last else [f"range {ports.first} {ports.last}"]


def _flow(words: deque[str]) -> FlowMatch:
    protocol = words.popleft()
    source, source_ports = _flow_end(words)
    destination, destination_ports = _flow_end(words)
    if words:
        raise ValueError(words[0])
    wanted = None if protocol == "ip" else Protocol(protocol)
    return FlowMatch(source, destination, wanted, source_ports, destination_ports)


def _flow_end(words: deque[str]) -> tuple[IPv4Network, PortRange | None]:
    network = _read_network(words)
    operator = words.popleft() if words and words[0] in {"eq", "range"} else ""
    if not operator:
        return network, None
    first = int(words.popleft())
    return network, PortRange(first, int(words.popleft()) if operator == "range" else first)


def _read(words: deque[str]) -> list[str]:
    action = words.popleft()
    result = [action]
    if action == "redirect":
        result.append(str(IPv4Address(words.popleft())))
    elif action not in {"permit", "deny"}:
        raise _NotUnderstood
    protocol = words.popleft().lower()
    result.append(PROTOCOLS.get(protocol, protocol))
    result += [_network(_read_network(words)), *_read_ports(words)]
    result.append(_network(_read_network(words)))
    ports: list[str] = []
    marks: list[str] = []
    others: list[str] = []
    while words:
        if words[0] in _OPERATORS and not ports:
            ports = _read_ports(words)
        elif words[0] == "dscp":
            marks += [words.popleft(), str(int(words.popleft()))]
        else:
            others.append(words.popleft())
    return [*result, *ports, *marks, *others]


def _read_network(words: deque[str]) -> IPv4Network:
    first = words.popleft()
    if first == "any":
        return _EVERYTHING
    if first == "host":
        return IPv4Network(words.popleft())
    if "/" not in first:
        mask = words.popleft().removeprefix("/")
        if not mask.isdecimal() and not _is_netmask(mask):
            # With holes, or what the library would take for a wildcard.
            raise _NotUnderstood
        first = f"{first}/{mask}"
    return IPv4Network(first, strict=False)


def _is_netmask(mask: str) -> bool:
    ones = f"{int(IPv4Address(mask)):032b}"
    return "01" not in ones


def _read_ports(words: deque[str]) -> list[str]:
    if not words or words[0] not in _OPERATORS:
        return []
    operator = words.popleft()
    first = int(words.popleft())
    match operator:
        case "range":
            return _range(PortRange(first, int(words.popleft())))
        case "gt":
            return _range(PortRange(first + 1, _LAST_PORT))
        case "lt":
            return _range(PortRange(0, first - 1))
        case _:
            return [f"{operator} {first}"]
