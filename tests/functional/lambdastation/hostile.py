"""Requests as somebody hostile or broken would send them: valid ones of each operation, changed.

What is valid is read off the service's own schema, so that a new operation or field is in it by itself.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hypothesis import strategies as st
from lxml import etree

from lambdastation.export import schema_element
from lambdastation.requests import make_application

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMESPACE = "urn:pathservice:lambdastation:1"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_SCHEMA = schema_element()

OPERATIONS = sorted(etree.QName(tag).localname for tag in make_application().interface.service_method_map)
"""Of the service's own interface."""

_OURS = ("131.225.204.0/24", "131.225.204.7, 131.225.204.9", "2620:6a:0:204::/64, 131.225.204.0/25")
_THEIRS = ("192.84.86.0/24", "192.84.86.64/26", "2605:d9c0:2:86::/64")
_PORTS = ("tcp eq 25", "tcp range 5000-6000, udp le 3200", "udp ge 1024", "tcp")
_TIMES = ("2026-06-01T12:00:00Z", "2026-06-01T12:10:00Z", "2026-06-01T14:00:00+01:00", "2026-06-02T24:00:00Z")
_SENSIBLE = {
    "ticketId": ["1", "2", "3"],
    "srcSite": ("Fermilab", "Fermilab", "Caltech"),
    "dstSite": ("Caltech", "Caltech", "Caltech", "UNL", "Fermilab"),
    "srcClient": ("CMS-SRM", "CMS-SRM", "SC-Demo"),
    "dstClient": ("Tier2-SRM",),
    "srcIP": _OURS,
    "dstIP": _THEIRS,
    **dict.fromkeys(("srcPort", "dstPort"), _PORTS),
    "localPath": ["red", "UltraScienceNet"],
    **dict.fromkeys(("outBW", "inBW"), ("1M", "1.5G", "1000")),
    **dict.fromkeys(("boardTime", "startTime", "endTime"), _TIMES),
    "travelTime": ["60", "600", "86400"],
}
"""What leads deep into the service; fields that are not here take anything their type has."""
_USUAL = frozenset({"dstSite", "travelTime", "mode"})
"""What may be left out and seldom is; of other such fields there are few in one request."""

_TEXTS = [
    *("Fermilab", "UNL", "CMS-Tier1", *_OURS, *_THEIRS, *_PORTS, *_TIMES, "red", "10G", "extend", "NO"),
    *("", " ", "-1", "0", "+1", "1.0", "1e309", "NaN", "-0", "true", "9" * 5000, "x" * 9000, "\u0661\u0662"),
    *("2147483647", "2147483648", "-2147483649", "9223372036854775808", "18446744073709551616"),
    *(
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T24:00:00Z",
    ),
    *("2026-02-30T00:00:00Z", "-2026-06-01T12:00:00Z", "12026-06-01T12:00:00Z", "2026-06-01T12:00:00"),
    *("2026-06-01T12:00:00+14:00", "2026-06-01T12:00:00.123456789Z", "2026-06-01", "2026-06-01T12:00:60Z"),
    *("0.0.0.0/0", "::/0", "::ffff:131.225.204.7", "131.225.204.0/255.255.255.0", "131.225.204.0/0.0.0.255"),
    *("fe80::1%eth0", "131.225.204.7/24", "131.225.204.0/33", ",", ",".join(["131.225.204.7"] * 300)),
    *("tcp range 6000-5000", "tcp eq 65536", "udp le 0", "tcp,udp", "icmp", "tcp eq 1," * 400),
    *("5.G", ".5G", "0G", "5g", "1.0000000000001G", "9223372036854775807", "\uff15G", "99999999T"),
    *(
        "Cal\u202etech",
        "\U0001f600" * 64,
        "e\u0301",
        "\u2028",
        "red\n",
        "'; DROP TABLE reservation; --",
        "%s%n",
    ),
    *(
        "&#xD800;",
        "&#0;",
        "&#x1F600;",
        "&lt;a&gt;",
        "&undefined;",
        "<![CDATA[Caltech]]>",
        "Cal<!-- x -->tech",
    ),
    *("<?a b?>", "\x00", "\x1f", "]]>", "<", "&"),
]
_ODD = tuple(text for text in _TEXTS if len(text) <= 32 and text.isprintable() and not set(text) & set("<&]"))
"""Those of them that a short string may be."""

