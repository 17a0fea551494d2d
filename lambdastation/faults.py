"""SOAP 1.1 faults: Client, Server or MustUnderstand, with our code, field and sentence in the detail.

Children of soap:Fault are unqualified and the faultcode is one of SOAP's own, without dots (WS-I Basic
Profile 1.1, R1001, R1004, R1031).
"""

from lxml import etree
from lxml.etree import _Element

from lambdastation.errors import LambdaStationError, Refused
from lambdastation.spyne_compat import NS_SOAP11_ENV
from lambdastation.wire_types import NAMESPACE

CLIENT = "Client"
SERVER = "Server"
MUST_UNDERSTAND = "MustUnderstand"
VERSION_MISMATCH = "VersionMismatch"


class SoapFault(Exception):
    """An error on its way out.

    Attributes:
        error: what went wrong, in the station's own words.
        faultcode: SOAP's own word for whose fault it is.
    """

    def __init__(self, error: LambdaStationError, *, faultcode: str | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.faultcode = faultcode or (CLIENT if isinstance(error, Refused) else SERVER)


def fault_envelope(fault: SoapFault) -> _Element:
    """The whole answer."""
    envelope = etree.Element(f"{{{NS_SOAP11_ENV}}}Envelope", nsmap={"soap": NS_SOAP11_ENV, "ls": NAMESPACE})
    body = etree.SubElement(envelope, f"{{{NS_SOAP11_ENV}}}Body")
    outer = etree.SubElement(body, f"{{{NS_SOAP11_ENV}}}Fault")
    etree.SubElement(outer, "faultcode").text = f"soap:{fault.faultcode}"
    etree.SubElement(outer, "faultstring").text = str(fault.error)
    # What is wrong with a header has no place in the detail (SOAP 1.1, 4.4).
    if fault.faultcode in {CLIENT, SERVER}:
        detail = etree.SubElement(etree.SubElement(outer, "detail"), f"{{{NAMESPACE}}}stationFault")
        etree.SubElement(detail, f"{{{NAMESPACE}}}code").text = fault.error.code
        if fault.error.field is not None:
            etree.SubElement(detail, f"{{{NAMESPACE}}}field").text = fault.error.field
        etree.SubElement(detail, f"{{{NAMESPACE}}}message").text = str(fault.error)
    return envelope


def fault_bytes(fault: SoapFault) -> bytes:
    """The whole answer as it is sent."""
    return bytes(etree.tostring(fault_envelope(fault), xml_declaration=True, encoding="UTF-8"))
