"""What a device is to carry now, of what it should carry and of what is known of its next hops. Pure.

The parts stay as they were admitted. While a next hop is down its part's policy is withheld, or leads to the
fallback; a part that is withheld waits for its next hop, in words. Decided anew for each pass, so nothing has
to be undone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from activation.hysteresis import Hop
from netconfig.driver import PartIntent, Plan, PlanLine
from netconfig.intent import HopDown, IpAddress, PolicyRoute

Hops = Mapping[IpAddress, Hop]

NEVER_TOLD = "the device has not been asked yet"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a device is to carry now.

    Attributes:
        parts: as drivers are given them, in the order in which they were: with the next hop to be used, and
            not wanted where they are withheld.
        detours: the fallback by which a part goes, by part id.
        withheld: why a part is, by part id.
    """

    parts: Sequence[PartIntent]
    detours: Mapping[int, IpAddress] = field(default_factory=dict)
    withheld: Mapping[int, str] = field(default_factory=dict)

    def still_to_do(self, plan: Plan) -> Plan:
        """A plan for these parts, and what the withheld of them wait for."""
        if not self.withheld:
            return plan
        waiting: dict[str, set[int]] = {}
        for part_id, words in self.withheld.items():
            waiting.setdefault(words, set()).add(part_id)
        lines = [
            PlanLine(f"! waiting: {words}", frozenset(ids), waits=words) for words, ids in waiting.items()
        ]
        return replace(plan, lines=(*plan.lines, *lines))


def watched(parts: Iterable[PartIntent]) -> frozenset[IpAddress]:
    """The next hops and fallbacks that somebody has to ask for, since wanted parts go by what they answer."""
    found: set[IpAddress] = set()
    for part in parts:
        if part.wanted and isinstance(part.intent, PolicyRoute) and part.intent.next_hop_down is not None:
            found |= {part.intent.next_hop, part.intent.next_hop_down.fallback or part.intent.next_hop}
    return frozenset(found)


def as_last_read(parts: Sequence[PartIntent], detours: Mapping[int, IpAddress]) -> Sequence[PartIntent]:
    """The parts with the next hops by which they went when the device was last read."""
    return [_by(part, detours.get(part.part_id)) for part in parts]


def carried_now(
    parts: Sequence[PartIntent],
    hops: Hops,
    *,
    detours: Mapping[int, IpAddress],
    kept: Collection[int],
    untold: str = NEVER_TOLD,
) -> Carried:
    """What is to be carried of these parts.

    `detours` are the fallbacks by which parts went when the device was last read. Where it cannot be told
    which next hops answer, for which `untold` is the reason, parts wait; those `kept` stay as they were.
    """
    now: list[PartIntent] = []
    taken: dict[int, IpAddress] = {}
    withheld: dict[int, str] = {}
    for part in parts:
        route, last = part.intent, detours.get(part.part_id)
        if not part.wanted or not isinstance(route, PolicyRoute) or route.next_hop_down is None:
            # What is to go is told as it stands there.
            now.append(_by(part, last))
            continue
        before = (last or route.next_hop) if part.part_id in kept else None
        way = _way(route, route.next_hop_down, hops, before, untold)
        if isinstance(way, str):
            withheld[part.part_id] = way
            now.append(replace(_by(part, last), wanted=False))
            continue
        if way != route.next_hop:
            taken[part.part_id] = way
        now.append(_by(part, way))
    return Carried(now, taken, withheld)


def _way(
    route: PolicyRoute, down: HopDown, hops: Hops, before: IpAddress | None, untold: str
) -> IpAddress | str:
    """The next hop to be used, or why there is none; what cannot be told is as it was before."""
    is_up = _is_up(route.next_hop, hops)
    if is_up:
        return route.next_hop
    if is_up is None:
        return before or f"whether next hop {route.next_hop} answers cannot be told: {untold}"
    words = f"next hop {route.next_hop} does not answer"
    if down.fallback is None:
        return words
    is_up = _is_up(down.fallback, hops)
    if is_up or (is_up is None and before == down.fallback):
        return down.fallback
    if is_up is None:
        return f"{words}, and whether its fallback {down.fallback} does cannot be told: {untold}"
    return f"{words}, nor does its fallback {down.fallback}"


def _is_up(address: IpAddress, hops: Hops) -> bool | None:
    return hops.get(address, Hop()).is_up


def _by(part: PartIntent, way: IpAddress | None) -> PartIntent:
    """The part with that next hop; a fallback changes places with the next hop, so that both stay told."""
    route = part.intent
    if way is None or not isinstance(route, PolicyRoute) or way == route.next_hop:
        return part
    return replace(part, intent=replace(route, next_hop=way, next_hop_down=HopDown(route.next_hop)))
