"""Which packets a ticket steers: the ends' blocks and ports multiplied out, one family each. Pure.

Each match becomes an access-list entry on every device of the path, so their number is bounded.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lambdastation.ends import End
from lambdastation.errors import Contradiction, FlowTooLarge, NoRule
from netconfig.intent import FlowMatch, IpNetwork, PortRange, Protocol

MOST_MATCHES = 128
"""Matches one ticket may have, each way."""


@dataclass(frozen=True, slots=True)
class _Ports:
    """What a packet's protocol and ports must be; None is any."""

    protocol: Protocol | None = None
    local: PortRange | None = None
    remote: PortRange | None = None


def choose_families(local: End, remote: End, *, steered: Collection[int]) -> tuple[int, ...]:
    """The address families the ticket is for: those both ends have and the path steers.

    A family that an end has only because all of its addresses are meant is left out if it does not fit; one
    that was named must.

    Raises:
        Contradiction: a named address has no counterpart of its family.
        NoRule: the path does not steer a named family, or none of those both have.
    """
    both = _families(local) & _families(remote)
    for end in (local, remote):
        if end.named and not _families(end) <= both:
            family = min(_families(end) - both)
            raise Contradiction(f"the other end has no IPv{family} address", field=f"{end.prefix}IP")
        if end.named and not _families(end) <= set(steered):
            family = min(_families(end) - set(steered))
            raise NoRule(f"that path does not steer IPv{family}", field=f"{end.prefix}IP")
    if not both:
        raise Contradiction("the two ends have no address family in common", field=f"{remote.prefix}IP")
    families = tuple(sorted(both & set(steered)))
    if not families:
        raise NoRule("that path does not steer the address family of the two ends", field="localPath")
    return families


def outgoing(local: End, remote: End, *, families: Iterable[int], dscp: int | None) -> tuple[FlowMatch, ...]:
    """The packets from our end to the other, as few matches as its blocks and ports allow.

    Raises:
        Contradiction: no protocol is in both ends' ports.
        FlowTooLarge: more than `MOST_MATCHES`.
    """
    ports = _combined(local, remote)
    pairs = {family: (_of(family, local), _of(family, remote)) for family in families}
    count = sum(len(ours) * len(theirs) for ours, theirs in pairs.values()) * len(ports)
    if count > MOST_MATCHES:
        raise _too_large(count, local, remote, pairs.values())
    return tuple(
        FlowMatch(
            source=source,
            destination=destination,
            protocol=choice.protocol,
            source_ports=choice.local,
            destination_ports=choice.remote,
            dscp=dscp,
        )
        for ours, theirs in pairs.values()
        for source in ours
        for destination in theirs
        for choice in ports
    )


def _too_large(
    count: int, local: End, remote: End, pairs: Iterable[tuple[list[IpNetwork], list[IpNetwork]]]
) -> FlowTooLarge:
    """The refusal, with the field that multiplies most."""
    ours, theirs = (sum(map(len, blocks)) for blocks in zip(*pairs, strict=True))
    counts = {
        f"{local.prefix}IP": ours,
        f"{remote.prefix}IP": theirs,
        f"{local.prefix}Port": len(local.ports),
        f"{remote.prefix}Port": len(remote.ports),
    }
    field = max(counts, key=lambda name: counts[name])
    fewer = "fewer, wider ranges of ports" if field.endswith("Port") else "fewer, larger blocks"
    return FlowTooLarge(
        f"that would be {count} access-list entries, and {MOST_MATCHES} are the most; "
        f"{field} stands for {counts[field]}: name {fewer}",
        field=field,
    )


def incoming(local: End, remote: End, *, families: Iterable[int], dscp: int | None) -> tuple[FlowMatch, ...]:
    """The packets that answer those: everything the other way about, but for their own DSCP."""
    marked = outgoing(local, remote, families=families, dscp=dscp)
    return tuple(flow.reversed() for flow in marked)


def _families(end: End) -> set[int]:
    return {network.version for network in end.networks}


def _of(family: int, end: End) -> list[IpNetwork]:
    return [network for network in end.networks if network.version == family]


def _combined(local: End, remote: End) -> list[_Ports]:
    if not local.ports and not remote.ports:
        return [_Ports()]
    if not remote.ports:
        return [_Ports(word.protocol, local=word.ports) for word in local.ports]
    if not local.ports:
        return [_Ports(word.protocol, remote=word.ports) for word in remote.ports]
    combined = [
        _Ports(ours.protocol, local=ours.ports, remote=theirs.ports)
        for ours in local.ports
        for theirs in remote.ports
        if ours.protocol is theirs.protocol
    ]
    if not combined:
        raise Contradiction("the two ends' ports have no protocol in common", field=f"{remote.prefix}Port")
    return combined
