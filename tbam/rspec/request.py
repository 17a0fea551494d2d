"""Reading a request RSpec: hostile until proven otherwise, every refusal with the element and its line.

Children come in any order; comments and elements of other namespaces are passed over. An element or an
attribute of the islands' own that is not known is refused: a misspelt word would be a wish unheard.
"""

from collections.abc import Collection

from lxml import etree

from netconfig.gateway import LAST_VLAN, ControllerProxy, UserAccess
from reservation.model import TimeSlot
from tbam.errors import BadArgs, TooBig
from tbam.rspec.names import AGGREGATE, NOT_SET, UNTAGGED, geni
from tbam.rspec.times import read_time
from tbam.values import IslandRequest, Project, Vlan

LARGEST = 1024 * 1024
"""Characters of an RSpec that is read."""

MOST_ELEMENTS = 10_000
_UNTAGGED_ID = 0
_LONGEST_ECHO = 80

_ATTRIBUTES = {
    "island": {"name"},
    "slice": {"slice_urn"},
    "timeslot": {"start_time", "end_time"},
    "VLAN": {"OFELIA", "ALIEN"},
    "controller": {"url"},
    "project": {"projectID", "projectName"},
}
_MANY = {"VLAN"}


def read_request(text: str) -> IslandRequest:
    """What a request RSpec asks for.

    Raises:
        TooBig: longer than `LARGEST`.
        BadArgs: no XML, no request RSpec, or something in it is missing, twice, unknown or not possible.
    """
    if len(text) > LARGEST:
        raise TooBig(f"the RSpec has {len(text)} characters; at most {LARGEST} are read", field="rspec")
    root = _parsed(text)
    found = _own_elements(root)
    controller = _one(found, "controller", root)
    project = _one(found, "project", root)
    island = found.get("island", [None])[0]
    named = found.get("slice", [None])[0]
    timeslot = found.get("timeslot", [None])[0]
    return IslandRequest(
        aggregate=None if island is None else _attribute(island, "name"),
        slice_urn=None if named is None else _attribute(named, "slice_urn"),
        slot=None if timeslot is None else _slot(timeslot),
        vlans=_vlans(found.get("VLAN", [])),
        controller=_controller(controller),
        project=_project(project),
    )


def _parsed(text: str) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        # As bytes: a declaration may name any encoding, and text has none.
        root = etree.fromstring(_without_declaration(text).encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadArgs(f"the RSpec is not well-formed XML: {_short(str(error))}", field="rspec") from None
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr] # the stubs forget it
        raise BadArgs("the RSpec has a document type; it must have none", field="rspec")
    if root.tag != geni("rspec"):
        raise BadArgs(
            f"the RSpec's root is {_short(str(root.tag))}; it must be {geni('rspec')}", field="rspec"
        )
    if root.get("type") != "request":
        raise BadArgs(
            f"the RSpec's type is {_short(root.get('type') or '')!r}; it must be 'request'", field="rspec"
        )
    return root


def _without_declaration(text: str) -> str:
    stripped = text.lstrip("\ufeff \t\r\n")
    return stripped.partition("?>")[2] if stripped.startswith("<?xml") else stripped


def _own_elements(root: etree._Element) -> dict[str, list[etree._Element]]:
    """The islands' elements below the root, by name, each checked for what it may have."""
    found: dict[str, list[etree._Element]] = {}
    for number, element in enumerate(root):
        if number >= MOST_ELEMENTS:
            raise TooBig(f"the RSpec has more than {MOST_ELEMENTS} elements", field="rspec")
        name = etree.QName(element)
        if name.namespace != AGGREGATE:
            continue
        if name.localname not in _ATTRIBUTES:
            known = ", ".join(sorted(_ATTRIBUTES))
            raise _wrong(element, f"there is no such element in a request; there are {known}")
        _check_attributes(element, _ATTRIBUTES[name.localname])
        found.setdefault(name.localname, []).append(element)
        if len(found[name.localname]) > 1 and name.localname not in _MANY:
            raise _wrong(element, "stands there a second time; one is allowed")
    return found


def _check_attributes(element: etree._Element, known: Collection[str]) -> None:
    for name in map(str, element.attrib):
        if not name.startswith("{") and name not in known:
            raise _wrong(element, f"has no {_short(name)!r}; it has {', '.join(sorted(known))}")


def _one(found: dict[str, list[etree._Element]], name: str, root: etree._Element) -> etree._Element:
    if name not in found:
        told = f'<{name} xmlns="{AGGREGATE}" ' + " ".join(f'{key}="..."' for key in sorted(_ATTRIBUTES[name]))
        raise BadArgs(
            f"the RSpec has no {name}: it needs {told}/> (root in line {root.sourceline})", field=name
        )
    return found[name][0]


def _attribute(element: etree._Element, name: str) -> str:
    value = (element.get(name) or "").strip()
    if not value:
        raise _wrong(element, f"needs {name}", name)
    return value


def _slot(element: etree._Element) -> TimeSlot:
    times = []
    for name in ("start_time", "end_time"):
        try:
            times.append(read_time(_attribute(element, name)))
        except ValueError as error:
            raise _wrong(element, str(error), name) from error
    start, end = times
    if end <= start:
        raise _wrong(element, "the end is not after the start", "end_time")
    return TimeSlot(start, end)


def _vlans(elements: Collection[etree._Element]) -> tuple[Vlan, ...]:
    vlans: list[Vlan] = []
    for element in elements:
        vlan = _vlan(element)
        if vlan.ofelia is not None and vlan.ofelia in {other.ofelia for other in vlans}:
            raise _wrong(element, f"OFELIA VLAN {vlan.ofelia} stands there already", "OFELIA")
        if vlan.alien in {other.alien for other in vlans}:
            raise _wrong(element, f"ALIEN VLAN {element.get('ALIEN')} stands there already", "ALIEN")
        vlans.append(vlan)
    return tuple(vlans)


def _vlan(element: etree._Element) -> Vlan:
    outside, inside = _attribute(element, "OFELIA"), _attribute(element, "ALIEN")
    ofelia = None if outside == NOT_SET else _vlan_id(element, "OFELIA", outside, f"or {NOT_SET} (not set)")
    if inside.lower() == UNTAGGED:
        return Vlan(ofelia, _UNTAGGED_ID)
    return Vlan(ofelia, _vlan_id(element, "ALIEN", inside, f"or {UNTAGGED} (untagged)"))


def _vlan_id(element: etree._Element, name: str, text: str, otherwise: str) -> int:
    # Not `int` alone: that takes signs, underscores and every script's digits.
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    if not 1 <= number <= LAST_VLAN:
        raise _wrong(element, f"{_short(text)!r} is no VLAN: 1 to {LAST_VLAN}, {otherwise}", name)
    return number


def _controller(element: etree._Element) -> ControllerProxy:
    try:
        return ControllerProxy.parse(_attribute(element, "url"))
    except ValueError as error:
        raise _wrong(element, str(error), "url") from error


def _project(element: etree._Element) -> Project:
    project = Project(_attribute(element, "projectID"), _attribute(element, "projectName"))
    try:
        UserAccess(project.group)
    except ValueError as error:
        raise _wrong(element, f"projectID and projectName together name a group: {error}") from error
    return project


def _wrong(element: etree._Element, words: str, attribute: str | None = None) -> BadArgs:
    name = etree.QName(element).localname
    field = name if attribute is None else f"{name}@{attribute}"
    return BadArgs(f"{_short(field)} (line {element.sourceline}): {words}", field=_short(field))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_ECHO else text[:_LONGEST_ECHO] + "..."
