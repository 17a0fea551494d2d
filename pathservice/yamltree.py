"""YAML read strictly, with the line of every key.

Only what YAML 1.2's core has: text, whole numbers, true and false, null, lists, mappings. Tags, anchors,
aliases, a second document, a key given twice, deep nesting and too many values are refused, so that what a
person reads is what the program reads and no file is larger than it looks.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

Value = str | int | bool | None | list["Value"] | dict[str, "Value"]
Path = tuple[str | int, ...]

DEEPEST = 16
MOST_PLACES = 50_000
"""Keys and list items in a document; reading that many takes some seconds."""
_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]{1,19}")
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}


class YamlProblem(Exception):
    """The text is not YAML as it is taken here; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Tree:
    """A document's value, and the line on which each place of it begins."""

    value: Value
    lines: dict[Path, int]

    def line(self, path: Sequence[str | int]) -> int:
        """Line of the place, or of the nearest one above it that is there."""
        steps = tuple(path)
        while steps not in self.lines:
            steps = steps[:-1]
        return self.lines[steps]

    def known_part(self, path: Sequence[str | int]) -> Path:
        """The steps of a path that lead somewhere in the document, the others left out."""
        known: Path = ()
        for step in path:
            if (*known, step) in self.lines:
                known = (*known, step)
        return known


def read_tree(content: bytes) -> Tree:
    """The one document of a YAML text (UTF-8).

    Raises:
        YamlProblem: it is none, or has what is refused here.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise YamlProblem(content.count(b"\n", 0, error.start) + 1, "is not UTF-8") from error
    reader = _Reader(text)
    try:
        return reader.read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlProblem(mark.line + 1 if mark else 1, f"is not YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlProblem(line, "holds a character that YAML does not allow") from error
    except (ValueError, OverflowError) as error:
        # PyYAML asks Python for the character of an escape like "\U00110000", which has none.
        raise YamlProblem(reader.reached, "holds an escape that is no character") from error


class _Reader:
    def __init__(self, text: str) -> None:
        self._events: Iterator[Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._lines: dict[Path, int] = {}

    @property
    def reached(self) -> int:
        """Line of the last place that was read."""
        return max(self._lines.values(), default=1)

    def read(self) -> Tree:
        self._expect(StreamStartEvent)
        event = next(self._events)
        if isinstance(event, StreamEndEvent):
            raise YamlProblem(1, "is empty")
        event = next(self._events)
        self._note((), event)
        value = self._value(event, ())
        next(self._events)
        after = next(self._events)
        if isinstance(after, DocumentStartEvent):
            raise YamlProblem(_line(after), "holds a second document; one is enough")
        return Tree(value, self._lines)

    def _expect(self, kind: type[Event]) -> None:
        event = next(self._events)
        assert isinstance(event, kind)  # noqa: S101 - the parser's own grammar

    def _value(self, event: Event, path: Path) -> Value:
        _refuse_what_hides(event)
        if len(path) > DEEPEST:
            raise YamlProblem(_line(event), f"is nested more than {DEEPEST} deep")
        if isinstance(event, MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path)
        assert isinstance(event, ScalarEvent)  # noqa: S101 - nothing else is left
        return _scalar(event)

    def _mapping(self, path: Path) -> dict[str, Value]:
        mapping: dict[str, Value] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            _refuse_what_hides(event)
            if not isinstance(event, ScalarEvent):
                raise YamlProblem(_line(event), "has a key that is not a word")
            key = event.value
            if key in mapping:
                raise YamlProblem(_line(event), f"has the key {key[:40]!r} twice")
            self._note((*path, key), event)
            mapping[key] = self._value(next(self._events), (*path, key))
        return mapping

    def _sequence(self, path: Path) -> list[Value]:
        sequence: list[Value] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            place = (*path, len(sequence))
            self._note(place, event)
            sequence.append(self._value(event, place))
        return sequence

    def _note(self, place: Path, event: Event) -> None:
        if len(self._lines) > MOST_PLACES:
            raise YamlProblem(_line(event), f"holds more than {MOST_PLACES} values")
        self._lines[place] = _line(event)


def _line(event: Event) -> int:
    mark = event.start_mark
    return mark.line + 1 if mark is not None else 1


def _refuse_what_hides(event: Event) -> None:
    if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
        raise YamlProblem(_line(event), "uses an anchor or an alias; write it out")
    if getattr(event, "tag", None) is not None:
        raise YamlProblem(_line(event), "uses a tag; there are only words, numbers, lists and mappings")


def _scalar(event: ScalarEvent) -> Value:
    text: str = event.value
    if event.style is not None:
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else text
