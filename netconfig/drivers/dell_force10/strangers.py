"""Which of the lists named as ours may be touched, and a sentence about each that may not."""

from dataclasses import dataclass

from netconfig.drivers.dell_force10.config import is_ours
from netconfig.drivers.dell_force10.names import STATION_LETTERS, Names
from netconfig.drivers.dell_force10.running import RedirectList, Running


@dataclass(frozen=True, slots=True)
class Holdings:
    """Our own objects on a switch.

    Attributes:
        lists: reservation of each list, by name; also of those that are gone but for their group.
        strangers: what is named as ours and is not, one sentence each.
    """

    lists: dict[str, int]
    strangers: tuple[str, ...]


def sort_holdings(running: Running, names: Names, known: frozenset[int]) -> Holdings:
    """Tell our own lists from those of strangers."""
    lists: dict[str, int] = {}
    sentences: list[str] = []
    for held in running.redirect_lists.values():
        reservation = names.reservation_of(held.name)
        if reservation is not None and (why := _why_strange(held, reservation, names, known)):
            sentences.append(f"redirect list {held.name} {why}")
        elif reservation is not None:
            lists[held.name] = reservation
        elif why := _why_renamed(held, names):
            sentences.append(f"redirect list {held.name} {why}")
    for interface, groups in running.groups.items():
        for group in groups:
            if group in running.redirect_lists or not is_ours(group, names):
                continue
            reservation = names.reservation_of(group)
            if reservation in known and reservation is not None:
                lists[group] = reservation
            else:
                words = f"redirect group {group} of {interface} is of no reservation that this database knows"
                sentences.append(words)
    return Holdings(lists, tuple(sentences))


def is_strange(held: RedirectList, names: Names) -> bool:
    """Whether a list carries the fingerprint of another database."""
    return held.owner is not None and held.owner[1] != names.ownership.database


def _why_renamed(held: RedirectList, names: Names) -> str:
    station = names.station_of(held.name)
    if station is None or held.owner is None or is_strange(held, names):
        return ""
    ours = names.ownership.station
    cut = f" (in names {ours[:STATION_LETTERS]})" if len(ours) > STATION_LETTERS else ""
    return (
        f"carries this database's fingerprint under the name of station {station};"
        f" the station word in the site file, {ours}{cut}, seems to have changed"
    )


def _why_strange(held: RedirectList, reservation: int, names: Names, known: frozenset[int]) -> str:
    if held.owner and is_strange(held, names):
        return f"carries the fingerprint of another database, {held.owner[1]}"
    if reservation in known:
        return ""
    return f"is of reservation {reservation}, which this database does not know"
