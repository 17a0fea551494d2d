"""All that policy routing does to packets, as a list of steers: the same that `forwarding` says of each.

What an access list denies goes on to the next list or entry of the route-map. So where a denial stands before
a permit, what becomes of the packets that it denies is written out in front of that permit.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from itertools import pairwise

from netconfig.intent import FlowMatch, IpNetwork, PortRange
from netconfig.intent import Protocol as Transport
from netconfig.simulator import words
from netconfig.simulator.ios_ace import Ace, Addresses, NotModelled, Ports
from netconfig.simulator.ios_acl import AccessList, Entry
from netconfig.simulator.ios_config import IosConfig
from netconfig.simulator.ios_forwarding import deciding_list, next_hop_of
from netconfig.simulator.ios_interface import Interface
from netconfig.simulator.ios_route_map import RouteMapEntry
from netconfig.simulator.packet import Family
from netconfig.simulator.steer import Steer, anything, overlap

Choice = tuple[AccessList | None, str | None]
"""What a list permits, all for None, goes to a next hop, or is routed normally for None."""

_LAST_PORT = 65535


def ios_steers(config: IosConfig) -> tuple[Steer, ...]:
    """What policy routing does at every interface.

    Raises:
        NotModelled: that hangs on a line the simulator does not understand, or that no flow can say:
            `established`, ICMP's messages, protocols without a name of ours, masks with holes.
    """
    found: list[Steer] = []
    families: tuple[Family, ...] = (4, 6)
    for section in config.sections.values():
        if isinstance(section, Interface):
            for family in families:
                found += _of_interface(config, section, family)
    return tuple(found)


def _of_interface(config: IosConfig, interface: Interface, family: Family) -> list[Steer]:
    route_map = config.route_map(interface.route_map(family) or "")
    choices = [
        choice
        for entry in (route_map.entries if route_map else ())
        for choice in _choices(config, entry, family)
    ]
    steers = list(_decide(choices, interface.name, anything(family)))
    while steers and steers[-1].next_hop is None:
        steers.pop()
    return steers


def _choices(config: IosConfig, entry: RouteMapEntry, family: Family) -> Iterator[Choice]:
    if entry.access_lists(6 if family == 4 else 4):
        return
    if unread := entry.unread("match"):
        raise NotModelled(unread)
    next_hop = next_hop_of(entry, family)
    names = entry.access_lists(family)
    if not names:
        yield None, next_hop
    for name in names:
        yield deciding_list(config, family, name), next_hop


def _decide(choices: Sequence[Choice], interface: str, within: FlowMatch) -> Iterator[Steer]:
    """What becomes of the packets `within`, to the last of them."""
    for number, (access_list, next_hop) in enumerate(choices, 1):
        if access_list is None:
            yield _steer(interface, within, next_hop)
            return
        for _, entry in access_list.entries:
            for flow in _flows(entry):
                both = overlap(flow, within)
                if both is None:
                    continue
                if entry.action == "permit":
                    yield _steer(interface, both, next_hop)
                else:
                    yield from _decide(choices[number:], interface, both)
    yield _steer(interface, within, None)


def _steer(interface: str, flow: FlowMatch, next_hop: str | None) -> Steer:
    return Steer(interface, flow, None if next_hop is None else ip_address(next_hop))


def _flows(entry: Entry) -> Iterator[FlowMatch]:
    """An entry's condition; its ports may take several."""
    if not isinstance(entry, Ace) or entry.established or entry.icmp_message:
        raise NotModelled(f"{entry.action} {entry.condition}")
    protocols = {
        None: None,
        words.TCP: Transport.TCP,
        words.UDP: Transport.UDP,
        words.ICMP if entry.family == 4 else words.ICMPV6: Transport.ICMP,
    }
    if entry.protocol not in protocols:
        raise NotModelled(f"{entry.action} {entry.condition}")
    source, destination = _network(entry, entry.source), _network(entry, entry.destination)
    for source_ports in _ranges(entry.source_ports):
        for destination_ports in _ranges(entry.destination_ports):
            protocol = protocols[entry.protocol]
            yield FlowMatch(source, destination, protocol, source_ports, destination_ports, entry.dscp)


def _network(entry: Ace, addresses: Addresses) -> IpNetwork:
    length = (32 if entry.family == 4 else 128) - addresses.wildcard.bit_length()
    if addresses.wildcard & (addresses.wildcard + 1):
        raise NotModelled(f"{entry.action} {entry.condition}")
    network = IPv4Network if entry.family == 4 else IPv6Network
    return network((addresses.value, length))


def _ranges(ports: Ports | None) -> list[PortRange | None]:
    """The ports as ranges; None for any."""
    if ports is None:
        return [None]
    first, last = ports.numbers[0], ports.numbers[-1]
    match ports.operator:
        case "eq":
            bounds = [(port, port) for port in ports.numbers]
        case "neq":
            edges = [-1, *sorted(ports.numbers), _LAST_PORT + 1]
            bounds = [(low + 1, high - 1) for low, high in pairwise(edges)]
        case "gt":
            bounds = [(first + 1, _LAST_PORT)]
        case "lt":
            bounds = [(0, first - 1)]
        case _:
            bounds = [(first, last)]
    return [PortRange(low, high) for low, high in bounds if low <= high]
