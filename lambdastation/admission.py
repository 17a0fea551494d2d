"""A request read against the site: everything a ticket will be, or why it cannot. Pure.

The calendar and the devices' capabilities are asked later, inside the transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from lambdastation.bandwidth import format_bandwidth, parse_bandwidth
from lambdastation.ends import End, Ends, choose_ends
from lambdastation.errors import (
    BadValue,
    CapacityExceeded,
    FieldMissing,
    NoRule,
    ProductionPath,
    UnknownTopology,
    shown,
)
from lambdastation.flows import choose_families, incoming, outgoing
from lambdastation.site import Peer, Site, Topology
from lambdastation.slots import choose_slot
from lambdastation.steering import (
    Applied,
    Placed,
    applied_rules,
    dscp_pool,
    fallback_paths,
    place_flows,
    steered_families,
)
from lambdastation.ticket import DscpRequest, TicketRequest
from netconfig.intent import IpNetwork
from reservation.model import LabelRequest, TimeSlot

LONGEST_WORD = 64
"""Characters of a name that the database keeps."""


@dataclass(frozen=True, slots=True)
class FromPool:
    """A code point of the site's pool, for the packets that our end sends.

    Attributes:
        label: those that will do.
        needed: False if the ticket does without where none is free.
    """

    label: LabelRequest
    needed: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that fits the site.

    Attributes:
        dscp_out: None also while it is still to be taken `from_pool`; see `marked`.
        fallbacks: the paths that its packets may go by instead, where a next hop does not answer.
        rules, families: what `placed` was made by.
        source_networks, destination_networks: what is matched, the families that are not steered left out.
        placed: what the devices shall carry.
    """

    ends: Ends
    topology: Topology
    fallbacks: tuple[Topology, ...]
    slot: TimeSlot
    out_bits_per_second: int
    in_bits_per_second: int
    dscp_out: int | None
    dscp_in: int | None
    from_pool: FromPool | None
    rules: tuple[Applied, ...]
    families: tuple[int, ...]
    source_networks: tuple[IpNetwork, ...]
    destination_networks: tuple[IpNetwork, ...]
    placed: tuple[Placed, ...]

    @property
    def paths(self) -> tuple[Topology, ...]:
        """Every path on which it takes its bandwidth, its own first."""
        return self.topology, *self.fallbacks

    def marked(self, dscp: int) -> "Admission":
        """The same for the packets that our end marks with this code point."""
        placed = _placed(self.ends, self.rules, self.families, dscp_out=dscp, dscp_in=self.dscp_in)
        return replace(self, dscp_out=dscp, placed=placed)


def admit(request: TicketRequest, site: Site, *, now: datetime) -> Admission:
    """Read a request.

    Raises:
        Refused: some field of it does not fit; the error says which.
    """
    ends, slot = choose_ends(request, site), choose_slot(request, site.limits, now=now)
    admission = _admission(request, site, ends, slot)
    _require_capacity(admission)
    return admission


def readmit(request: TicketRequest, site: Site, *, slot: TimeSlot, meant: Collection[str]) -> Admission:
    """Read what a ticket shall be for in the slot that it has.

    `meant` are the fields that are asked for anew. Addresses that stay as they were stand back, like those
    of a whole client, where the others are of one family alone. Of which fallbacks it takes its bandwidth is
    the ticket's to know, so theirs is left to the calendar.

    Raises:
        Refused: as `admit`.
    """
    ends = choose_ends(request, site)
    local, remote = (replace(end, named=f"{end.prefix}IP" in meant) for end in (ends.local, ends.remote))
    return _admission(request, site, replace(ends, local=local, remote=remote), slot)


def _admission(request: TicketRequest, site: Site, ends: Ends, slot: TimeSlot) -> Admission:
    topology = _topology(request, site, ends.peer)
    remote_path = request.remote_path or ""
    if len(remote_path) > LONGEST_WORD or not remote_path.isprintable():
        raise BadValue(f"a path's name has at most {LONGEST_WORD} printable characters", field="remotePath")
    from_pool = _from_pool(request, ends.local, site)
    dscp_out = None
    if from_pool is None or request.dscp_out is not None:
        dscp_out = _dscp(request.dscp_request_out, request.dscp_out, ends.local, "dscpOut")
    dscp_in = _dscp(request.dscp_request_in, request.dscp_in, ends.remote, "dscpIn")
    rules = applied_rules(site, topology, ends.client)
    families = _families(ends, topology, rules_steer=steered_families(rules))
    fallbacks = fallback_paths(site, rules, families)
    paths = (topology, *fallbacks)
    return Admission(
        ends=ends,
        topology=topology,
        fallbacks=fallbacks,
        slot=slot,
        out_bits_per_second=_bandwidth(request.out_bandwidth, "outBW", paths, ends.peer),
        in_bits_per_second=_bandwidth(request.in_bandwidth, "inBW", paths, ends.peer),
        dscp_out=dscp_out,
        dscp_in=dscp_in,
        from_pool=from_pool,
        rules=rules,
        families=families,
        source_networks=_of(families, ends.source),
        destination_networks=_of(families, ends.destination),
        placed=_placed(ends, rules, families, dscp_out=dscp_out, dscp_in=dscp_in),
    )


