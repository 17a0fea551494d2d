"""SOAP 1.1 envelopes, read strictly: whatever was sent, the answer is one element or a `SoapFault`.

UTF-8 or UTF-16 (WS-I Basic Profile 1.1, R1012); no DOCTYPE, so no entities; one element in the body; no
header that must be understood; no `href` is followed. Texts tell the place, never what stood there.
"""

import re
import threading
from datetime import datetime, timedelta
from typing import Any

from lxml import etree
from lxml.etree import _Element

from lambdastation.errors import BadTime, SchemaInvalid, shown
from lambdastation.faults import MUST_UNDERSTAND, VERSION_MISMATCH, SoapFault
from lambdastation.spyne_compat import NS_SOAP11_ENV
from lambdastation.wire import TIME_FIELDS

_CHARSETS = frozenset({"utf-8", "utf-16", "us-ascii"})
_NEXT_ACTOR = "http://schemas.xmlsoap.org/soap/actor/next"
_TAG = re.compile(r"Element '(?:\{[^}]*\})?([^']{1,64})'")
_MISSING = re.compile(r"Missing child element\(s\)\. Expected is (?:one of )?\( (?:\{[^}]*\})?([^ ,]{1,64})")
_END_OF_DAY = re.compile(r"T24:00:00(?:\.0+)?(?![0-9.])", re.ASCII)


def read_body(message: bytes, charset: str | None) -> _Element:
    """The one element in the body of a request.

    Raises:
        SoapFault: the message is no SOAP 1.1 request as it is taken here.
    """
    envelope = _parsed(message, charset)
    tag = etree.QName(envelope)
    if tag.localname != "Envelope":
        raise SoapFault(SchemaInvalid("the message is no SOAP envelope"))
    if tag.namespace != NS_SOAP11_ENV:
        raise SoapFault(SchemaInvalid("only SOAP 1.1 is spoken here"), faultcode=VERSION_MISMATCH)
    children = list(envelope)
    if children and children[0].tag == f"{{{NS_SOAP11_ENV}}}Header":
        _check_headers(children.pop(0))
    if len(children) != 1 or children[0].tag != f"{{{NS_SOAP11_ENV}}}Body":
        raise SoapFault(SchemaInvalid("an envelope holds a header, if any, and one body"))
    body = children[0]
    if len(body) != 1:
        raise SoapFault(SchemaInvalid("the body holds one request"))
    if _holds_text(envelope) or _holds_text(body):
        raise SoapFault(SchemaInvalid("no text stands between the elements of an envelope"))
    return body[0]


def _holds_text(element: _Element) -> bool:
    """Whether other than blanks stands directly in it, before, between or after its children."""
    return any(text and text.strip() for text in (element.text, *(child.tail for child in element)))


def _parsed(message: bytes, charset: str | None) -> _Element:
    encoding = None if charset is None else charset.strip("\"' ").lower()
    if encoding is not None and encoding not in _CHARSETS:
        raise SoapFault(SchemaInvalid("a message is written in UTF-8 or UTF-16"))
    try:
        parser = etree.XMLParser(
            encoding=encoding,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        root = etree.fromstring(message, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        text = f"the message is not well-formed XML at line {line}, column {column}"
        raise SoapFault(SchemaInvalid(text)) from error
    except (LookupError, ValueError) as error:
        raise SoapFault(SchemaInvalid("a message is written in UTF-8 or UTF-16")) from error
    docinfo: Any = root.getroottree().docinfo
    if docinfo.doctype:
        raise SoapFault(SchemaInvalid("a message has no DOCTYPE"))
    return root


def _check_headers(header: _Element) -> None:
    for block in header:
        actor = block.get(f"{{{NS_SOAP11_ENV}}}actor")
        must = block.get(f"{{{NS_SOAP11_ENV}}}mustUnderstand")
        if must in {"1", "true"} and actor in {None, "", _NEXT_ACTOR}:
            name = shown(etree.QName(block).localname)
            raise SoapFault(
                SchemaInvalid(f"the header {name} is not understood here"), faultcode=MUST_UNDERSTAND
            )


class Validator:
    """The service's schema, asked about one element at a time.

    libxml2 keeps the errors of the last validation with the schema, so threads that shared it unguarded read
    each other's (146 of 2,400 when it was tried).
    """

    def __init__(self, schema: _Element) -> None:
        self._schema = etree.XMLSchema(schema)
        self._turn = threading.Lock()

    def check(self, element: _Element) -> None:
        """Return if the element is as the schema says and its times are times.

        Raises:
            SoapFault: it is not; the first fault of it is told, with the field where it can be named.
        """
        with self._turn:
            valid = self._schema.validate(element)
            log: Any = self._schema.error_log
            found = [(entry.type_name, entry.message) for entry in log]
        if not valid:
            raise SoapFault(_in_words(*found[0]))
        for field in element.iter():
            if etree.QName(field).localname in TIME_FIELDS:
                _check_time(field)


def _in_words(kind: str, message: str) -> SchemaInvalid:
    missing = _MISSING.search(message)
    found = missing or _TAG.match(message)
    name = found.group(1) if found else None
    match kind:
        case _ if "attribute '" in message:
            sentence = "an attribute is not allowed"
        case _ if missing:
            sentence = "this element is missing"
        case "SCHEMAV_ELEMENT_CONTENT":
            sentence = "this element is unknown, twice, or not in its place"
        case "SCHEMAV_CVC_ENUMERATION_VALID":
            sentence = "the value is none of the words the schema lists"
        case "SCHEMAV_CVC_MAXLENGTH_VALID":
            sentence = "the value is too long"
        case _:
            sentence = "the value is not what the schema allows"
    return SchemaInvalid(f"{name or 'the request'}: {sentence}", field=name)


def _check_time(field: _Element) -> None:
    try:
        parse_time(field.text or "")
    except ValueError as error:
        name = etree.QName(field).localname
        raise SoapFault(BadTime("the time is out of range", field=name)) from error


def parse_time(text: str) -> datetime:
    """The instant of an xs:dateTime, cut to microseconds; naive if it carries no zone.

    24:00:00 is the next day's midnight (XML Schema 1.0 second edition, 3.2.7.1).

    Raises:
        ValueError: it is none, or outside the years 1 to 9999.
    """
    midnight, count = _END_OF_DAY.subn("T00:00:00", text.strip())
    time = datetime.fromisoformat(midnight)
    try:
        return time + timedelta(days=count)
    except OverflowError as error:
        raise ValueError("the time is out of range") from error