_OF_TYPE = {
    "string": st.text(
        st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="<&]"), max_size=8
    ),
    "boolean": st.sampled_from(["true", "false", "0", "1"]),
    "dateTime": st.sampled_from(_TIMES),
}
_RANGES = {
    "int": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "short": (-(2**15), 2**15 - 1),
    "unsignedShort": (0, 2**16 - 1),
    **dict.fromkeys(("integer", "decimal", "double"), (-(10**30), 10**30)),
    **dict.fromkeys(("positiveInteger", "nonNegativeInteger"), (1, 10**30)),
}


@dataclass(frozen=True)
class Element:
    """An element in itself so many times; names, attributes and text are written as they are."""

    name: str
    text: str = ""
    children: tuple["Element", ...] = ()
    attributes: str = ""
    depth: int = 1

    def __str__(self) -> str:
        begin, end = f"<{self.name}{self.attributes}>" * self.depth, f"</{self.name}>" * self.depth
        return f"{begin}{self.text}{''.join(map(str, self.children))}{end}"


def size(operation: str) -> int:
    """How many elements a request of an operation may have."""

    def below(kind: str) -> int:
        found = _named("complexType", kind)
        children = [] if found is None else list(found.iter(f"{_XS}element"))
        return sum(1 + below(child.get("type")) for child in children)

    return below(_named("element", operation).get("type"))


def valid(operation: str) -> st.SearchStrategy[Element]:
    """A request of an operation as the schema has it."""
    return _element(operation, _named("element", operation).get("type"))


@cache
def _element(name: str, kind: str) -> st.SearchStrategy[Element]:
    found = _named("complexType", kind)
    if found is None:
        return _text(name, kind).map(lambda text: Element(f"ls:{name}", text))
    return _children(tuple(found.iter(f"{_XS}element"))).map(
        lambda children: Element(f"ls:{name}", children=children)
    )


@st.composite
def _children(draw: st.DrawFn, declared: tuple[Any, ...]) -> tuple[Element, ...]:
    """Of what may be left out there is little, as in honest requests: much of it contradicts itself."""
    optional = [child.get("name") for child in declared if child.get("minOccurs") == "0"]
    rare = [name for name in optional if name not in _USUAL]
    left_out = {*optional} - {*draw(_some(tuple(rare)))} - {*_USUAL} | {draw(_one_of(_USUAL))}
    children = []
    for child in declared:
        name = child.get("name")
        if name not in left_out or name not in optional:
            children.append(draw(_element(name, child.get("type"))))
        if child.get("maxOccurs") == "unbounded" and children and draw(st.booleans()):
            children.append(children[-1])
    return tuple(children)


@cache
def _some(names: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), max_size=4, unique=True) if names else st.just([])


@cache
def _one_of(names: frozenset[str]) -> st.SearchStrategy[str]:
    """One of them, and mostly none."""
    return st.sampled_from([*[""] * 20, *sorted(names)])


@cache
def _text(name: str, kind: str) -> st.SearchStrategy[str]:
    simple = _named("simpleType", kind)
    words = [] if simple is None else [word.get("value") for word in simple.iter(f"{_XS}enumeration")]
    restriction = None if simple is None else simple.find(f"{_XS}restriction")
    base = (kind if restriction is None else restriction.get("base")).partition(":")[2]
    if words or name in _SENSIBLE:
        usual = words or _SENSIBLE[name]
        often = (6 if name in _USUAL else 1) * len(_ODD) // len(usual)
        return st.sampled_from([*[*usual] * often, *_ODD] if base == "string" and not words else usual)
    if base not in _RANGES:
        return _OF_TYPE[base]
    facets = (
        {} if restriction is None else {etree.QName(one).localname: one.get("value") for one in restriction}
    )
    least, most = _RANGES[base]
    return st.integers(int(facets.get("minInclusive", least)), int(facets.get("maxInclusive", most))).map(str)


def _named(kind: str, name: str) -> Any:
    return _SCHEMA.find(f"{_XS}{kind}[@name='{name.removeprefix('tns:')}']")


_ATTRIBUTES = [
    *(
        ' x:nil="true"',
        ' x:type="ls:path"',
        ' x:type="ls:svcTicket"',
        ' x:type="q:r"',
        ' href="#a"',
        ' id="a"',
    ),
    *(' soap:mustUnderstand="1"', ' soap:encodingStyle="urn:x"', ' xml:lang="en"', ' xml:base="file:///"'),
    *(' ls:a="1"', ' ls:a="1" ls:a="2"', ' xmlns="urn:other"', ' xmlns:ls="urn:other"', " a=1", ' a="&b;"'),
]
_NAMES = [
    "ls:svcTicket",
    "ls:getStatus",
    "svcTicket",
    "ls:x",
    "soap:Fault",
    "soap:Body",
    "q:r",
    "ls:",
    "1",
    "a b",
]


