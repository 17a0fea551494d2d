"""From a ticket's flows to what each device shall carry, by the site's rules. Pure.

Far before near: a device that only admits is stage 0, one that steers traffic in is stage 1, so nothing is
sent where it would be dropped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lambdastation.site import ANY, Admit, Client, Direction, NextHopDown, Rule, Site, Steer, Topology
from netconfig.intent import AccessPermit, FlowMatch, HopDown, PolicyRoute, RouterIntent, dump_intent
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


def parse_resource(resource: str) -> tuple[str, Direction] | None:
    """Colour and direction of what `path_resource` named; None of anything else in the calendar."""
    if not resource.startswith(PATH_PREFIX):
        return None
    _, colour, direction = resource.removeprefix(PATH_PREFIX).split(":")
    return colour, Direction(direction)


def bandwidth_claims(
    site: Site, paths: Iterable[Topology], *, out_bits_per_second: int, in_bits_per_second: int
) -> tuple[ClaimRequest, ...]:
    """What a ticket takes, each way: as much of each of these paths, by all of which its packets may go."""
    amounts = {Direction.OUT: out_bits_per_second, Direction.IN: in_bits_per_second}
    return tuple(
        ClaimRequest(path_resource(site, path, direction), amount)
        for path in paths
        for direction, amount in amounts.items()
    )


@dataclass(frozen=True, slots=True)
class Applied:
    """A rule that applies to a client.

    Attributes:
        fallback: the rule of another path whose next hop stands in where this one's does not answer.
    """

    rule: Rule
    fallback: Rule | None = None


def applied_rules(site: Site, topology: Topology, client: Client) -> tuple[Applied, ...]:
    """The rules that apply to a client on a topology, in the file's order.

    A rule for every client (`*`) steps back where the client has one of its own for the same group,
    direction and action.
    """
    rules = rules_of(site, client)
    places = {colour: steered_places(of_colour) for colour, of_colour in rules.items()}

    def applied(rule: Rule) -> Applied:
        # Of those that may stand in there is exactly one: `site_fallbacks`.
        return Applied(rule, next(iter(stand_ins(rule, places)), None))

    return tuple(map(applied, rules.get(topology.name, ())))


def rules_of(site: Site, client: Client) -> dict[str, tuple[Rule, ...]]:
    """The same without what stands in for them, on each topology that has any, by its colour."""
    candidates: dict[str, list[Rule]] = {}
    for rule in site.rules:
        if rule.group in client.groups and rule.client in {ANY, client.name}:
            candidates.setdefault(rule.topology, []).append(rule)
    return {colour: _own_before_all(rules, client) for colour, rules in candidates.items()}


def _own_before_all(rules: Sequence[Rule], client: Client) -> tuple[Rule, ...]:
    own = {_purpose(rule) for rule in rules if rule.client == client.name}
    return tuple(rule for rule in rules if rule.client == client.name or _purpose(rule) not in own)


def _purpose(rule: Rule) -> tuple[str, Direction, bool]:
    return rule.group, rule.direction, rule.steer is not None


Places = Mapping[tuple[str, Direction, str, str], Sequence[Rule]]
"""Rules that steer, by group, direction, device and interface."""


def steered_places(rules: Iterable[Rule]) -> Places:
    """Where these rules steer from."""
    places: dict[tuple[str, Direction, str, str], list[Rule]] = {}
    for rule in rules:
        if rule.steer is not None:
            place = rule.group, rule.direction, rule.steer.device, rule.steer.interface
            places.setdefault(place, []).append(rule)
    return places


def stand_ins(rule: Rule, places: Mapping[str, Places]) -> Sequence[Rule]:
    """The rules of a rule's fallback that steer from where it does; none if it has none.

    `places` are those of its client, by colour.
    """
    steer = rule.steer
    if steer is None or steer.fallback is None:
        return ()
    there = places.get(steer.fallback, {})
    return there.get((rule.group, rule.direction, steer.device, steer.interface), ())


def fallback_paths(site: Site, rules: Iterable[Applied], families: Iterable[int]) -> tuple[Topology, ...]:
    """The paths that packets of these families may go by where a next hop does not answer."""
    steered = set(families)
    colours = {
        one.fallback.topology
        for one in rules
        if one.fallback is not None and one.rule.steer is not None
        if steered.intersection(one.rule.steer.families)
    }
    return tuple(topology for topology in site.topologies if topology.name in colours)


def steered_families(rules: Iterable[Applied]) -> frozenset[int]:
    """Address families whose outgoing packets the rules steer; empty if the client is not steered at all."""
    return frozenset(
        family
        for one in rules
        if one.rule.steer is not None and one.rule.direction is Direction.OUT
        for family in one.rule.steer.families
    )


def place_flows(
    rules: Iterable[Applied], *, outgoing: tuple[FlowMatch, ...], incoming: tuple[FlowMatch, ...]
) -> tuple[Placed, ...]:
    """What the devices of these rules shall carry for the flows: by stage, then as the rules stand."""
    placed: list[Placed] = []
    for one in rules:
        flows = outgoing if one.rule.direction is Direction.OUT else incoming
        for family in (4, 6):
            of_family = tuple(flow for flow in flows if flow.family == family)
            if of_family:
                placed.extend(_intents(one, of_family))
    return tuple(sorted(placed, key=lambda one: one.stage))


def steered_flows(placed: Iterable[Placed]) -> Iterator[FlowMatch]:
    """The packets that these intents steer; what is only admitted goes no other way for it."""
    for one in placed:
        if isinstance(one.intent, PolicyRoute):
            yield from one.intent.flows


def _intents(one: Applied, flows: tuple[FlowMatch, ...]) -> Iterator[Placed]:
    rule = one.rule
    if rule.steer is not None:
        instead = None if one.fallback is None else one.fallback.steer
        for intent in _steering(rule.steer, instead, flows):
            yield Placed(rule.device, STEER_STAGE, intent)
    if rule.admit is not None:
        yield from (Placed(rule.device, ADMIT_STAGE, intent) for intent in _admission(rule.admit, flows))


def _steering(steer: Steer, instead: Steer | None, flows: tuple[FlowMatch, ...]) -> Iterator[PolicyRoute]:
    family = flows[0].family
    next_hop, policy = steer.hop(family), steer.own_policy(family)
    if next_hop is None:
        return
    down = None
    if steer.next_hop_down is not NextHopDown.IGNORE:
        down = HopDown(fallback=None if instead is None else instead.hop(family))
    yield PolicyRoute(
        interface=steer.interface,
        next_hop=next_hop,
        flows=flows,
        policy=policy,
        sequences=None if policy is None else steer.sequences,
        next_hop_down=down,
    )


def _admission(admit: Admit, flows: tuple[FlowMatch, ...]) -> Iterator[AccessPermit]:
    access_list = admit.access_list if flows[0].family == 4 else admit.access_list_ipv6
    if access_list is not None:
        yield AccessPermit(access_list=access_list, flows=flows, sequences=admit.sequences)
