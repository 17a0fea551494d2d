"""Subjects of certificates as RFC 4514 writes them, and patterns over them.

In a pattern `*` stands for any characters inside one attribute value, and a whole component `*` for any
one RDN; neither ever reaches over a component's border, so `CN=*,O=Grid` is no more than one name deep.
Attribute types are compared without case, values exactly.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from lambdastation.errors import shown

_ESCAPE = re.compile(r'\\([0-9A-Fa-f]{2}|[ "#+,;<=>\\*])')
_ATTRIBUTE_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+")
# `cryptography` writes the e-mail attribute by its number; people write it by name.
_BY_NUMBER = {"EMAILADDRESS": "1.2.840.113549.1.9.1", "E": "1.2.840.113549.1.9.1"}


@dataclass(frozen=True, slots=True)
class _Attribute:
    """One type and value; the value's bytes, cut where a star stood."""

    type: str
    pieces: tuple[bytes, ...]

    def matches(self, other: "_Attribute") -> bool:
        if self.type != other.type:
            return False
        value = b"*".join(other.pieces)
        if len(self.pieces) == 1:
            return value == self.pieces[0]
        # Not a regular expression: with many stars that could take for ever on a name made for it.
        first, *between, last = self.pieces
        at, end = len(first), len(value) - len(last)
        for piece in between:
            found = value.find(piece, at, max(at, end))
            if found < 0:
                return False
            at = found + len(piece)
        return at <= end and value.startswith(first) and value.endswith(last)


_Rdn = tuple[_Attribute, ...]
"""Attributes of one component, by type; none at all is the pattern `*`."""


@lru_cache(maxsize=1024)
def parse_subject(text: str) -> tuple[_Rdn, ...]:
    """The components of a subject or a pattern, as written from left to right.

    Raises:
        ValueError: not as RFC 4514 writes a name.
    """
    return tuple(_component(part, text) for part in _split(text, ","))


def subject_matches(pattern: str, subject: str) -> bool:
    """Whether a subject is one of those the pattern means; a subject that is no RFC 4514 name never is.

    Raises:
        ValueError: the pattern is not as RFC 4514 writes a name.
    """
    wanted = parse_subject(pattern)
    try:
        given = parse_subject(subject)
    except ValueError:
        return False
    if len(wanted) != len(given) or not all(given):
        return False
    return all(_rdn_matches(want, have) for want, have in zip(wanted, given, strict=True))


def _rdn_matches(want: _Rdn, have: _Rdn) -> bool:
    if not want:
        return True
    return len(want) == len(have) and all(w.matches(h) for w, h in zip(want, have, strict=True))


def _component(text: str, whole: str) -> _Rdn:
    if text.strip() == "*":
        return ()
    attributes = []
    for part in _split(text, "+"):
        kind, equals, value = part.partition("=")
        kind = kind.strip().upper()
        if not equals or not _ATTRIBUTE_TYPE.fullmatch(kind):
            raise ValueError(f"{shown(whole)} is not a subject like CN=Ann,OU=Physics,O=Grid")
        attributes.append(_Attribute(_BY_NUMBER.get(kind, kind), _pieces(_stripped(value), whole)))
    return tuple(sorted(attributes, key=lambda attribute: attribute.type))


def _split(text: str, separator: str) -> list[str]:
    parts, current, escaped = [], "", False
    for character in text:
        if character == separator and not escaped:
            parts.append(current)
            current = ""
        else:
            current += character
        escaped = character == "\\" and not escaped
    return [*parts, current]


def _stripped(value: str) -> str:
    value = value.lstrip(" ")
    while value.endswith(" ") and not value.endswith("\\ "):
        value = value[:-1]
    return value


def _pieces(value: str, whole: str) -> tuple[bytes, ...]:
    pieces = [b""]
    at = 0
    while at < len(value):
        if value[at] == "\\":
            escape = _ESCAPE.match(value, at)
            if escape is None:
                raise ValueError(f"{shown(whole)} has a backslash that escapes nothing")
            word = escape.group(1)
            pieces[-1] += bytes.fromhex(word) if len(word) == 2 else word.encode()
            at = escape.end()
            continue
        if value[at] == "*":
            pieces.append(b"")
        else:
            pieces[-1] += value[at].encode()
        at += 1
    return tuple(pieces)
