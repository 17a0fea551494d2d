"""WS-I Basic Profile 1.1: the rules that bear on us, by their numbers.

Those about the description are asked of the exported file and of what a service answers to `?wsdl`; those
about messages of live answers.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.functional.lambdastation.conftest import envelope, svc_ticket
from tests.functional.lambdastation.test_contract import OPERATIONS

FILE = Path(__file__).parents[3] / "schemas" / "lambdastation.wsdl"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
GOOD = {"dstSite": "Caltech", "travelTime": 600}


@pytest.fixture(params=["exported", "served"])
def wsdl(request: pytest.FixtureRequest, station: Any) -> Any:
    served = request.param == "served"
    return etree.fromstring(station.wire().get("wsdl").content if served else FILE.read_bytes())


def parts(wsdl: Any) -> dict[str, list[Any]]:
    return {message.get("name"): message.findall(f"{WSDL}part") for message in wsdl.findall(f"{WSDL}message")}


def test_r2204_parts_of_document_literal_messages_refer_to_elements(wsdl: Any) -> None:
    elements = {element.get("name") for element in wsdl.findall(f"{WSDL}types/{XSD}schema/{XSD}element")}
    for name, found in parts(wsdl).items():
        (part,) = found
        assert part.get("type") is None, name
        assert part.get("element").removeprefix("tns:") in elements, name


def test_r2201_and_r9800_the_one_part_is_the_wrapper_that_is_called_as_the_operation(wsdl: Any) -> None:
    operations = wsdl.findall(f"{WSDL}portType/{WSDL}operation")
    assert [operation.get("name") for operation in operations] == OPERATIONS
    for name in OPERATIONS:
        for message in (name, f"{name}Response"):
            (part,) = parts(wsdl)[message]
            assert (part.get("name"), part.get("element")) == ("parameters", f"tns:{message}")
    assert not wsdl.findall(".//*[@parameterOrder]")


def test_r2701_r2702_and_r2705_the_binding_is_soap_over_http_and_document_throughout(wsdl: Any) -> None:
    (binding,) = wsdl.findall(f"{WSDL}binding")
    soap = binding.find(f"{SOAP}binding")
    assert (soap.get("style"), soap.get("transport")) == ("document", "http://schemas.xmlsoap.org/soap/http")
    assert {element.get("style") for element in binding.iter(f"{SOAP}operation")} == {"document"}


def test_r2706_everything_is_literal(wsdl: Any) -> None:
    bodies = [*wsdl.iter(f"{SOAP}body"), *wsdl.iter(f"{SOAP}fault")]
    assert len(bodies) == 3 * len(OPERATIONS)
    assert {body.get("use") for body in bodies} == {"literal"}
    assert not wsdl.findall(".//*[@encodingStyle]")
    assert not list(wsdl.iter(f"{SOAP}header"))


def test_r2716_and_r2717_a_literal_body_has_no_namespace_of_its_own(wsdl: Any) -> None:
    assert {body.get("namespace") for body in (*wsdl.iter(f"{SOAP}body"), *wsdl.iter(f"{SOAP}fault"))} == {
        None
    }


def test_r2707_and_r2721_faults_are_named(wsdl: Any) -> None:
    (binding,) = wsdl.findall(f"{WSDL}binding")
    faults = list(binding.iter(f"{WSDL}fault"))
    assert len(faults) == len(OPERATIONS)
    for fault in faults:
        assert fault.get("name") == fault.find(f"{SOAP}fault").get("name")


def test_r2710_every_operation_has_a_wire_signature_of_its_own(wsdl: Any) -> None:
    signatures = [part.get("element") for name in OPERATIONS for part in parts(wsdl)[name]]
    assert len(set(signatures)) == len(signatures) == len(OPERATIONS)
    # R2304: nor do two operations share a name.
    names = [operation.get("name") for operation in wsdl.iter(f"{WSDL}operation")]
    assert len(set(names)) == len(OPERATIONS)


def test_r2710_live_the_element_of_the_body_alone_says_which_operation_is_meant(station: Any) -> None:
    wire = station.wire()
    wire.open_ticket(**GOOD)
    number, ticket = "<ls:ticketId>1</ls:ticketId>", svc_ticket(GOOD)
    inner = {"openSvcTicket": ticket, "findWindow": ticket, "getTicket": number, "cancelTicket": number}
    inner["updateFlowSpecs"] = svc_ticket({"localTicketId": 1, "outBW": "1G"})
    for name in OPERATIONS:
        body = wire.request(f"<ls:{name}>{inner.get(name, '')}</ls:{name}>").body
        assert body.tag == f"{{urn:pathservice:lambdastation:1}}{name}Response"


def refused(station: Any) -> Any:
    return station.wire().open_ticket(dstSite="Atlantis", travelTime=60)


def denied(station: Any) -> Any:
    return station.wire("CN=Stranger,O=Elsewhere").open_ticket(**GOOD)


def nobody(station: Any) -> Any:
    return station.wire(None).request("<ls:getPaths/>")


def unknown(station: Any) -> Any:
    return station.wire().request("<ls:stealTicket/>")


def misshapen(station: Any) -> Any:
    return station.wire().request("<ls:getTicket/>")


def no_xml(station: Any) -> Any:
    return station.wire().post(b"hello")


def not_understood(station: Any) -> Any:
    header = '<soap:Header><ls:pay soap:mustUnderstand="1" xmlns:ls="urn:x"/></soap:Header>'
    return station.wire().post(envelope("<ls:getPaths/>", header=header))


def other_version(station: Any) -> Any:
    message = b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>'
    return station.wire().post(message)


def database_away(station: Any) -> Any:
    station.store.close()
    station.store.engine.dispose()
    Path(station.store.engine.url.database).unlink()
    return station.wire().request("<ls:listTickets/>")


FAULTS = [refused, denied, nobody, unknown, misshapen, no_xml, not_understood, other_version, database_away]


@pytest.mark.parametrize("cause", FAULTS, ids=lambda cause: cause.__name__)
def test_r1126_a_fault_travels_with_http_500(station: Any, cause: Callable[[Any], Any]) -> None:
    answer = cause(station)
    assert answer.status == "500 Internal Server Error"
    assert answer.body.tag == f"{ENVELOPE}Fault"


def test_r1111_an_answer_that_is_no_fault_travels_with_http_200(station: Any) -> None:
    assert station.wire().open_ticket(**GOOD).status == "200 OK"


@pytest.mark.parametrize("cause", FAULTS, ids=lambda cause: cause.__name__)
def test_r1000_r1001_and_r1004_a_fault_is_made_as_soap_says(
    station: Any, cause: Callable[[Any], Any]
) -> None:
    fault = cause(station).body
    assert [child.tag for child in fault] in (
        ["faultcode", "faultstring"],
        ["faultcode", "faultstring", "detail"],
    )
    prefix, _, word = fault.findtext("faultcode").partition(":")
    assert f"{{{fault.nsmap[prefix]}}}" == ENVELOPE
    assert word in {"Client", "Server", "MustUnderstand", "VersionMismatch"}


def test_r1005_and_r1014_answers_carry_no_encoding_and_qualified_children(station: Any) -> None:
    for answer in (station.wire().open_ticket(**GOOD), refused(station)):
        root = etree.fromstring(answer.content)
        assert not root.xpath("//@*[local-name()='encodingStyle']")
        assert ENCODING not in answer.content.decode()
        assert all(etree.QName(child).namespace for body in root.iter(f"{ENVELOPE}Body") for child in body)
