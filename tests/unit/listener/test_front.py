"""The front as a WSGI application: what it refuses, and what an application gets to see."""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathservice.listener.errors import CertificateRefused, Postponed
from pathservice.listener.front import Front, shown_path
from pathservice.listener.model import (
    ADMIT,
    JUDGEMENT,
    AuditLine,
    Environ,
    Identity,
    Judgement,
    Limits,
    Mount,
    Outcome,
)

NOW = datetime(2030, 6, 1, tzinfo=UTC)
ALICE = Judgement(identity=Identity("CN=Alice", "CN=Authority", NOW, certificate=b"alice"))
NOBODY = Judgement()
EXPIRED = Judgement(
    refusal=CertificateRefused("certificate-expired", "it has expired"), claimed_subject="CN=Past"
)
LIMITS = Limits(body_bytes=1000)


class Answer:
    """What a client would see."""

    def __init__(self, front: Front, environ: Environ) -> None:
        self.sent: list[tuple[str, list[tuple[str, str]]]] = []
        pieces = front(environ, lambda status, headers, _=None: self.sent.append((status, headers)))
        try:
            self.body = b"".join(pieces)
        finally:
            getattr(pieces, "close", lambda: None)()
        [(status, headers)] = self.sent
        self.status = int(status[:3])
        self.headers = dict(headers)

    @property
    def code(self) -> str:
        document = json.loads(self.body)
        assert set(document) == {"code", "message"}
        assert len(document["message"]) < 120
        return str(document["code"])


