"""The lines that make a switch equal to the wish, in the order that is safe for running traffic.

Coming: lists, permits, then the groups that apply the lists. Going: groups, lists, permits. So packets are
only ever looked up in lists that are whole.
"""

from collections.abc import Iterator
from dataclasses import replace

from netconfig.cli.blocks import blocks_of
from netconfig.cli.permits import check_single
from netconfig.cli.push import SessionPlan
from netconfig.cli.recall import recall
from netconfig.cli.steps import Steps, check_touches_only_ours
from netconfig.driver import Plan
from netconfig.drivers.dell_force10.adoption import as_adopted
from netconfig.drivers.dell_force10.config import Reading, Wish
from netconfig.drivers.dell_force10.grounds import hindrance
from netconfig.drivers.dell_force10.look import Look
from netconfig.drivers.dell_force10.names import Names
from netconfig.drivers.dell_force10.running import (
    ACCESS_LIST,
    GROUP,
    INTERFACE,
    REDIRECT_LIST,
    Running,
    interface_header,
    interface_of,
    parse_running,
)
from netconfig.drivers.dell_force10.strangers import Holdings, sort_holdings


def make_plan(device: str, names: Names, actual: Reading, wish: Wish, known: frozenset[int]) -> Plan:
    """The plan from a reading to a wish; see `DeviceDriver.plan`.

    Raises:
        StateUnknown: it would touch what is not ours, or a permit to be removed stands twice.
    """
    as_it_is = actual.running
    actual = replace(actual, running=as_adopted(as_it_is, wish.adopted, names))
    wish, returned = recall(actual.running.access_lists.values(), wish)
    holdings = sort_holdings(actual.running, names, known)
    steps = _Planner(device, actual, as_it_is, wish, holdings).plan()
    check_touches_only_ours(device, steps.lines, Look(names, actual, wish, holdings))
    return SessionPlan(tuple(steps.lines), (*holdings.strangers, *returned), actual.session)


class _Planner:
    def __init__(
        self, device: str, actual: Reading, as_it_is: Running, wish: Wish, holdings: Holdings
    ) -> None:
        self._running = actual.running
        self._as_it_is = as_it_is
        self._wish = wish
        self._holdings = holdings
        self._steps = Steps(wish)
        self._want = dict(blocks_of(wish.text))
        self._hindered = self._withhold_hindered() if actual.whole else {}
        self._wanted = parse_running(wish.text).redirect_lists
        self._check_permits(device)

    def plan(self) -> Steps:
        rewritten = [name for name in self._wanted if self._must_be_rewritten(name)]
        self._remove_groups((interface, name) for interface, name in self._applied() if name in rewritten)
        self._remove_lists(rewritten)
        self._write_descriptions(rewritten)
        self._write_lists(rewritten)
        self._write_permits()
        self._write_groups(rewritten)
        self._remove_groups(
            (interface, name)
            for interface, name in self._applied()
            if name not in rewritten and not self._is_wanted_on(interface, name)
        )
        there = [name for name in self._holdings.lists if name in self._running.redirect_lists]
        self._remove_lists([name for name in there if name not in self._wanted])
        self._remove_permits()
        for words, parts in self._hindered.items():
            self._steps.note_hindrance(words, parts)
        return self._steps

    def _withhold_hindered(self) -> dict[str, frozenset[int]]:
        """What the site's part of the switch lacks, and for which parts; `_want` loses what needs it."""
        found: dict[str, frozenset[int]] = {}
        for ground, parts in self._wish.grounds.items():
            if wrong := hindrance(ground, self._running):
                found[wrong.words] = found.get(wrong.words, frozenset()) | parts
                self._want.pop(wrong.line, None)
        return found

    def _check_permits(self, device: str) -> None:
        wanted = [(header, lines) for header, lines in self._want.items() if header.startswith(ACCESS_LIST)]
        texts: dict[str, set[str]] = {header: {_text(line) for line in lines} for header, lines in wanted}
        for header, text in self._wish.retired:
            texts.setdefault(header, set()).add(text)
        for header, concerned in texts.items():
            held = self._running.access_lists.get(header.removeprefix(ACCESS_LIST))
            check_single(device, held, concerned)

    def _must_be_rewritten(self, name: str) -> bool:
        held = self._running.redirect_lists.get(name)
        return held is not None and held.texts != self._wanted[name].texts

    def _applied(self) -> Iterator[tuple[str, str]]:
        """Our own groups, by interface."""
        for interface, groups in self._running.groups.items():
            yield from ((interface, name) for name in groups if name in self._holdings.lists)

    def _is_wanted_on(self, interface: str, name: str) -> bool:
        return f"{GROUP}{name}" in self._want.get(interface_header(interface), ())

    def _write_descriptions(self, rewritten: list[str]) -> None:
        """Ours where it is missing, and in place of another's where that is adopted: no packet meets it."""
        for name, wanted in self._wanted.items():
            held = self._as_it_is.redirect_lists.get(name)
            if held is not None and name not in rewritten and held.owner != wanted.owner:
                described = self._want[wanted.header][0]
                self._steps.add_block(wanted.header, [described], self._served(wanted.header))

    def _write_lists(self, rewritten: list[str]) -> None:
        for name, wanted in self._wanted.items():
            if name in rewritten or name not in self._running.redirect_lists:
                header = wanted.header
                undo = f"no {header}"
                self._steps.add_block(header, self._want[header], self._served(header), undo=undo)

    def _write_groups(self, rewritten: list[str]) -> None:
        for header, lines in self._want.items():
            if not header.startswith(INTERFACE):
                continue
            has = self._running.groups.get(interface_of(header), ())
            for line in lines:
                name = line.removeprefix(GROUP)
                if name not in has or name in rewritten:
                    self._steps.add_block(header, [line], self._served(header, line))

    def _remove_groups(self, groups: Iterator[tuple[str, str]]) -> None:
        for interface, name in groups:
            header, line = interface_header(interface), f"{GROUP}{name}"
            parts = self._wish.leaving.get((header, line)) or self._whose(name)
            self._steps.remove_in_block(header, [f"no {line}"], parts)

    def _remove_lists(self, names: list[str]) -> None:
        self._steps.remove_lines(
            (f"no {REDIRECT_LIST}{name}", self._whose(name), self._holdings.lists.get(name)) for name in names
        )

    def _whose(self, name: str) -> frozenset[int]:
        path = (f"{REDIRECT_LIST}{name}",)
        members = self._wish.members.get(self._holdings.lists.get(name, 0), frozenset())
        return self._wish.leaving.get(path) or self._wish.serves.get(path) or members

    def _write_permits(self) -> None:
        for header, lines in self._want.items():
            held = self._running.access_lists.get(header.removeprefix(ACCESS_LIST))
            for line in lines if header.startswith(ACCESS_LIST) else ():
                if held is None or held.find(_text(line)) is None:
                    self._steps.add_block(header, [line], self._served(header, _text(line)))

    def _remove_permits(self) -> None:
        for header, text in sorted(self._wish.retired):
            held = self._running.access_lists.get(header.removeprefix(ACCESS_LIST))
            if held is not None and held.find(text) is not None:
                parts = self._wish.leaving.get((header, text), frozenset())
                self._steps.remove_in_block(header, [f"no {text}"], parts)

    def _served(self, *path: str) -> frozenset[int]:
        return self._wish.serves.get(path, frozenset())


def _text(line: str) -> str:
    """An entry without its number."""
    return line[line.index("permit ") :]
