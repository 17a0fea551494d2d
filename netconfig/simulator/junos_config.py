"""What is done to a Junos configuration: edited, inherited from its groups, printed."""

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from netconfig.simulator.junos_schema import SCHEMA, Element, Kind, Refused, Statement, is_value

_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, remove_blank_text=True, remove_comments=True
)


def parse_config(text: str) -> Element:
    """A configuration from XML as `show configuration | display xml` has it.

    Raises:
        ValueError: it is none; its text says in which line.
    """
    try:
        root = etree.fromstring(text.encode(), _PARSER)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"line {error.lineno}: it is no XML: {error.msg}") from error
    without_namespaces(root)
    if root.tag != "configuration":
        raise ValueError(f"line {root.sourceline}: <{root.tag}> is no <configuration>")
    return root


def without_namespaces(root: Element) -> None:
    """Take namespaces off; of attributes `operation` and `inactive` stay."""
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
        for name, value in list(element.attrib.items()):
            plain = str(name).rpartition("}")[2]
            if plain != name or plain not in {"operation", "inactive", "message-id", "type"}:
                del element.attrib[name]
                if plain in {"operation", "inactive"}:
                    element.set(plain, value)
    etree.cleanup_namespaces(root)


def print_config(root: Element) -> str:
    """A configuration as text."""
    root = deepcopy(root)
    etree.indent(root, "    ")
    return etree.tostring(root, encoding="unicode") + "\n"


def edit(config: Element, change: Element, operation: str = "merge") -> None:
    """Change a configuration as `edit-config` says, in place.

    Raises:
        Refused: a statement is not known, has a value it cannot have, or is to be deleted and not there.
    """
    _edit(config, change, SCHEMA, operation, ())


def _edit(
    into: Element, change: Element, statement: Statement, operation: str, path: tuple[str, ...]
) -> None:
    for child in change:
        tag = str(child.tag)
        if tag == "name":
            continue
        known = statement.children.get(tag)
        if known is None:
            raise Refused("syntax error", tag="unknown-element", path=_bracketed(path), element=tag)
        _check_value(child, known, path)
        name = child.findtext("name")
        here = (*path, *([] if tag == statement.unsaid else [tag]), *([name] if name else []))
        own = child.get("operation", operation)
        if own in {"delete", "remove"}:
            _delete(into, child, known, own, path)
        else:
            _put(into, child, known, own, here)


def _delete(into: Element, child: Element, known: Statement, operation: str, path: tuple[str, ...]) -> None:
    found = _find(into, child, known)
    if found is not None:
        _take_out(found, config_root(into))
    elif operation == "delete":
        words = "statement not found"
        raise Refused(words, tag="data-missing", path=_bracketed(path), element=str(child.tag))


def _put(into: Element, child: Element, known: Statement, operation: str, here: tuple[str, ...]) -> None:
    found = _find(into, child, known)
    if operation == "replace" or found is None:
        fresh = etree.Element(str(child.tag))
        fresh.text = child.text
        if child.get("inactive"):
            fresh.set("inactive", "inactive")
        if name := child.findtext("name"):
            etree.SubElement(fresh, "name").text = name
        if found is None:
            into.append(fresh)
        else:
            into.replace(found, fresh)
        _edit(fresh, child, known, "merge", here)
    elif known.kind in {Kind.LEAF, Kind.LEAF_LIST}:
        found.text = child.text
    else:
        _edit(found, child, known, operation, here)


def config_root(element: Element) -> Element:
    """The top of the configuration that an element is in."""
    return element.getroottree().getroot()


def _check_value(child: Element, known: Statement, path: tuple[str, ...]) -> None:
    value = child.findtext("name") if known.kind is Kind.LIST else child.text
    if known.kind in {Kind.LIST, Kind.LEAF, Kind.LEAF_LIST} and not (value or "").strip():
        if child.get("operation") in {"delete", "remove"}:
            return
        raise Refused(
            "missing argument", tag="missing-element", path=_bracketed(path), element=str(child.tag)
        )
    if known.pattern and value and not is_value(known.pattern, value):
        words = f"invalid value '{value}'"
        raise Refused(words, tag="bad-element", path=_bracketed(path), element=str(child.tag))


def _find(into: Element, child: Element, known: Statement) -> Element | None:
    for held in into.iterchildren(str(child.tag)):
        if known.kind is Kind.LIST and held.findtext("name") != child.findtext("name"):
            continue
        if known.kind is Kind.LEAF_LIST and child.text and held.text != child.text:
            continue
        return held
    return None


def _take_out(element: Element, root: Element) -> None:
    """Delete it, and what is left empty above it."""
    while element is not root:
        above = element.getparent()
        if above is None:
            return
        above.remove(element)
        if len(above) or above.tag == "groups":
            return
        element = above


def _bracketed(path: tuple[str, ...]) -> str:
    return f"[edit {' '.join(path)}]".replace(" ]", "]")


def lines(config: Element) -> Iterator[str]:
    """Every statement with nothing below it, as `set` writes it."""
    yield from _lines(config, SCHEMA, "set")


def _lines(element: Element, statement: Statement, above: str) -> Iterator[str]:
    for child in element:
        tag = str(child.tag)
        if tag == "name":
            continue
        known = statement.children.get(tag, Statement())
        words = above if tag == statement.unsaid else f"{above} {tag}"
        if name := child.findtext("name"):
            words = f"{words} {name}"
        below = [one for one in child if one.tag != "name"]
        if below:
            yield from _lines(child, known, words)
        else:
            yield f"{words} {(child.text or '').strip()}".rstrip() if not name else words


def effective(config: Element) -> Element:
    """The configuration with what it inherits from its groups; what is inactive is left out."""
    result = deepcopy(config)
    groups = {group.findtext("name"): group for group in result.iterchildren("groups")}
    applied = [one for one in result.iterchildren("apply-groups") if not one.get("inactive")]
    for group in list(groups.values()):
        result.remove(group)
    _drop_inactive(result)
    for name in (one.text for one in applied):
        inherited = groups.get(name)
        if inherited is not None and not inherited.get("inactive"):
            _drop_inactive(inherited)
            _inherit(result, inherited, SCHEMA)
    return result


def _drop_inactive(element: Element) -> None:
    for child in list(element):
        if child.get("inactive"):
            element.remove(child)
        else:
            _drop_inactive(child)


def _inherit(into: Element, group: Element, statement: Statement) -> None:
    """What the configuration says itself wins over what a group says."""
    for child in group:
        known = statement.children.get(str(child.tag), Statement())
        if child.tag == "name":
            continue
        found = _find(into, child, known)
        if found is None:
            into.append(deepcopy(child))
        elif known.kind in {Kind.CONTAINER, Kind.LIST}:
            _inherit(found, child, known)
