"""XML-RPC: one meaning or none."""

import xmlrpc.client
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbam.am.wire import MethodCall, NotXmlRpc, Value, read_call, write_answer, write_fault


def call(value: str, *, method: str = "Status") -> bytes:
    return (
        f"<methodCall><methodName>{method}</methodName>"
        f"<params><param><value>{value}</value></param></params></methodCall>"
    ).encode()


def read(value: str) -> Value:
    [read] = read_call(call(value)).parameters
    return read


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.binary(max_size=20),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5), inner, max_size=3
        ),
    ),
    max_leaves=8,
)


class TestReading:
    @given(st.lists(VALUES, max_size=3))
    def test_reads_what_pythons_own_client_sends(self, values: list[Any]) -> None:
        sent = xmlrpc.client.dumps(tuple(values), methodname="Allocate").encode()
        # White space between elements may come out as text; the client writes carriage returns as they are.
        assert read_call(sent) == MethodCall("Allocate", tuple(values))

    @pytest.mark.parametrize(
        ("xml", "value"),
        [
            ("bare", "bare"),
            ("", ""),
            ("<string/>", ""),
            (" <int> 7 </int> ", 7),
            ("<i8>-9223372036854775808</i8>", -(2**63)),
            ("<double>-1.5e3</double>", -1500.0),
            ("<nil/>", None),
            ("<base64> aGFs\n bG8= </base64>", b"hallo"),
            ("<array><data/></array>", []),
            ("<struct/>", {}),
            ("<string>a<!-- b -->c</string>", "ac"),
        ],
    )
    def test_reads(self, xml: str, value: Value) -> None:
        assert read(xml) == value

    @pytest.mark.parametrize("text", ["20260220T15:45:00", "2026-02-20T15:45:00Z", "20260220T15:45:00.25"])
    def test_a_time_is_utc(self, text: str) -> None:
        told = read(f"<dateTime.iso8601>{text}</dateTime.iso8601>")
        assert told == datetime(2026, 2, 20, 15, 45, tzinfo=UTC)

    def test_a_call_without_parameters(self) -> None:
        assert read_call(b"<methodCall><methodName>GetVersion</methodName></methodCall>").parameters == ()

    @pytest.mark.parametrize(
        "xml",
        [
            "<int>1e3</int>",
            "<int></int>",
            "<int>2147483648</int>",
            "<i8>9223372036854775808</i8>",
            f"<i8>{'9' * 5000}</i8>",
            "<int>\u0661</int>",
            "<boolean>true</boolean>",
            "<boolean>2</boolean>",
            "<double>nan</double>",
            "<double>inf</double>",
            "<double>1e99999</double>",
            "<dateTime.iso8601>20261341T00:00:00</dateTime.iso8601>",
            "<dateTime.iso8601>yesterday</dateTime.iso8601>",
            "<base64>???</base64>",
            "<nil>1</nil>",
            "<date>1</date>",
            "<STRING>a</STRING>",
            "<string><b/></string>",
            "text<int>1</int>",
            "<int>1</int><int>2</int>",
            "<array></array>",
            "<array><data>text</data></array>",
            "<array><data><int>1</int></data></array>",
            "<struct><member><value>1</value></member></struct>",
            "<struct><member><name>a</name></member></struct>",
            "<struct><member><value>1</value><name>a</name></member></struct>",
            "<struct><name>a</name><value>1</value></struct>",
            "<struct>" + "<member><name>a</name><value>1</value></member>" * 2 + "</struct>",
            "<array><data><value>" * 20 + "</value></data></array>" * 20,
        ],
    )
    def test_what_means_nothing_or_two_things_is_refused(self, xml: str) -> None:
        with pytest.raises(NotXmlRpc) as caught:
            read(xml)
        assert len(str(caught.value)) < 100

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"<methodCall/>",
            b"<methodResponse/>",
            b"<methodCall><params/></methodCall>",
            b"<methodCall><methodName/></methodCall>",
            b"<methodCall><methodName>rm -rf</methodName></methodCall>",
            b"<methodCall><methodName>A</methodName><params/><params/></methodCall>",
            b"<methodCall><methodName>A</methodName><params><value/></params></methodCall>",
            b"<methodCall><methodName>A</methodName>text<params/></methodCall>",
            b"<methodCall><methodName>A</methodName>",
            b"\xff\xfe\x00",
            b"<?xml version='1.0' encoding='klingon'?><methodCall/>",
        ],
    )
    def test_what_is_no_call_is_refused(self, body: bytes) -> None:
        with pytest.raises(NotXmlRpc):
            read_call(body)

    def test_a_document_type_is_refused_before_anything_is_expanded(self) -> None:
        bomb = b"<!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;'>]>" + call("&c;")
        with pytest.raises(NotXmlRpc, match="document type"):
            read_call(bomb)

    @given(st.binary(max_size=200))
    def test_any_bytes_are_a_call_or_refused(self, body: bytes) -> None:
        with pytest.raises(NotXmlRpc):
            read_call(body)


class TestWriting:
    @given(VALUES)
    def test_pythons_own_client_reads_it(self, value: Any) -> None:
        [[read], _] = xmlrpc.client.loads(write_answer(value), use_builtin_types=True)
        assert read == value

    def test_what_xml_cannot_hold_becomes_a_question_mark(self) -> None:
        [[read], _] = xmlrpc.client.loads(write_answer({"output": ["a\x00b\x1b\ufffe\ud800<&"]}))
        assert read == {"output": ["a?b???<&"]}

    def test_a_fault(self) -> None:
        with pytest.raises(xmlrpc.client.Fault) as caught:
            xmlrpc.client.loads(write_fault(-32601, "no such method"))
        assert (caught.value.faultCode, caught.value.faultString) == (-32601, "no such method")
