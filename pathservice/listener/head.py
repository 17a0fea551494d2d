"""Request heads, read strictly (RFC 9112): what two programs could understand differently is refused."""

import re
from typing import Protocol

_NAME = re.compile(rb"[!#$%&'*+.^`|~0-9A-Za-z_-]+")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_SINGLE = (b"Content-Length", b"Content-Type", b"Content-Encoding", b"Transfer-Encoding", b"Host", b"Expect")
_FIELDS_LIMIT = 100

Fields = dict[bytes, bytes]


class BadHead(ValueError):
    """A head that is refused; `code` is stable, the text is the message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Lines(Protocol):
    """Where the lines come from."""

    def readline(self) -> bytes:
        """Answer the next line with its end."""


def read_fields(lines: Lines, *, needs_host: bool = False) -> Fields:
    """Read header fields up to the empty line; names are title-cased, as cheroot looks them up.

    Fields whose name has an underscore are left out: in WSGI they could not be told from those with
    a hyphen. Raises BadHead.
    """
    fields: Fields = {}
    for _ in range(_FIELDS_LIMIT):
        line = lines.readline()
        if line == b"\r\n":
            return _checked(fields, needs_host=needs_host)
        _add_field(fields, line)
    raise BadHead("too-many-fields", f"a request may have {_FIELDS_LIMIT - 1} header fields")


def _add_field(fields: Fields, line: bytes) -> None:
    name, colon, value = line.partition(b":")
    if not line.endswith(b"\r\n") or not colon or not _NAME.fullmatch(name) or b"\0" in value:
        raise BadHead("malformed-field", "a header field is malformed")
    if b"_" in name:
        return
    name, value = name.title(), value.strip()
    if name not in fields:
        fields[name] = value
    elif name in _SINGLE:
        raise BadHead("repeated-field", f"{name.decode()} is given more than once")
    else:
        fields[name] += b", " + value


def _checked(fields: Fields, *, needs_host: bool) -> Fields:
    if needs_host and b"Host" not in fields:
        raise BadHead("host-missing", "Host is needed in HTTP/1.1")
    length = fields.get(b"Content-Length")
    if length is not None and not _LENGTH.fullmatch(length):
        raise BadHead("bad-content-length", "Content-Length is not a number of bytes")
    if length is not None and b"Transfer-Encoding" in fields:
        raise BadHead("bad-content-length", "Content-Length and Transfer-Encoding exclude each other")
    return fields
