"""GENI's names: `urn:publicid:IDN+authority+type+name`, of slices, slivers, users and authorities. Pure.

An authority may have parts, the widest first: `example.net:lab` is below `example.net`. All but the
name is written in any case, as DNS names are; two URNs that differ in nothing else are equal, and
`canonical` is the form to keep.
"""

import re
from dataclasses import dataclass

from tbam.errors import BadArgs

_PREFIX = "urn:publicid:IDN+"
_LONGEST = 255
_AUTHORITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?::[A-Za-z0-9][A-Za-z0-9._-]*)*")
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NAME = re.compile(r"[A-Za-z0-9()+,\-.:=@;$_!*'%/?#]+")


class BadUrn(BadArgs):
    """A text is not the URN it should be; the sentence says what one looks like."""


@dataclass(frozen=True, slots=True, eq=False)
class Urn:
    """The name of one thing, as it was written. Raises BadUrn for parts that cannot be in one."""

    authority: str
    type: str
    name: str

    def __post_init__(self) -> None:
        for part, pattern in (("authority", _AUTHORITY), ("type", _TYPE), ("name", _NAME)):
            text = getattr(self, part)
            if not pattern.fullmatch(text):
                raise BadUrn(f"{text[:80]!r} cannot be the {part} of a URN {_PREFIX}authority+type+name")
        if len(str(self)) > _LONGEST:
            raise BadUrn(f"a URN has at most {_LONGEST} characters, this one {len(str(self))}")

    def __str__(self) -> str:
        return f"{_PREFIX}{self.authority}+{self.type}+{self.name}"

    @property
    def canonical(self) -> str:
        """The one spelling of all that are equal."""
        return f"{_PREFIX}{self.authority.lower()}+{self.type.lower()}+{self.name}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Urn) and self.canonical == other.canonical

    def __hash__(self) -> int:
        return hash(self.canonical)

    def is_a(self, kind: str) -> bool:
        """Whether it names a thing of that type, such as `slice`."""
        return self.type.lower() == kind

    def has_authority_over(self, other: "Urn") -> bool:
        """Whether it names an authority, and `other` is a thing of that authority or of one below it."""
        ours, theirs = self.authority.lower().split(":"), other.authority.lower().split(":")
        return self.is_a("authority") and theirs[: len(ours)] == ours


def parse_urn(text: str, *, kind: str | None = None) -> Urn:
    """Read a URN, of that type if `kind` is given. Raises BadUrn."""
    if text[: len(_PREFIX)].lower() != _PREFIX.lower():
        raise BadUrn(f"{text[:80]!r} is no URN {_PREFIX}authority+{kind or 'type'}+name")
    parts = text[len(_PREFIX) :].split("+", 2)
    if len(parts) != 3:
        raise BadUrn(f"{text[:80]!r} is no URN {_PREFIX}authority+{kind or 'type'}+name: parts are missing")
    urn = Urn(*parts)
    if kind is not None and not urn.is_a(kind):
        raise BadUrn(f"{text[:80]!r} names a {urn.type}; a {kind} is wanted: {_PREFIX}authority+{kind}+name")
    return urn


def is_urn(text: str) -> bool:
    """Whether it begins as one of these URNs does; certificates carry others beside it."""
    return text[: len(_PREFIX)].lower() == _PREFIX.lower()
