"""The router's command grammar: words may be cut short as long as they stay unambiguous.

A rule is a pattern and what it stands for. In a pattern, plain words are keywords and these stand for what
the operator fills in:

    WORD                one word                    <0-65535>     a number of that range
    LINE                the rest of the line        A.B.C.D       an IPv4 address
    WORD+  A.B.C.D+     one or more of them         X:X::X        an IPv6 address (`X:X::X+`: one or more)
    INTERFACE           `Te1/1`, `Te 1/1`           X:X::X/N      an IPv6 prefix
                                                    A.B.C.D/N     an IPv4 prefix

A keyword wins over a placeholder, and a whole keyword over the beginning of another one.

LineRefused              the router does not take the line
├── InvalidInput         a word is not understood; knows where
├── IncompleteCommand    more words are needed
├── AmbiguousCommand     a word could be two keywords
└── Refused              understood, and impossible in the present configuration
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Any, Generic, TypeVar

Act = TypeVar("Act")


class LineRefused(Exception):
    """The router does not take this line; the text is what it prints, without the caret line."""


class InvalidInput(LineRefused):
    """A word is not understood.

    Attributes:
        column: offset in the line of the first character that cannot be right, from 0.
    """

    def __init__(self, column: int) -> None:
        super().__init__("% Invalid input detected at '^' marker.")
        self.column = column


class IncompleteCommand(LineRefused):
    """More words are needed."""

    def __init__(self) -> None:
        super().__init__("% Incomplete command.")


class AmbiguousCommand(LineRefused):
    """A word was cut so short that it could be two keywords."""

    def __init__(self, line: str) -> None:
        super().__init__(f'% Ambiguous command:  "{line}"')


class Refused(LineRefused):
    """Understood, and impossible in the present configuration."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a line, or several kept together, and its offset in the line."""

    text: str
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Rule(Generic[Act]):
    """A pattern and what it stands for; each is equal to itself alone, so a table of them is a quick key."""

    pattern: str
    act: Act
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(self.pattern.split()))


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Act]):
    """A line understood: the rule's act and what stood in the place of each placeholder, in order."""

    act: Act
    values: tuple[Token, ...]


def tokens_of(line: str, start: int = 0) -> list[Token]:
    """The words of a line from an offset on, with where each begins."""
    return [Token(found.group(), found.start()) for found in re.compile(r"\S+").finditer(line, start)]


def choose_keyword(token: Token, keywords: Iterable[str], line: str) -> str | None:
    """The one keyword that this word is, or begins; None if it is none of them.

    Raises:
        AmbiguousCommand: it begins more than one.
    """
    word = token.text.lower()
    begun = {keyword for keyword in keywords if keyword.startswith(word)}
    if word in begun:
        return word
    if len(begun) > 1:
        raise AmbiguousCommand(line)
    return begun.pop() if begun else None


def first_wrong_column(token: Token, keywords: Iterable[str]) -> int:
    """Where the router puts its caret: the first character no expected keyword has there."""
    word = token.text.lower()
    agreed = 0
    for keyword in keywords:
        same = 0
        while same < min(len(word), len(keyword)) and word[same] == keyword[same]:
            same += 1
        agreed = max(agreed, same)
    return token.column + min(agreed, len(word) - 1)


def parse(line: str, rules: Sequence[Rule[Act]]) -> Parsed[Act]:
    """Understand a line.

    Raises:
        LineRefused: it fits no rule; the subclass says how.
    """
    return _parse(line, tuple(rules))


@lru_cache(maxsize=4096)
def _parse(line: str, rules: tuple[Rule[Any], ...]) -> Parsed[Any]:
    # Remembered: a router is told the same lines again and again, at every boot and in every push.
    tokens = tokens_of(line)
    paths = [_Path(rule, 0, ()) for rule in rules]
    for index, token in enumerate(tokens):
        paths = _advance(paths, tokens, index, line)
        if not paths:
            raise InvalidInput(token.column)
    for path in paths:
        if path.complete:
            return Parsed(path.rule.act, path.values)
    raise IncompleteCommand


@dataclass(frozen=True, slots=True)
class _Path(Generic[Act]):
    """One rule still in the running: how far the line has come in it.

    `skip` counts words already taken, when one placeholder takes several.
    """

    rule: Rule[Act]
    position: int
    values: tuple[Token, ...]
    skip: int = 0

    @property
    def expected(self) -> str | None:
        words = self.rule.words
        return words[self.position] if self.position < len(words) else None

    @property
    def complete(self) -> bool:
        return self.position == len(self.rule.words) and not self.skip


def _advance(paths: list[_Path[Act]], tokens: list[Token], index: int, line: str) -> list[_Path[Act]]:
    token = tokens[index]
    taken = [_Path(path.rule, path.position, path.values, path.skip - 1) for path in paths if path.skip]
    waiting = [path for path in paths if not path.skip]
    keywords = {path.expected for path in waiting if path.expected and not _is_placeholder(path.expected)}
    keyword = choose_keyword(token, keywords, line)
    if keyword is not None:
        steps = [
            _Path(path.rule, path.position + 1, path.values) for path in waiting if path.expected == keyword
        ]
        return taken + steps
    for path in waiting:
        taken += _fill(path, tokens, index, line)
    if not taken:
        raise InvalidInput(first_wrong_column(token, keywords))
    return taken


def _fill(path: _Path[Act], tokens: list[Token], index: int, line: str) -> list[_Path[Act]]:
    """Let the placeholder that a path expects take words from here on."""
    expected = path.expected
    if expected is None or not _is_placeholder(expected):
        return []
    token = tokens[index]
    if expected == "LINE":
        rest = Token(line[token.column :].rstrip(), token.column)
        return [_Path(path.rule, path.position + 1, (*path.values, rest), len(tokens) - index - 1)]
    if expected == "INTERFACE" and token.text.isalpha() and index + 1 < len(tokens):
        both = Token(token.text + tokens[index + 1].text, token.column)
        return [_Path(path.rule, path.position + 1, (*path.values, both), 1)]
    if not _accepts(expected.removesuffix("+"))(token.text):
        return []
    values = (*path.values, token)
    onward = [_Path(path.rule, path.position + 1, values)]
    if expected.endswith("+"):
        onward.append(_Path(path.rule, path.position, values))
    return onward


def _is_placeholder(word: str) -> bool:
    return word[0].isupper() or word[0] == "<"


@lru_cache(maxsize=64)
def _accepts(placeholder: str) -> Callable[[str], bool]:
    if placeholder.startswith("<"):
        low, high = map(int, placeholder.strip("<>").split("-"))
        return lambda text: text.isdecimal() and low <= int(text) <= high
    return _KINDS[placeholder]


def _made_by(make: Callable[[str], object]) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            make(text)
        except ValueError:
            return False
        return True

    return accepts


_KINDS: Mapping[str, Callable[[str], bool]] = {
    "WORD": bool,
    "INTERFACE": bool,
    "A.B.C.D": _made_by(IPv4Address),
    "A.B.C.D/N": lambda text: "/" in text and _made_by(IPv4Interface)(text),
    "X:X::X": _made_by(IPv6Address),
    "X:X::X/N": lambda text: "/" in text and _made_by(IPv6Interface)(text),
}
