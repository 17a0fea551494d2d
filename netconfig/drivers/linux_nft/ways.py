"""The lanes: a rule and a route each, which come before the first mark for them and go after the last."""

from collections.abc import Iterable, Iterator, Mapping

from netconfig.drivers.linux_nft.lines import RouterLine, Step
from netconfig.drivers.linux_nft.managed import Mark, Route, Rule
from netconfig.drivers.linux_nft.names import FIRST_TABLE, ROUTE_PROTOCOL
from netconfig.drivers.linux_nft.reading import Reading
from netconfig.drivers.linux_nft.render import Steered

_COMING = {4: Step.WAYS4, 6: Step.WAYS6}
_GOING = {4: Step.UNWAYS4, 6: Step.UNWAYS6}


def coming(actual: Reading, wanted: Iterable[Steered]) -> Iterator[RouterLine]:
    """Routes and rules that are missing, or lead elsewhere."""
    lanes: dict[Route, list[Steered]] = {}
    for one in wanted:
        lanes.setdefault(one.route, []).append(one)
    for route, needing in lanes.items():
        ids = frozenset(one.part.part_id for one in needing)
        way = with_interface(actual, route)
        there = actual.routes_of(route.family, route.lane)
        is_crowded = (route.family, route.lane) in actual.grounds.crowded
        if is_crowded:
            # For a moment its packets go as all others do.
            yield _flush(_COMING, route.family, route.lane, ids)
        if is_crowded or len(there) != 1 or not _leads(there[0], way):
            yield _line(_COMING, route.family, f"route replace {way}", ids)
        if (rule := Rule(route.family, route.lane)) not in actual.managed.rules:
            yield _line(_COMING, route.family, f"rule add {rule}", ids)


def going(
    actual: Reading, marks: Iterable[Mark], wanted: Iterable[Steered], over: Mapping[int, frozenset[int]]
) -> Iterator[RouterLine]:
    """Rules and routes of the lanes that are over for these parts, and that no mark of anybody's leads to."""
    needed = {mark.lane for mark in marks} | {one.route.lane for one in wanted}
    needed |= {mark.lane for many in actual.ruleset.others.values() for mark in many}
    for lane, ids in sorted(over.items()):
        if lane in needed:
            continue
        for rule in sorted(rule for rule in actual.managed.rules if rule.lane == lane):
            yield _line(_GOING, rule.family, f"rule del {rule}", ids, removal=True)
        there = {(route.family, route.lane) for route in actual.managed.routes} | actual.grounds.crowded
        for family in sorted(family for family, other in there if other == lane):
            yield _flush(_GOING, family, lane, ids)


def _flush(steps: Mapping[int, Step], family: int, lane: int, parts: frozenset[int]) -> RouterLine:
    text = f"route flush table {FIRST_TABLE + lane} proto {ROUTE_PROTOCOL}"
    return _line(steps, family, text, parts, removal=True)


def _leads(there: Route, way: Route) -> bool:
    """Whether a route is right, as far as its interface is known."""
    by = {there.interface, way.interface} - {""}
    return there.next_hop == way.next_hop and len(by) < 2


def with_interface(actual: Reading, route: Route) -> Route:
    """The route by the interface that has its next hop's network, as far as that is known."""
    return Route(route.lane, route.next_hop, actual.grounds.way_to(route.next_hop) or "")


def _line(
    steps: Mapping[int, Step], family: int, text: str, parts: frozenset[int], *, removal: bool = False
) -> RouterLine:
    return RouterLine(
        text=f"ip -{family} {text}", parts=parts, removal=removal, step=steps[family], command=text
    )
