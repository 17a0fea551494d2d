"""Which of the objects named as ours may be touched, and a sentence about each that may not."""

from dataclasses import dataclass

from netconfig.cisco.config import Reading, Wish, is_ours
from netconfig.cisco.names import Names
from netconfig.cisco.place import is_remains, owner_of
from netconfig.cisco.running import AccessList, Entry


@dataclass(frozen=True, slots=True)
class Holdings:
    """Our own objects on a router.

    Attributes:
        access_lists: reservation of each list, by name.
        entries: route-map entries by map and number.
        owners: reservation of each of these entries; None for a header that was left half-written.
        strangers: what is named as ours and is not, one sentence each.
        strange_maps: route maps in which an entry of a stranger stands.
    """

    access_lists: dict[str, int]
    entries: dict[tuple[str, int], Entry]
    owners: dict[tuple[str, int], int | None]
    strangers: tuple[str, ...]
    strange_maps: frozenset[str]


def sort_holdings(actual: Reading, wish: Wish, names: Names, known: frozenset[int]) -> Holdings:
    """Tell our own objects from those of strangers."""
    running = actual.running
    lists: dict[str, int] = {}
    sentences: list[str] = []
    for held in running.access_lists.values():
        reservation = names.reservation_of(held.name)
        if reservation is not None and (why := _why_strange(held, reservation, names, known)):
            sentences.append(f"access list {held.name} {why}")
        elif reservation is not None:
            lists[held.name] = reservation
        elif why := _why_renamed(held, names):
            sentences.append(f"access list {held.name} {why}")
    entries: dict[tuple[str, int], Entry] = {}
    owners: dict[tuple[str, int], int | None] = {}
    strange_maps: set[str] = set()
    for entry in (entry for found in running.route_maps.values() for entry in found):
        owner = _owner(entry, actual, wish, names)
        half_written = entry.route_map.startswith(names.prefix) and not entry.lines
        if owner in known or half_written:
            entries[entry.place], owners[entry.place] = entry, owner
        elif entry.route_map.startswith(names.prefix) or any(is_ours(n, names) for n in entry.access_lists):
            strange_maps.add(entry.route_map)
            sentences.append(f"{entry.header} is of no reservation that this database knows")
        else:
            renamed = (running.access_lists.get(name) for name in entry.access_lists)
            sentences += [
                f"{entry.header} matches access list {held.name}, which is ours under another station's name"
                for held in renamed
                if held and _why_renamed(held, names)
            ]
    return Holdings(lists, entries, owners, tuple(sentences), frozenset(strange_maps))


def _owner(entry: Entry, actual: Reading, wish: Wish, names: Names) -> int | None:
    placed = wish.entries.get(entry.place)
    if placed and is_remains(entry, placed[1], names):
        return placed[0]
    return owner_of(entry, actual.running, names)


def _why_renamed(held: AccessList, names: Names) -> str:
    station = names.station_of(held.name)
    if station is None or not held.owner or held.owner[1] != names.ownership.database:
        return ""
    return (
        f"carries this database's fingerprint under the name of station {station};"
        f" the station word in the site file, {names.ownership.station}, seems to have changed"
    )


def _why_strange(held: AccessList, reservation: int, names: Names, known: frozenset[int]) -> str:
    if held.owner and held.owner[1] != names.ownership.database:
        return f"carries the fingerprint of another database, {held.owner[1]}"
    if reservation in known:
        return ""
    return f"is of reservation {reservation}, which this database does not know"
