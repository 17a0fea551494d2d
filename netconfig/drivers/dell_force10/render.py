"""What a switch should carry for its parts, in its own language."""

from collections import defaultdict
from collections.abc import Sequence

from netconfig.carried import RouterPart
from netconfig.cli.adoption import former_owners
from netconfig.cli.blocks import Block, text_of
from netconfig.cli.fingerprint import fingerprint
from netconfig.cli.permits import permit_lines
from netconfig.cli.wish import Memory, members_of
from netconfig.drivers.dell_force10.config import Wish, number
from netconfig.drivers.dell_force10.grounds import Ground, ground_of
from netconfig.drivers.dell_force10.names import Names
from netconfig.drivers.dell_force10.place import redirects, route_list
from netconfig.drivers.dell_force10.running import (
    ACCESS_LIST,
    DESCRIPTION,
    GROUP,
    REDIRECT_LIST,
    interface_header,
)
from netconfig.intent import AccessPermit, PolicyRoute

Path = tuple[str, ...]


def render(parts: Sequence[RouterPart], names: Names) -> Wish:
    """The wish of the wanted parts, and what is to be forgotten with those that are not.

    Raises:
        ValueError: a wanted part has not been placed.
    """
    page = _Page(names)
    for part in sorted(parts, key=lambda part: (part.wanted, part.part_id)):
        if part.wanted and not part.placement:
            raise ValueError(f"part {part.part_id} has not been placed")
        if part.wanted:
            page.note_ground(part)
        if isinstance(part.intent, AccessPermit):
            page.write_permits(part, part.intent)
        elif not part.over and (name := route_list(part.placement)):
            page.write_route(part, part.intent, name)
    return page.finish(parts)


class _Page:
    def __init__(self, names: Names) -> None:
        self._names = names
        self._site_lists: dict[str, dict[str, str]] = defaultdict(dict)
        self._lists: list[Block] = []
        self._interfaces: dict[str, list[str]] = defaultdict(list)
        self._serves: dict[Path, set[int]] = defaultdict(set)
        self._leaving: dict[Path, set[int]] = defaultdict(set)
        self._grounds: dict[Ground, set[int]] = defaultdict(set)
        self._remembered: dict[tuple[str, str], Memory] = {}

    def note_ground(self, part: RouterPart) -> None:
        self._grounds[ground_of(part)].add(part.part_id)

    def write_permits(self, part: RouterPart, intent: AccessPermit) -> None:
        header = f"{ACCESS_LIST}{intent.access_list}"
        for line in permit_lines(part):
            if line["existed"]:
                continue
            if part.over:
                memory = Memory(part.part_id, part.reservation_id, intent.sequences)
                self._remembered[header, line["text"]] = memory
                continue
            if part.wanted:
                self._site_lists[header][line["text"]] = f"seq {line['sequence']} {line['text']}"
            self._needs(part)[header, line["text"]].add(part.part_id)

    def write_route(self, part: RouterPart, intent: PolicyRoute, name: str) -> None:
        header, group = f"{REDIRECT_LIST}{name}", f"{GROUP}{name}"
        interface = interface_header(intent.interface)
        needs = self._needs(part)
        needs[header,].add(part.part_id)
        needs[interface, group].add(part.part_id)
        if part.wanted:
            described = DESCRIPTION + fingerprint(part.reservation_id, self._names.ownership.database)
            self._lists.append((header, (described, *number(redirects(intent)))))
            self._interfaces[interface].append(group)

    def finish(self, parts: Sequence[RouterPart]) -> Wish:
        site = [(header, tuple(lines.values())) for header, lines in self._site_lists.items()]
        interfaces = [(header, tuple(lines)) for header, lines in self._interfaces.items()]
        leaving = {path: frozenset(ids) for path, ids in self._leaving.items()}
        return Wish(
            text=text_of([*site, *self._lists, *interfaces]),
            serves={path: frozenset(ids) for path, ids in self._serves.items()},
            retired=frozenset(path for path in leaving if _is_permit(path) and path not in self._serves),
            leaving=leaving,
            members=members_of([part for part in parts if not part.over]),
            reservations={part.part_id: part.reservation_id for part in parts},
            grounds={ground: frozenset(ids) for ground, ids in self._grounds.items()},
            adopted=former_owners(part for part in parts if not part.over),
            remembered=self._remembered,
        )

    def _needs(self, part: RouterPart) -> dict[Path, set[int]]:
        return self._serves if part.wanted else self._leaving


def _is_permit(path: Path) -> bool:
    return len(path) == 2 and path[0].startswith(ACCESS_LIST)
