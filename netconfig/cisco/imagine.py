"""A router as it would read if it carried what was only rehearsed."""

from collections.abc import Mapping
from dataclasses import replace

from netconfig.cisco.config import is_ours, managed_entries
from netconfig.cisco.dialect import Family
from netconfig.cisco.names import Names
from netconfig.cisco.running import AccessList, Running, parse_running


def imagine(running: Running, carried: str, names: Names) -> Running:
    """What the site has there, and of ours nothing but this text.

    Its lines in lists and maps of the site's are added to what stands in those.
    """
    rehearsed = parse_running(carried, running.dialect)
    lists = {name: held for name, held in running.access_lists.items() if not is_ours(name, names)}
    for name, held in rehearsed.access_lists.items():
        lists[name] = _joined(lists[name], held) if name in lists else held
    managed = set(managed_entries(running, names))
    maps = {
        name: [entry for entry in entries if entry not in managed]
        for name, entries in running.route_maps.items()
    }
    for name, entries in rehearsed.route_maps.items():
        maps[name] = [*maps.get(name, ()), *entries]
    return replace(
        running,
        policies={
            interface: _policies(interface, has, rehearsed.policies.get(interface, {}), names)
            for interface, has in running.policies.items()
        },
        access_lists=lists,
        route_maps={
            name: tuple(sorted(entries, key=lambda entry: entry.sequence))
            for name, entries in maps.items()
            if entries
        },
    )


def _joined(held: AccessList, added: AccessList) -> AccessList:
    news = [rule for rule in added.rules if held.find(rule.text) is None]
    rules = sorted([*held.rules, *news], key=lambda rule: rule.sequence)
    return replace(held, rules=tuple(rules))


def _policies(
    interface: str, has: Mapping[Family, str], rehearsed: Mapping[Family, str], names: Names
) -> dict[Family, str]:
    theirs = {family: name for family, name in has.items() if not names.revision_of(name, interface, family)}
    return {**theirs, **rehearsed}
