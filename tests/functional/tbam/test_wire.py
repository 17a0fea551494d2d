"""HTTP and XML-RPC around the calls: what is no call is 400, what is no method a fault."""

import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.tbam.client import ScriptedClient
from tests.functional.tbam.conftest import Aggregate, slice_urn

CALL = "<methodCall><methodName>{}</methodName><params>{}</params></methodCall>"


@pytest.fixture
def alice(aggregate: Aggregate) -> Iterator[ScriptedClient]:
    before = aggregate.footprint()
    with aggregate.client("alice") as client:
        yield client
    assert aggregate.footprint() == before


def deep(levels: int) -> str:
    opened = "<value><array><data>" * levels
    return f"<param>{opened}{'</data></array></value>' * levels}</param>"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<methodCall>",
        b"<methodCall/>",
        b"\xff\xfe",
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>" + CALL.format("GetVersion", "&b;").encode(),
        b"<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]>" + CALL.format("GetVersion", "").encode(),
        CALL.format("Status", deep(30)).encode(),
        CALL.format("Status", deep(5000)).encode(),
        CALL.format("Status", "<param><value><int>seven</int></value></param>").encode(),
        CALL.format("Status", "<param><value><base64>*</base64></value></param>").encode(),
        CALL.format("Status", "<param><value><wat/></value></param>").encode(),
        CALL.format("", "").encode(),
        b"<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Body><a/></Body></Envelope>",
    ],
)
def test_what_is_no_call_is_a_bad_request(alice: ScriptedClient, body: bytes) -> None:
    status, content = alice.post(body)
    assert status == 400, content
    assert b"Traceback" not in content
    assert len(content) < 300


@pytest.mark.parametrize("method", ["CreateSliver", "system.listMethods", "getversion", "__init__"])
def test_a_method_that_there_is_not_is_a_fault(
    aggregate: Aggregate, alice: ScriptedClient, method: str
) -> None:
    status, content = alice.post(CALL.format(method, "").encode())
    with pytest.raises(xmlrpc.client.Fault, match="GetVersion, ListResources") as caught:
        xmlrpc.client.loads(content)
    assert (status, caught.value.faultCode) == (200, -32601)
    assert (aggregate.calls[-1].operation, aggregate.calls[-1].code) == ("unknown", "unknown-method")


@pytest.mark.parametrize("path", ["/am/3", "/RPC2", "/"])
@pytest.mark.parametrize("query", ["", "?wsdl"])
def test_browsers_are_told_to_post(aggregate: Aggregate, path: str, query: str) -> None:
    with aggregate.client(path=path + query) as client:
        status, content = client.post(b"", method="GET")
    assert (status, b"POST" in content) == (405, True)


@pytest.mark.parametrize("path", ["/am/3/elsewhere", "/am", "/RPC2/x", "/nowhere"])
def test_there_is_nothing_elsewhere(aggregate: Aggregate, path: str) -> None:
    with aggregate.client(path=path) as client:
        assert client.post(CALL.format("GetVersion", "").encode())[0] == 404


def test_a_body_beyond_reason_is_refused_before_it_is_sent(aggregate: Aggregate) -> None:
    with aggregate.client() as client:
        status, content = client.post(b"", **{"Content-Length": str(17 * 1024 * 1024)})
    assert (status, b"body-too-large" in content) == (413, True)


def test_chunks_are_counted_by_the_same_measure(aggregate: Aggregate) -> None:
    body = CALL.format("GetVersion", "").encode() + b" " * 2_000_000
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    with aggregate.client() as client:
        status, content = client.post_chunks([chunk])
        assert (status, b"geni_api" in content) == (200, True)


def test_compressed_bodies_and_other_kinds_are_refused(aggregate: Aggregate) -> None:
    with aggregate.client() as client:
        assert client.post(b"{}", **{"Content-Type": "application/json"})[0] == 415
    with aggregate.client() as client:
        assert client.post(b"x", **{"Content-Encoding": "gzip"})[0] == 415


class TestAudit:
    def test_every_call_leaves_a_line(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        mine, urn = aggregate.credentials("audited"), slice_urn("audited")
        alice.status([urn], mine)
        line = aggregate.calls[-1]
        assert (line.operation, line.outcome, line.code) == ("Status", "refused", "searchfailed")
        assert line.slice_urn == urn
        assert line.owner == "urn:publicid:IDN+example.net+user+alice"
        assert line.subject == "CN=alice,O=example.net"
        assert line.peer == "127.0.0.1"

    @pytest.mark.parametrize(
        ("credentials", "outcome", "code"),
        [("garbage", "denied", "credential-invalid"), ("", "denied", "credential-invalid")],
    )
    def test_denied_ones_too_and_nothing_that_was_sent(
        self, aggregate: Aggregate, alice: ScriptedClient, credentials: str, outcome: str, code: str
    ) -> None:
        sent: Any = [{"geni_type": "geni_sfa", "geni_version": "3", "geni_value": credentials}]
        alice.allocate(slice_urn("audited"), sent, "<secret/>")
        line = aggregate.calls[-1]
        assert (line.operation, line.outcome, line.code) == ("Allocate", outcome, code)
        assert line.owner is None
        assert "secret" not in str(line)
        assert "garbage" not in str(line)
