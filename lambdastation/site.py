"""What one site has, as its site file says: paths, PBR clients, peers, rules, and who may ask.

Values only, frozen; `site_checks` finds names that lead nowhere. A device is a name here: where it is and
how to log in to it stands in the same file but never reaches this door.
"""

from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lambdastation.caller import Operation
from lambdastation.site_words import (
    Bandwidth,
    Domain,
    Dscp,
    DscpPool,
    Duration,
    NextHopIpv6,
    Object,
    Ports,
    Prefix,
    Sequences,
    StationWord,
    Subject,
    Url,
    Word,
)
from netconfig.intent import IpAddress, IpNetwork

ANY = "*"
"""In a rule: every client."""


class Direction(StrEnum):
    """Which way a flow goes, as this site sees it."""

    OUT = "out"
    IN = "in"


class NextHopDown(StrEnum):
    """What becomes of what a rule steers while its next hop does not answer the device."""

    IGNORE = "ignore"
    """It is never asked."""
    WITHDRAW = "withdraw"
    """The packets go as they would without a ticket."""
    FALLBACK = "fallback"
    """They go where another path's rule has them go there."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Topology(_Part):
    """One of the site's parallel networks."""

    name: Annotated[Word, Field(description="Its colour: blue, red, green")]
    path: Annotated[Word, Field(description="What people call it: StarLight10G")]
    capacity: Annotated[Bandwidth, Field(description="What all tickets together may take, each way")]
    production: Annotated[
        bool, Field(strict=True, description="True for the one path that traffic takes without a ticket")
    ] = False
    default_bandwidth: Annotated[
        Bandwidth | None, Field(description="What a ticket takes that names no bandwidth")
    ] = None


class Client(_Part):
    """A cluster and its applications whose traffic may be steered."""

    name: Word
    prefixes: Annotated[tuple[Prefix, ...], Field(min_length=1, description="Its IPv4 and IPv6 blocks")]
    ports: Annotated[
        Ports | None, Field(description="The only ports of its own that may be steered: tcp range 5000-6000")
    ] = None
    dscp: Annotated[Dscp | None, Field(description="The code point that always marks its traffic")] = None
    groups: Annotated[
        tuple[Word, ...], Field(description="Admission groups whose devices its traffic passes")
    ] = ()


class RemoteClient(_Part):
    """A PBR client of a peer, as far as we need to know it."""

    name: Word
    prefixes: Annotated[tuple[Prefix, ...], Field(min_length=1)]
    dscp: Dscp | None = None


class Peer(_Part):
    """Another site that our clients exchange traffic with, whether it has a station or not."""

    name: Word
    prefixes: Annotated[
        tuple[Prefix, ...], Field(description="All of it; without them, its clients' blocks together")
    ] = ()
    clients: tuple[RemoteClient, ...] = ()
    domains: Annotated[
        tuple[Domain, ...], Field(description="What its hosts' names contain, for dCache's site map")
    ] = ()
    station: Annotated[StationWord | None, Field(description="Its LambdaStation's word, if it has one")] = (
        None
    )
    url: Annotated[Url | None, Field(description="Where that station answers requests")] = None
    default_client: Annotated[
        Word | None, Field(description="Our client, where a request to this peer names none")
    ] = None
    default_topology: Annotated[
        Word | None, Field(description="Our path, where a request to this peer names none")
    ] = None
    default_bandwidth: Annotated[
        Bandwidth | None, Field(description="Goes before the path's own default")
    ] = None

    @property
    def all_prefixes(self) -> tuple[IpNetwork, ...]:
        """Every block that is this peer's."""
        return self.prefixes or tuple(block for client in self.clients for block in client.prefixes)


class Group(_Part):
    """An admission group: devices that together admit a client's traffic (NG-A, NG-B ...)."""

    name: Word
    devices: Annotated[tuple[Word, ...], Field(min_length=1)]


class Steer(_Part):
    """Packets of the flow that enter by this interface leave towards the next hop."""

    device: Word
    interface: Annotated[Object, Field(description="The device's full name of it: TenGigabitEthernet1/1")]
    next_hop: IPv4Address | None = None
    next_hop_ipv6: NextHopIpv6 | None = None
    policy: Annotated[Object | None, Field(description="The site's own route map there, if any")] = None
    policy_ipv6: Annotated[Object | None, Field(description="The same for IPv6")] = None
    sequences: Annotated[
        Sequences | None, Field(description="Entries of the site's own route map that are left to us")
    ] = None
    next_hop_down: Annotated[
        NextHopDown, Field(description="What becomes of it while the next hop does not answer the device")
    ] = NextHopDown.IGNORE
    fallback: Annotated[
        Word | None, Field(description="With `fallback`: colour of the alternate whose rule stands in")
    ] = None

    @model_validator(mode="after")
    def _whole(self) -> "Steer":
        if self.next_hop is None and self.next_hop_ipv6 is None:
            raise ValueError("steering needs next_hop, next_hop_ipv6 or both")
        if (self.policy is None and self.policy_ipv6 is None) != (self.sequences is None):
            raise ValueError("a site's own policy goes with the sequences that it leaves to us")
        if self.next_hop_down is NextHopDown.FALLBACK and self.fallback is None:
            raise ValueError(
                "`next_hop_down: fallback` needs the colour of another path, as in fallback: green"
            )
        if self.next_hop_down is not NextHopDown.FALLBACK and self.fallback is not None:
            raise ValueError("a fallback goes with `next_hop_down: fallback`; write that, or leave it out")
        return self

    def hop(self, family: int) -> IpAddress | None:
        """The next hop for packets of that address family, 4 or 6."""
        return self.next_hop if family == 4 else self.next_hop_ipv6

    def own_policy(self, family: int) -> str | None:
        """The site's own route map for that family, None where it is one of ours."""
        return self.policy if family == 4 else self.policy_ipv6

    @property
    def families(self) -> tuple[int, ...]:
        """The address families that it steers."""
        return tuple(family for family in (4, 6) if self.hop(family) is not None)


