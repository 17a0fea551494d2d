"""From a ticket's flows to what each device shall carry, by the site's rules. Pure.

Far before near: a device that only admits is stage 0, one that steers traffic in is stage 1, so nothing is
sent where it would be dropped.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lambdastation.site import ANY, Admit, Client, Direction, Rule, Site, Steer, Topology
from netconfig.intent import AccessPermit, FlowMatch, IpAddress, PolicyRoute, RouterIntent, dump_intent
from reservation.labels import pool_resource
from reservation.model import ClaimRequest, PartRequest

ADMIT_STAGE = 0
STEER_STAGE = 1
BANDWIDTH_UNIT = "bit/s"
PATH_PREFIX = "path:"


@dataclass(frozen=True, slots=True)
class Placed:
    """One intent and the device it is for."""

    device: str
    stage: int
    intent: RouterIntent

    def part(self) -> PartRequest:
        """The core's form of it."""
        return PartRequest(device=self.device, stage=self.stage, intent=dump_intent(self.intent))


def path_resource(site: Site, topology: Topology, direction: Direction) -> str:
    """Name of a path's bandwidth, one way, in the calendar."""
    return f"{PATH_PREFIX}{site.name}:{topology.name}:{direction}"


def dscp_pool(site: Site) -> str:
    """Name of the site's pool of code points in the calendar."""
    return pool_resource(site.name, "dscp")


def bandwidth_claims(
    site: Site, topology: Topology, *, out_bits_per_second: int, in_bits_per_second: int
) -> tuple[ClaimRequest, ...]:
    """What a ticket takes of its path, each way."""
    return (
        ClaimRequest(path_resource(site, topology, Direction.OUT), out_bits_per_second),
        ClaimRequest(path_resource(site, topology, Direction.IN), in_bits_per_second),
    )


def rules_for(site: Site, topology: Topology, client: Client) -> tuple[Rule, ...]:
    """The rules that apply to a client on a topology, in the file's order.

    A rule for every client (`*`) steps back where the client has one of its own for the same group,
    direction and action.
    """
    candidates = [
        rule
        for rule in site.rules
        if rule.topology == topology.name
        and rule.group in client.groups
        and rule.client in {ANY, client.name}
    ]
    own = {_place(rule) for rule in candidates if rule.client == client.name}
    return tuple(rule for rule in candidates if rule.client == client.name or _place(rule) not in own)


def _place(rule: Rule) -> tuple[str, Direction, bool]:
    return rule.group, rule.direction, rule.steer is not None


def steered_families(rules: Iterable[Rule]) -> frozenset[int]:
    """Address families whose outgoing packets the rules steer; empty if the client is not steered at all."""
    steers = [rule.steer for rule in rules if rule.steer is not None and rule.direction is Direction.OUT]
    return frozenset(
        [4 for steer in steers if steer.next_hop is not None]
        + [6 for steer in steers if steer.next_hop_ipv6 is not None]
    )


def place_flows(
    rules: Iterable[Rule], *, outgoing: tuple[FlowMatch, ...], incoming: tuple[FlowMatch, ...]
) -> tuple[Placed, ...]:
    """What the devices of these rules shall carry for the flows: by stage, then as the rules stand."""
    placed: list[Placed] = []
    for rule in rules:
        flows = outgoing if rule.direction is Direction.OUT else incoming
        for family in (4, 6):
            of_family = tuple(flow for flow in flows if flow.family == family)
            if of_family:
                placed.extend(_intents(rule, of_family))
    return tuple(sorted(placed, key=lambda one: one.stage))


def steered_flows(placed: Iterable[Placed]) -> Iterator[FlowMatch]:
    """The packets that these intents steer; what is only admitted goes no other way for it."""
    for one in placed:
        if isinstance(one.intent, PolicyRoute):
            yield from one.intent.flows


def _intents(rule: Rule, flows: tuple[FlowMatch, ...]) -> Iterator[Placed]:
    if rule.steer is not None:
        yield from (Placed(rule.device, STEER_STAGE, intent) for intent in _steering(rule.steer, flows))
    if rule.admit is not None:
        yield from (Placed(rule.device, ADMIT_STAGE, intent) for intent in _admission(rule.admit, flows))


def _steering(steer: Steer, flows: tuple[FlowMatch, ...]) -> Iterator[PolicyRoute]:
    next_hop: IpAddress | None = steer.next_hop
    policy = steer.policy
    if flows[0].family == 6:
        next_hop, policy = steer.next_hop_ipv6, steer.policy_ipv6
    if next_hop is not None:
        yield PolicyRoute(
            interface=steer.interface,
            next_hop=next_hop,
            flows=flows,
            policy=policy,
            sequences=None if policy is None else steer.sequences,
        )


def _admission(admit: Admit, flows: tuple[FlowMatch, ...]) -> Iterator[AccessPermit]:
    access_list = admit.access_list if flows[0].family == 4 else admit.access_list_ipv6
    if access_list is not None:
        yield AccessPermit(access_list=access_list, flows=flows, sequences=admit.sequences)
