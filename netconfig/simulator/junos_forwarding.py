"""Where a packet goes on a Junos router: the input filter of its interface, the instance, its route. Pure."""

from collections.abc import Iterator
from ipaddress import ip_network

from netconfig.simulator.ios_ace import NotModelled
from netconfig.simulator.junos_config import effective
from netconfig.simulator.junos_schema import Element
from netconfig.simulator.packet import Packet

DISCARDED = "discard"
Decision = tuple[Element | None, str | None]
"""The conditions of a term, None for every packet, and where it leads."""
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58}


def junos_forwarding(config: Element, interface: str, packet: Packet) -> str | None:
    """The next hop that the interface's filter leads a packet to; None if it goes as it would without one.

    `discard` is one that is dropped: by a term, by the end of a filter, or for its next hop is not known in
    the instance.

    Raises:
        NotModelled: it hangs on a statement that the simulator does not understand.
    """
    whole = effective(config)
    family = "inet" if packet.family == 4 else "inet6"
    for on, filter_name in filters_on(whole, family):
        if on == interface:
            for conditions, leads_to in decisions(whole, filter_name, family):
                if _matches(conditions, packet):
                    return leads_to
    return None


def junos_counter(config: Element, interface: str, packet: Packet) -> tuple[str, str] | None:
    """Filter and name of the counter that a packet moves; None if none counts it.

    Raises:
        NotModelled: it hangs on a statement that the simulator does not understand.
    """
    whole = effective(config)
    family = "inet" if packet.family == 4 else "inet6"
    filter_name = dict(filters_on(whole, family)).get(interface)
    for held in whole.iterfind(f"firewall/family/{family}/filter"):
        if held.findtext("name") == filter_name:
            for term in held.iterchildren("term"):
                if _matches(term.find("from"), packet):
                    counter = term.findtext("then/count")
                    return (filter_name, counter) if filter_name and counter else None
    return None


def filters_on(whole: Element, family: str) -> Iterator[tuple[str, str]]:
    """The interfaces with an input filter, as `ge-0/0/0.0`, and its name; of an effective configuration."""
    for held in whole.iterfind("interfaces/interface"):
        for one in held.iterchildren("unit"):
            if filter_name := one.findtext(f"family/{family}/filter/input/filter-name"):
                yield f"{held.findtext('name')}.{one.findtext('name')}", filter_name


def decisions(whole: Element, filter_name: str, family: str) -> Iterator[Decision]:
    """What a filter does, term by term; the last fits every packet."""
    for held in whole.iterfind(f"firewall/family/{family}/filter"):
        if held.findtext("name") == filter_name:
            for term in held.iterchildren("term"):
                yield term.find("from"), _leads_to(whole, term, family)
    yield None, DISCARDED


def _leads_to(whole: Element, term: Element, family: str) -> str | None:
    if term.find("then/discard") is not None:
        return DISCARDED
    instance = term.findtext("then/routing-instance/routing-instance-name")
    return None if instance is None else _routed(whole, instance, family)


def _routed(whole: Element, instance: str, family: str) -> str:
    group = whole.findtext(f"routing-options/interface-routes/rib-group/{family}")
    knows = any(
        held.findtext("name") == group
        and f"{instance}.{family}.0" in [one.text for one in held.iterchildren("import-rib")]
        for held in whole.iterfind("routing-options/rib-groups")
    )
    where = "static" if family == "inet" else "rib/static"
    for held in whole.iterfind("routing-instances/instance"):
        if held.findtext("name") == instance and knows:
            return held.findtext(f"routing-options/{where}/route/next-hop") or DISCARDED
    return DISCARDED


def _matches(conditions: Element | None, packet: Packet) -> bool:
    said = values_of(conditions)
    return all(any(_holds(tag, value, packet) for value in values) for tag, values in said.items())


def values_of(conditions: Element | None) -> dict[str, list[str]]:
    """The conditions by their names; of each one value has to hold."""
    said: dict[str, list[str]] = {}
    for one in conditions if conditions is not None else ():
        said.setdefault(str(one.tag), []).append(one.findtext("name") or one.text or "")
    return said


def _holds(tag: str, value: str, packet: Packet) -> bool:
    match tag:
        case "source-address":
            return _inside(packet.source_bits, value)
        case "destination-address":
            return _inside(packet.destination_bits, value)
        case "protocol" | "next-header":
            return _PROTOCOLS.get(value, -1) == packet.protocol_number
        case "source-port" | "destination-port":
            port = packet.source_port if tag == "source-port" else packet.destination_port
            first, _, last = value.partition("-")
            return port is not None and int(first) <= port <= int(last or first)
        case "dscp" | "traffic-class":
            return packet.dscp == int(value)
    raise NotModelled(f"match condition {tag}")


def _inside(bits: int, prefix: str) -> bool:
    network = ip_network(prefix)
    return int(network.network_address) <= bits <= int(network.broadcast_address)
