"""Configuration as Junos has it in XML: found, changed in place, written as `set` lines. No names of ours."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

Element = etree._Element  # noqa: SLF001 - lxml's stubs have no other name for it
Path = tuple[str, ...]

INACTIVE = "inactive"
_UNSAID = {
    ("interfaces", "interface"),
    ("routing-instances", "instance"),
    ("apply-macro", "data"),
}
"""Lists whose entries are written by their name alone."""
_VALUES = frozenset({"filter-name", "routing-instance-name", "value"})
"""Elements that are written by their text alone."""
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, remove_blank_text=True, remove_comments=True
)


def parse(text: str) -> Element:
    """An element from its text.

    Raises:
        etree.XMLSyntaxError: it is none.
    """
    return etree.fromstring(text, _PARSER)


def write(element: Element) -> str:
    """An element as text, one way of writing each thing."""
    return "".join(f"{line}\n" for line in _written(element, 0))


def _written(element: Element, depth: int) -> Iterator[str]:
    indent, tag = "    " * depth, element.tag
    inactive = f' {INACTIVE}="{INACTIVE}"' if element.get(INACTIVE) else ""
    text = escape((element.text or "").strip())
    if len(element) == 0:
        yield f"{indent}<{tag}{inactive}>{text}</{tag}>" if text else f"{indent}<{tag}{inactive}/>"
        return
    yield f"{indent}<{tag}{inactive}>"
    for below in element:
        yield from _written(below, depth + 1)
    yield f"{indent}</{tag}>"


@dataclass(frozen=True, slots=True)
class Node:
    """A statement by its words; `is_leaf` if nothing is below it."""

    path: Path
    is_leaf: bool


def nodes(element: Element, above: Path | None = None) -> Iterator[Node]:
    """Every statement at and below an element, its own first; its tag is said though its list's are not."""
    parent = element.getparent()
    path = above or ()
    if above is None or parent is None or (parent.tag, element.tag) not in _UNSAID:
        path = path if element.tag in _VALUES else (*path, str(element.tag))
    name = element.findtext("name")
    if name is not None:
        path = (*path, name)
    elif len(element) == 0 and (text := (element.text or "").strip()):
        path = (*path, text)
    below = [child for child in element if child.tag != "name"]
    yield Node(path, is_leaf=not below)
    if element.get(INACTIVE):
        yield Node((*path, f"<{INACTIVE}>"), is_leaf=True)
    for child in below:
        yield from nodes(child, path)


def leaves(element: Element) -> tuple[Path, ...]:
    """The statements with nothing below them: a configuration as `set` has it."""
    return tuple(node.path for node in nodes(element) if node.is_leaf)


def are_equal(one: Element, other: Element) -> bool:
    """Whether both say the same, in whatever order."""
    return set(leaves(one)) == set(leaves(other))


def entry(parent: Element | None, tag: str, name: str) -> Element | None:
    """The entry of a list by its name."""
    if parent is None:
        return None
    return next((child for child in parent.iterchildren(tag) if child.findtext("name") == name), None)


def ensure(parent: Element, *tags: str) -> Element:
    """The element at the end of a path below this one, made where it is missing, active all the way."""
    for tag in tags:
        found = parent.find(tag)
        parent = etree.SubElement(parent, tag) if found is None else found
        parent.attrib.pop(INACTIVE, "")
    return parent


def ensure_entry(parent: Element, tag: str, name: str) -> Element:
    """The entry of a list by its name, made where it is missing."""
    found = entry(parent, tag, name)
    if found is None:
        found = etree.SubElement(parent, tag)
        etree.SubElement(found, "name").text = name
    found.attrib.pop(INACTIVE, "")
    return found


def put(parent: Element, wanted: Element) -> None:
    """Let a list have this entry; one that says the same stays."""
    found = entry(parent, str(wanted.tag), wanted.findtext("name") or "")
    if found is None:
        parent.append(deepcopy(wanted))
    elif not are_equal(found, wanted):
        parent.replace(found, deepcopy(wanted))


def remove(element: Element, root: Element) -> None:
    """Take an element away, and what is left empty above it, up to the root."""
    while element is not root:
        above = element.getparent()
        if above is None:
            return
        above.remove(element)
        if any(child.tag != "name" for child in above):
            return
        element = above


def build(tag: str, content: Mapping[str, Any] | str | None = None) -> Element:
    """An element from nested mappings; a list of values makes an element each, None an empty one."""
    element = etree.Element(tag)
    if isinstance(content, str):
        element.text = content
    for below, value in content.items() if isinstance(content, Mapping) else ():
        for one in value if isinstance(value, list) else [value]:
            element.append(build(below, one))
    return element
