"""Namespaces, schemas and ways of writing that all RSpecs share."""

from datetime import UTC, datetime

from lxml import etree

GENI = "http://www.geni.net/resources/rspec/3"
AGGREGATE = "http://example.com/aggregate"
"""The namespace of the islands' own elements, as deployed."""

XSI = "http://www.w3.org/2001/XMLSchema-instance"
REQUEST_SCHEMA = f"{GENI}/request.xsd"
AD_SCHEMA = f"{GENI}/ad.xsd"
MANIFEST_SCHEMA = f"{GENI}/manifest.xsd"
AGGREGATE_SCHEMA = f"{AGGREGATE}/aggregate.xsd"

UNTAGGED = "0xffff"
"""The ALIEN side of frames without a tag."""

NOT_SET = "-1"
"""The OFELIA side of a VLAN that is not chosen yet."""

LOWEST_YEAR = 1000
"""Years have four digits."""


def geni(name: str) -> str:
    """An element of GENI's namespace."""
    return f"{{{GENI}}}{name}"


def aggregate(name: str) -> str:
    """An element of the islands' namespace."""
    return f"{{{AGGREGATE}}}{name}"


def new_rspec(kind: str, schema: str) -> etree._Element:
    """An empty `rspec` of a kind (`advertisement`, `manifest`) with its namespaces and schemas told."""
    prefixes = {None: GENI, "xsi": XSI, "aggregate": AGGREGATE}
    root = etree.Element(geni("rspec"), nsmap=prefixes)  # type: ignore[arg-type] # the stubs know no default
    root.set("type", kind)
    root.set(f"{{{XSI}}}schemaLocation", f"{GENI} {schema} {AGGREGATE} {AGGREGATE_SCHEMA}")
    return root


def written(root: etree._Element) -> str:
    """An RSpec as text, indented, without a declaration: it travels inside another document."""
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def slot_time(instant: datetime) -> str:
    """As deployed clients read it: `DD/MM/YYYY HH:MM:SS`, UTC, to the second below."""
    return instant.astimezone(UTC).strftime("%d/%m/%Y %H:%M:%S")


def exact_time(instant: datetime) -> str:
    """RFC 3339, UTC, with fractions of a second where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
