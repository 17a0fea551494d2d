"""As small a SOAP client as shows what goes over the wire. Programs should use a library and the WSDL."""

import http.client
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


class Refused(Exception):
    """The service answered with a fault; the message is its sentence."""

    code = "refused"


class SoapClient:
    """One operation after another on a service, with a client certificate.

    `namespace` is the service's target namespace; `pki` a directory with ca.pem, user-cert.pem, user-key.pem.
    """

    def __init__(self, host: str, port: int, path: str, *, namespace: str, pki: Path) -> None:
        self._context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
        self._context.load_cert_chain(pki / "user-cert.pem", pki / "user-key.pem")
        self._address = (host, port)
        self._path = path
        self._namespace = namespace

    def envelope(self, operation: str, arguments: Mapping[str, Any]) -> bytes:
        """The request as XML; nested mappings are nested elements."""
        envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP, "ls": self._namespace})
        body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
        self._fill(etree.SubElement(body, f"{{{self._namespace}}}{operation}"), arguments)
        return bytes(etree.tostring(envelope, pretty_print=True, xml_declaration=True, encoding="UTF-8"))

    def call(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Send a request; the answer's elements by local name, or under `result` where it has none.

        Raises:
            Refused: the service answered with a fault.
            OSError: it could not be reached, or did not accept our certificate.
        """
        connection = http.client.HTTPSConnection(*self._address, context=self._context, timeout=30)
        try:
            headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation}"'}
            connection.request("POST", self._path, self.envelope(operation, arguments), headers)
            answer = connection.getresponse().read()
        finally:
            connection.close()
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        body = etree.fromstring(answer, parser).find(f"{{{SOAP}}}Body")
        if body is None or len(body) == 0:
            raise Refused("the answer has no body")
        if body[0].tag == f"{{{SOAP}}}Fault":
            raise Refused(body[0].findtext("faultstring") or "a fault without words")
        leaves = [element for element in body[0].iter() if len(element) == 0 and element.text]
        return {etree.QName(leaf).localname: str(leaf.text) for leaf in leaves}

    def _fill(self, parent: Any, arguments: Mapping[str, Any]) -> None:
        for name, value in arguments.items():
            element = etree.SubElement(parent, f"{{{self._namespace}}}{name}")
            if isinstance(value, Mapping):
                self._fill(element, value)
            else:
                element.text = str(value)
