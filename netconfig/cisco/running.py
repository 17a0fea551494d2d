"""A running configuration, taken apart: the access lists, route maps and policy lines a ticket meets."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from netconfig.cisco.ace import canonical
from netconfig.cisco.dialect import Dialect, Family
from netconfig.cisco.names import read_fingerprint
from netconfig.cli import access
from netconfig.cli.access import Rule
from netconfig.cli.blocks import printed_blocks

_ROUTE_MAP = re.compile(r"route-map (\S+) (permit|deny) (\d+)\b.*")
_LIST = re.compile(r"access-list (\S+) .*|\S+ access-list (?:(?:extended|standard) )?(\S+)")
_RULE = re.compile(r"(?:sequence )?(\d+ )?((?:permit|deny) .*)")
MATCHES = re.compile(r"\s*(?:\((\d+) (?:estimate )?match(?:es)?\)|\[match=(\d+)\])")
"""How often an entry was hit, as it is shown behind it."""
_BESIDE = re.compile(r"\s*(?:\([^()]*\)|\[match=\d+\])")
"""What is shown beside an entry: how often it was hit, whether its time range is on."""
_SHOWN_LIST = re.compile(r"(?:Extended IP access list|IPv6 access list) (\S+)(?: .*)?")
_POLICY = re.compile(r"(ip|ipv6) policy route-map (\S+)")
POLICY: Mapping[Family, str] = {4: "ip policy route-map", 6: "ipv6 policy route-map"}
MATCH: Mapping[Family, str] = {4: "match ip address", 6: "match ipv6 address"}
NEXT_HOP: Mapping[Family, str] = {4: "set ip next-hop", 6: "set ipv6 next-hop"}


@dataclass(frozen=True, slots=True)
class AccessList(access.AccessList):
    """A named access list, an extended one of IPv4 or one of IPv6.

    Attributes:
        owner: reservation and database of our remark in it, if it has one.
        counts: whether it says that it counts; never where lists count by themselves.
    """

    dialect: Dialect = field(kw_only=True)
    family: Family = field(kw_only=True)
    owner: tuple[int, str] | None = None
    counts: bool = False

    @property
    def header(self) -> str:
        """The line its block begins with."""
        return f"{self.dialect.list_header[self.family]} {self.name}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered entry of a route map; its lines are canonical, one access list to a match."""

    route_map: str
    sequence: int
    action: str
    lines: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """The line its block begins with."""
        return f"route-map {self.route_map} {self.action} {self.sequence}"

    @property
    def wished_header(self) -> str:
        """The header that one of ours has in this place."""
        return f"route-map {self.route_map} permit {self.sequence}"

    @property
    def place(self) -> tuple[str, int]:
        """Route map and number."""
        return self.route_map, self.sequence

    @property
    def access_lists(self) -> tuple[str, ...]:
        """Names of the access lists it matches."""
        return tuple(line.rpartition(" ")[2] for line in self.lines if line.startswith(tuple(MATCH.values())))


@dataclass(frozen=True, slots=True)
class Running:
    """What of a running configuration concerns us.

    Attributes:
        policies: names of the route maps on each interface, by family; every interface is a key.
        access_lists: by name.
        route_maps: their entries in order, by name.
        other_lists: names that access lists of other kinds occupy.
        lacks: the line that policy routing must be switched on with, if it is not there.
        unnumbered: names of access lists whose rules' numbers the router does not tell.
    """

    dialect: Dialect
    policies: Mapping[str, Mapping[Family, str]] = field(default_factory=dict)
    access_lists: Mapping[str, AccessList] = field(default_factory=dict)
    route_maps: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    other_lists: frozenset[str] = frozenset()
    lacks: str = ""
    unnumbered: frozenset[str] = frozenset()

    def is_loose(self, entry: Entry) -> bool:
        """Whether it matches every packet: no match at all, or one of a list that is missing or empty.

        See "Policy-based routing is not working correctly, all traffic is being policy-routed" (Cisco). Of
        NX-OS its documents say so of an entry without a match, and nothing of lists: taken to be as on IOS.
        """
        if not any(line.startswith("match ") for line in entry.lines):
            return True
        lists = (self.access_lists.get(name) for name in entry.access_lists)
        return any(found is None or not found.rules for found in lists)