_DEEPER = st.sampled_from([*[True] * 12, False])
_AMONG = st.sampled_from([*["within"] * 12, "without", "twice", "first", "deep"])
_WITHIN = st.sampled_from([*["text"] * 8, "attribute", "name", "child"])


@st.composite
def changed(draw: st.DrawFn, element: Element) -> Element:
    """The element with one thing in it, at any depth, that is not as it was."""
    if draw(_DEEPER) and element.children:
        at = draw(st.integers(0, len(element.children) - 1))
        before, child, after = element.children[:at], element.children[at], element.children[at + 1 :]
        among = draw(_AMONG)
        deep = replace(child, depth=draw(st.sampled_from([2, 70, 300, 9000])) if among == "deep" else 1)
        changes = {
            "within": (*before, draw(changed(child)), *after) if among == "within" else (),
            "without": (*before, *after),
            "twice": (*before, child, child, *after),
            "first": (child, *before, *after),
            "deep": (*before, deep, *after),
        }
        return replace(element, children=changes[among])
    match draw(_WITHIN):
        case "text":
            return replace(element, text=draw(st.sampled_from(_TEXTS)))
        case "attribute":
            return replace(element, attributes=element.attributes + draw(st.sampled_from(_ATTRIBUTES)))
        case "name":
            return replace(element, name=draw(st.sampled_from(_NAMES)))
        case _:
            return replace(element, children=(*element.children, Element(draw(st.sampled_from(_NAMES)))))


_HEADERS = [
    "",
    "<soap:Header/>",
    '<soap:Header><ls:a soap:mustUnderstand="1"/></soap:Header>',
    "<soap:Header>",
]
_PROLOGUES = [
    *(
        "",
        '<?xml version="1.0"?>',
        '<?xml version="1.0" encoding="klingon"?>',
        "<?xml version='1.1'?>",
        "\ufeff",
    ),
    *("<!DOCTYPE x>", "<!DOCTYPE x [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", "<?a b?>", "<!-- -->"),
]
_BYTES = [
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"<",
    b"&",
    b"]]>",
    b"<!DOCTYPE x>",
    b"</a>",
    b"<a>",
]
_CONTENT_TYPES = [
    *(
        "text/xml; charset=utf-16",
        "text/xml; charset=klingon",
        "text/xml; charset=",
        "text/xml; charset*=utf-8''x",
    ),
    *("text/xml", "", "\u00e9", "text/xml; charset=us-ascii", 'text/xml; charset="'),
]


_TROUBLES = st.sampled_from(
    [*["none"] * 14, "header", "prologue", "encoding", "content type", "cut", "broken"]
)
_CHANGES = st.sampled_from([0, 1, 1, 1, 2, 3])


@st.composite
def messages(draw: st.DrawFn, operation: str) -> tuple[bytes, str]:
    """A message that began as a request of the operation, and its content type."""
    element = draw(valid(operation))
    for _ in range(draw(_CHANGES)):
        element = draw(changed(element))
    trouble = draw(_TROUBLES)
    header = draw(st.sampled_from(_HEADERS)) if trouble == "header" else ""
    prologue = draw(st.sampled_from(_PROLOGUES)) if trouble == "prologue" else ""
    declared = f' xmlns:soap="{SOAP}" xmlns:ls="{NAMESPACE}" xmlns:x="{XSI}"'
    envelope = Element("soap:Envelope", header, (Element("soap:Body", children=(element,)),), declared)
    encodings = ["utf-16", "utf-32", "utf-8-sig"]
    content = f"{prologue}{envelope}".encode(
        draw(st.sampled_from(encodings)) if trouble == "encoding" else "utf-8"
    )
    if trouble in {"cut", "broken"}:
        at = draw(st.integers(0, len(content)))
        rest = draw(st.sampled_from(_BYTES)) + content[at + draw(st.integers(0, 3)) :]
        content = content[:at] + (b"" if trouble == "cut" else rest)
    kind = draw(st.sampled_from(_CONTENT_TYPES)) if trouble == "content type" else "text/xml; charset=utf-8"
    return content, kind
