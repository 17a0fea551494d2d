"""What a router should carry: for each part its terms, their filter and the instance they lead to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, cast

from lxml import etree

from netconfig.carried import RouterPart
from netconfig.driver import ADOPTED, Config, Placement
from netconfig.drivers.juniper_junos.names import FAMILY, Names, table
from netconfig.drivers.juniper_junos.terms import write_term
from netconfig.drivers.juniper_junos.tree import Element, build, ensure, ensure_entry, entry, put, write
from netconfig.intent import IpAddress, PolicyRoute


class RoutePlace(TypedDict):
    """Placement of a PolicyRoute: the name that its terms begin with."""

    term: str


@dataclass(frozen=True, slots=True)
class Route:
    """One part as it stands in the group."""

    part_id: int
    reservation_id: int
    interface: str
    family: int
    filter: str
    instance: str
    next_hop: IpAddress
    base: str
    terms: Mapping[str, Element]


@dataclass(frozen=True, slots=True)
class Wish(Config):
    """What a router should have.

    Attributes:
        wanted, leaving: the parts, in the order of their ids.
        adopted: reservation and database of fingerprints that some parts' terms had before.
    """

    wanted: Sequence[Route] = ()
    leaving: Sequence[Route] = ()
    adopted: frozenset[tuple[int, str]] = frozenset()

    def leaving_of(self, reservation_id: int) -> frozenset[int]:
        """Parts of a reservation that are to go."""
        return frozenset(one.part_id for one in self.leaving if one.reservation_id == reservation_id)


def term_base(placement: Placement) -> str | None:
    """The name that a part's terms begin with, or None before it was placed."""
    return cast("RoutePlace", placement)["term"] if "term" in placement else None


def former_owner(placement: Placement) -> tuple[int, str] | None:
    """Reservation and database of the fingerprint that a part's terms had when they were adopted."""
    kept = placement.get(ADOPTED)
    if not isinstance(kept, str):
        return None
    number, _, database = kept.partition(" ")
    return int(number), database


def render(parts: Sequence[RouterPart], names: Names) -> Wish:
    """What the router shall carry for the wanted of these parts."""
    wanted: list[Route] = []
    leaving: list[Route] = []
    group = build("groups", {"name": names.group})
    for part in sorted(parts, key=lambda part: part.part_id):
        if isinstance(part.intent, PolicyRoute) and (base := term_base(part.placement)):
            route = _route(part, part.intent, base, names)
            (wanted if part.wanted else leaving).append(route)
            if part.wanted:
                put_route(group, route, names)
    adopted = (former_owner(part.placement) for part in parts)
    return Wish(
        text=write(group) if wanted else "",
        wanted=tuple(wanted),
        leaving=tuple(leaving),
        adopted=frozenset(owner for owner in adopted if owner),
    )


def put_route(group: Element, route: Route, names: Names) -> None:
    """Let a group have all that a part needs; what is there already stays where it is."""
    family = FAMILY[route.family]
    filters = ensure(group, "firewall", "family", family)
    held = ensure_entry(filters, "filter", route.filter)
    for term in route.terms.values():
        put(held, term)
    rest = entry(held, "term", names.rest)
    if rest is not None:
        held.remove(rest)
    held.append(build("term", {"name": names.rest, "then": {"accept": None}}))
    interface, _, unit = route.interface.rpartition(".")
    on = ensure_entry(ensure_entry(ensure(group, "interfaces"), "interface", interface), "unit", unit)
    ensure(on, "family", family, "filter", "input", "filter-name").text = route.filter
    put(ensure(group, "routing-instances"), instance_for(route.next_hop, names))
    options = ensure(group, "routing-options")
    ensure(options, "interface-routes", "rib-group", family).text = names.rib_group(route.family)
    tables = ensure_entry(options, "rib-groups", names.rib_group(route.family))
    for name in (f"{family}.0", table(route.instance, route.family)):
        if name not in [held.text for held in tables.iterchildren("import-rib")]:
            etree.SubElement(tables, "import-rib").text = name


def instance_for(next_hop: IpAddress, names: Names) -> Element:
    """A routing instance in which everything goes to one next hop."""
    name = names.instance(next_hop)
    anywhere = "0.0.0.0/0" if next_hop.version == 4 else "::/0"
    static: dict[str, Any] = {"static": {"route": {"name": anywhere, "next-hop": str(next_hop)}}}
    options: dict[str, Any] = static
    if next_hop.version == 6:
        options = {"rib": {"name": table(name, 6), **static}}
    content = {"name": name, "instance-type": "forwarding", "routing-options": options}
    return build("instance", content)


def _route(part: RouterPart, intent: PolicyRoute, base: str, names: Names) -> Route:
    family = intent.flows[0].family
    instance = names.instance(intent.next_hop)
    numbered = ((f"{base}-{number}", flow) for number, flow in enumerate(intent.flows, 1))
    return Route(
        part_id=part.part_id,
        reservation_id=part.reservation_id,
        interface=intent.interface,
        family=family,
        filter=names.filter(intent.interface, family),
        instance=instance,
        next_hop=intent.next_hop,
        base=base,
        terms={
            name: write_term(name, flow, instance, part.reservation_id, names.ownership)
            for name, flow in numbered
        },
    )
