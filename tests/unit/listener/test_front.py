"""The front as a WSGI application: what it refuses, and what an application gets to see."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathservice.listener.front import Front, shown_path
from pathservice.listener.model import (
    JUDGEMENT,
    AuditLine,
    Environ,
    Judgement,
    Mount,
    Outcome,
)
from tests.unit.listener.front_house import ALICE, EXPIRED, LIMITS, NOBODY, NOW, Answer, House, Recorder


@pytest.fixture
def house() -> House:
    return House()


class TestWhoIsAsking:
    def test_application_learns_the_verified_name(self, house: House) -> None:
        assert house.ask().status == 200
        environ, _ = house.soap.calls[0]
        assert (environ["x509.subject"], environ["x509.issuer"]) == ("CN=Alice", "CN=Authority")
        assert JUDGEMENT not in environ

    def test_headers_cannot_forge_it(self, house: House) -> None:
        house.ask(more={"HTTP_X509.SUBJECT": "CN=Root", "HTTP_X509_SUBJECT": "CN=Root"})
        assert house.soap.calls[0][0]["x509.subject"] == "CN=Alice"

    @pytest.mark.parametrize(
        ("judgement", "code"), [(NOBODY, "certificate-missing"), (EXPIRED, "certificate-expired")]
    )
    @pytest.mark.parametrize("path", ["/soap", "/nowhere", "/", "/healthy", "/health/", "/HEALTH"])
    def test_stranger_is_refused_before_anything_else(
        self, house: House, judgement: Judgement, code: str, path: str
    ) -> None:
        answer = house.ask(path=path, judgement=judgement, CONTENT_LENGTH="x", CONTENT_TYPE="nonsense")
        assert (answer.status, answer.code) == (403, code)
        assert house.soap.calls == []

    def test_missing_judgement_is_nobody(self, house: House) -> None:
        assert house.ask(more={JUDGEMENT: None}).code == "certificate-missing"

    def test_refusal_is_audited_once(self, house: House) -> None:
        house.ask(judgement=EXPIRED)
        house.ask(path="/nowhere")
        assert house.audited == [
            AuditLine(
                at=NOW,
                request_id="r1",
                peer="192.0.2.1",
                outcome=Outcome.DENIED,
                code="certificate-expired",
                claimed_subject="CN=Past",
                path="/soap",
            ),
            AuditLine(
                at=NOW,
                request_id="r1",
                peer="192.0.2.1",
                outcome=Outcome.REFUSED,
                code="not-found",
                subject="CN=Alice",
                path="/nowhere",
            ),
        ]

    def test_wsdl_is_audited(self, house: House) -> None:
        house.ask("GET", QUERY_STRING="wsdl")
        assert house.audited == [
            AuditLine(
                at=NOW,
                request_id="r1",
                peer="192.0.2.1",
                outcome=Outcome.OK,
                subject="CN=Alice",
                path="/soap",
                operation="wsdl",
            )
        ]

    @pytest.mark.parametrize(
        ("status", "outcome"), [("403 Forbidden", "denied"), ("404 Not Found", "refused"), (5, "failed")]
    )
    def test_wsdl_is_audited_as_the_application_answers(self, status: Any, outcome: str) -> None:
        def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            start_response(status, [])
            return []

        house = House(application)
        house.ask("GET", QUERY_STRING="WSDL")
        assert [(line.operation, line.outcome) for line in house.audited] == [("wsdl", outcome)]

    def test_accepted_request_is_not_audited_here(self, house: House) -> None:
        house.ask()
        assert house.audited == []

    def test_audit_that_fails_changes_no_answer(self) -> None:
        def broken(_: AuditLine) -> None:
            raise OSError("disk full")

        front = Front([], health=lambda: (True, {}), audit=broken, clock=lambda: NOW, limits=LIMITS)
        answer = Answer(front, {"REQUEST_METHOD": "GET", "PATH_INFO": "/x", JUDGEMENT: ALICE})
        assert (answer.status, answer.code) == (404, "not-found")


class TestHealth:
    @pytest.mark.parametrize("judgement", [ALICE, NOBODY])
    def test_health_is_for_everybody(self, house: House, judgement: Judgement) -> None:
        answer = house.ask("GET", "/health", judgement=judgement)
        assert answer.status == 200
        assert json.loads(answer.body) == {"status": "ok", "database": "up"}

    def test_refused_certificate_is_refused_here_too(self, house: House) -> None:
        assert house.ask("GET", "/health", judgement=EXPIRED).status == 403

    def test_head_has_no_body(self, house: House) -> None:
        answer = house.ask("HEAD", "/health")
        assert (answer.status, answer.body) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 0

    def test_nothing_can_be_posted(self, house: House) -> None:
        answer = house.ask("POST", "/health")
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")

    def test_unwell(self, house: House) -> None:
        house.health = lambda: (False, {"database": "down"})
        answer = house.ask("GET", "/health")
        assert answer.status == 503
        assert json.loads(answer.body) == {"status": "unavailable", "database": "down"}

    def test_check_that_fails_is_unwell(self, house: House) -> None:
        def broken() -> tuple[bool, dict[str, object]]:
            raise RuntimeError("secret dsn")

        house.health = broken
        answer = house.ask("GET", "/health")
        assert answer.status == 503
        assert b"secret" not in answer.body


class TestRouting:
    @pytest.mark.parametrize("path", ["/", "", "/soapy", "/SOAP", "/pages.html", "/%73oap", "/../soap"])
    def test_unknown_path(self, house: House, path: str) -> None:
        answer = house.ask(path=path)
        assert (answer.status, answer.code) == (404, "not-found")
        assert b"pages" not in answer.body

    def test_longest_prefix_wins_and_becomes_the_script_name(self, house: House) -> None:
        house.ask(path="/soap/inner/x")
        environ, _ = house.plain.calls[0]
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/soap/inner", "/x")

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW", "GET", "HEAD"])
    def test_xml_is_posted(self, house: House, method: str) -> None:
        answer = house.ask(method)
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")

    @pytest.mark.parametrize("query", ["wsdl", "WSDL"])
    def test_wsdl_is_fetched_without_a_body(self, house: House, query: str) -> None:
        answer = house.ask("GET", body=b"", QUERY_STRING=query, CONTENT_TYPE=None, CONTENT_LENGTH=None)
        assert answer.status == 200
        assert house.soap.calls[0][1] == b""

    def test_head_is_get_without_a_body(self, house: House) -> None:
        answer = house.ask("HEAD", "/pages", CONTENT_LENGTH=None)
        assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "2")
        assert house.plain.calls[0][0]["REQUEST_METHOD"] == "GET"

    def test_mount_says_what_it_allows(self, house: House) -> None:
        assert house.ask("GET", "/soap/inner").headers["Allow"] == "POST"
        assert house.ask("PUT", "/pages").headers["Allow"] == "GET, POST, HEAD"

    @pytest.mark.parametrize("prefix", ["soap", "/soap/", "//", "", "/health"])
    def test_prefix_must_make_sense(self, prefix: str) -> None:
        with pytest.raises(ValueError, match="mounted"):
            Mount(prefix, Recorder())


def test_shown_path_is_short_printable_ascii() -> None:
    assert shown_path("/a\r\nb\x00ü" + "c" * 500) == "/a??b?\\xfc" + "c" * 193


@given(
    method=st.sampled_from(["POST", "GET", "HEAD", "PUT", "Ü"]),
    path=st.sampled_from(["/soap", "/soap/x", "/health", "/", "/pages", "\x00"]),
    body=st.binary(max_size=300),
    length=st.one_of(st.none(), st.text(max_size=4), st.integers(-1, 400).map(str)),
    kind=st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["text/xml", "text/xml;charset=utf-16"])),
    query=st.sampled_from(["", "wsdl", "wsdl=1"]),
    chunked=st.booleans(),
    judgement=st.sampled_from([ALICE, NOBODY, EXPIRED]),
)
def test_no_request_is_an_internal_error(
    method: str,
    path: str,
    body: bytes,
    length: str | None,
    kind: str | None,
    query: str,
    chunked: bool,
    judgement: Judgement,
) -> None:
    house = House()
    answer = house.ask(
        method,
        path,
        body,
        judgement,
        CONTENT_LENGTH=length,
        CONTENT_TYPE=kind,
        QUERY_STRING=query,
        more={"wsgi.input_terminated": chunked},
    )
    assert answer.status < 500
    is_wsdl = (method, query, path[:5]) in {("GET", "wsdl", "/soap"), ("HEAD", "wsdl", "/soap")}
    assert len(house.audited) == (1 if answer.status >= 400 or is_wsdl else 0)
