"""A configuration as a router prints it: top-level lines, and indented ones below them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

Block = tuple[str, tuple[str, ...]]
"""A top-level line and the lines below it."""

_CONTROL_C = re.compile(r"\^C|\x03")
"""How IOS and FTOS print a delimiter, whichever was typed."""
_DELIMITED = re.compile(
    r"banner (?:exec|incoming|login|motd|prompt-timeout|slip-ppp) +(?P<banner>\S.*)"
    r"|(?:aaa authentication (?:banner|fail-message)|menu \S+ (?:title|prompt)|(?:vacant|refuse)-message"
    r"|busy-message \S+|ip (?:admission|auth-proxy) auth-proxy-banner \S+) +(?P<other>[^\w\s].*)"
)
"""What is followed by a text between two delimiters; NX-OS prints that of a banner as it was typed."""
_ENDED: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"macro name \S+"), "@"),
    (re.compile(r"scheduler job name \S+"), "end-job"),
)
"""What is followed by lines of text up to one that is this word."""
_FREE_TEXT = ("description ", "remark ")
"""What is followed by words of its own line alone, whatever they are."""


def text_of(blocks: Iterable[Block]) -> str:
    """Blocks as a router prints them."""
    return "".join("".join(f"{line}\n" for line in (header, *(f" {x}" for x in xs))) for header, xs in blocks)


def blocks_of(text: str) -> list[Block]:
    """The blocks of a text that `text_of` made."""
    blocks: list[tuple[str, list[str]]] = []
    for line in filter(None, text.split("\n")):
        if line.startswith(" "):
            blocks[-1][1].append(line.strip())
        else:
            blocks.append((line, []))
    return [(header, tuple(lines)) for header, lines in blocks]


def printed_blocks(text: str) -> Iterator[tuple[str, Sequence[str]]]:
    """The blocks of what a router printed, without comments, and of texts with their first line alone."""
    header, lines = "", list[str]()
    for line in _without_texts(text):
        if line.startswith(" "):
            lines.append(" ".join(line.split()))
        elif line.strip() and not line.startswith("!"):
            if header:
                yield header, lines
            header, lines = " ".join(line.split()), []
    if header:
        yield header, lines


def _without_texts(text: str) -> Iterator[str]:
    # Not `splitlines`: to it an octet of somebody's UTF-8 may end a line.
    lines = text.split("\n")
    begin = 0
    while begin < len(lines):
        yield lines[begin]
        begin = 1 + _end_of_text(lines, begin)


def _end_of_text(lines: Sequence[str], begin: int) -> int:
    """Where the text ends that begins in a line; in the same line where none does, or one that never ends."""
    ends = _ending(lines[begin].strip())
    return next((n for n in range(begin + 1, len(lines)) if ends(lines[n])), begin) if ends else begin


def _ending(line: str) -> Callable[[str], bool] | None:
    """What the last line is known by of the text that begins in a line and goes on below it."""
    if line.startswith(_FREE_TEXT):
        return None
    for pattern, word in _ENDED:
        if pattern.fullmatch(line):
            return lambda last: last.strip() == word
    if marks := len(_CONTROL_C.findall(line)):
        return (lambda last: _CONTROL_C.search(last) is not None) if marks % 2 else None
    found = _DELIMITED.fullmatch(line)
    if found is None:
        return None
    words = found["banner"] or found["other"]
    mark = words[0]
    return None if mark in words[1:] else lambda last: mark in last
