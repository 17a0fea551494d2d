"""What a simulated router does to packets, in nobody's dialect: what a data plane is made from."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Protocol

from netconfig.intent import FlowMatch, IpAddress, IpNetwork, PortRange
from netconfig.simulator.packet import Family


@dataclass(frozen=True, slots=True)
class Steer:
    """Packets of `flow` that enter by `interface` leave towards `next_hop`.

    Of a router's, in their order, the first that fits a packet decides; if none does it is routed normally.

    Attributes:
        interface: by the device's own full name of it.
        next_hop: None for packets that are routed normally whatever comes after.
        drops: the packets are thrown away; there is no next hop then.
    """

    interface: str
    flow: FlowMatch
    next_hop: IpAddress | None
    drops: bool = False


class Steering(Protocol):
    """A router whose configuration can become a data plane.

    Attributes:
        after_change: called after the running configuration may have changed, whoever changed it, without
            the router's lock.
    """

    after_change: Callable[[], None] | None

    def steers(self) -> tuple[Steer, ...]:
        """What it does to packets now.

        Raises:
            NotModelled: that hangs on a line it keeps but does not understand, or that no `FlowMatch` says.
        """


def anything(family: Family) -> FlowMatch:
    """Every packet of a family."""
    nowhere = ip_network("0.0.0.0/0" if family == 4 else "::/0")
    return FlowMatch(nowhere, nowhere)


def overlap(one: FlowMatch, other: FlowMatch) -> FlowMatch | None:
    """The packets that both match; None if there can be none."""
    if (
        one.family != other.family
        or not one.source.overlaps(other.source)
        or not one.destination.overlaps(other.destination)
        or _differ(one.protocol, other.protocol)
        or _differ(one.dscp, other.dscp)
    ):
        return None
    try:
        source_ports = _common(one.source_ports, other.source_ports)
        destination_ports = _common(one.destination_ports, other.destination_ports)
    except ValueError:
        return None
    return FlowMatch(
        _inner(one.source, other.source),
        _inner(one.destination, other.destination),
        one.protocol or other.protocol,
        source_ports,
        destination_ports,
        other.dscp if one.dscp is None else one.dscp,
    )


def _differ(one: object, other: object) -> bool:
    return None not in {one, other} and one != other


def _inner(one: IpNetwork, other: IpNetwork) -> IpNetwork:
    """Of two prefixes that overlap the longer one."""
    return one if one.prefixlen >= other.prefixlen else other


def _common(one: PortRange | None, other: PortRange | None) -> PortRange | None:
    """The ports of both.

    Raises:
        ValueError: there are none.
    """
    if one is None or other is None:
        return one or other
    return PortRange(max(one.first, other.first), min(one.last, other.last))
