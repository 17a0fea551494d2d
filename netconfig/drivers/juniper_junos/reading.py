"""What a router has: our group, and what of the site's our parts stand on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from netconfig.driver import Config
from netconfig.drivers.juniper_junos.names import FAMILY, Names
from netconfig.drivers.juniper_junos.terms import read_fingerprint
from netconfig.drivers.juniper_junos.tree import INACTIVE, Element, build, entry, parse, write


@dataclass(frozen=True, slots=True)
class Grounds:
    """What of the site's is there.

    Attributes:
        is_applied: whether the group is there, and among the router's `apply-groups`.
        interfaces: of each interface with its unit and family the input filters that the site has there.
        rib_groups: by family, where the site lets the interfaces' routes go.
    """

    is_applied: bool = False
    interfaces: Mapping[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    rib_groups: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading(Config):
    """What a router has. `text` is the group without what the operator prepared, strangers' objects too.

    Attributes:
        group: the whole of it.
        whole: False if it was made from such a text: nothing is known of what is the site's.
    """

    group: Element = field(default_factory=lambda: build("groups"))
    grounds: Grounds = Grounds()
    whole: bool = True


def request(names: Names) -> Element:
    """The subtree that is asked for: our group, and what our parts stand on."""
    options = {"interface-routes": None}
    content = {
        "groups": {"name": names.group},
        "apply-groups": None,
        "interfaces": None,
        "routing-options": options,
    }
    return build("configuration", content)


def read_configuration(configuration: Element, names: Names) -> Reading:
    """The managed part of a configuration."""
    group = entry(configuration, "groups", names.group)
    applied = [
        held.text
        for held in configuration.iterchildren("apply-groups")
        if not held.get(INACTIVE) and held.text
    ]
    is_applied = group is not None and not group.get(INACTIVE) and names.group in applied
    grounds = Grounds(is_applied, _interfaces(configuration), _rib_groups(configuration))
    return make_reading(build("groups", {"name": names.group}) if group is None else group, grounds, names)


def make_reading(group: Element, grounds: Grounds, names: Names, *, whole: bool = True) -> Reading:
    """A reading of this group."""
    found: dict[int, str] = {}
    for _, term in terms(group):
        number = names.reservation_of(term.findtext("name") or "")
        if number is not None:
            owner = read_fingerprint(term)
            database = owner[1] if owner else ""
            # A foreign identity is news and must not be hidden by a term of ours beside it.
            if not found.get(number) or database not in {"", names.ownership.database}:
                found[number] = database or found.get(number, "")
    carries = any(
        True for _ in group.iterchildren("firewall", "interfaces", "routing-instances", "routing-options")
    )
    return Reading(
        text=write(group) if carries else "", found=found, group=group, grounds=grounds, whole=whole
    )


def as_reading(config: Config, names: Names) -> Reading:
    """A configuration that may have been kept as text only."""
    if isinstance(config, Reading):
        return config
    group = parse(config.text) if config.text else build("groups", {"name": names.group})
    return make_reading(group, Grounds(is_applied=True), names, whole=False)


def filters(group: Element) -> list[tuple[int, Element]]:
    """The filters of a group, each with its family."""
    return [
        (family, held)
        for family, word in FAMILY.items()
        for held in group.iterfind(f"firewall/family/{word}/filter")
    ]


def terms(group: Element) -> list[tuple[Element, Element]]:
    """The terms of a group, each with its filter."""
    return [(held, term) for _, held in filters(group) for term in held.iterchildren("term")]


def bindings(group: Element) -> list[tuple[str, int, Element]]:
    """Interface with unit, family and name of each input filter that a group puts on one."""
    return [
        (f"{interface.findtext('name')}.{unit.findtext('name')}", family, name)
        for interface in group.iterfind("interfaces/interface")
        for unit in interface.iterchildren("unit")
        for family, word in FAMILY.items()
        for name in unit.iterfind(f"family/{word}/filter/input/filter-name")
    ]


def _interfaces(configuration: Element) -> dict[tuple[str, int], tuple[str, ...]]:
    found = {}
    for interface in configuration.iterfind("interfaces/interface"):
        for unit in interface.iterchildren("unit"):
            for family, word in FAMILY.items():
                held = unit.find(f"family/{word}")
                if held is None or any(above.get(INACTIVE) for above in (interface, unit, held)):
                    continue
                inputs = [*held.iterfind("filter/input/filter-name"), *held.iterfind("filter/input-list")]
                names = tuple(one.text or "" for one in inputs if not _is_inactive(one, held))
                found[f"{interface.findtext('name')}.{unit.findtext('name')}", family] = names
    return found


def _is_inactive(element: Element, top: Element) -> bool:
    above: Element | None = element
    while above is not None and above is not top:
        if above.get(INACTIVE):
            return True
        above = above.getparent()
    return False


def _rib_groups(configuration: Element) -> dict[int, str]:
    found = {}
    for family, word in FAMILY.items():
        held = configuration.find(f"routing-options/interface-routes/rib-group/{word}")
        if held is not None and held.text and not _is_inactive(held, configuration):
            found[family] = held.text
    return found
