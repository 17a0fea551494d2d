"""Requests as somebody hostile or broken would send them: valid ones of each operation, changed.

What is valid is read off the service's own schema, so that a new operation or field is in it by itself.
"""

from dataclasses import dataclass, replace
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
_USUAL = {"dstSite", "travelTime", "mode"}
"""What may be left out and seldom is; of other such fields there are few in one request."""

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


def valid(operation: str) -> st.SearchStrategy[Element]:
    """A request of an operation as the schema has it."""
    return _valid(_named("element", operation))


def _chance(often: float) -> st.SearchStrategy[bool]:
    return st.integers(1, 100).map(lambda drawn: drawn <= 100 * often)


@st.composite
def _valid(draw: st.DrawFn, declared: Any) -> Element:
    """A valid element as it is declared; what may be left out often is."""
    name, kind = declared.get("name"), declared.get("type")
    found = _named("complexType", kind)
    if found is None:
        return Element(f"ls:{name}", draw(_text(name, kind)))
    children = []
    for child in found.iterfind(f".//{_XS}element"):
        often = 1 if child.get("minOccurs") != "0" else 0.9 if child.get("name") in _USUAL else 0.1
        many = draw(_chance(often)) and draw(
            st.integers(1, 2 if child.get("maxOccurs") == "unbounded" else 1)
        )
        children += [draw(_valid(child)) for _ in range(many)]
    return Element(f"ls:{name}", children=tuple(children))


def _text(name: str, kind: str) -> st.SearchStrategy[str]:
    simple = _named("simpleType", kind)
    words = [] if simple is None else [word.get("value") for word in simple.iter(f"{_XS}enumeration")]
    if words or name in _SENSIBLE:
        return st.sampled_from(words or _SENSIBLE[name])
    base = kind if simple is None else simple.find(f"{_XS}restriction").get("base")
    word = base.partition(":")[2]
    if word not in _RANGES:
        return _OF_TYPE[word]
    facets = (
        {} if simple is None else {etree.QName(facet).localname: facet.get("value") for facet in simple[0]}
    )
    least, most = _RANGES[word]
    bounds = int(facets.get("minInclusive", least)), int(facets.get("maxInclusive", most))
    return st.integers(*bounds).map(str)


def _named(kind: str, name: str) -> Any:
    return _SCHEMA.find(f"{_XS}{kind}[@name='{name.removeprefix('tns:')}']")


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


@st.composite
def changed(draw: st.DrawFn, element: Element) -> Element:
    """The element with one thing in it, at any depth, that is not as it was."""
    if element.children and draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(element.children) - 1))
        before, child, after = element.children[:at], element.children[at], element.children[at + 1 :]
        among = draw(st.sampled_from(["within", "within", "without", "twice", "first", "deep"]))
        deep = replace(child, depth=draw(st.sampled_from([2, 70, 300, 9000])) if among == "deep" else 1)
        changes = {
            "within": (*before, draw(changed(child)), *after) if among == "within" else (),
            "without": (*before, *after),
            "twice": (*before, child, child, *after),
            "first": (child, *before, *after),
            "deep": (*before, deep, *after),
        }
        return replace(element, children=changes[among])
    match draw(st.sampled_from(["text", "text", "attribute", "name", "child"])):
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


_TROUBLES = ["header", "prologue", "encoding", "content type", "cut", "broken"]


@st.composite
def messages(draw: st.DrawFn, operation: str) -> tuple[bytes, str]:
    """A message that began as a request of the operation, and its content type."""
    element = draw(valid(operation))
    for _ in range(draw(st.integers(0, 3))):
        element = draw(changed(element))
    trouble = draw(st.sampled_from(_TROUBLES)) if draw(_chance(0.3)) else None
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