class Recorder:
    """An application that tells what it was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[Environ, bytes]] = []

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.calls.append((environ, environ["wsgi.input"].read()))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]


class House:
    """A front with two applications, and what it audited."""

    def __init__(
        self, application: Callable[..., Iterable[bytes]] | None = None, more: Sequence[Mount] = ()
    ) -> None:
        self.soap, self.plain = Recorder(), Recorder()
        self.audited: list[AuditLine] = []
        self.health: Callable[[], tuple[bool, dict[str, object]]] = lambda: (True, {"database": "up"})
        self.front = Front(
            [
                Mount("/soap", application or self.soap),
                Mount("/soap/inner", self.plain, xml=False, methods=("POST",)),
                Mount("/pages", self.plain, xml=False),
                *more,
            ],
            health=lambda: self.health(),  # noqa: PLW0108  tests change it
            audit=self.audited.append,
            clock=lambda: NOW,
            limits=LIMITS,
            name_request=lambda: "r1",
        )

    def ask(
        self,
        method: str = "POST",
        path: str = "/soap",
        body: bytes = b"<a/>",
        judgement: Judgement = ALICE,
        more: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> Answer:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SCRIPT_NAME": "",
            "REMOTE_ADDR": "192.0.2.1",
            "CONTENT_TYPE": "text/xml; charset=utf-8",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            JUDGEMENT: judgement,
            **changes,
            **(more or {}),
        }
        return Answer(self.front, {key: value for key, value in environ.items() if value is not None})


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


class TestBody:
    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"CONTENT_LENGTH": None}, 411, "length-required"),
            ({"CONTENT_LENGTH": ""}, 411, "length-required"),
            ({"CONTENT_LENGTH": "-1"}, 400, "bad-content-length"),
            ({"CONTENT_LENGTH": "four"}, 400, "bad-content-length"),
            ({"CONTENT_LENGTH": "\u0664"}, 400, "bad-content-length"),
            ({"CONTENT_LENGTH": "1001"}, 413, "body-too-large"),
            ({"CONTENT_LENGTH": "0", "wsgi.input": io.BytesIO()}, 400, "empty-body"),
            ({"CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b" \r\n")}, 400, "empty-body"),
            ({"CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"<a/")}, 400, "not-well-formed"),
            ({"CONTENT_TYPE": None}, 415, "content-type"),
            ({"CONTENT_TYPE": "application/soap+xml"}, 415, "content-type"),
            ({"CONTENT_TYPE": "multipart/related; type=text/xml"}, 415, "content-type"),
            ({"CONTENT_TYPE": "text/xml, text/xml"}, 415, "content-type"),
            ({"CONTENT_TYPE": "text/xml; charset=klingon"}, 415, "unknown-charset"),
            ({"CONTENT_TYPE": "text/xml; charset=utf-7"}, 415, "unknown-charset"),
            ({"HTTP_CONTENT_ENCODING": "gzip"}, 415, "content-encoding"),
            ({"wsgi.input": io.BytesIO(b"<!DO"), "CONTENT_LENGTH": "4"}, 400, "not-well-formed"),
        ],
    )
    def test_refused(self, house: House, changes: dict[str, Any], status: int, code: str) -> None:
        answer = house.ask(**changes)
        assert (answer.status, answer.code) == (status, code)
        assert house.soap.calls == []

    def test_too_large_is_refused_unread(self, house: House) -> None:
        class Untouchable:
            def read(self) -> bytes:
                raise AssertionError("read")

        answer = house.ask(CONTENT_LENGTH="999999999", more={"wsgi.input": Untouchable()})
        assert answer.code == "body-too-large"

    @pytest.mark.parametrize(("method", "needs_body"), [("POST", True), ("GET", False), ("HEAD", False)])
    def test_good_head_is_postponed_while_the_body_is_not_there(
        self, house: House, method: str, needs_body: bool
    ) -> None:
        def not_yet(*, needs_body: bool, limit: int) -> None:
            raise Postponed(needs_body=needs_body)

        more = {ADMIT: not_yet, "wsgi.input": None}
        with pytest.raises(Postponed) as caught:
            house.ask(method, QUERY_STRING="wsdl", more=more)
        assert caught.value.needs_body is needs_body
        assert house.audited == []
        assert house.soap.calls == []
        assert house.ask("POST", "/nowhere", more=more).code == "not-found"
        assert house.ask(CONTENT_TYPE="text/html", more=more).code == "content-type"
        assert house.ask("GET", "/health", more=more).status == 200

    def test_application_does_not_see_how_it_is_admitted(self, house: House) -> None:
        house.ask(more={ADMIT: lambda **_: None})
        assert ADMIT not in house.soap.calls[0][0]

    def test_chunked_body_announces_no_length(self, house: House) -> None:
        assert house.ask(CONTENT_LENGTH=None, more={"wsgi.input_terminated": True}).status == 200
        environ, body = house.soap.calls[0]
        assert (environ["CONTENT_LENGTH"], body) == ("4", b"<a/>")

    @pytest.mark.parametrize(
        "content_type",
        ["text/xml", "application/xml", "TEXT/XML;charset=UTF-8", 'text/xml ; x=y; charset="utf-8"'],
    )
    def test_application_gets_utf_8_whatever_was_sent(self, house: House, content_type: str) -> None:
        house.ask(body="<?xml version='1.0' encoding='utf-8'?><a>ü</a>".encode(), CONTENT_TYPE=content_type)
        environ, body = house.soap.calls[0]
        assert body == "<a>ü</a>".encode()
        assert environ["CONTENT_LENGTH"] == str(len(body))
        assert environ["CONTENT_TYPE"].endswith("xml; charset=utf-8")

    def test_bodies_that_are_not_xml_are_the_applications_business(self, house: House) -> None:
        house.ask(path="/pages", body=b"<!DOCTYPE", CONTENT_TYPE="application/x-www-form-urlencoded")
        assert house.plain.calls[0][1] == b"<!DOCTYPE"

    def test_long_input_is_not_repeated(self, house: House) -> None:
        answer = house.ask(body=b"<" + b"secret" * 100)
        assert b"secret" not in answer.body
        assert house.ask(path="/" + "secret" * 100).body.count(b"secret") == 0
        assert len(house.audited[-1].path or "") == 200


class TestApplicationThatFails:
    def ask(self, application: Callable[..., Iterable[bytes]], method: str = "POST") -> Answer:
        return House(application).ask(method, QUERY_STRING="wsdl")

    def test_raising_is_500_without_a_word_of_it(self) -> None:
        def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            raise KeyError("secret")

        answer = self.ask(application)
        assert (answer.status, answer.code) == (500, "internal-error")
        assert answer.headers["X-Request-Id"] == "r1"
        assert b"secret" not in answer.body

    def test_raising_after_start_response(self) -> None:
        def application(environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b""
            raise KeyError("secret")

        assert self.ask(application).status == 500

    def test_not_answering(self) -> None:
        assert self.ask(lambda *_: [b"x"]).status == 500

    @pytest.mark.parametrize(
        ("status", "fields", "pieces"),
        [
            ("200 OK", [], ["text"]),
            ("200 OK", [], 5),
            ("200 OK", [("X", "a\r\nSet-Cookie: b")], []),
            ("200 OK", [("X", 5)], []),
            ("200 OK\r\nX: y", [], []),
            (200, [], []),
        ],
    )
    def test_answering_what_wsgi_does_not_allow(self, status: Any, fields: Any, pieces: Any) -> None:
        def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            start_response(status, fields)
            return cast("Iterable[bytes]", pieces)

        assert self.ask(application).status == 500

    def test_starting_twice(self) -> None:
        def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            start_response("200 OK", [])
            start_response("201 Created", [])
            return []

        assert self.ask(application).status == 500

    def test_changing_its_mind_with_exc_info(self) -> None:
        def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            start_response("200 OK", [])
            start_response("503 Service Unavailable", [], (ValueError, ValueError(), None))
            return [b"no"]

        assert self.ask(application).status == 503

    def test_failing_within_its_answer_cuts_the_connection(self) -> None:
        closed = []

        class Pieces:
            def __iter__(self) -> Iterator[bytes]:
                yield b"half"
                raise KeyError("secret")

            def close(self) -> None:
                closed.append(True)

        def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            start_response("200 OK", [])
            return Pieces()

        with pytest.raises(ConnectionAbortedError):
            self.ask(application)
        assert closed == [True]

    def test_write_of_old_comes_first(self) -> None:
        def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            start_response("200 OK", [])(b"one ")
            return [b"two"]

        assert self.ask(application).body == b"one two"

    def test_its_headers_go_before_ours(self) -> None:
        def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            start_response("200 OK", [("cache-control", "max-age=60")])
            return []

        answer = self.ask(application)
        assert answer.headers["cache-control"] == "max-age=60"
        assert "Cache-Control" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


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
