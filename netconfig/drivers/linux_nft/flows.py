"""A flow as nftables matches it: conditions of three words each, written, and read from text or JSON."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

from netconfig.intent import FlowMatch, PortRange, Protocol

Condition = tuple[str, str, str]

_IP = {4: "ip", 6: "ip6"}
_NFPROTO = {4: "ipv4", 6: "ipv6"}
_FAMILY = {"ip": 4, "ip6": 6, "ipv4": 4, "ipv6": 6, "2": 4, "10": 6}
_NUMBER = {Protocol.TCP: "6", Protocol.UDP: "17"}
_ICMP = {4: "1", 6: "58"}
_ANYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


def write_flow(flow: FlowMatch, *, chain_family: str = "inet") -> str:
    """The conditions of a flow; in a chain of both families the family is always one of them."""
    return "".join(f"{' '.join(condition)} " for condition in _conditions(flow, chain_family))


def read_flow(conditions: Iterable[Condition], *, family: int | None = None) -> FlowMatch | None:
    """The flow of these conditions, in whatever order; None if one of them is none that we write.

    `family` is that of the chain, None for one of both.
    """
    said: dict[tuple[str, str], str] = {}
    for first, second, value in conditions:
        key = ("ip" if first in {"ip", "ip6"} else first, second)
        families = {
            _FAMILY[word] for word in (first, value if second == "nfproto" else "") if word in _FAMILY
        }
        if second == "l4proto" and value in _ICMP.values():
            families |= {number for number, word in _ICMP.items() if word == value}
        if key in said or not families <= {family or next(iter(families), None)}:
            return None
        family = next(iter(families), family)
        said[key] = value
    said.pop(("meta", "nfproto"), None)
    try:
        return _flow(said, family) if family else None
    except ValueError:
        return None


def read_match(match: Any) -> Condition | None:
    """The condition of a `match` in nft's JSON; None if it is none that we write."""
    if not isinstance(match, dict) or match.get("op") != "==":
        return None
    left, right = match.get("left"), match.get("right")
    value = _value(right)
    if value is None or not isinstance(left, dict) or len(left) != 1:
        return None
    ((kind, about),) = left.items()
    if not isinstance(about, dict):
        return None
    if kind == "meta" and set(about) == {"key"}:
        return "meta", str(about["key"]), value
    if kind == "payload" and set(about) == {"protocol", "field"}:
        return str(about["protocol"]), str(about["field"]), value
    return None


def _conditions(flow: FlowMatch, chain_family: str) -> Iterable[Condition]:
    word = _IP[flow.family]
    if chain_family == "inet":
        yield "meta", "nfproto", _NFPROTO[flow.family]
    if flow.source.prefixlen:
        yield word, "saddr", str(flow.source)
    if flow.destination.prefixlen:
        yield word, "daddr", str(flow.destination)
    if flow.dscp is not None:
        yield word, "dscp", str(flow.dscp)
    if flow.protocol is Protocol.ICMP:
        yield "meta", "l4proto", _ICMP[flow.family]
    elif flow.protocol and not (flow.source_ports or flow.destination_ports):
        yield "meta", "l4proto", _NUMBER[flow.protocol]
    elif flow.protocol:
        for field, ports in (("sport", flow.source_ports), ("dport", flow.destination_ports)):
            if ports:
                yield flow.protocol.value, field, _ports(ports)


def _flow(said: dict[tuple[str, str], str], family: int) -> FlowMatch | None:
    protocol = None
    if (number := said.pop(("meta", "l4proto"), None)) is not None:
        numbers = {**{word: one for one, word in _NUMBER.items()}, _ICMP[family]: Protocol.ICMP}
        if (protocol := numbers.get(number)) is None:
            return None
    ports: dict[str, PortRange] = {}
    for one in (Protocol.TCP, Protocol.UDP):
        for field in ("sport", "dport"):
            if (value := said.pop((one.value, field), None)) is not None:
                if protocol not in {None, one}:
                    return None
                protocol = one
                ports[field] = _read_ports(value)
    dscp = said.pop(("ip", "dscp"), None)
    source, destination = (said.pop(("ip", field), _ANYWHERE[family]) for field in ("saddr", "daddr"))
    if said:
        return None
    return FlowMatch(
        source=ip_network(source),
        destination=ip_network(destination),
        protocol=protocol,
        source_ports=ports.get("sport"),
        destination_ports=ports.get("dport"),
        dscp=None if dscp is None else int(dscp),
    )


def _value(right: Any) -> str | None:
    match right:
        case bool():
            return None
        case int() | str():
            return str(right)
        case {"prefix": {"addr": str(address), "len": int(length)}}:
            return f"{address}/{length}"
        case {"range": [int(first), int(last)]}:
            return f"{first}-{last}"
    return None


def _ports(ports: PortRange) -> str:
    return str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"


def _read_ports(word: str) -> PortRange:
    first, _, last = word.partition("-")
    return PortRange(int(first), int(last or first))