class Admit(_Part):
    """Packets of the flow pass the site's own access list."""

    device: Word
    access_list: Object | None = None
    access_list_ipv6: Object | None = None
    sequences: Annotated[Sequences, Field(description="Entries that are left to us: [1000, 1999]")]

    @model_validator(mode="after")
    def _whole(self) -> "Admit":
        if self.access_list is None and self.access_list_ipv6 is None:
            raise ValueError("admitting needs access_list, access_list_ipv6 or both")
        return self


class Rule(_Part):
    """What one device does for a client of a group on a topology, for one direction."""

    topology: Word
    client: Annotated[Word | Literal["*"], Field(description="A client, or * for all that have no own rule")]
    group: Word
    direction: Direction
    steer: Steer | None = None
    admit: Admit | None = None

    @model_validator(mode="after")
    def _one_action(self) -> "Rule":
        if (self.steer is None) == (self.admit is None):
            raise ValueError("a rule either steers or admits")
        return self

    @property
    def device(self) -> str:
        """Name of the device the rule is for."""
        if self.steer is not None:
            return self.steer.device
        assert self.admit is not None  # noqa: S101 - _one_action
        return self.admit.device


class AuthorizationRule(_Part):
    """Who may do what. The first rule that matches decides; where none does the answer is no.

    A rule whose limit a request exceeds does not match it.
    """

    action: Literal["allow", "deny"]
    subject: Annotated[Subject, Field(description="RFC 4514 name; * stops at a comma: CN=*,O=Grid")]
    issuer: Annotated[Subject | None, Field(description="Absent means any that we trust")] = None
    operations: Annotated[
        tuple[Operation, ...] | None, Field(min_length=1, description="Absent means all")
    ] = None
    clients: Annotated[tuple[Word, ...] | None, Field(min_length=1, description="Absent means all")] = None
    topologies: Annotated[tuple[Word, ...] | None, Field(min_length=1, description="Absent means all")] = None
    operator: Annotated[bool, Field(strict=True, description="May change tickets of others")] = False
    bandwidth: Annotated[
        Bandwidth | None, Field(description="The most that one ticket may take, each way; absent: the path's")
    ] = None
    duration: Annotated[
        Duration | None, Field(description="One ticket's longest slot; absent: as `limits` says")
    ] = None
    horizon: Annotated[
        Duration | None, Field(description="How far ahead a slot may end; absent: as `limits` says")
    ] = None
    live_tickets: Annotated[
        int | None,
        Field(strict=True, ge=1, description="Tickets of one subject that are not over; absent: any number"),
    ] = None


class Limits(_Part):
    """How long and how far ahead a path may be taken."""

    longest: Annotated[Duration, Field(description="One ticket's longest slot")] = timedelta(days=30)
    horizon: Annotated[Duration, Field(description="How far ahead a slot may end")] = timedelta(days=365)


class Site(_Part):
    """Everything the door knows of its site.

    Names are used as they are written. `site_checks.find_problems` must have found nothing before a site is
    served.
    """

    name: Annotated[Word, Field(description="The site's name in requests: Fermilab")]
    station: Annotated[
        StationWord, Field(description="Word in the names of our objects on devices: LS-FNAL-42")
    ]
    url: Annotated[Url | None, Field(description="Where others reach our station, for who asks")] = None
    domains: Annotated[
        tuple[Domain, ...], Field(description="What our hosts' names contain, for dCache's site map")
    ] = ()
    dscp_pool: Annotated[
        DscpPool, Field(description="Code points that tickets may be given: 48-55, or [8, 16-23]")
    ] = ()
    topologies: Annotated[tuple[Topology, ...], Field(min_length=1)]
    groups: tuple[Group, ...] = ()
    clients: tuple[Client, ...] = ()
    peers: tuple[Peer, ...] = ()
    rules: tuple[Rule, ...] = ()
    authorization: tuple[AuthorizationRule, ...] = ()
    limits: Limits = Limits()
    maintenance: Annotated[
        Literal["refuse", "warn"],
        Field(description="What becomes of a new ticket over a device in maintenance"),
    ] = "refuse"

    def topology(self, word: str) -> Topology | None:
        """The topology of that colour or path name."""
        return next((t for t in self.topologies if word in {t.name, t.path}), None)

    def client(self, name: str) -> Client | None:
        """Our client of that name."""
        return next((client for client in self.clients if client.name == name), None)

    def peer(self, name: str) -> Peer | None:
        """The peer of that name."""
        return next((peer for peer in self.peers if peer.name == name), None)
