"""WSDL and XSD of the service, drawn from its classes: the same text every time.

Spyne leaves the order of types to chance and adds what nobody uses; here it is brought into order, and the
one part of each message is called `parameters`, by which clients know the wrapped style.
"""

from functools import cache

from lxml import etree
from lxml.etree import _Element

from lambdastation.requests import make_application

PLACEHOLDER = "https://localhost:8443/lambdastation"
"""Where the exported file says the service is; a served WSDL tells its real address."""

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_SECTIONS = ("types", "message", "portType", "binding", "service")
_KINDS = ("simpleType", "complexType", "element")


def export_wsdl(location: str = PLACEHOLDER) -> str:
    """The WSDL 1.1 text, types included, of the service at a URL."""
    wsdl = _wsdl()
    for address in wsdl.iter(f"{{{_SOAP}}}address"):
        address.set("location", location)
    return _text(wsdl)


def export_xsd() -> str:
    """The schema of the messages alone."""
    return _text(schema_element())


def schema_element() -> _Element:
    """The schema of the messages, as validators take it."""
    schema = _wsdl().find(f"{{{_WSDL}}}types/{{{_XSD}}}schema")
    assert schema is not None  # noqa: S101 - every service has one
    alone = etree.fromstring(etree.tostring(schema))
    etree.cleanup_namespaces(alone, keep_ns_prefixes=["xs", "tns"])
    return alone


def _wsdl() -> _Element:
    return etree.fromstring(_drawn())


@cache
def _drawn() -> bytes:
    builder = make_application().interface.docs.wsdl11
    builder.build_interface_document(PLACEHOLDER)
    root = etree.fromstring(builder.get_interface_document(), etree.XMLParser(remove_blank_text=True))
    _sort(root, _SECTIONS)
    for schema in root.iter(f"{{{_XSD}}}schema"):
        _sort(schema, _KINDS)
    for part in root.iter(f"{{{_WSDL}}}part"):
        part.set("name", "fault" if part.get("name") == "stationFault" else "parameters")
    for operation in root.iter(f"{{{_WSDL}}}operation"):
        if "parameterOrder" in operation.attrib:
            del operation.attrib["parameterOrder"]
    for service in root.iter(f"{{{_WSDL}}}service"):
        service.set("name", str(root.get("name")))
    etree.cleanup_namespaces(root, keep_ns_prefixes=["xs", "tns"])
    return bytes(etree.tostring(root))


def _sort(parent: _Element, kinds: tuple[str, ...]) -> None:
    def place(child: _Element) -> tuple[int, str]:
        kind = etree.QName(child).localname
        return (kinds.index(kind) if kind in kinds else -1, child.get("name") or "")

    parent[:] = sorted(parent, key=place)


def _text(root: _Element) -> str:
    body = etree.tostring(root, pretty_print=True, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
