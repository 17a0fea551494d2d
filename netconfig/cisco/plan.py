"""The lines that make a router equal to the wish, in the order that is safe for running traffic.

Coming: lists, entries (match before set), the interface's policy line. Going: the policy line, entries,
lists. A route-map entry without its list matches every packet, so neither order may be turned round. For
the same reason a block with a next hop begins with the match again: if somebody took the entry away since
it was read, or since the block before, the header makes a new one, which matches every packet.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from netconfig.cisco.adoption import as_adopted
from netconfig.cisco.config import (
    Reading,
    Wish,
    interface_blocks,
    is_ours,
    list_block,
)
from netconfig.cisco.dialect import Family, SecondMatch
from netconfig.cisco.difference import difference
from netconfig.cisco.grounds import InList, hindrance
from netconfig.cisco.look import Look
from netconfig.cisco.names import Names, fingerprint, is_fingerprint
from netconfig.cisco.running import MATCH, POLICY, AccessList, Entry
from netconfig.cisco.strangers import Holdings, sort_holdings
from netconfig.cli.blocks import Block, blocks_of
from netconfig.cli.permits import check_single
from netconfig.cli.push import SessionPlan
from netconfig.cli.recall import recall
from netconfig.cli.steps import Steps, check_touches_only_ours
from netconfig.driver import Plan


def make_plan(device: str, names: Names, actual: Reading, wish: Wish, known: frozenset[int]) -> Plan:
    """The plan from a reading to a wish; see `DeviceDriver.plan`.

    Raises:
        StateUnknown: it would touch what is not ours, or a permit to be removed stands twice.
    """
    strange = [held for held in actual.running.access_lists.values() if held.owner in wish.adopted]
    actual = replace(actual, running=as_adopted(actual.running, wish.adopted, names))
    wish, returned = recall(actual.running.access_lists.values(), wish)
    holdings = sort_holdings(actual, wish, names, known)
    planner = _Planner(device, names, actual, wish, holdings, strange)
    steps = planner.plan()
    check_touches_only_ours(device, steps.lines, Look(names, actual, wish, holdings))
    return SessionPlan(tuple(steps.lines), (*holdings.strangers, *returned), actual.session)


class _Planner:
    def __init__(
        self,
        device: str,
        names: Names,
        actual: Reading,
        wish: Wish,
        holdings: Holdings,
        strange: Sequence[AccessList],
    ) -> None:
        self._database = names.ownership.database
        self._strange = strange
        self._running = actual.running
        self._wish = wish
        self._holdings = holdings
        self._steps = Steps(wish)
        self._want = dict(blocks_of(wish.text))
        self._hindered = self._withhold_hindered(names) if actual.whole else {}
        self._site_lists = self._shorten_permits(device, names)
        have = dict(self._have(names))
        for header in (*have, *self._want):
            if header.startswith("interface ") or header in self._site_lists:
                # Both sides hold the header, so that hier-config never thinks of removing it.
                have.setdefault(header, ())
                self._want.setdefault(header, ())
        self._have_blocks = have
        self._delta = difference(have, self._want)

    def plan(self) -> Steps:
        rewritten = [header for header in self._delta if self._must_be_rewritten(header)]
        exposed = [e for e in self._entries_using(rewritten) if e.header in self._want]
        urgent = [e for e in self._holdings.entries.values() if self._is_urgent(e)]
        self._remove_entries({e.place: e for e in (*urgent, *exposed)}.values())
        self._steps.remove_lines((f"no {h}", *self._whose_list(h)) for h in rewritten)
        self._write_fingerprints(rewritten)
        self._write_lists(rewritten)
        self._write_permits()
        self._write_entries({e.header for e in exposed})
        self._write_policies(removal=False)
        self._write_policies(removal=True)
        gone = (e for e in self._holdings.entries.values() if f"no {e.header}" in self._delta)
        self._remove_entries(e for e in gone if not self._is_urgent(e))
        lists = [h.removeprefix("no ") for h in self._delta if h.startswith("no ") and _is_list(h[3:])]
        self._steps.remove_lines((f"no {h}", *self._whose_list(h)) for h in lists)
        self._remove_permits()
        for words, parts in self._hindered.items():
            self._steps.note_hindrance(words, parts)
        return self._steps

    def _withhold_hindered(self, names: Names) -> dict[str, frozenset[int]]:
        """What the site's part of the router lacks, and for which parts; `_want` loses what needs it."""
        found: dict[str, frozenset[int]] = {}
        for ground, parts in self._wish.grounds.items():
            wrong = hindrance(ground, self._running, names)
            if wrong is None:
                continue
            found[wrong.words] = found.get(wrong.words, frozenset()) | parts
            if isinstance(ground, InList):
                self._want.pop(wrong.line, None)
            elif ground.policy is None:
                header = f"interface {ground.interface}"
                lines = (x for x in self._want.pop(header, ()) if not x.startswith(POLICY[ground.family]))
                self._want |= {header: left} if (left := tuple(lines)) else {}
            elif ground.policy not in self._running.route_maps:
                there = f"route-map {ground.policy} "
                self._want = {h: lines for h, lines in self._want.items() if not h.startswith(there)}
        return found

    def _have(self, names: Names) -> Iterator[Block]:
        """What there is of the things that this plan may change."""
        for header in self._site_lists:
            retired = {path[1] for path in self._wish.retired if path[0] == header}
            held = self._held(header)
            concerned = retired.union(self._want.get(header, ()))
            texts = dict.fromkeys(rule.text for rule in held.rules) if held else {}
            yield header, tuple(text for text in texts if text in concerned)
        for name in self._holdings.access_lists:
            yield list_block(self._running.access_lists[name])
        for entry in self._holdings.entries.values():
            yield entry.header, tuple(dict.fromkeys(entry.lines))
        for header, lines in interface_blocks(self._running, names):
            wanted = self._want.get(header, ())
            kept = self._holdings.strange_maps
            yield header, tuple(x for x in lines if x in wanted or x.rpartition(" ")[2] not in kept)

    def _shorten_permits(self, device: str, names: Names) -> dict[str, dict[str, str]]:
        """Lists of the site's: the permits we want, with their numbers by their text; `_want` loses those."""
        lists: dict[str, dict[str, str]] = {path[0]: {} for path in sorted(self._wish.retired)}
        for header, wanted in self._want.items():
            if _is_list(header) and not is_ours(header.rpartition(" ")[2], names):
                lists[header] = {line[line.index("permit ") :]: line for line in wanted}
                self._want[header] = tuple(lists[header])
        for header, lines in lists.items():
            retired = {path[1] for path in self._wish.retired if path[0] == header}
            check_single(device, self._held(header), {*lines, *retired})
        return lists

    def _held(self, header: str) -> AccessList | None:
        return self._running.access_lists.get(header.rpartition(" ")[2])

    def _must_be_rewritten(self, header: str) -> bool:
        """A list of ours that holds something else than the beginning of what is wanted."""
        if header in self._site_lists or not _is_list(header) or header not in self._have_blocks:
            return False
        have, want = self._have_blocks[header], self._want[header]
        if not any(map(is_fingerprint, have)):
            # A remark may come at any time.
            want = tuple(line for line in want if not is_fingerprint(line))
        return have != want[: len(have)]

    def _entries_using(self, list_headers: Iterable[str]) -> list[Entry]:
        names = {header.rpartition(" ")[2] for header in list_headers}
        return [e for e in self._holdings.entries.values() if names.intersection(e.access_lists)]

    def _is_urgent(self, entry: Entry) -> bool:
        """It has to go, and first: it takes every packet, or stands where another one is to come."""
        if f"no {entry.header}" not in self._delta:
            return False
        return self._running.is_loose(entry) or entry.wished_header in self._want

    def _write_fingerprints(self, rewritten: list[str]) -> None:
        """Ours in place of another's, on lists that are adopted: a remark, which no packet meets."""
        for held in self._strange:
            if held.owner and held.header in self._want and held.header not in rewritten:
                parts = self._served(held.header)
                self._steps.remove_in_block(held.header, [f"no {fingerprint(*held.owner)}"], parts)
                self._steps.add_block(held.header, [fingerprint(held.owner[0], self._database)], parts)

    def _write_lists(self, rewritten: list[str]) -> None:
        for header, lines in self._delta.items():
            if not _is_list(header) or header in self._site_lists:
                continue
            is_new = header in rewritten or header not in self._have_blocks
            wanted = self._want[header] if header in rewritten else lines
            undo = f"no {header}" if is_new else None
            self._steps.add_block(header, wanted, self._served(header), undo=undo)

    def _write_permits(self) -> None:
        for header, numbered in self._site_lists.items():
            for text in self._delta.get(header, ()):
                if not text.startswith("no "):
                    self._steps.add_block(header, [numbered[text]], self._served(header, text))

    def _remove_permits(self) -> None:
        for header in self._site_lists:
            for text in self._delta.get(header, ()):
                if text.startswith("no "):
                    parts = self._wish.leaving.get((header, text.removeprefix("no ")), frozenset())
                    self._steps.remove_in_block(header, [text], parts)

    def _write_entries(self, exposed: set[str]) -> None:
        headers = [h for h in self._want if h.startswith("route-map ") and (h in self._delta or h in exposed)]
        for header in headers:
            parts = self._served(header)
            if header in exposed or header not in self._have_blocks:
                undo = f"no {header}"
                match = [line for line in self._want[header] if line.startswith("match ")]
                self._steps.add_block(header, match, parts, undo=undo)
                self._steps.add_block(header, self._want[header], parts, undo=undo)
            else:
                self._edit_entry(header, self._delta[header], parts)

    def _edit_entry(self, header: str, lines: tuple[str, ...], parts: frozenset[int]) -> None:
        match = [line for line in lines if line.startswith("match ")]
        self._steps.add_block(header, match, parts)
        families: tuple[Family, ...] = (4, 6)
        replaced = tuple(
            f"no {MATCH[family]} "
            for family in families
            if self._running.dialect.second_match[family] is not SecondMatch.ADDED
            and any(line.startswith(MATCH[family]) for line in match)
        )
        going = [line for line in lines if line.startswith("no ") and not line.startswith(replaced)]
        self._steps.remove_in_block(header, going, parts)
        # A second next hop is added to the first, which therefore has gone before.
        if any(line.startswith("set ") for line in lines):
            self._steps.add_block(header, self._want[header], parts)

    def _write_policies(self, *, removal: bool) -> None:
        for header, lines in self._delta.items():
            if not header.startswith("interface "):
                continue
            coming = [x for x in lines if not x.startswith("no ")]
            replaced = {x.split()[0] for x in coming}
            for line in lines:
                if line in coming and not removal:
                    self._steps.add_block(header, [line], self._served(header, line))
                elif line not in coming and removal and line.split()[1] not in replaced:
                    self._steps.remove_in_block(header, [line], self._leaving_policy(header, line))

    def _leaving_policy(self, header: str, line: str) -> frozenset[int]:
        exact = self._wish.leaving.get((header, line.removeprefix("no ")))
        others = (ids for path, ids in self._wish.leaving.items() if path[0] == header)
        return exact or frozenset[int]().union(*others)

    def _remove_entries(self, entries: Iterable[Entry]) -> None:
        self._steps.remove_lines((f"no {e.header}", *self._whose_entry(e)) for e in entries)

    def _whose_entry(self, entry: Entry) -> tuple[frozenset[int], int | None]:
        owner = self._holdings.owners[entry.place]
        return self._whose(entry.header, owner), owner

    def _whose_list(self, header: str) -> tuple[frozenset[int], int | None]:
        owner = self._holdings.access_lists.get(header.rpartition(" ")[2])
        return self._whose(header, owner), owner

    def _whose(self, header: str, owner: int | None) -> frozenset[int]:
        members = self._wish.members.get(owner, frozenset()) if owner is not None else frozenset[int]()
        return self._wish.leaving.get((header,)) or self._wish.serves.get((header,)) or members

    def _served(self, *path: str) -> frozenset[int]:
        return self._wish.serves.get(path, frozenset())


def _is_list(header: str) -> bool:
    return header.startswith(("ip access-list ", "ipv6 access-list "))
