"""What a device shall carry, in nobody's dialect.

An intent is written by a door when a reservation is held and frozen in the database as JSON; a driver
renders it in its device's own language. Everything here is a frozen value and pure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from netconfig.capability import Capability
from netconfig.gateway import ControllerProxy, UserAccess, VlanMap

INTENTS_REMEMBERED = 5_000
"""A pass takes the intents of its device from the database, and most are those of the pass before."""

IpNetwork = IPv4Network | IPv6Network
IpAddress = IPv4Address | IPv6Address


class Protocol(StrEnum):
    """Transport protocols a flow may name; None on a flow means any."""

    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"


@dataclass(frozen=True, slots=True, order=True)
class PortRange:
    """Ports `first` to `last`, both included, 0 to 65535.

    Raises:
        ValueError: a bound is outside 0 to 65535, or `last` is below `first`.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last <= 65535:
            raise ValueError(f"ports run from 0 to 65535, first to last, not {self.first} to {self.last}")


def _require_no_zone(*addresses: IpAddress | None) -> None:
    for address in addresses:
        # Python takes any text for the zone of an IPv6 address, a line break too.
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            raise ValueError(f"an address with a zone cannot be routed: {str(address)!r}")


@dataclass(frozen=True, slots=True)
class FlowMatch:
    """The packets of one address family that a single access-list entry can match.

    Attributes:
        source, destination: prefixes of the same family; /0 stands for any.
        protocol: None matches every IP protocol, and then no ports may be named.
        source_ports, destination_ports: None matches every port.
        dscp: code point 0 to 63, or None for any.

    Raises:
        ValueError: families differ, an address with a zone, ports without tcp or udp, or a code point out of
            range.
    """

    source: IpNetwork
    destination: IpNetwork
    protocol: Protocol | None = None
    source_ports: PortRange | None = None
    destination_ports: PortRange | None = None
    dscp: int | None = None

    def __post_init__(self) -> None:
        _require_no_zone(self.source.network_address, self.destination.network_address)
        if self.source.version != self.destination.version:
            raise ValueError(f"{self.source} and {self.destination} are of different address families")
        if (self.source_ports or self.destination_ports) and self.protocol not in {
            Protocol.TCP,
            Protocol.UDP,
        }:
            raise ValueError("ports need the protocol tcp or udp")
        if self.dscp is not None and not 0 <= self.dscp <= 63:
            raise ValueError(f"DSCP is 0 to 63, not {self.dscp}")

    @property
    def family(self) -> Literal[4, 6]:
        """4 or 6."""
        return self.source.version

    def reversed(self) -> "FlowMatch":
        """The packets that answer these."""
        return FlowMatch(
            source=self.destination,
            destination=self.source,
            protocol=self.protocol,
            source_ports=self.destination_ports,
            destination_ports=self.source_ports,
            dscp=self.dscp,
        )


