"""A running configuration, taken apart: the redirect lists, access lists and groups that a ticket meets."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from netconfig.cli import access
from netconfig.cli.access import Rule
from netconfig.cli.blocks import printed_blocks
from netconfig.cli.fingerprint import read_fingerprint
from netconfig.drivers.dell_force10.entries import canonical

INTERFACE = "interface "
REDIRECT_LIST = "ip redirect-list "
ACCESS_LIST = "ip access-list extended "
GROUP = "ip redirect-group "
DESCRIPTION = "description "
_RULE = re.compile(r"seq (\d+) ((?:permit|deny|redirect) .*)")


@dataclass(frozen=True, slots=True)
class RedirectList:
    """A redirect list.

    Attributes:
        owner: reservation and database of our description of it, if it has one.
        others: lines that are neither its description nor entries.
    """

    name: str
    rules: tuple[Rule, ...] = ()
    owner: tuple[int, str] | None = None
    others: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """The line its block begins with."""
        return f"{REDIRECT_LIST}{self.name}"

    @property
    def texts(self) -> tuple[str, ...]:
        """What it does, in order."""
        return (*(rule.text for rule in self.rules), *self.others)


@dataclass(frozen=True, slots=True)
class AccessList(access.AccessList):
    """An extended access list of IPv4."""

    @property
    def header(self) -> str:
        """The line its block begins with."""
        return f"{ACCESS_LIST}{self.name}"


@dataclass(frozen=True, slots=True)
class Running:
    """What of a running configuration concerns us.

    Attributes:
        groups: names of the redirect groups of each interface, in order; every interface is a key, without
            the blank in its name.
        redirect_lists, access_lists: by name.
    """

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    redirect_lists: Mapping[str, RedirectList] = field(default_factory=dict)
    access_lists: Mapping[str, AccessList] = field(default_factory=dict)

    def interfaces_of(self, redirect_list: str) -> tuple[str, ...]:
        """The interfaces that a list is applied to."""
        return tuple(name for name, groups in self.groups.items() if redirect_list in groups)


def interface_of(header: str) -> str:
    """The interface of a block, as a site file has it: `TenGigabitEthernet1/1`."""
    return "".join(header.removeprefix(INTERFACE).split())


def interface_header(interface: str) -> str:
    """The line an interface's block begins with, as FTOS writes it: `interface TenGigabitEthernet 1/1`."""
    return INTERFACE + re.sub(r"(?<=[A-Za-z])(?=\d)", " ", interface, count=1)


def parse_running(text: str) -> Running:
    """Take a running configuration apart; what does not concern us is passed over."""
    groups: dict[str, tuple[str, ...]] = {}
    redirects: dict[str, RedirectList] = {}
    lists: dict[str, AccessList] = {}
    for header, lines in printed_blocks(text):
        if header.startswith(INTERFACE):
            found = (line.removeprefix(GROUP) for line in lines if line.startswith(GROUP))
            groups[interface_of(header)] = tuple(found)
        elif header.startswith(REDIRECT_LIST):
            held = _redirect_list(header.removeprefix(REDIRECT_LIST), lines)
            redirects[held.name] = held
        elif header.startswith(ACCESS_LIST):
            name = header.removeprefix(ACCESS_LIST)
            lists[name] = AccessList(name, tuple(_rules(lines)))
    return Running(groups, redirects, lists)


def _redirect_list(name: str, lines: Sequence[str]) -> RedirectList:
    descriptions = [line.removeprefix(DESCRIPTION) for line in lines if line.startswith(DESCRIPTION)]
    others = (line for line in lines if not line.startswith(DESCRIPTION) and not _RULE.fullmatch(line))
    owner = read_fingerprint(descriptions[0]) if descriptions else None
    return RedirectList(name, tuple(_rules(lines)), owner, tuple(others))


def _rules(lines: Sequence[str]) -> Iterator[Rule]:
    found = (_RULE.fullmatch(line) for line in lines)
    rules = [Rule(int(match[1]), canonical(match[2])) for match in found if match]
    yield from sorted(rules, key=lambda rule: rule.sequence)
