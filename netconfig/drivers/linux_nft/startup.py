"""What a router keeps for its next boot: lines for `lambdastation-router restore`, each behind its verb."""

from collections.abc import Iterator, Mapping

from netconfig.drivers.linux_nft.managed import Managed, Permit
from netconfig.drivers.linux_nft.marks import HOOK
from netconfig.drivers.linux_nft.names import Names


def startup(names: Names, managed: Managed, before: Mapping[Permit, int]) -> str:
    """The lines; empty when there is nothing to keep. Counters begin at nothing.

    `before` has how many rules of the site's stand before each permit.
    """
    return "".join(f"{line}\n" for line in _lines(names, managed, before))


def _lines(names: Names, managed: Managed, before: Mapping[Permit, int]) -> Iterator[str]:
    for route in managed.routes:
        yield f"ip{route.family} route replace {route}"
    for rule in sorted(managed.rules):
        yield f"ip{rule.family} rule add {rule}"
    if managed.marks:
        # Whatever was there before goes in the same moment.
        yield f"nft add table inet {names.table}"
        yield f"nft delete table inet {names.table}"
        yield f"nft add table inet {names.table}"
        yield f"nft add chain {names.chain} {HOOK}"
        for name in dict.fromkeys(mark.label.base for mark in managed.marks):
            yield f"nft add counter inet {names.table} {name}"
        for mark in managed.marks:
            yield f"nft add rule {names.chain} {mark}"
    # From the last position to the first: what is put in shifts only what is behind it.
    for permit in sorted(managed.permits, key=lambda permit: -before.get(permit, 0)):
        chain, at = " ".join(permit.chain.split("/")), before.get(permit, 0)
        where = f"add rule {chain} index {at - 1}" if at else f"insert rule {chain}"
        yield f"permit {where} {permit.said(names.permit_comment)}"
