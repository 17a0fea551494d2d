"""What steers do to one packet, by their definition: the first that fits it decides."""

from collections.abc import Iterable
from ipaddress import ip_address

from netconfig.intent import FlowMatch, PortRange
from netconfig.simulator import Packet, Steer

DROPPED = "dropped"
_NUMBERS = {("tcp", 4): 6, ("tcp", 6): 6, ("udp", 4): 17, ("udp", 6): 17, ("icmp", 4): 1, ("icmp", 6): 58}


def fits(flow: FlowMatch, packet: Packet) -> bool:
    """Whether a packet is one of a flow."""
    return (
        ip_address(packet.source) in flow.source
        and ip_address(packet.destination) in flow.destination
        and flow.dscp in {None, packet.dscp}
        and (flow.protocol is None or _NUMBERS[flow.protocol, flow.family] == packet.protocol_number)
        and _within(flow.source_ports, packet.source_port)
        and _within(flow.destination_ports, packet.destination_port)
    )


def led(steers: Iterable[Steer], interface: str, packet: Packet) -> str | None:
    """The next hop of a packet; `DROPPED`, or None for the usual way."""
    for steer in steers:
        if steer.interface == interface and fits(steer.flow, packet):
            if steer.drops:
                return DROPPED
            return None if steer.next_hop is None else str(steer.next_hop)
    return None


def _within(ports: PortRange | None, port: int | None) -> bool:
    return ports is None or (port is not None and ports.first <= port <= ports.last)