@dataclass(frozen=True, slots=True)
class SequenceRange:
    """Sequence numbers `first` to `last`, both included, that a site leaves to us in an object of its own."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last <= 2_147_483_647:
            raise ValueError(
                f"a range of sequence numbers runs upwards from 1, not {self.first} to {self.last}"
            )


def _one_family(flows: tuple[FlowMatch, ...]) -> None:
    if not flows:
        raise ValueError("an intent needs at least one flow")
    if len({flow.family for flow in flows}) > 1:
        raise ValueError("an intent carries flows of one address family; make one intent a family")


@dataclass(frozen=True, slots=True)
class HopDown:
    """What becomes of a policy route while its next hop does not answer the device.

    Attributes:
        fallback: the next hop that its packets leave towards meanwhile. None: the policy is withdrawn, and
            they go as they would without us; so too while the fallback does not answer either.
    """

    fallback: IpAddress | None = None


@dataclass(frozen=True, slots=True)
class PolicyRoute:
    """Packets of `flows` that enter by `interface` leave towards `next_hop`.

    Attributes:
        interface: the device's own full name of it, `TenGigabitEthernet1/1`.
        next_hop: of the flows' family.
        flows: one family, at least one.
        policy: name of a policy (route map) that the site owns on that interface, or None for ours.
        sequences: where in the site's policy our entries may stand; goes with `policy`.
        next_hop_down: None: the next hop is never asked, and the policy stays. Drivers are given the intent
            as it is to be now; here they find its other next hop, if it has one, by which an entry that led
            there is known again, and look at nothing else of it.

    Raises:
        ValueError: no flows, mixed families, an address with a zone, `policy` and `sequences` not together,
            or a fallback that is of another family or the next hop itself.
    """

    interface: str
    next_hop: IpAddress
    flows: tuple[FlowMatch, ...]
    policy: str | None = None
    sequences: SequenceRange | None = None
    next_hop_down: HopDown | None = None
    kind: Literal["policy-route"] = "policy-route"

    def __post_init__(self) -> None:
        _one_family(self.flows)
        if self.next_hop.version != self.flows[0].family:
            raise ValueError(f"next hop {self.next_hop} is not of the family of its flows")
        if (self.policy is None) != (self.sequences is None):
            raise ValueError("a site's own policy goes with the sequence range it leaves to us")
        fallback = self.next_hop_down.fallback if self.next_hop_down else None
        _require_no_zone(self.next_hop, fallback)
        if fallback is not None and fallback.version != self.next_hop.version:
            raise ValueError(f"fallback {fallback} is not of the family of next hop {self.next_hop}")
        if fallback == self.next_hop:
            raise ValueError(f"fallback {fallback} is the next hop itself")

    @property
    def capability(self) -> Capability:
        """What a device must be able to do to carry this."""
        return Capability(f"policy-route-ipv{self.flows[0].family}")


@dataclass(frozen=True, slots=True)
class AccessPermit:
    """Packets of `flows` pass the site's own access list `access_list`.

    Attributes:
        access_list: name of a list that the site owns and applies; we never create or remove it.
        flows: one family, at least one.
        sequences: where in that list our permits may stand.
    """

    access_list: str
    flows: tuple[FlowMatch, ...]
    sequences: SequenceRange
    kind: Literal["access-permit"] = "access-permit"

    def __post_init__(self) -> None:
        _one_family(self.flows)

    @property
    def capability(self) -> Capability:
        """What a device must be able to do to carry this."""
        return Capability(f"access-permit-ipv{self.flows[0].family}")


RouterIntent = PolicyRoute | AccessPermit
GatewayIntent = ControllerProxy | VlanMap | UserAccess
Intent = RouterIntent | GatewayIntent


@dataclass(frozen=True, slots=True)
class Steering:
    """What an object on a device was read to steer: a `PolicyRoute`, as far as the device can tell.

    Attributes:
        interfaces: those by which its packets enter; several only under a policy of the site's.
        policy: the site's own policy that it stands in; None for ours.
    """

    interfaces: tuple[str, ...]
    next_hop: IpAddress
    flows: tuple[FlowMatch, ...]
    policy: str | None = None

    @property
    def family(self) -> Literal[4, 6]:
        """4 or 6."""
        return self.flows[0].family

    def is_of(self, intent: PolicyRoute) -> bool:
        """Whether it takes packets from where the intent does to where it does; which, is not asked.

        Or to its fallback, by which they may go for the moment.
        """
        hops = {intent.next_hop, intent.next_hop_down.fallback if intent.next_hop_down else None}
        there = intent.interface in self.interfaces and self.next_hop in hops
        return there and intent.policy == self.policy


def needed_capabilities(intent: Intent) -> tuple[Capability, ...]:
    """All that a device must be able to do to carry this: first the kind of thing, then what it asks."""
    needed = [intent.capability]
    if isinstance(intent, PolicyRoute):
        if any(flow.dscp is not None for flow in intent.flows):
            needed.append(Capability.POLICY_ROUTE_DSCP)
        if intent.policy is not None:
            needed.append(Capability.POLICY_ROUTE_SHARED)
        if intent.next_hop_down is not None:
            needed.append(Capability.NEXT_HOPS)
    return tuple(needed)


def parse_address(word: str) -> IpAddress | None:
    """The address, None for any other word."""
    try:
        return ip_address(word)
    except ValueError:
        return None


@cache
def _adapter() -> TypeAdapter[Intent]:
    return TypeAdapter(Annotated[Intent, Field(discriminator="kind")])


def dump_intent(intent: Intent) -> dict[str, object]:
    """The intent as JSON values, the form it is stored in."""
    stored = dict(_adapter().dump_python(intent, mode="json"))
    if stored.get("next_hop_down", ...) is None:
        # As it was stored before there was such a word: what is the same reads the same.
        del stored["next_hop_down"]
    return stored


def load_intent(stored: Mapping[str, object]) -> Intent:
    """The intent that `dump_intent` stored.

    Raises:
        ValueError: the JSON is no intent this release knows.
    """
    try:
        return _load(json.dumps(dict(stored)))
    except ValidationError as error:
        raise ValueError(f"not a stored intent: {error.errors()[0]['msg']}") from error


@lru_cache(maxsize=INTENTS_REMEMBERED)
def _load(text: str) -> Intent:
    return _adapter().validate_python(json.loads(text))
