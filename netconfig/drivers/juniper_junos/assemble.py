"""The group as it should be, made from the group as it is. Pure.

It is changed in place, in a copy: what stays keeps its position and its text, be it ours, a stranger's or the
operator's.
"""

from collections.abc import Callable
from copy import deepcopy

from netconfig.drivers.juniper_junos.names import FAMILY, Names, table
from netconfig.drivers.juniper_junos.reading import bindings, filters, terms
from netconfig.drivers.juniper_junos.render import Route, Wish, put_route
from netconfig.drivers.juniper_junos.terms import instance_of, read_fingerprint
from netconfig.drivers.juniper_junos.tree import Element, remove

Owns = Callable[[Element], bool]


def owner_test(
    names: Names, known: frozenset[int], adopted: frozenset[tuple[int, str]] = frozenset()
) -> Owns:
    """Tells whether a term is ours to change: of a known reservation, with our fingerprint or none."""

    def is_ours(term: Element) -> bool:
        number = names.reservation_of(term.findtext("name") or "")
        if number is None or number not in known:
            return False
        owner = read_fingerprint(term)
        return owner is None or owner == (number, names.ownership.database) or owner in adopted

    return is_ours


def assemble(
    actual: Element, wish: Wish, names: Names, is_ours: Owns, *, left_alone: frozenset[int] = frozenset()
) -> Element:
    """The group with what is wanted, without what is not; of parts `left_alone` all stays as it is."""
    group = deepcopy(actual)
    wanted = [route for route in wish.wanted if route.part_id not in left_alone]
    kept = frozenset(route.base for route in wish.wanted if route.part_id in left_alone)
    gone = _clear_filters(group, wish, wanted, kept, names, is_ours)
    for route in wanted:
        put_route(group, route, names)
    _clear_bindings(group, wanted, kept, names)
    involved = gone | {route.instance for route in (*wanted, *wish.leaving)}
    _clear_instances(group, involved)
    return group


def _clear_filters(
    group: Element, wish: Wish, wanted: list[Route], kept: frozenset[str], names: Names, is_ours: Owns
) -> set[str]:
    """Take the terms away that are not wanted; the instances that they, or those that stay, led to."""
    gone = set[str]()
    touched = {route.filter for route in (*wanted, *wish.leaving)}
    expected = {name for route in wanted for name in route.terms}
    for _, held in filters(group):
        name = held.findtext("name") or ""
        if not name.startswith(names.prefix):
            continue
        is_needed = any(route.filter == name for route in wanted)
        stays, is_cleared = False, False
        for term in list(held.iterchildren("term")):
            title = term.findtext("name") or ""
            if title in expected and is_needed:
                # To another next hop than before, perhaps.
                gone.add(instance_of(term) or "")
                stays = True
            elif names.base_of(title) in kept or (names.base_of(title) and not is_ours(term)):
                stays = True
            elif names.base_of(title):
                gone.add(instance_of(term) or "")
                held.remove(term)
                is_cleared = True
            elif is_needed and title != names.rest:
                held.remove(term)
        if not stays and not is_needed and (is_cleared or name in touched):
            remove(held, group)
    return gone


def _clear_bindings(group: Element, wanted: list[Route], kept: frozenset[str], names: Names) -> None:
    """Take our filters off where they are not to be, and those that are no more."""
    there = {held.findtext("name"): held for _, held in filters(group)}
    right = {(route.interface, route.family): route.filter for route in wanted}
    for interface, family, name in bindings(group):
        filter_name = name.text or ""
        if not filter_name.startswith(names.prefix):
            continue
        held = there.get(filter_name)
        is_settled = any(route.filter == filter_name for route in wanted) and not (
            held is not None and _has_any(held, kept, names)
        )
        if held is None or (is_settled and right.get((interface, family)) != filter_name):
            remove(name, group)


def _has_any(held: Element, kept: frozenset[str], names: Names) -> bool:
    return any(names.base_of(term.findtext("name") or "") in kept for term in held.iterchildren("term"))


def _clear_instances(group: Element, involved: set[str]) -> None:
    """Take the instances away that no term leads to any more, and their tables."""
    needed = {instance_of(term) for _, term in terms(group)}
    over = involved - {"", *(name for name in needed if name)}
    for instance in list(group.iterfind("routing-instances/instance")):
        if instance.findtext("name") in over:
            remove(instance, group)
    tables = {table(name, family) for name in over for family in FAMILY}
    mains = {f"{word}.0" for word in FAMILY.values()}
    for rib_group in list(group.iterfind("routing-options/rib-groups")):
        held = list(rib_group.iterchildren("import-rib"))
        leaving = [one for one in held if one.text in tables]
        if not leaving:
            continue
        for one in leaving:
            rib_group.remove(one)
        if {one.text for one in rib_group.iterchildren("import-rib")} <= mains:
            _remove_rib_group(group, rib_group)


def _remove_rib_group(group: Element, rib_group: Element) -> None:
    name = rib_group.findtext("name")
    for word in FAMILY.values():
        for user in group.iterfind(f"routing-options/interface-routes/rib-group/{word}"):
            if user.text == name:
                remove(user, group)
    remove(rib_group, group)
