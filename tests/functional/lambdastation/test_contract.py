"""The published contract: exported files equal the service, and clients can read them."""

from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree

from lambdastation.export import export_wsdl, export_xsd

ROOT = Path(__file__).parents[3]
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
OPERATIONS = [
    *("openSvcTicket", "updateFlowSpecs", "getTicket", "cancelTicket", "listTickets", "findWindow"),
    *("getPaths", "getKnownPBRClients", "getKnownLambdaStations", "getStatus"),
]
SVC_TICKET = (
    "localTicketId remoteTicketId state srcSite srcClient srcIP srcPort dstSite dstClient dstIP dstPort "
    "localPath remotePath outBW inBW dscpRequestOut dscpRequestIn dscpOut dscpIn boardTime startTime endTime "
    "travelTime actualEndTime credentialSubject lambdaStationId answeredMode "
    "outcome reason dryRun traffic"
)


@pytest.fixture(scope="module")
def wsdl() -> Any:
    return etree.fromstring(export_wsdl().encode())


def test_exported_files_are_what_the_service_says() -> None:
    assert (ROOT / "schemas" / "lambdastation.wsdl").read_text(encoding="utf-8") == export_wsdl()
    assert (ROOT / "schemas" / "lambdastation.xsd").read_text(encoding="utf-8") == export_xsd()


def test_the_schema_beside_the_wsdl_is_the_one_inside(wsdl: Any) -> None:
    def plain(schema: Any) -> list[bytes]:
        bare = etree.fromstring(etree.tostring(schema), etree.XMLParser(remove_blank_text=True))
        return [etree.tostring(child, method="c14n", exclusive=True) for child in bare]

    (inside,) = wsdl.findall(f"{WSDL}types/{XSD}schema")
    assert plain(inside) == plain(etree.fromstring(export_xsd().encode()))


def test_the_served_wsdl_tells_where_it_was_reached(station: Any) -> None:
    answer = station.wire().get("wsdl")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.content.decode() == export_wsdl("https://station.example.org:8443/lambdastation")
    assert station.wire().get("WSDL").content == answer.content


def test_svc_ticket_has_its_fields_in_order_each_optional_and_none_nillable(wsdl: Any) -> None:
    elements = wsdl.findall(f".//{XSD}complexType[@name='svcTicket']/{XSD}sequence/{XSD}element")
    assert " ".join(element.get("name") for element in elements) == SVC_TICKET
    assert {element.get("minOccurs") for element in elements} == {"0"}
    assert not wsdl.findall(".//*[@nillable]")


def test_the_wsdl_stands_alone(wsdl: Any) -> None:
    assert not list(wsdl.iter(f"{WSDL}import"))
    assert not list(wsdl.iter(f"{XSD}import"))
    # WSDL 1.1 and R2023 want the types first.
    sections = list(dict.fromkeys(etree.QName(child).localname for child in wsdl))
    assert sections == ["types", "message", "portType", "binding", "service"]
    for schema in wsdl.iter(f"{XSD}schema"):
        assert schema.get("targetNamespace") == wsdl.get("targetNamespace")


def test_zeep_reads_faults_by_the_wsdl(station: Any) -> None:
    client = station.client()
    with pytest.raises(zeep.exceptions.Fault) as refused:
        client.service.openSvcTicket(svcTicket={"dstSite": "Atlantis", "travelTime": 60})
    assert refused.value.code == "soap:Client"
    fault = client.wsdl.types.deserialize(refused.value.detail[0])
    assert (fault.code, fault.field) == ("unknown-site", "dstSite")
    assert fault.message == refused.value.message


def test_every_operation_of_the_wsdl_can_be_called_unwrapped(station: Any) -> None:
    client = station.client()
    client.service.openSvcTicket(svcTicket={"dstSite": "Caltech", "travelTime": 60})
    arguments: dict[str, list[Any]] = {
        "openSvcTicket": [{"dstSite": "UNL", "travelTime": 60}],
        "updateFlowSpecs": [{"localTicketId": 1, "outBW": "1G"}],
        "getTicket": [1],
        "cancelTicket": [1],
        "findWindow": [{"dstSite": "UNL", "travelTime": 60}],
    }
    for operation in OPERATIONS:
        assert client.service[operation](*arguments.get(operation, [])) is not None
