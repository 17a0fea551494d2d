"""Subtree filters (RFC 6241, section 6): the part of a configuration that somebody asks for. Pure."""

from copy import deepcopy

from lxml import etree

from netconfig.simulator.junos_schema import Element

_NAMESPACE = "http://xml.juniper.net/xnm/1.1/xnm"


def subtree(config: Element, wanted: Element | None) -> str:
    """The configuration as far as it is asked for, as XML; nothing of it is nothing."""
    if wanted is None:
        return _printed(config)
    asked = wanted.find("configuration")
    if asked is None:
        return ""
    found = _selected(config, asked)
    return "" if found is None else _printed(found)


def _printed(config: Element) -> str:
    copy = deepcopy(config)
    copy.set("xmlns", _NAMESPACE)
    return etree.tostring(copy, encoding="unicode")


def _selected(element: Element, asked: Element) -> Element | None:
    """The element with what is asked of it: all, if nothing is asked below; None if a content match fails."""
    matches = [one for one in asked if len(one) == 0 and (one.text or "").strip()]
    if any((element.findtext(str(one.tag)) or "").strip() != (one.text or "").strip() for one in matches):
        return None
    deeper = [one for one in asked if one not in matches]
    if not deeper:
        return deepcopy(element)
    kept = etree.Element(str(element.tag), {str(name): str(value) for name, value in element.attrib.items()})
    for child in element:
        if any(child.tag == one.tag for one in matches):
            kept.append(deepcopy(child))
            continue
        for one in (one for one in deeper if one.tag == child.tag):
            found = _selected(child, one)
            if found is not None:
                kept.append(found)
    return kept
