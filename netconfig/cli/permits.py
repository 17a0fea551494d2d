"""Permits inside an access list that the site owns: which lines, and under which numbers.

A list may be numbered anew at any time (`resequence access-list`), and older releases of IOS do not keep
numbers over a reload ("IP Access List Entry Sequence Numbering"), so a permit is known by its text alone,
which is remembered in the placement. Parts that need the same text share one line. A line that stood there
before us is neither added nor removed. A router that has forgotten its numbers may have the site's range
behind its last `deny`: that is refused.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypedDict, TypeVar, cast

from netconfig.carried import RouterPart
from netconfig.cli.access import AccessList
from netconfig.cli.recall import recalled
from netconfig.cli.wish import Memory
from netconfig.driver import Placement
from netconfig.errors import Rejected, StateUnknown
from netconfig.intent import AccessPermit

_DENIES_ALL = ("deny ip any any", "deny ipv6 any any")

SomeList = TypeVar("SomeList", bound=AccessList)


class PermitLine(TypedDict):
    """One permit; `existed` if the site had it before us, and then `sequence` is its own."""

    text: str
    sequence: int
    existed: bool


class PermitPlace(TypedDict):
    """Placement of an AccessPermit."""

    acl: str
    lines: list[PermitLine]


def permit_lines(part: RouterPart) -> Sequence[PermitLine]:
    """The lines that a part was given; none before its first placement."""
    return cast("PermitPlace", part.placement)["lines"] if "lines" in part.placement else ()


@dataclass
class PermitPlacer(Generic[SomeList]):
    """One pass of placing the permits of one device.

    Attributes:
        access_lists: those that the device has, by name.
        write: the lines that a permit is in a list, in the device's words; none where it cannot stand there.
    """

    device: str
    access_lists: Mapping[str, SomeList]
    parts: Sequence[RouterPart]
    write: Callable[[AccessPermit, SomeList], Sequence[str]]
    _claimed: dict[tuple[str, str], PermitLine] = field(init=False, default_factory=dict)
    _taken: dict[str, set[int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for part, intent in self._permits():
            for line in permit_lines(part):
                if part.over:
                    self._recall(part, intent, line)
                    continue
                self._claim(intent, line)
                self._taken_in(intent.access_list).add(line["sequence"])

    def _recall(self, part: RouterPart, intent: AccessPermit, line: PermitLine) -> None:
        held = self.access_lists.get(intent.access_list)
        memory = Memory(part.part_id, part.reservation_id, intent.sequences)
        rule = recalled(held, line["text"], memory) if held and not line["existed"] else None
        if rule:
            self._claim(intent, PermitLine(text=rule.text, sequence=rule.sequence, existed=False))

    def _claim(self, intent: AccessPermit, line: PermitLine) -> None:
        former = self._claimed.get((intent.access_list, line["text"]))
        if former is None or former["existed"]:
            self._claimed[intent.access_list, line["text"]] = line

    def place_all(self) -> dict[int, Placement]:
        """Placements of the wanted permits, by part id.

        Raises:
            Rejected: the range of a list is used up.
            StateUnknown: a permit that we remember stands twice in its list.
        """
        for name in {name for name, _ in self._claimed}:
            remembered = {text for held, text in self._claimed if held == name}
            check_single(self.device, self.access_lists.get(name), remembered)
        wanted = sorted(self._permits(), key=lambda pair: pair[0].part_id)
        return {part.part_id: self._place(part, intent) for part, intent in wanted if part.wanted}

    def _permits(self) -> Iterator[tuple[RouterPart, AccessPermit]]:
        for part in self.parts:
            if isinstance(part.intent, AccessPermit):
                yield part, part.intent

    def _place(self, part: RouterPart, intent: AccessPermit) -> Placement:
        held = self.access_lists.get(intent.access_list)
        texts = dict.fromkeys(self.write(intent, held)) if held else {}
        if held is None or not texts:
            return part.placement
        check_single(self.device, held, texts.keys())
        lines = [self._line(text, held, part, intent) for text in texts]
        return dict(PermitPlace(acl=held.name, lines=lines))

    def _line(self, text: str, held: AccessList, part: RouterPart, intent: AccessPermit) -> PermitLine:
        standing = held.find(text)
        claimed = self._claimed.get((held.name, text))
        if standing and (claimed is None or claimed["existed"]):
            line = PermitLine(text=text, sequence=standing.sequence, existed=True)
        elif claimed and not claimed["existed"] and (standing or held.at(claimed["sequence"]) is None):
            line = claimed
        else:
            line = PermitLine(text=text, sequence=self._lowest_free(held, part, intent), existed=False)
        self._claimed[held.name, text] = line
        self._taken_in(held.name).add(line["sequence"])
        return line

    def _taken_in(self, name: str) -> set[int]:
        if name not in self._taken:
            held = self.access_lists.get(name)
            self._taken[name] = {rule.sequence for rule in held.rules} if held else set()
        return self._taken[name]

    def _lowest_free(self, held: AccessList, part: RouterPart, intent: AccessPermit) -> int:
        taken = self._taken_in(held.name)
        first, last = intent.sequences.first, intent.sequences.last
        wall = next((rule for rule in held.rules if rule.text.startswith(_DENIES_ALL)), None)
        end = min(last, wall.sequence - 1) if wall else last
        for number in range(first, end + 1):
            if number not in taken:
                return number
        words = f"sequences {first} to {last} of access list {held.name}"
        if wall and end < first:
            words += f" stand behind its {wall.text!r}, number {wall.sequence}; resequence the list"
        else:
            words += " are used up"
        raise self._rejected(words, held.header, part)

    def _rejected(self, words: str, line: str, part: RouterPart) -> Rejected:
        return Rejected(self.device, words, line=line, parts=frozenset({part.part_id}))


def check_single(device: str, held: AccessList | None, texts: Collection[str]) -> None:
    """See that each of these texts stands in a list once at most.

    Raises:
        StateUnknown: one stands there twice, so which of them is ours cannot be told.
    """
    seen = Counter(rule.text for rule in held.rules if rule.text in texts) if held else Counter[str]()
    for text, times in seen.items():
        if held and times > 1:
            words = f"access list {held.name} holds {text!r} {times} times; which is ours cannot be told"
            raise StateUnknown(device, words)
