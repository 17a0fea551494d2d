"""What has passed by each part, as nftables has counted it."""

from collections.abc import Iterable

from netconfig.driver import Count
from netconfig.drivers.linux_nft.render import Wish
from netconfig.drivers.linux_nft.ruleset import Ruleset


def counts(ruleset: Ruleset, wish: Wish) -> dict[int, Count]:
    """By part id; parts that share a permit have all that passed by it.

    A part that steers has a counter of its own, which stays when its rules are replaced.
    """
    found: dict[int, Count] = {}
    for one in (*wish.steered, *wish.leaving):
        if one.base in ruleset.counters:
            found[one.part.part_id] = _sum([ruleset.counters[one.base]])
    for admitting in (*wish.admitting, *wish.closing):
        told = [
            ruleset.permit_counts[permit] for permit in admitting.permits if permit in ruleset.permit_counts
        ]
        if told:
            found[admitting.part.part_id] = _sum(told)
    return found


def _sum(told: Iterable[tuple[int, int]]) -> Count:
    packets, octets = map(sum, zip(*told, strict=True))
    return Count(packets, octets)
