"""A router on which pushes are only rehearsed."""

from copy import deepcopy

from netconfig.drivers.juniper_junos.assemble import assemble
from netconfig.drivers.juniper_junos.names import Names
from netconfig.drivers.juniper_junos.reading import Reading, filters, make_reading
from netconfig.drivers.juniper_junos.render import Wish
from netconfig.drivers.juniper_junos.terms import read_fingerprint
from netconfig.drivers.juniper_junos.tree import Element, entry, parse


def imagine(actual: Reading, carried: str, names: Names) -> Reading:
    """The router as read, but with nothing of ours except what this text says."""

    def is_ours(term: Element) -> bool:
        owner = read_fingerprint(term)
        named = names.reservation_of(term.findtext("name") or "") is not None
        return named and (owner is None or owner[1] == names.ownership.database)

    group = assemble(actual.group, Wish(""), names, is_ours)
    if carried:
        _merge(group, parse(carried))
    for _, held in filters(group):
        if (rest := entry(held, "term", names.rest)) is not None:
            held.append(rest)
    return make_reading(group, actual.grounds, names, whole=actual.whole)


def _merge(into: Element, other: Element) -> None:
    for child in other:
        name = child.findtext("name")
        if child.tag == "name":
            continue
        if name is not None:
            found = entry(into, str(child.tag), name)
        elif child.tag == "import-rib":
            found = next((one for one in into.iterchildren("import-rib") if one.text == child.text), None)
        else:
            found = into.find(str(child.tag))
        if found is None:
            into.append(deepcopy(child))
        elif len(child) == 0:
            found.text = child.text
        else:
            _merge(found, child)