def parse_running(text: str, dialect: Dialect) -> Running:
    """Take a running configuration apart; what does not concern us is passed over."""
    policies: dict[str, dict[Family, str]] = {}
    lists: dict[str, AccessList] = {}
    maps: dict[str, list[Entry]] = {}
    others: set[str] = set()
    features = {dialect.feature} - {""}
    for header, lines in printed_blocks(text):
        features.discard(header)
        if header.startswith("interface "):
            policies[header.removeprefix("interface ")] = _policies(lines)
        elif found := _ROUTE_MAP.fullmatch(header):
            entry = Entry(found[1], int(found[3]), found[2], tuple(_statements(lines)))
            maps.setdefault(entry.route_map, []).append(entry)
        elif found := _LIST.fullmatch(header):
            parsed = _access_list(header, lines, dialect)
            if parsed:
                lists[parsed.name] = parsed
            else:
                others.add(found[1] or found[2])
    ordered = {name: tuple(sorted(entries, key=lambda e: e.sequence)) for name, entries in maps.items()}
    return Running(dialect, policies, lists, ordered, frozenset(others), "".join(features))


def number_rules(running: Running, shown: str) -> Running:
    """Give the rules the numbers that `show ip access-lists` and `show ipv6 access-list` print.

    A list that is shown otherwise than it is configured, having changed between the two, stays without.
    """
    numbers: dict[str, list[Rule]] = {}
    current: list[Rule] = []
    for line in shown.splitlines():
        if not line.startswith(" "):
            found = _SHOWN_LIST.fullmatch(line.strip())
            # The rules of a list of another kind are nobody's.
            current = numbers.setdefault(found[1], []) if found else []
        elif rule := _shown_rule(line):
            current.append(rule)
    lists = {}
    unnumbered = set()
    for name, known in running.access_lists.items():
        if any(rule.sequence == 0 for rule in known.rules):
            rules = tuple(
                Rule(rule.sequence, canonical(rule.text, known.family, known.dialect))
                for rule in numbers.get(name, [])
            )
            if [rule.text for rule in rules] == [rule.text for rule in known.rules]:
                known = replace(known, rules=rules)  # noqa: PLW2901
            else:
                unnumbered.add(name)
        lists[name] = known
    return replace(running, access_lists=lists, unnumbered=frozenset(unnumbered))


def _policies(lines: Sequence[str]) -> dict[Family, str]:
    found = (_POLICY.fullmatch(line) for line in lines)
    return {4 if match[1] == "ip" else 6: match[2] for match in found if match}


def _statements(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        words = line.split()
        prefix = " ".join(words[:3])
        if prefix in MATCH.values() and words[3:4] != ["prefix-list"]:
            yield from (f"{prefix} {name}" for name in words[3:])
        elif prefix == NEXT_HOP[6]:
            yield line.lower()
        else:
            yield line


def _access_list(header: str, lines: Sequence[str], dialect: Dialect) -> AccessList | None:
    family: Family = 6 if header.startswith("ipv6 ") else 4
    before, _, name = header.rpartition(" ")
    if before != dialect.list_header[family]:
        return None
    owner = None
    rules = []
    for line in lines:
        if found := _RULE.fullmatch(line):
            rules.append(Rule(int(found[1] or 0), canonical(found[2], family, dialect)))
        elif "remark " in line:
            owner = owner or read_fingerprint(line[line.index("remark ") :])
    counts = dialect.counting != "" and dialect.counting in lines
    return AccessList(name, tuple(rules), owner, counts, dialect=dialect, family=family)


def _shown_rule(line: str) -> Rule | None:
    words = _BESIDE.sub("", line)
    if found := re.fullmatch(r"\s*(\d+) ((?:permit|deny) .*)", words):
        return Rule(int(found[1]), found[2].strip())
    if found := re.fullmatch(r"\s*((?:permit|deny) .*) sequence (\d+)\s*", words):
        return Rule(int(found[2]), found[1].strip())
    return None
