"""spyne behind the listener, zeep before it: SOAP as the doors speak it, and hostile SOAP."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zeep import Client as Zeep
from zeep.exceptions import Fault
from zeep.transports import Transport

from lambdastation.spyne_compat import Application, ServiceBase, Soap11, Unicode, rpc
from lambdastation.spyne_compat import Fault as SpyneFault
from pathservice.listener import Mount
from pathservice.pki import DEMO_USER_SUBJECT
from tests.functional.listener.conftest import House, Reply

NAMESPACE = "urn:greeting"
ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:g="urn:greeting">'
    "<s:Body>{}</s:Body></s:Envelope>"
)


def soap() -> Callable[..., Any]:
    from spyne.server.wsgi import WsgiApplication  # only imports after the door to spyne  # noqa: PLC0415

    class Greeting(ServiceBase):  # type: ignore[misc]
        @rpc(Unicode(nillable=False, min_occurs=1), _returns=Unicode)  # type: ignore[untyped-decorator]
        def greet(ctx: Any, name: str) -> str:  # noqa: N805  spyne hands in its context
            if name == "nobody":
                raise SpyneFault("Client.Nobody", "refused by the application")
            return f"{name}, {ctx.transport.req_env['x509.subject']} greets you"

    service = Application(
        [Greeting], NAMESPACE, name="Greeting", in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()
    )
    application: Callable[..., Any] = WsgiApplication(service)
    return application


@pytest.fixture(scope="module")
def house(serve_for_module: Callable[..., House]) -> House:
    return serve_for_module(Mount("/greeting", soap()))


@pytest.fixture
def zeep(house: House) -> Iterator[Zeep]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify, session.cert = str(house.pki.ca), (str(house.pki.user_cert), str(house.pki.user_key))
        url = f"https://localhost:{house.listener.port}/greeting?wsdl"
        yield Zeep(url, transport=Transport(session=session))


def post(house: House, text: str, *, charset: str = "utf-8") -> Reply:
    return house.client().ask(
        "/greeting", text.encode(), fields={"Content-Type": f"text/xml; charset={charset}"}
    )


def test_zeep_needs_nothing_but_the_wsdl(zeep: Zeep) -> None:
    assert zeep.service.greet("Grüße & <Küsse>") == f"Grüße & <Küsse>, {DEMO_USER_SUBJECT} greets you"


def test_fault_comes_through(zeep: Zeep) -> None:
    with pytest.raises(Fault, match="refused by the application"):
        zeep.service.greet("nobody")


def test_wsdl_says_where_it_was_asked_for(house: House) -> None:
    reply = house.client().ask("/greeting?wsdl", None, method="GET")
    assert re.search(rf'location="https://[a-z0-9.]+:{house.listener.port}/greeting"', reply.body.decode())


def test_get_without_wsdl(house: House) -> None:
    assert house.client().ask("/greeting", None, method="GET").code == "method-not-allowed"


@pytest.mark.parametrize(
    ("text", "charset", "status"),
    [
        (
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"
            + ENVELOPE.format("<g:greet>&b;</g:greet>"),
            "utf-8",
            400,
        ),
        (ENVELOPE.format("<g:greet><g:name>&undefined;</g:name></g:greet>"), "utf-8", 400),
        (ENVELOPE.format("<g:greet href='#a'/><g:greet id='a' href='#a'/>"), "utf-8", 400),
        (ENVELOPE.format(""), "utf-8", 400),
        (ENVELOPE.format("<g:greet/>"), "klingon", 415),
        ("", "utf-8", 400),
        ("<a>" * 200 + "</a>" * 200, "utf-8", 400),
    ],
)
def test_hostile_soap_does_not_reach_spyne(house: House, text: str, charset: str, status: int) -> None:
    assert post(house, text, charset=charset).status == status


@pytest.mark.parametrize("charset", ["utf-8", "klingon"])
def test_body_that_is_refused_is_not_logged_or_repeated(
    house: House, capfd: pytest.CaptureFixture[str], charset: str
) -> None:
    reply = post(house, "<a>" + "confidential " * 5000 + "</b>", charset=charset)
    assert reply.status in {400, 415}
    wanted = reply.fields["X-Request-Id"]
    line = next(line for line in iter(house.next_audit, None) if line.request_id == wanted)
    written = capfd.readouterr()
    assert line.request_id in written.out + written.err, "the refusal is logged"
    assert "confidential" not in written.out + written.err + repr(line) + reply.body.decode()


PARTS = [
    "<g:greet>",
    "</g:greet>",
    "<g:name>",
    "</g:name>",
    "x",
    "<g:greet/>",
    "<g:name/>",
    "&lt;",
    "<a xmlns=''/>",
]
PARTS += [
    " <s:Fault/>",
    "<s:Header/>",
    "<g:greet g:a='1'/>",
    "<g:greet xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(PARTS), max_size=6).map("".join),
    st.sampled_from([ENVELOPE, "{}", "<g:a xmlns:g='urn:greeting'>{}</g:a>"]),
)
def test_everything_else_is_an_answer_or_a_fault(house: House, inner: str, outer: str) -> None:
    reply = post(house, outer.format(inner))
    assert reply.status in {200, 400, 500}
    assert b"internal-error" not in reply.body
    if reply.status == 500:
        assert b"Fault>" in reply.body
