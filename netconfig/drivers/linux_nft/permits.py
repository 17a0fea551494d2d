"""Permits in chains that the site owns: known by their comment; tickets of one flow share one."""

from collections.abc import Iterator, Sequence

from netconfig.drivers.linux_nft.lines import RouterLine, nft_line
from netconfig.drivers.linux_nft.managed import Permit
from netconfig.drivers.linux_nft.names import Names
from netconfig.drivers.linux_nft.render import Admitting, needing
from netconfig.drivers.linux_nft.ruleset import Ruleset


def permit_lines(
    names: Names, ruleset: Ruleset, admitting: Sequence[Admitting], closing: Sequence[Admitting]
) -> Iterator[RouterLine]:
    """What is to be added to the site's chains, and taken out of them; a permit of nobody's stays."""
    there = {one.permit for one in ruleset.admitted if one.permit}
    wanted, unwanted = needing(admitting), needing(closing)
    for permit, needed in wanted.items():
        if permit not in there:
            where = position(ruleset, permit, min(one.first for one in needed))
            text = f"{where} {permit.said(names.permit_comment)}"
            ids = frozenset(one.part.part_id for one in needed)
            yield nft_line(text, ids, needed[0].part.reservation_id)
    seen = set[Permit]()
    for one in ruleset.admitted:
        if one.permit is None or (one.permit in wanted and one.permit not in seen):
            seen |= {one.permit} if one.permit else set()
            continue
        needed = unwanted.get(one.permit) or (wanted.get(one.permit, []) if one.permit in seen else [])
        if needed:
            chain = " ".join(one.chain.split("/"))
            yield nft_line(
                f"delete rule {chain} {one.permit.said(names.permit_comment)}",
                frozenset(part.part.part_id for part in needed),
                needed[0].part.reservation_id,
                command=f"delete rule {chain} handle {one.handle}",
                removal=True,
            )


def permits_left(
    ruleset: Ruleset, admitting: Sequence[Admitting], closing: Sequence[Admitting]
) -> dict[Permit, int]:
    """The permits that will be there, and how many rules of the site's stand before each."""
    wanted, unwanted = needing(admitting), needing(closing)
    found = {
        one.permit: one.before
        for one in ruleset.admitted
        if one.permit and (one.permit in wanted or one.permit not in unwanted)
    }
    for permit, needed in wanted.items():
        if permit not in found and (rules := ruleset.chains.get(permit.chain)) is not None:
            found[permit] = min(min(one.first for one in needed) - 1, len(rules))
    return found


def position(ruleset: Ruleset, permit: Permit, first: int) -> str:
    """How a permit is added so that it stands right behind `first - 1` of the site's rules."""
    rules, where = ruleset.chains.get(permit.chain, ()), " ".join(permit.chain.split("/"))
    if first == 1:
        return f"insert rule {where}"
    if len(rules) < first - 1:
        return f"add rule {where}"
    return f"add rule {where} handle {rules[first - 2].handle}"
