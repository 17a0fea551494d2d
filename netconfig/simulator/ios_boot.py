"""From a configuration text to a configuration, as the router reads its NVRAM at boot.

More is taken here than an operator may type: blocks and lines the simulator does not understand are kept and
printed as they stand. What it understands comes out in IOS's own words (`permit tcp any any eq 25` becomes
`... eq smtp`). Header, comments and everything behind `end` are dropped.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from netconfig.simulator.grammar import LineRefused, Refused
from netconfig.simulator.ios_ace import UnreadAce
from netconfig.simulator.ios_acl import AccessList
from netconfig.simulator.ios_commands import apply_in_mode
from netconfig.simulator.ios_config import IosConfig, Key, Section, Verbatim
from netconfig.simulator.ios_interface import Interface, full_name
from netconfig.simulator.ios_mode import GLOBAL, Mode, Step
from netconfig.simulator.ios_route_map import RouteMap

Block = list[str]

_SEPARATOR: Block = ["!"]
_HEADER = re.compile(r"Building configuration|Current configuration|Using \d+ out of")
_BANNER = re.compile(r"banner (?:\S+ )?(\^C|\S)")


def load(text: str) -> IosConfig:
    """Read a configuration text; nothing in it is refused."""
    loader = Loader()
    for block in blocks_of(text):
        loader.take(block)
    return loader.config


def blocks_of(text: str) -> Iterator[Block]:
    """Each top-level line with the indented ones below it; a bare `!` is a block of its own."""
    lines = text.splitlines()
    index = 0
    while index < len(lines) and lines[index] != "end":
        end = _banner_end(lines, index)
        if end is not None:
            yield lines[index:end]
        else:
            end = _body_end(lines, index)
            block = [line for line in lines[index:end] if not _is_dropped(line)]
            if block:
                yield block
        index = end


def _body_end(lines: list[str], index: int) -> int:
    """Behind the last indented line of a block; comments may stand between."""
    end = index + 1
    while not _is_dropped(lines[index]) and end < len(lines):
        if not lines[end].startswith(" ") and not _is_dropped(lines[end]):
            break
        end += 1
    return end


def _is_dropped(line: str) -> bool:
    return not line.strip() or bool(_HEADER.match(line)) or (line.startswith("!") and line.strip() != "!")


def _banner_end(lines: list[str], index: int) -> int | None:
    """Behind the last line of a banner, which lasts until its delimiter comes again; None for other lines."""
    banner = _BANNER.match(lines[index])
    if banner is None:
        return None
    if banner[1] in lines[index][banner.end() :]:
        return index + 1
    return next((at + 1 for at in range(index + 1, len(lines)) if banner[1] in lines[at]), None)


class Loader:
    """Puts block after block into a configuration, each where the text has it."""

    def __init__(self) -> None:
        self.config = self.empty()
        self._place = 0
        self._numbers = count()
        self._last: Key | None = None
        self._separator_due = False

    @staticmethod
    def empty() -> IosConfig:
        """What is there before anything is read."""
        return IosConfig()

    @staticmethod
    def apply(config: IosConfig, mode: Mode, line: str) -> Step:
        """What a line does in its mode.

        Raises:
            LineRefused: it is not understood.
        """
        return apply_in_mode(config, mode, line)

    @staticmethod
    def interface_name(name: str) -> str | None:
        """An interface's full name, None if it is none."""
        return full_name(name)

    def take(self, block: Block) -> None:
        if block == _SEPARATOR:
            self._take_separator()
        elif not self._take_known(block):
            self._put_verbatim(block)

    def _take_separator(self) -> None:
        if self._separator_due:
            # The one IOS prints behind every section; it is printed again.
            self._separator_due = False
        elif self._last is not None:
            section = self.config.sections[self._last]
            if isinstance(section, Verbatim):
                self._put(self._last, Verbatim((*section.lines, "!")))
            else:
                self._put_verbatim(["!"])

    def _take_known(self, block: Block) -> bool:
        header, *body = block
        try:
            config, mode = self._enter(header.rstrip())
        except LineRefused:
            return False
        if body and mode == GLOBAL:
            return False
        keys = [mode.key] if mode.key else [key for key in config.sections if key not in self.config.sections]
        self.config = config
        for line in body:
            self.config = self._with_line(self.config, mode, line.rstrip())
        for key in keys:
            self._put(key, self.config.sections[key])
        self._separator_due = True
        return True

    def _enter(self, header: str) -> tuple[IosConfig, Mode]:
        """The mode a block's first line leads to; at boot every interface it names is there.

        Raises:
            LineRefused: not a line the simulator understands.
        """
        word, _, rest = header.partition(" ")
        if "interface".startswith(word.lower()):
            name = self.interface_name(rest.strip())
            if name is None:
                raise Refused(header)
            key = ("interface", name)
            mode = Mode("config-if", key)
            return self.config if self.config.interface(name) else self.config.put(key, Interface(name)), mode
        if header.startswith("no "):
            raise Refused(header)
        step = self.apply(self.config, GLOBAL, header)
        return step.config, step.mode

    def _put_verbatim(self, block: Block) -> None:
        self._place = max(self._place, self._place_of_text(block[0]))
        self._put(("verbatim", str(next(self._numbers))), Verbatim(tuple(block)))
        self._separator_due = False

    def _put(self, key: Key, section: Section) -> None:
        if key[0] == "verbatim":
            self.config = self.config.put(key, section, place=self._place)
        else:
            natural = self.config.places[key[0]]
            self._place = max(self._place, natural)
            lifted = key not in self.config.lifted and self._place > natural
            self.config = self.config.put(key, section, place=self._place if lifted else None)
        self._last = key

    def _place_of_text(self, header: str) -> int:
        """Where the router prints a block that is only text to us: -1 if anywhere."""
        words, places = header.split(), self.config.places
        return max(places.get(" ".join(words[:2]), -1), places.get(words[0], -1))

    def _with_line(self, config: IosConfig, mode: Mode, line: str) -> IosConfig:
        try:
            stepped = self.apply(config, mode, line).config
        except Refused:
            return config
        except LineRefused:
            return config.put(mode.key, _with_unread(config.sections[mode.key], mode, line.removeprefix(" ")))
        return stepped.put(mode.key, _as_written(config.sections[mode.key], stepped.sections[mode.key], mode))


