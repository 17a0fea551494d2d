"""The front and the applications behind it: the body they get, and what becomes of those that fail."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import pytest

from pathservice.listener.errors import Postponed
from pathservice.listener.model import (
    ADMIT,
    Environ,
)
from tests.unit.listener.front_house import Answer, House


@pytest.fixture
def house() -> House:
    return House()


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
