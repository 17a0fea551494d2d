"""A ticket told from what a device was found to steer: the request that would have made it. Pure.

Every path, client and peer of the site is tried; what comes out must be exactly what is there, by one of them
alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from lambdastation.admission import Admission, admit
from lambdastation.errors import Refused, shown
from lambdastation.flow_words import PortWord, format_networks, format_ports, lies_inside
from lambdastation.site import Client, Direction, Peer, Site, Topology
from lambdastation.steering import applied_rules, place_flows
from lambdastation.ticket import TicketRequest
from netconfig.intent import FlowMatch, IpNetwork, PolicyRoute, PortRange, Steering

_ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


class NotRebuilt(Exception):
    """No ticket of this site, or more than one, would have a device do what it does."""

    code = "not-rebuilt"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A request, and the site's answer to it."""

    request: TicketRequest
    admission: Admission


def rebuild(
    steerings: Sequence[Steering],
    site: Site,
    *,
    device: str,
    until: datetime,
    bandwidth: str | None,
    now: datetime,
    path: str | None = None,
) -> Rebuilt:
    """The one ticket by which that device would steer exactly this, from now until then.

    What leaves towards a next hop may be there for a ticket of that path, or for one that has it as its
    fallback: where the site has both, `path` says which, by its name or colour.

    Raises:
        NotRebuilt: there is none, or more than one.
        Refused: there is one, and it is asked for too much: as `admit`.
    """
    if not steerings:
        raise NotRebuilt(f"nothing that {device} steers is named so")
    words = _words(steerings)
    places = [
        (topology, client)
        for topology in _alternates(site, path)
        for client in site.clients
        if _is_steered(steerings, site, topology, client, device)
    ]
    if not places:
        raise NotRebuilt(f"no rule of the site has {device} do that: {_told(steerings[0])}")
    ends = [
        (topology, client, peer)
        for topology, client in places
        for peer in site.peers
        if _is_between(steerings, client, peer)
    ]
    if not ends:
        raise NotRebuilt(_no_ends(steerings, places))
    found: list[Rebuilt] = []
    refused: list[Refused] = []
    for topology, client, peer in ends:
        request = TicketRequest(
            src_site=site.name,
            src_client=client.name,
            src_ip=words.sources,
            src_port=words.source_ports,
            dst_site=peer.name,
            dst_ip=words.destinations,
            dst_port=words.destination_ports,
            local_path=topology.path,
            dscp_out=words.dscp,
            out_bandwidth=bandwidth,
            in_bandwidth=bandwidth,
            end_at=until,
        )
        try:
            admission = admit(request, site, now=now)
        except Refused as error:
            refused.append(error)
            continue
        if _is_same(admission, steerings, device):
            found.append(Rebuilt(request, admission))
    if len(found) > 1:
        fitting = "; ".join(_named(one.admission, steerings) for one in found)
        which = "; name its path" if len({one.admission.topology for one in found}) > 1 else ""
        raise NotRebuilt(f"several tickets of the site would do that: {fitting}{which}")
    if found:
        return found[0]
    if refused:
        raise refused[0]
    _, client, peer = ends[0]
    raise NotRebuilt(
        f"a ticket of {client.name} to {peer.name} between these ends would steer other packets "
        f"than {device} does"
    )


def _alternates(site: Site, path: str | None) -> list[Topology]:
    alternates = [topology for topology in site.topologies if not topology.production]
    if path is None:
        return alternates
    named = [topology for topology in alternates if path in {topology.name, topology.path}]
    if not named:
        known = ", ".join(topology.name for topology in alternates)
        raise NotRebuilt(f"{site.name} has no alternate path {shown(path)}; it has {known}")
    return named


def _named(admission: Admission, steerings: Sequence[Steering]) -> str:
    ends = f"{admission.ends.client.name} to {admission.ends.peer.name}"
    own = {one.intent.next_hop for one in admission.placed if isinstance(one.intent, PolicyRoute)}
    gone = "" if own.issuperset(steering.next_hop for steering in steerings) else ", by its fallback"
    return f"{ends} over {admission.topology.path}{gone}"


