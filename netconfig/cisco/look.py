"""The last look at whose objects a plan touches, before it may leave the house."""

import re

from netconfig.cisco.config import Reading, Wish, is_ours
from netconfig.cisco.names import Names
from netconfig.cisco.strangers import Holdings

_ENTRY = re.compile(r"(?:no )?route-map (\S+) (?:permit|deny) (\d+)")
_LIST = re.compile(r"(?:no )?(?:ip|ipv6) access-list (?:extended )?(\S+)")
_POLICY = re.compile(r"(?:no )?(ip|ipv6) policy route-map (\S+)")


class Look:
    """What a plan may touch: ours, and of the site's what the wish names."""

    def __init__(self, names: Names, actual: Reading, wish: Wish, holdings: Holdings) -> None:
        self._names = names
        self._running = actual.running
        self._wish = wish
        self._holdings = holdings

    def may_enter(self, header: str) -> bool:
        """Whether a top-level line may be sent."""
        if header.startswith("interface "):
            return header.removeprefix("interface ") in self._running.policies
        if found := _LIST.fullmatch(header):
            return self._may_enter_list(found[1], header)
        if found := _ENTRY.fullmatch(header):
            place = found[1], int(found[2])
            there = any(entry.sequence == place[1] for entry in self._running.route_maps.get(place[0], ()))
            return place in self._holdings.entries or (place in self._wish.entries and not there)
        return False

    def _may_enter_list(self, name: str, header: str) -> bool:
        if name in self._holdings.access_lists:
            return True
        if is_ours(name, self._names):
            return name not in self._running.access_lists and not header.startswith("no ")
        return name in self._running.access_lists and not header.startswith("no ")

    def may_change(self, header: str, line: str) -> bool:
        """Whether a line may be sent in the block of a header that may be."""
        if header.startswith("interface ") and line != "exit":
            return self._may_set_policy(header.removeprefix("interface "), line)
        found = _LIST.fullmatch(header)
        if found and not is_ours(found[1], self._names) and line != "exit":
            text = line[line.find("permit ") :]
            path = header, text
            wanted = path in self._wish.serves and not line.startswith("no ")
            return wanted or (path in self._wish.retired and line == f"no {text}")
        return True

    def _may_set_policy(self, interface: str, line: str) -> bool:
        found = _POLICY.fullmatch(line)
        if not found:
            return False
        family = 4 if found[1] == "ip" else 6
        carried = self._running.policies[interface].get(6 if family == 6 else 4)
        may_replace = carried is None or self._names.revision_of(carried, interface, family) is not None
        return may_replace and self._names.revision_of(found[2], interface, family) is not None
