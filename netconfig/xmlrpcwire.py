"""XML-RPC read with distrust and written plainly: for a gateway's agent and for who speaks to it. Pure.

expat walks over a document before the library's own reader sees it, and stops at what has no place in one:
a document type (with it go entities, external or exploding), a processing instruction, nesting or numbers
beyond reason. Nothing is ever fetched or expanded.
"""

import xmlrpc.client
from typing import NoReturn
from xml.parsers import expat

DEEPEST = 40
MOST_ELEMENTS = 60_000
"""A map of all 4094 VLANs takes 25,000."""

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]


class NotXmlRpc(ValueError):
    """A document is not what it should be; the message says how."""


class Fault(Exception):
    """The other side answered that it did not do it.

    Attributes:
        code: stable, for machines.
        words: for people.
    """

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


def write_call(method: str, *arguments: object) -> bytes:
    """A call, as a document."""
    return xmlrpc.client.dumps(arguments, method).encode()  # type: ignore[arg-type]


def write_answer(value: object) -> bytes:
    """The answer to a call, as a document."""
    return xmlrpc.client.dumps((value,), methodresponse=True).encode()  # type: ignore[arg-type]


def write_fault(code: int, words: str) -> bytes:
    """The answer that a call was not done, as a document."""
    return xmlrpc.client.dumps(xmlrpc.client.Fault(code, words), methodresponse=True).encode()


def read_call(document: bytes) -> tuple[str, tuple[object, ...]]:
    """Method and arguments.

    Raises:
        NotXmlRpc: it is no call.
    """
    arguments, method = _read(document, "methodCall")
    if method is None:
        raise NotXmlRpc("no method is called")
    return method, arguments


def read_answer(document: bytes) -> object:
    """The one value.

    Raises:
        Fault: it tells of one.
        NotXmlRpc: it is no answer.
    """
    try:
        values, _ = _read(document, "methodResponse")
    except xmlrpc.client.Fault as fault:
        code: object = fault.faultCode
        words: object = fault.faultString
        if not (isinstance(code, int) and isinstance(words, str)):
            raise NotXmlRpc("a fault that has no number or no words") from None
        raise Fault(code, words) from None
    if len(values) != 1:
        raise NotXmlRpc(f"an answer has one value, not {len(values)}")
    return values[0]


def _read(document: bytes, root: str) -> tuple[tuple[object, ...], str | None]:
    _Guard(root).check(document)
    try:
        return xmlrpc.client.loads(document, use_builtin_types=True)
    except xmlrpc.client.Fault:
        raise
    except Exception as error:  # noqa: BLE001 - its reader has an error of its own for every kind of nonsense
        raise NotXmlRpc(f"no XML-RPC: {type(error).__name__}") from None


class _Guard:
    """Walks over one document."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._depth = 0
        self._elements = 0

    def check(self, document: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        try:
            parser.Parse(document, True)
        except expat.ExpatError as error:
            raise NotXmlRpc(
                f"the XML is not well-formed (line {error.lineno}, column {error.offset})"
            ) from None
        except (LookupError, ValueError) as error:
            if isinstance(error, NotXmlRpc):
                raise
            raise NotXmlRpc("the XML is in an encoding that is not read here; send UTF-8") from None

    def _doctype(self, *_: object) -> NoReturn:
        raise NotXmlRpc("a document type declaration is not accepted")

    def _instruction(self, *_: object) -> NoReturn:
        raise NotXmlRpc("processing instructions are not accepted")

    def _start(self, name: str, _: object) -> None:
        if self._depth == 0 and name != self._root:
            raise NotXmlRpc(f"a {self._root} is expected, not a {name[:80]}")
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST:
            raise NotXmlRpc(f"elements may be nested {DEEPEST} deep")
        if self._elements > MOST_ELEMENTS:
            raise NotXmlRpc(f"there may be {MOST_ELEMENTS} elements")

    def _end(self, _: str) -> None:
        self._depth -= 1