@dataclass(frozen=True, slots=True)
class _Words:
    """The fields of a request whose product the flows are, if they are one."""

    sources: str
    destinations: str
    source_ports: str | None
    destination_ports: str | None
    dscp: int | None


def _words(steerings: Sequence[Steering]) -> _Words:
    flows = [flow for steering in steerings for flow in steering.flows]
    marks = {flow.dscp for flow in flows}
    if len(marks) > 1:
        raise NotRebuilt("its packets are told by several code points, and a ticket has one")
    return _Words(
        sources=format_networks(dict.fromkeys(flow.source for flow in flows)),
        destinations=format_networks(dict.fromkeys(flow.destination for flow in flows)),
        source_ports=_ports(flows, [flow.source_ports for flow in flows]),
        destination_ports=_ports(flows, [flow.destination_ports for flow in flows], alone=True),
        dscp=marks.pop(),
    )


def _ports(
    flows: Sequence[FlowMatch], ports: Sequence[PortRange | None], *, alone: bool = False
) -> str | None:
    """The port words of one end; a protocol without ports is said at the end that says it `alone`."""
    words = []
    for flow, of_end in zip(flows, ports, strict=True):
        nothing = flow.source_ports is None and flow.destination_ports is None
        if flow.protocol is None or (of_end is None and not (alone and nothing)):
            continue
        words.append(_port_word(flow, of_end))
    return format_ports(list(dict.fromkeys(words))) or None


def _port_word(flow: FlowMatch, ports: PortRange | None) -> PortWord:
    assert flow.protocol is not None  # noqa: S101 - asked by `_ports`
    return PortWord(flow.protocol, ports)


def _is_steered(
    steerings: Sequence[Steering], site: Site, topology: Topology, client: Client, device: str
) -> bool:
    """Whether some rule of the client's on that path has the device do each of these, for some packets."""
    rules = [
        one
        for one in applied_rules(site, topology, client)
        if one.rule.device == device and one.rule.steer is not None and one.rule.direction is Direction.OUT
    ]
    return all(
        any(
            isinstance(one.intent, PolicyRoute) and steering.is_of(one.intent)
            for one in place_flows(rules, outgoing=steering.flows, incoming=())
        )
        for steering in steerings
    )


def _is_between(steerings: Sequence[Steering], client: Client, peer: Peer) -> bool:
    return not (_outside(steerings, client.prefixes, peer.all_prefixes))


def _outside(
    steerings: Sequence[Steering], ours: Collection[IpNetwork], theirs: Collection[IpNetwork]
) -> list[IpNetwork]:
    flows = [flow for steering in steerings for flow in steering.flows]
    return [
        *(flow.source for flow in flows if not lies_inside(flow.source, ours)),
        *(flow.destination for flow in flows if not lies_inside(flow.destination, theirs)),
    ]


def _no_ends(steerings: Sequence[Steering], places: Sequence[tuple[Topology, Client]]) -> str:
    clients = {client.name: client for _, client in places}
    ours = [client for client in clients.values() if not _outside(steerings, client.prefixes, _ANYWHERE)]
    if not ours:
        return (
            f"its packets come from {steerings[0].flows[0].source}, and those that are steered there are "
            f"of {', '.join(clients)}"
        )
    return f"its packets of {ours[0].name} go to no peer of the site: {steerings[0].flows[0].destination}"


def _is_same(admission: Admission, steerings: Sequence[Steering], device: str) -> bool:
    wanted = [
        one.intent for one in admission.placed if one.device == device and isinstance(one.intent, PolicyRoute)
    ]
    left = list(steerings)
    for intent in wanted:
        same = next((one for one in left if one.is_of(intent) and one.flows == intent.flows), None)
        if same is None:
            return False
        left.remove(same)
    return not left


def _told(steering: Steering) -> str:
    return f"packets that enter by {' or '.join(steering.interfaces)} leave towards {steering.next_hop}"