def _as_written(before: Section, after: Section, mode: Mode) -> Section:
    """With a line that came in put last, where the text has it, instead of where IOS would print it."""
    if isinstance(before, Interface) and isinstance(after, Interface):
        return replace(after, lines=_new_last(before.lines, after.lines))
    if isinstance(before, RouteMap) and isinstance(after, RouteMap):
        old, new = before.entry(mode.sequence), after.entry(mode.sequence)
        if old and new:
            return after.with_entry(replace(new, lines=_new_last(old.lines, new.lines)))
    return after


def _new_last(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    new = tuple(line for line in after if line not in before)
    return (*before, *new) if len(after) == len(before) + len(new) else after


def _with_unread(section: Section, mode: Mode, line: str) -> Section:
    """With a line the simulator does not understand."""
    match section:
        case Interface():
            return replace(section, lines=(*section.lines, line))
        case RouteMap():
            entry = section.entry(mode.sequence)
            return section.with_entry(replace(entry, lines=(*entry.lines, line))) if entry else section
        case AccessList():
            return _with_unread_entry(section, line)
        case _:
            return section


def _with_unread_entry(access_list: AccessList, line: str) -> AccessList:
    numbered = re.match(r"(?:sequence )?(\d+) +", line)
    text = line[numbered.end() :] if numbered else line
    action, _, condition = text.partition(" ")
    return access_list.add(UnreadAce(action, condition.lstrip()), int(numbered[1]) if numbered else None)
