"""XML-RPC on the wire: a call's bytes to values, and values to an answer's bytes.

Stricter than Python's own reader, which takes what it does not know for nothing: here a document means one
thing or is refused. Values are str, int, float, bool, bytes, None, aware datetimes, lists and dicts with
string keys. The listener's front has bounded size, nesting and number of elements, and no document type gets
past it; one is refused here too.
"""

import base64
import binascii
import re
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

Value = str | int | float | bool | bytes | None | datetime | list["Value"] | dict[str, "Value"]

UNKNOWN_METHOD = -32601
"""The fault's number, as the XML-RPC interoperability page has it."""

_DEEPEST = 16
_METHOD = re.compile(r"[A-Za-z0-9_.:/]{1,100}", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_MOMENT = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})T([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:\.[0-9]{1,9})?(Z?)", re.ASCII
)
_BITS = {"i4": 32, "int": 32, "i8": 64}
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotXmlRpc(ValueError):
    """The bytes are no XML-RPC call; the sentence says why, and never repeats them."""


@dataclass(frozen=True, slots=True)
class MethodCall:
    """What a client asks for."""

    method: str
    parameters: tuple[Value, ...]


def read_call(body: bytes) -> MethodCall:
    """Read a call. Raises NotXmlRpc."""
    root = _parse(body)
    if root.tag != "methodCall":
        raise NotXmlRpc("an XML-RPC request begins with methodCall")
    children = _children(root)
    if not children or children[0].tag != "methodName":
        raise NotXmlRpc("methodCall begins with methodName")
    method = _text(children[0]).strip()
    if not _METHOD.fullmatch(method):
        raise NotXmlRpc("methodName holds letters, digits, underscores, dots, colons and slashes")
    match children[1:]:
        case []:
            return MethodCall(method, ())
        case [params] if params.tag == "params":
            return MethodCall(method, tuple(_parameter(param) for param in _children(params)))
    raise NotXmlRpc("methodCall holds methodName and one params")


def write_answer(value: Value) -> bytes:
    """A method's answer; what no XML document can hold becomes a question mark."""
    return _written((_writable(value),))


def write_fault(number: int, sentence: str) -> bytes:
    """For a method that does not exist."""
    return _written(xmlrpc.client.Fault(number, sentence))


def _written(answer: tuple[Value, ...] | xmlrpc.client.Fault) -> bytes:
    text = xmlrpc.client.dumps(answer, methodresponse=True)
    return text.encode("utf-8")


def _writable(value: Value) -> Value:
    match value:
        case str():
            return _UNWRITABLE.sub("?", value)
        case list():
            return [_writable(item) for item in value]
        case dict():
            return {name: _writable(item) for name, item in value.items()}
    return value


class _Builder(TreeBuilder):
    def doctype(self, _name: str, _public: str | None, _system: str | None) -> NoReturn:
        raise NotXmlRpc("a request has no document type declaration")


def _parse(body: bytes) -> Element:
    parser = XMLParser(target=_Builder())  # noqa: S314  entities need a document type, which is refused
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, LookupError, ValueError) as error:
        if isinstance(error, NotXmlRpc):
            raise
        raise NotXmlRpc("the request is not well-formed XML") from error
    return root


def _parameter(param: Element) -> Value:
    if param.tag != "param":
        raise NotXmlRpc("params holds param elements")
    return _value(_only_child(param), _DEEPEST)


def _value(element: Element, depth: int) -> Value:
    if element.tag != "value":
        raise NotXmlRpc("a value is expected in param, member and data")
    if depth == 0:
        raise NotXmlRpc(f"values are nested {_DEEPEST} deep at most")
    if not len(element):
        return element.text or ""
    typed = _only_child(element)
    if typed.tag == "array":
        data = _only_child(typed)
        if data.tag != "data":
            raise NotXmlRpc("array holds data")
        return [_value(item, depth - 1) for item in _children(data)]
    if typed.tag == "struct":
        return _struct(typed, depth)
    read = _SCALARS.get(typed.tag)
    if read is None:
        raise NotXmlRpc("a value has a type that XML-RPC does not know")
    return read(typed.tag, _text(typed))


def _struct(element: Element, depth: int) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for member in _children(element):
        parts = _children(member)
        if member.tag != "member" or [part.tag for part in parts] != ["name", "value"]:
            raise NotXmlRpc("struct holds members, each with a name and a value")
        name = _text(parts[0])
        if name in found:
            raise NotXmlRpc("a struct has two members of one name")
        found[name] = _value(parts[1], depth - 1)
    return found


def _integer(kind: str, text: str) -> int:
    number = int(text) if _INTEGER.fullmatch(text.strip()) else None
    bound = 1 << (_BITS[kind] - 1)
    if number is None or not -bound <= number < bound:
        raise NotXmlRpc(f"{kind} holds an integer of {_BITS[kind]} bits")
    return number


def _boolean(_kind: str, text: str) -> bool:
    if text.strip() not in ("0", "1"):
        raise NotXmlRpc("boolean holds 0 or 1")
    return text.strip() == "1"


def _double(_kind: str, text: str) -> float:
    if not _DOUBLE.fullmatch(text.strip()):
        raise NotXmlRpc("double holds a decimal number")
    return float(text)


def _moment(_kind: str, text: str) -> datetime:
    """The wire has no zone for it; UTC is what clients of this API mean."""
    match = _MOMENT.fullmatch(text.strip())
    try:
        if match is not None:
            year, month, day, hour, minute, second = map(int, match.groups()[:6])
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        pass
    raise NotXmlRpc("dateTime.iso8601 holds a time as 20260220T15:45:00")


def _bytes(_kind: str, text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotXmlRpc("base64 holds something else") from error


def _nothing(_kind: str, text: str) -> None:
    if text.strip():
        raise NotXmlRpc("nil holds nothing")


_SCALARS: dict[str, Callable[[str, str], Value]] = {
    "string": lambda _kind, text: text,
    "boolean": _boolean,
    "double": _double,
    "dateTime.iso8601": _moment,
    "base64": _bytes,
    "nil": _nothing,
    **dict.fromkeys(_BITS, _integer),
}


def _children(element: Element) -> list[Element]:
    """The elements in one that holds nothing beside them."""
    between = [element.text, *(child.tail for child in element)]
    if any(text and not text.isspace() for text in between):
        raise NotXmlRpc("text stands where only elements can")
    return list(element)


def _only_child(element: Element) -> Element:
    children = _children(element)
    if len(children) != 1:
        raise NotXmlRpc("param, value and array hold one element each")
    return children[0]


def _text(element: Element) -> str:
    if len(element):
        raise NotXmlRpc("elements stand where only text can")
    return element.text or ""
