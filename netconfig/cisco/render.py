"""What a router should carry for its parts, in its own language."""

from collections import defaultdict
from collections.abc import Sequence

from netconfig.carried import RouterPart
from netconfig.cisco.ace import write_permit
from netconfig.cisco.config import Wish, number
from netconfig.cisco.dialect import Dialect
from netconfig.cisco.grounds import Ground, ground_of
from netconfig.cisco.names import Names, fingerprint
from netconfig.cisco.place import next_hop_lines, route_place
from netconfig.cisco.running import MATCH, POLICY
from netconfig.cli.adoption import former_owners
from netconfig.cli.blocks import Block, text_of
from netconfig.cli.permits import permit_lines
from netconfig.cli.wish import Memory, members_of
from netconfig.intent import AccessPermit, PolicyRoute

Path = tuple[str, ...]


def render(parts: Sequence[RouterPart], names: Names, dialect: Dialect) -> Wish:
    """The wish of the wanted parts, and what is to be forgotten with those that are not.

    Raises:
        ValueError: a wanted part has not been placed.
    """
    page = _Page(names, dialect)
    # The wanted last: a number that one of them has now is no longer that of a part that left.
    for part in sorted(parts, key=lambda part: (part.wanted, part.part_id)):
        if part.wanted and not part.placement:
            raise ValueError(f"part {part.part_id} has not been placed")
        if part.wanted:
            page.note_ground(part)
        if isinstance(part.intent, AccessPermit):
            page.write_permits(part, part.intent)
        elif not part.over and (route := route_place(part.placement)):
            page.write_route(part, part.intent, route["acl"], (route["map"], route["sequence"]))
    return page.finish(parts)


class _Page:
    def __init__(self, names: Names, dialect: Dialect) -> None:
        self._names = names
        self._dialect = dialect
        self._site_lists: dict[str, dict[str, str]] = defaultdict(dict)
        self._lists: list[Block] = []
        self._entries: dict[tuple[str, int], Block] = {}
        self._interfaces: dict[str, list[str]] = defaultdict(list)
        self._owners: dict[tuple[str, int], tuple[int, tuple[str, ...]]] = {}
        self._serves: dict[Path, set[int]] = defaultdict(set)
        self._leaving: dict[Path, set[int]] = defaultdict(set)
        self._grounds: dict[Ground, set[int]] = defaultdict(set)
        self._remembered: dict[tuple[str, str], Memory] = {}

    def note_ground(self, part: RouterPart) -> None:
        self._grounds[ground_of(part)].add(part.part_id)

    def write_permits(self, part: RouterPart, intent: AccessPermit) -> None:
        family = intent.flows[0].family
        header = f"{self._dialect.list_header[family]} {intent.access_list}"
        for line in permit_lines(part):
            if line["existed"]:
                continue
            if part.over:
                memory = Memory(part.part_id, part.reservation_id, intent.sequences)
                self._remembered[header, line["text"]] = memory
                continue
            if part.wanted:
                numbered = self._dialect.numbered(line["sequence"], line["text"], family)
                self._site_lists[header][line["text"]] = numbered
            self._needs(part)[header, line["text"]].add(part.part_id)

    def write_route(self, part: RouterPart, intent: PolicyRoute, acl: str, at: tuple[str, int]) -> None:
        family = intent.flows[0].family
        needs = self._needs(part)
        next_hops = next_hop_lines(intent)
        self._owners[at] = part.reservation_id, next_hops
        list_header = f"{self._dialect.list_header[family]} {acl}"
        entry_header = f"route-map {at[0]} permit {at[1]}"
        interface, policy = f"interface {intent.interface}", f"{POLICY[family]} {at[0]}"
        needs[list_header,].add(part.part_id)
        needs[entry_header,].add(part.part_id)
        if intent.policy is None:
            needs[interface, policy].add(part.part_id)
        if not part.wanted:
            return
        remark = fingerprint(part.reservation_id, self._names.ownership.database)
        counting = (self._dialect.counting,) if self._dialect.counting else ()
        texts = [write_permit(flow, self._dialect) for flow in intent.flows]
        permits = number(texts, family, self._dialect)
        self._lists.append((list_header, (*counting, remark, *permits)))
        self._entries[at] = entry_header, (f"{MATCH[family]} {acl}", next_hops[0])
        if intent.policy is None and policy not in self._interfaces[interface]:
            self._interfaces[interface].append(policy)

    def finish(self, parts: Sequence[RouterPart]) -> Wish:
        site = [(header, tuple(lines.values())) for header, lines in self._site_lists.items()]
        ours = [block for _, block in sorted(self._entries.items())]
        interfaces = [(header, tuple(lines)) for header, lines in self._interfaces.items()]
        leaving = {path: frozenset(ids) for path, ids in self._leaving.items()}
        return Wish(
            text=text_of([*site, *self._lists, *ours, *interfaces]),
            serves={path: frozenset(ids) for path, ids in self._serves.items()},
            retired=frozenset(path for path in leaving if _is_permit(path) and path not in self._serves),
            leaving=leaving,
            entries=dict(self._owners),
            members=members_of([part for part in parts if not part.over]),
            reservations={part.part_id: part.reservation_id for part in parts},
            grounds={ground: frozenset(ids) for ground, ids in self._grounds.items()},
            adopted=former_owners(part for part in parts if not part.over),
            remembered=self._remembered,
        )

    def _needs(self, part: RouterPart) -> dict[Path, set[int]]:
        return self._serves if part.wanted else self._leaving


def _is_permit(path: Path) -> bool:
    return len(path) == 2 and "access-list" in path[0]
