"""Which XML no application gets to see, whatever its own parser would make of it.

The body is decoded here, once and strictly, and goes on as UTF-8 without a declaration, so that no
two parsers can read it differently. expat then walks over it and stops at the first thing that has
no place in a message: a document type (with it go entities, external or exploding), a processing
instruction, an `href` (SOAP 1.1's references may point in circles), nesting or numbers beyond reason,
a SOAP envelope that carries nothing, or a fault. Nothing is ever fetched or expanded.
"""

import codecs
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import NoReturn
from xml.parsers import expat

from pathservice.listener.errors import Refused

_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "latin-1",
    "iso-8859-15": "iso8859-15",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}
_MARKS = (
    (codecs.BOM_UTF32_LE, None),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, None),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARATION = re.compile(
    r"""<\?xml\s+version\s*=\s*(?:"1\.[0-9]"|'1\.[0-9]')"""
    r"""(?:\s+encoding\s*=\s*(?P<quote>["'])(?P<encoding>[A-Za-z][A-Za-z0-9._-]{0,39})(?P=quote))?"""
    r"""(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>"""
)
_DECLARATION_LIMIT = 200
_ENVELOPES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
_SEPARATOR = "\x1f"  # between namespace and name; no XML document can contain it


def clean_xml(body: bytes, charset: str | None, *, depth: int, nodes: int) -> bytes:
    """Answer `body` as UTF-8 that an application may parse, at most `depth` deep with `nodes` nodes.

    `charset` is what Content-Type said, if it did. A byte order mark goes before it, and it goes
    before the declaration, as RFC 7303 has it; one that the bytes contradict gives way to the next.
    Raises Refused: 415 unknown-charset; 400 bad-encoding, not-well-formed, xml-doctype,
    xml-processing-instruction, xml-href, xml-too-deep, xml-too-large, soap-body-empty, soap-fault.
    """
    text = _decode(body, charset)
    declaration = _DECLARATION.match(text, 0, _DECLARATION_LIMIT)
    if declaration:
        text = text[declaration.end() :]
    if text.startswith("\ufeff"):
        _refuse("not-well-formed", "a byte order mark stands at the start alone")
    cleaned = text.encode()
    _Guard(depth, nodes).check(cleaned)
    return cleaned


def _decode(body: bytes, charset: str | None) -> str:
    for codec in _candidates(body, charset):
        try:
            return body.decode(codec).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise Refused(HTTPStatus.BAD_REQUEST, "bad-encoding", "the body is not in the encoding it claims")


def _candidates(body: bytes, charset: str | None) -> Iterator[str]:
    """In which encodings to read `body`, the likeliest first."""
    for mark, codec in _MARKS:
        if body.startswith(mark):
            yield codec or _unknown_charset()
            return
    wide = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(body[:2])
    if charset is not None:
        named = _codec(charset)
        yield (wide or "utf-16-be") if named == "utf-16" else named
    if wide:
        yield wide
        return
    declaration = _DECLARATION.match(body[:_DECLARATION_LIMIT].decode("latin-1"))
    declared = declaration and declaration["encoding"]
    if declared and (charset is None or declared.lower() in _CODECS):
        yield _codec(declared)
    elif charset is None:
        yield "utf-8"


def _codec(name: str) -> str:
    return _CODECS.get(name.lower()) or _unknown_charset()


def _unknown_charset() -> NoReturn:
    raise Refused(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unknown-charset",
        "this character encoding is not read here; send UTF-8",
    )


def _refuse(code: str, message: str) -> NoReturn:
    raise Refused(HTTPStatus.BAD_REQUEST, code, message)


class _Guard:
    """Walks over one document."""

    def __init__(self, depth: int, nodes: int) -> None:
        self._depth_limit = depth
        self._nodes_left = nodes
        self._depth = 0
        self._is_envelope = False
        self._in_body = False
        self._has_content = False

    def check(self, document: bytes) -> None:
        parser = expat.ParserCreate("utf-8", _SEPARATOR)
        parser.ordered_attributes = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._processing_instruction
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        try:
            parser.Parse(document, True)
        except expat.ExpatError as error:
            raise Refused(
                HTTPStatus.BAD_REQUEST,
                "not-well-formed",
                f"the XML is not well-formed (line {error.lineno}, column {error.offset})",
            ) from error
        if self._is_envelope and not self._has_content:
            _refuse("soap-body-empty", "the SOAP envelope has nothing in its body")

    def _declaration(self, *_: object) -> None:
        """The one declaration there may be was taken off before; what is left would be read again."""
        _refuse("not-well-formed", "the XML declaration is malformed")

    def _doctype(self, *_: object) -> None:
        _refuse("xml-doctype", "a document type declaration is not accepted")

    def _processing_instruction(self, *_: object) -> None:
        _refuse("xml-processing-instruction", "processing instructions are not accepted")

    def _start(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        self._nodes_left -= 1 + len(attributes) // 2
        if self._depth > self._depth_limit:
            _refuse("xml-too-deep", f"elements may be nested {self._depth_limit} deep")
        if self._nodes_left < 0:
            _refuse("xml-too-large", "the XML has too many elements and attributes")
        if "href" in attributes[::2]:
            _refuse(
                "xml-href", "references between elements (href) are not resolved; send the values in place"
            )
        namespace, _, local = name.rpartition(_SEPARATOR)
        if self._depth == 1:
            self._is_envelope = local == "Envelope" and namespace in _ENVELOPES
        elif self._depth == 2:
            self._in_body = local == "Body" and namespace in _ENVELOPES
        elif self._depth == 3 and self._in_body:
            self._has_content = True
            if local == "Fault" and namespace in _ENVELOPES:
                _refuse("soap-fault", "a fault is an answer, not a request")

    def _end(self, _name: str) -> None:
        self._depth -= 1
