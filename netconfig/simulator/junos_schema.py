"""The statements of Junos that the simulator knows: how they nest, what is a list, how `set` writes them.

Written from the configuration statement reference ("Mapping Configuration Statements to Junos XML Tag
Elements", "Firewall Filter Match Conditions" for IPv4 and IPv6). A statement that is not here is taken if it
comes with the initial configuration, and refused if somebody wants to set it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address, ip_network

from lxml import etree

Element = etree._Element  # noqa: SLF001 - lxml's stubs have no other name for it


class Kind(Enum):
    """What a statement is."""

    CONTAINER = "container"
    LIST = "list"
    LEAF = "leaf"
    LEAF_LIST = "leaf-list"
    EMPTY = "empty"


class Refused(Exception):
    """The router refuses; `path` is the statement above, in brackets, `element` the bad one."""

    def __init__(
        self, message: str, *, tag: str = "operation-failed", path: str = "", element: str = ""
    ) -> None:
        super().__init__(message)
        self.tag = tag
        self.path = path
        self.element = element


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        children: by tag.
        unsaid: the child that `set` writes without its tag.
        pattern: what a value must look like, in words for `_VALUES`.
    """

    kind: Kind = Kind.CONTAINER
    children: Mapping[str, "Statement"] = field(default_factory=dict)
    unsaid: str = ""
    pattern: str = ""


def _container(unsaid: str = "", **children: Statement) -> Statement:
    return Statement(Kind.CONTAINER, _tags(children), unsaid)


def _list(unsaid: str = "", pattern: str = "", **children: Statement) -> Statement:
    return Statement(Kind.LIST, _tags(children), unsaid, pattern)


def _tags(children: Mapping[str, Statement]) -> dict[str, Statement]:
    return {name.rstrip("_").replace("_", "-"): child for name, child in children.items()}


def _leaf(pattern: str = "") -> Statement:
    return Statement(Kind.LEAF, pattern=pattern)


def _leaf_list(pattern: str = "") -> Statement:
    return Statement(Kind.LEAF_LIST, pattern=pattern)


_EMPTY = Statement(Kind.EMPTY)
_MACRO = _list(unsaid="data", data=_list(unsaid="value", value=_leaf()))


def _match(family: str) -> dict[str, Statement]:
    prefix = _list(pattern=family)
    common = {
        "source-address": prefix,
        "destination-address": prefix,
        "source-port": _leaf_list("ports"),
        "destination-port": _leaf_list("ports"),
    }
    if family == "inet":
        return common | {"protocol": _leaf_list("word"), "dscp": _leaf_list("dscp")}
    return common | {"next-header": _leaf_list("word"), "traffic-class": _leaf_list("dscp")}


def _filter(family: str) -> Statement:
    then = _container(
        accept=_EMPTY,
        discard=_EMPTY,
        count=_leaf("word"),
        routing_instance=_container(unsaid="routing-instance-name", routing_instance_name=_leaf("word")),
    )
    term = _list(apply_macro=_MACRO, from_=Statement(children=_match(family)), then=then)
    return _list(apply_macro=_MACRO, term=term)


def _on_unit() -> Statement:
    name = _container(unsaid="filter-name", filter_name=_leaf("word"))
    return _container(
        filter=_container(input=name, output=name, input_list=_leaf_list("word")), address=_list()
    )


def _static(family: str) -> Statement:
    return _container(route=_list(pattern=family, next_hop=_leaf_list("address"), discard=_EMPTY))


_OPTIONS = {
    "static": _static("inet"),
    "rib": _list(static=_static("inet6")),
}
_ROOT = {
    "version": _leaf(),
    "apply-macro": _MACRO,
    "system": _container(
        host_name=_leaf("word"), services=_container(netconf=_container(ssh=_EMPTY), ssh=_EMPTY)
    ),
    "interfaces": _container(
        unsaid="interface",
        interface=_list(
            description=_leaf(),
            unit=_list(description=_leaf(), family=_container(inet=_on_unit(), inet6=_on_unit())),
        ),
    ),
    "firewall": _container(
        family=_container(inet=_container(filter=_filter("inet")), inet6=_container(filter=_filter("inet6")))
    ),
    "routing-options": Statement(
        children={
            **_OPTIONS,
            "interface-routes": _container(rib_group=_container(inet=_leaf("word"), inet6=_leaf("word"))),
            "rib-groups": _list(import_rib=_leaf_list("word")),
        }
    ),
    "routing-instances": _container(
        unsaid="instance",
        instance=_list(
            apply_macro=_MACRO, instance_type=_leaf("word"), routing_options=Statement(children=_OPTIONS)
        ),
    ),
}
SCHEMA = Statement(
    children={**_ROOT, "groups": Statement(Kind.LIST, _ROOT), "apply-groups": _leaf_list("word")}
)

_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


def is_value(pattern: str, text: str) -> bool:
    """Whether a statement takes this value."""
    try:
        return _VALUES[pattern](text)
    except ValueError:
        return False


def _are_ports(text: str) -> bool:
    found = _PORTS.fullmatch(text)
    return found is not None and int(found[1]) <= int(found[2] or found[1]) <= 65535


_VALUES: Mapping[str, Callable[[str], bool]] = {
    "inet": lambda text: ip_network(text).version == 4,
    "inet6": lambda text: ip_network(text).version == 6,
    "address": lambda text: bool(ip_address(text)),
    "dscp": lambda text: 0 <= int(text) <= 63,
    "ports": _are_ports,
    "word": lambda text: re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}", text) is not None,
}


def read_line(line: str) -> Element:
    """A `set` or `delete` line as what `edit-config` takes.

    Raises:
        Refused: it is no such line.
    """
    verb, *words = _split(line)
    if verb not in {"set", "delete"}:
        raise Refused(f"unknown command: {verb}", tag="unknown-element")
    root = etree.Element("configuration")
    last = _read(root, SCHEMA, words, line)
    if verb == "delete":
        last.set("operation", "delete")
    return root


def _split(line: str) -> list[str]:
    return [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', line)] or [""]


def _read(element: Element, statement: Statement, words: list[str], line: str) -> Element:
    """Words below an element; the last element that they name."""
    if not words:
        return element
    word, *rest = words
    if statement.kind in {Kind.LEAF, Kind.LEAF_LIST}:
        element.text = word
        if rest:
            raise Refused(f"syntax error: {line}", tag="unknown-element", element=rest[0])
        return element
    tag = word if word in statement.children else statement.unsaid
    if not tag:
        raise Refused(f"syntax error: {line}", tag="unknown-element", element=word)
    below, child = etree.SubElement(element, tag), statement.children[tag]
    rest = rest if tag == word else words
    if child.kind is not Kind.LIST:
        return _read(below, child, rest, line)
    if not rest:
        raise Refused(f"missing argument: {line}", tag="missing-element", element=tag)
    etree.SubElement(below, "name").text = rest[0]
    return _read(below, child, rest[1:], line)
