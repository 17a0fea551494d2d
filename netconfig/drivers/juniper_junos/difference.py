"""What lies between two states of a group, as `set`, `delete` and `insert` lines, and who needs each line.

The lines are for people; what is sent is the whole group.
"""

from collections.abc import Callable, Iterator

from netconfig.driver import PlanLine
from netconfig.drivers.juniper_junos.names import FAMILY, Names, table
from netconfig.drivers.juniper_junos.reading import terms
from netconfig.drivers.juniper_junos.render import Route, Wish
from netconfig.drivers.juniper_junos.tree import INACTIVE, Element, Path, leaves, nodes

_SINGLE = frozenset(
    {
        "reservation",
        "database",
        "count",
        "routing-instance",
        "input",
        "instance-type",
        "inet",
        "inet6",
        "dscp",
    }
)
"""Statements of one value: setting another replaces it."""
_WHOLE = {"firewall": 7, "interfaces": 8, "routing-instances": 4}
"""How many words a statement has, by its third, that goes as a whole: shorter ones are several parts'."""


def lines_between(actual: Element, target: Element, wish: Wish, names: Names) -> list[PlanLine]:
    """The lines, what is taken away first."""
    # A group that holds nothing is no line.
    have, want = ([path for path in leaves(group) if len(path) > 2] for group in (actual, target))
    added = [path for path in want if path not in set(have)]
    removed = [path for path in have if path not in set(want)]
    replaced = {path[:-1] for path in added if len(path) > 1 and path[-2] in _SINGLE}
    removed = [path for path in removed if path[:-1] not in replaced]
    judge = _Judge(wish, names)
    return [
        *(_removal(path, judge) for path in _shortened(removed, actual, target, names)),
        *(_addition(path, judge) for path in added),
        *_moves(actual, target, judge, is_other=bool(added or removed)),
    ]


def _removal(path: Path, judge: "_Judge") -> PlanLine:
    words = path
    verb = "delete"
    if path[-1] == f"<{INACTIVE}>":
        verb, words = "activate", path[:-1]
    parts, reservation = judge.leaving(path)
    return PlanLine(f"{verb} {_said(words)}", parts, reservation, removal=verb == "delete")


def _addition(path: Path, judge: "_Judge") -> PlanLine:
    parts, reservation = judge.wanting(path)
    return PlanLine(f"set {_said(path)}", parts, reservation)


def _shortened(removed: list[Path], actual: Element, target: Element, names: Names) -> list[Path]:
    """What is to be deleted: not leaf for leaf, but terms and whatever else goes as a whole."""
    there, left = ({node.path for node in nodes(tree)} for tree in (actual, target))
    found: dict[Path, None] = {}
    for path in removed:
        prefixes = [path[:end] for end in range(_shortest(path), len(path))]
        whole = [prefix for prefix in prefixes if prefix in there and prefix not in left]
        term = next((one for one in whole if one[-2] == "term" and names.base_of(one[-1])), None)
        found[term or next(iter(whole), path)] = None
    return list(found)


def _shortest(path: Path) -> int:
    return 5 if path[3:4] == ("rib-groups",) else _WHOLE.get(path[2], len(path))


def _moves(actual: Element, target: Element, judge: "_Judge", *, is_other: bool) -> Iterator[PlanLine]:
    """Lines for terms that only stand in another order; where others come or go that says enough."""
    if is_other:
        return
    order = [
        [(held.findtext("name"), term.findtext("name")) for held, term in terms(one)]
        for one in (actual, target)
    ]
    if order[0] != order[1]:
        for _, term in terms(target):
            title = term.findtext("name") or ""
            path = tuple(_path_of(term))
            parts, reservation = judge.wanting(path)
            if parts or title == judge.names.rest:
                yield PlanLine(f"insert {_said(path)} last", parts, reservation)


def _path_of(term: Element) -> Iterator[str]:
    root = term.getroottree().getroot()
    for node in nodes(root):
        if node.path[-2:] == ("term", term.findtext("name")):
            yield from node.path
            return


def _said(path: Path) -> str:
    return " ".join(f'"{word}"' if " " in word or not word else word for word in path)


class _Judge:
    """Tells for whom a statement is there."""

    def __init__(self, wish: Wish, names: Names) -> None:
        self._wish = wish
        self.names = names

    def wanting(self, path: Path) -> tuple[frozenset[int], int | None]:
        """The wanted parts that a statement is for, and the reservation that it is named for."""
        concerns = self._scope(path)
        ids = frozenset(route.part_id for route in self._wish.wanted if concerns(route))
        return ids, self._reservation(path)

    def leaving(self, path: Path) -> tuple[frozenset[int], int | None]:
        """The parts that need a statement gone: those that had it, or that it is in the way of."""
        concerns, reservation = self._scope(path), self._reservation(path)
        ids = frozenset(route.part_id for route in self._wish.leaving if concerns(route))
        if not ids and reservation is not None:
            ids = self._wish.leaving_of(reservation)
        return ids or self.wanting(path)[0], reservation

    def _reservation(self, path: Path) -> int | None:
        term = _after(path, "term")
        return self.names.reservation_of(term) if term else None

    def _scope(self, path: Path) -> Callable[[Route], bool]:
        term, held = _after(path, "term"), _after(path, "filter")
        if term and self.names.base_of(term):
            return lambda route: term in route.terms
        if path[2:3] == ("firewall",):
            return lambda route: route.filter == held
        if path[2:3] == ("interfaces",):
            on, family = f"{path[3]}.{_after(path, 'unit')}", _after(path, "family")
            return lambda route: route.interface == on and family in {None, FAMILY[route.family]}
        if path[2:3] == ("routing-instances",):
            return lambda route: route.instance in path[3:4]
        return self._table_scope(path)

    def _table_scope(self, path: Path) -> Callable[[Route], bool]:
        rib = _after(path, "import-rib") or ""
        if rib.startswith(self.names.prefix):
            return lambda route: table(route.instance, route.family) == rib
        families = {
            family
            for family, word in FAMILY.items()
            if self.names.rib_group(family) in path or word in path or rib == f"{word}.0"
        }
        return lambda route: route.family in families


def _after(path: Path, word: str) -> str | None:
    at = path.index(word) + 1 if word in path else len(path)
    return path[at] if at < len(path) else None
