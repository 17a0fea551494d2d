"""What looks managed and is not ours: reported, and left alone."""

from collections.abc import Iterator

from netconfig.drivers.linux_nft.names import Names
from netconfig.drivers.linux_nft.reading import Reading
from netconfig.drivers.linux_nft.render import Wish
from netconfig.drivers.linux_nft.ruleset import is_ours


def strangers(names: Names, actual: Reading, wish: Wish, known: frozenset[int]) -> Iterator[str]:
    """A sentence each."""
    here = names.ownership
    for held in actual.ruleset.held:
        if held.label is None or is_ours(held, names, known, wish.adopted):
            continue
        what = f"rule {held.label} of table {names.table}"
        if held.database not in {"", here.database}:
            yield f"{what} carries the fingerprint of another database, {held.database}"
        else:
            yield f"{what} is of reservation {held.label.reservation}, which this database does not know"
    for station, marks in actual.ruleset.others.items():
        if any(mark.database == here.database for mark in marks):
            yield (
                f"table {station} of this database's rules is not of station {here.station};"
                f" the station word in the site file, {here.station}, seems to have changed"
            )
    claimed = {permit for one in (*wish.admitting, *wish.closing) for permit in one.permits}
    for one in actual.ruleset.admitted:
        if one.permit is None or one.permit not in claimed:
            what = one.permit.said(names.permit_comment) if one.permit else f"handle {one.handle}"
            yield f"rule {what} of chain {one.chain} is of no ticket that this database knows"
