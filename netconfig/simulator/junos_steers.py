"""All that a Junos router's input filters do to packets: the same that `junos_forwarding` says of each."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network

from netconfig.intent import FlowMatch, IpAddress, PortRange
from netconfig.intent import Protocol as Transport
from netconfig.simulator.ios_ace import NotModelled
from netconfig.simulator.junos_config import effective
from netconfig.simulator.junos_forwarding import DISCARDED, decisions, filters_on, values_of
from netconfig.simulator.junos_schema import Element
from netconfig.simulator.packet import Family
from netconfig.simulator.steer import Steer, anything, overlap

_FAMILIES: tuple[tuple[Family, str], ...] = ((4, "inet"), (6, "inet6"))
_ICMP = {4: "icmp", 6: "icmp6"}


def junos_steers(config: Element) -> tuple[Steer, ...]:
    """What the input filter of each interface does.

    Raises:
        NotModelled: a filter matches by something that no flow can say.
    """
    whole = effective(config)
    return tuple(
        Steer(interface, flow, _address(leads_to), drops=leads_to == DISCARDED)
        for family, word in _FAMILIES
        for interface, filter_name in filters_on(whole, word)
        for conditions, leads_to in decisions(whole, filter_name, word)
        for flow in _flows(conditions, family)
    )


def _address(leads_to: str | None) -> IpAddress | None:
    return None if leads_to in {None, DISCARDED} else ip_address(str(leads_to))


def _flows(conditions: Element | None, family: Family) -> Iterator[FlowMatch]:
    """The packets of a term: one flow for each choice of its values that a packet can have."""
    found = [anything(family)]
    for tag, values in values_of(conditions).items():
        choices = [choice for value in values for choice in _choices(tag, value, family)]
        found = [both for flow in found for choice in choices if (both := overlap(flow, choice))]
    yield from found


def _choices(tag: str, value: str, family: Family) -> Iterator[FlowMatch]:
    every = anything(family)
    match tag:
        case "source-address":
            yield replace(every, source=ip_network(value))
        case "destination-address":
            yield replace(every, destination=ip_network(value))
        case "protocol" | "next-header":
            named = {"tcp": Transport.TCP, "udp": Transport.UDP, _ICMP[family]: Transport.ICMP}
            if value not in named:
                raise NotModelled(f"{tag} {value}")
            yield replace(every, protocol=named[value])
        case "source-port" | "destination-port":
            first, _, last = value.partition("-")
            ports = PortRange(int(first), int(last or first))
            for protocol in (Transport.TCP, Transport.UDP):
                if tag == "source-port":
                    yield replace(every, protocol=protocol, source_ports=ports)
                else:
                    yield replace(every, protocol=protocol, destination_ports=ports)
        case "dscp" | "traffic-class":
            yield replace(every, dscp=int(value))
        case _:
            raise NotModelled(f"match condition {tag}")
