"""From a credential's text to elements, with nothing in it that could mean two things.

expat walks over the text first and stops at a document type (with it go entities, external or exploding),
a processing instruction, a comment (`alice<!-- -->x` is signed as `alicex` and read as `alice`) or
nesting beyond reason. Nothing is fetched or expanded. Then the shape is taken apart from the top, child by
child: nothing is searched for, so what is found is where it has to be.

    signed-credential
    ├── credential xml:id="ref1"
    │   ├── owner_gid, owner_urn, target_gid, target_urn, expires, privileges, ...
    │   └── parent / credential xml:id="ref0" ...       whose owner delegated it
    └── signatures
        └── Signature (http://www.w3.org/2000/09/xmldsig#)      one for each credential
"""

import re
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from lxml import etree

from tbam.credentials.errors import CredentialInvalid

DSIG = "{http://www.w3.org/2000/09/xmldsig#}"
XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
GENERATIONS = 5
"""How many credentials may stand in each other, the delegated ones included."""
_DEEPEST = 40
_MOST_NODES = 5_000
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True, eq=False)
class SignedElement:
    """One credential's element and the signature that claims it, by the unique `id` of both."""

    id: str
    credential: etree._Element
    signature: etree._Element


def read_document(text: str) -> list[SignedElement]:
    """Answer the credential, then whose owner delegated it, and so on. Raises CredentialInvalid."""
    root = _parse(text)
    if root.tag != "signed-credential":
        raise CredentialInvalid(f"a credential's XML begins with signed-credential, not {_name(root)}")
    credential, signatures = child(root, "credential"), child(root, "signatures")
    if len(root) != 2:
        raise CredentialInvalid("a signed-credential holds one credential and its signatures, nothing else")
    line = [credential]
    while (parent := _parent(line[-1])) is not None:
        line.append(parent)
        if len(line) > GENERATIONS:
            raise CredentialInvalid(f"a credential may be delegated {GENERATIONS - 1} times, not more")
    claimed = _claimed(signatures)
    found = []
    for element in line:
        name = element.get(XML_ID)
        if name is None or not _ID.fullmatch(name):
            raise CredentialInvalid("a credential needs an xml:id, by which its signature refers to it")
        if name not in claimed:
            raise CredentialInvalid(f"the credential with xml:id {name!r} is not signed")
        found.append(SignedElement(name, element, claimed.pop(name)))
    if claimed:
        raise CredentialInvalid("a signature is for something that is no credential of this document")
    return found


def child(element: etree._Element, tag: str) -> etree._Element:
    """Answer the one child of that tag. Raises CredentialInvalid."""
    found = optional_child(element, tag)
    if found is None:
        raise CredentialInvalid(f"{_name(element)} has no {_local(tag)}")
    return found


def optional_child(element: etree._Element, tag: str) -> etree._Element | None:
    """Answer the one child of that tag, None if there is none. Raises CredentialInvalid for two."""
    found = [inner for inner in element if inner.tag == tag]
    if len(found) > 1:
        raise CredentialInvalid(f"{_name(element)} has {len(found)} {_local(tag)}; there can be one")
    return found[0] if found else None


def text_of(element: etree._Element) -> str:
    """Answer the text of an element that holds nothing else, without the space around it."""
    if len(element):
        raise CredentialInvalid(f"{_name(element)} holds elements where there should be text")
    return (element.text or "").strip()


def _parent(credential: etree._Element) -> etree._Element | None:
    holder = optional_child(credential, "parent")
    if holder is None:
        return None
    if len(holder) != 1:
        raise CredentialInvalid("parent holds the one credential that was delegated")
    return child(holder, "credential")


def _claimed(signatures: etree._Element) -> dict[str, etree._Element]:
    """The signatures by the id each refers to; the reference itself is checked with the signature."""
    claimed: dict[str, etree._Element] = {}
    for signature in signatures:
        if signature.tag != f"{DSIG}Signature":
            raise CredentialInvalid(f"signatures holds {_name(signature)}; there can be Signature only")
        reference = child(child(signature, f"{DSIG}SignedInfo"), f"{DSIG}Reference")
        name = reference.get("URI", "")
        if not name.startswith("#") or name[1:] in claimed:
            raise CredentialInvalid("each signature refers to one credential of its own, as #id")
        claimed[name[1:]] = signature
    return claimed


def _parse(text: str) -> etree._Element:
    try:
        # Both parsers are told the encoding; what the declaration says of one is over.
        content = text.strip().encode("utf-8")
        _Guard().check(content)
        return etree.fromstring(content, etree.XMLParser(encoding="utf-8", resolve_entities=False))
    except (expat.ExpatError, etree.XMLSyntaxError, UnicodeEncodeError) as error:
        raise CredentialInvalid("a credential must be well-formed XML") from error


def _name(element: etree._Element) -> str:
    return _local(str(element.tag))[:80]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


class _Guard:
    """Walks over one document."""

    def __init__(self) -> None:
        self._depth = 0
        self._nodes = 0
        self._ids: set[str] = set()

    def check(self, content: bytes) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.StartDoctypeDeclHandler = self._refuse_type
        parser.ProcessingInstructionHandler = self._refuse_instruction
        parser.CommentHandler = self._refuse_comment
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.Parse(content, True)

    def _refuse_type(self, *_: object) -> NoReturn:
        raise CredentialInvalid("a credential has no document type declaration")

    def _refuse_instruction(self, *_: object) -> NoReturn:
        raise CredentialInvalid("a credential has no processing instructions")

    def _refuse_comment(self, *_: object) -> NoReturn:
        raise CredentialInvalid("a credential has no comments: what is signed would not be what is read")

    def _start(self, _tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._nodes += 1 + len(attributes)
        if self._depth > _DEEPEST or self._nodes > _MOST_NODES:
            raise CredentialInvalid("a credential is not that large: too many elements, or too deep")
        for name, value in attributes.items():
            if name.rpartition(":")[2].lower() == "id":
                self._add_id(value)

    def _add_id(self, value: str) -> None:
        """Whatever any reader could take for an identifier, under whatever prefix, is there once."""
        if value in self._ids:
            raise CredentialInvalid(f"two elements have the id {value[:80]!r}; a signature could mean either")
        self._ids.add(value)

    def _end(self, _tag: str) -> None:
        self._depth -= 1