def _placed(
    ends: Ends,
    rules: tuple[Applied, ...],
    families: tuple[int, ...],
    *,
    dscp_out: int | None,
    dscp_in: int | None,
) -> tuple[Placed, ...]:
    return place_flows(
        rules,
        outgoing=outgoing(ends.local, ends.remote, families=families, dscp=dscp_out),
        incoming=incoming(ends.local, ends.remote, families=families, dscp=dscp_in),
    )


def _from_pool(request: TicketRequest, sender: End, site: Site) -> FromPool | None:
    asked, value = request.dscp_request_out, request.dscp_out
    if not site.dscp_pool or asked is DscpRequest.NO:
        return None
    if value is not None:
        # One of the pool that is named is taken like any other: it marks one ticket at a time.
        named = LabelRequest(dscp_pool(site), frozenset({value}))
        return FromPool(named, needed=True) if value in site.dscp_pool else None
    if asked is None or sender.dscp is not None:
        return None
    return FromPool(LabelRequest(dscp_pool(site)), needed=asked is DscpRequest.YES)


def _topology(request: TicketRequest, site: Site, peer: Peer) -> Topology:
    alternates = [topology for topology in site.topologies if not topology.production]
    if request.local_path is not None:
        asked = site.topology(request.local_path)
        if asked is None:
            known = ", ".join(topology.path for topology in alternates)
            raise UnknownTopology(
                f"{site.name} has no path {shown(request.local_path)}; it has {known}", field="localPath"
            )
        if asked.production:
            raise ProductionPath(
                f"{asked.path} is the production path and needs no ticket", field="localPath"
            )
        return asked
    usual = None if peer.default_topology is None else site.topology(peer.default_topology)
    if usual is None and not alternates:
        raise UnknownTopology(f"{site.name} has no alternate path", field="localPath")
    return usual or alternates[0]


def _bandwidth(word: str | None, field: str, paths: tuple[Topology, ...], peer: Peer) -> int:
    topology = paths[0]
    if word is None:
        usual = peer.default_bandwidth or topology.default_bandwidth or 1
        return min(usual, *(path.capacity for path in paths))
    try:
        bits_per_second = parse_bandwidth(word)
    except ValueError as error:
        raise BadValue(str(error), field=field) from error
    _require(bits_per_second, field, topology, of=topology)
    return bits_per_second


def _require_capacity(admission: Admission) -> None:
    for path in admission.fallbacks:
        _require(admission.out_bits_per_second, "outBW", path, of=admission.topology)
        _require(admission.in_bits_per_second, "inBW", path, of=admission.topology)


def _require(bits_per_second: int, field: str, path: Topology, *, of: Topology) -> None:
    if bits_per_second > path.capacity:
        raise CapacityExceeded(
            f"{named_path(path, of=of)} has {format_bandwidth(path.capacity)} in all, "
            f"not {format_bandwidth(bits_per_second)}",
            field=field,
        )


def named_path(path: Topology, *, of: Topology) -> str:
    """A path on which a ticket of that other, or of its own, takes bandwidth, in words."""
    return path.path if path == of else f"{path.path}, the fallback of {of.path},"


def _dscp(asked: DscpRequest | None, value: int | None, sender: End, field: str) -> int | None:
    if value is not None and not 0 <= value <= 63:
        raise BadValue("a DSCP is 0 to 63", field=field)
    # Old clients send 0 along with NO: there the value says nothing.
    if asked is DscpRequest.NO:
        return None
    if value is not None or asked is None:
        return value
    if sender.dscp is None and asked is DscpRequest.YES:
        raise FieldMissing(
            f"no code point always marks the traffic of {sender.client or sender.site}; name one", field=field
        )
    return sender.dscp


def _families(ends: Ends, topology: Topology, *, rules_steer: frozenset[int]) -> tuple[int, ...]:
    if not rules_steer:
        raise NoRule(f"{ends.client.name} is not steered onto {topology.path}", field="localPath")
    return choose_families(ends.local, ends.remote, steered=rules_steer)


def _of(families: tuple[int, ...], end: End) -> tuple[IpNetwork, ...]:
    return tuple(network for network in end.networks if network.version in families)
