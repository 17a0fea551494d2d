"""HTTP as it comes over the wire: what is answered, what is refused, and what the refused get to read."""

import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pathservice.listener import Limits
from pathservice.pki import DEMO_USER_SUBJECT
from tests.functional.listener.conftest import BIG, House, ask, read_to_end

POST = b"POST /app HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\n"


def say(house: House, *pieces: bytes, end: bool = False) -> bytes:
    """Everything the server answers to `pieces`; `end` says that no more will come."""
    with house.client().tls() as sock:
        for piece in pieces:
            sock.sendall(piece)
        if end:
            with contextlib.suppress(OSError):  # it may have hung up already
                socket.socket.shutdown(sock, socket.SHUT_WR)  # of TCP; ssl's own would end TLS as well
        return read_to_end(sock)


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12])


def code(answer: bytes) -> str:
    """The refusal's code; the answer must be whole and the last on its connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Connection: close" in head
    assert b"X-Request-Id: " in head
    assert f"Content-Length: {len(body)}".encode() in head
    return str(json.loads(body)["code"])


class TestRefusedByTheParser:
    @pytest.mark.parametrize(
        ("sent", "expected", "expected_code"),
        [
            (b"nonsense\r\n\r\n", 400, "malformed-request"),
            (b"\r\n\r\n\r\n\r\n", 400, "malformed-request"),
            (b"GET / HTTP/1.1\n\n", 400, "malformed-request"),
            (b"get / HTTP/1.1\r\n\r\n", 400, "malformed-request"),
            (b"GET / HTTP/x.y\r\n\r\n", 400, "malformed-request"),
            (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400, "malformed-request"),
            (b"GET //health HTTP/1.1\r\n\r\n", 400, "malformed-request"),
            (b"GET /health#x HTTP/1.1\r\n\r\n", 400, "malformed-request"),
            (b"CONNECT elsewhere:22 HTTP/1.1\r\n\r\n", 405, "method-not-allowed"),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version-unknown"),
            (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 414, "uri-too-long"),
            (b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431, "head-too-large"),
            (b"GET / HTTP/1.1\r\n" + b"X:\r\n" * 101 + b"\r\n", 400, "too-many-fields"),
            (b"GET / HTTP/1.1\r\nX y: z\r\n\r\n", 400, "malformed-field"),
            (b"GET /health HTTP/1.1\r\n\r\n", 400, "host-missing"),
            (POST + b"Content-Length: four\r\n\r\n<a/>", 400, "bad-content-length"),
            (POST + b"Content-Length: -4\r\n\r\n<a/>", 400, "bad-content-length"),
            (POST + b"Content-Length: +4\r\n\r\n<a/>", 400, "bad-content-length"),
            (POST + b"Content-Length: 4\r\nContent-Length: 9\r\n\r\n<a/>", 400, "repeated-field"),
            (
                POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n<a/>",
                400,
                "bad-content-length",
            ),
            (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n<a/>", 501, "coding-unknown"),
        ],
    )
    def test_is_told_in_the_same_words_as_everybody(
        self, house: House, sent: bytes, expected: int, expected_code: str
    ) -> None:
        answer = say(house, sent)
        assert (status(answer), code(answer)) == (expected, expected_code)
        line = house.next_audit()
        assert line.code == expected_code
        assert house.audited.empty()

    def test_known_client_is_named_in_the_audit(self, house: House) -> None:
        say(house, POST + b"Content-Length: 4\r\n\r\n<a/>" + b"nonsense\r\n\r\n")
        assert house.next_audit().subject == DEMO_USER_SUBJECT


class TestRefusedByTheFront:
    @pytest.mark.parametrize(
        ("sent", "expected", "expected_code"),
        [
            (POST + b"\r\n", 411, "length-required"),
            (POST + b"Content-Length: 99999999\r\n\r\n", 413, "body-too-large"),
            (POST.replace(b"text/xml", b"text/html") + b"Content-Length: 4\r\n\r\n", 415, "content-type"),
            (POST.replace(b"/app", b"/nowhere") + b"Content-Length: 4\r\n\r\n", 404, "not-found"),
            (POST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400, "bad-chunk"),
            (POST + b"Transfer-Encoding: chunked\r\n\r\n200000\r\n" + b"x" * 0x200000, 413, "body-too-large"),
        ],
    )
    def test_before_the_body_is_read(
        self, house: House, sent: bytes, expected: int, expected_code: str
    ) -> None:
        """The connection ends, for nobody knows where the next request would start."""
        answer = say(house, sent)
        assert (status(answer), code(answer)) == (expected, expected_code)

    def test_after_it_the_connection_is_good_for_more(self, house: House) -> None:
        with contextlib.closing(house.client().connection()) as connection:
            assert ask(connection, body=b"<a>").code == "not-well-formed"
            sock = connection.sock
            assert ask(connection, body=b"<!DOCTYPE a><a/>").code == "xml-doctype"
            assert ask(connection, path="/nowhere", method="GET", body=None).code == "not-found"
            assert ask(connection).status == 200
            assert connection.sock is sock

    def test_truncated_body(self, house: House) -> None:
        answer = say(house, POST + b"Content-Length: 100\r\n\r\n<a/>", end=True)
        assert (status(answer), code(answer)) == (400, "truncated-body")
        assert house.next_audit().code == "truncated-body"

    @pytest.mark.parametrize("size", [2 * 1024 * 1024, 8 * 1024 * 1024])
    def test_refused_in_mid_upload_can_still_read_why(self, house: House, size: int) -> None:
        reply = house.client().ask(body=b"x" * size)
        assert (reply.status, reply.code) == (413, "body-too-large")


class TestBodies:
    def test_chunks_are_joined(self, house: House) -> None:
        with contextlib.closing(house.client().connection()) as connection:
            for _ in range(2):
                connection.request(
                    "POST", "/app", iter([b"<a>", b"x" * 70_000, b"</a>"]), {"Content-Type": "text/xml"}
                )
                document = json.loads(connection.getresponse().read())
                assert document["body"] == f"<a>{'x' * 70_000}</a>"

    def test_continue_is_said_when_the_body_is_wanted(self, house: House) -> None:
        with house.client().tls() as sock:
            sock.sendall(POST + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n")
            assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(b"<a/>")
            assert status(sock.recv(65536)) == 200

    def test_continue_is_not_said_to_the_refused(self, house: House) -> None:
        answer = say(house, POST + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        assert status(answer) == 413

    def test_continue_is_for_1_1_alone_and_not_said_twice(self, house: House) -> None:
        head = POST.replace(b"1.1", b"1.0", 1) + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        assert status(say(house, head, b"<a/>")) == 200
        one = POST + b"Connection: close\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n<a/>"
        assert status(say(house, one)) == 200, "the body is there, nobody has to be told to go on"

    def test_continue_before_a_chunked_body(self, house: House) -> None:
        with house.client().tls() as sock:
            sock.sendall(POST + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
            assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            for piece in (b"4\r\n<a", b"/>\r", b"\n0\r\n", b"\r\n"):
                sock.sendall(piece)
            assert status(sock.recv(65536)) == 200

    def test_body_and_next_request_in_one_piece(self, house: House) -> None:
        whole = POST + b"Content-Length: 4\r\n\r\n<a/>"
        last = POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\n<b/>\r\n0\r\n\r\n"
        answer = say(house, whole[:-2], whole[-2:] + last[:-9], last[-9:])
        assert answer.count(b"HTTP/1.1 200 OK") == 2

    def test_body_of_a_get_is_not_waited_for(self, house: House) -> None:
        answer = say(house, b"GET /raw HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n<a")
        assert status(answer) == 200
        assert b"Connection: close" in answer

    def test_pipelined_requests_are_answered_in_turn(self, house: House) -> None:
        one = POST + b"Content-Length: 4\r\n\r\n<a/>"
        last = POST + b"Connection: close\r\nContent-Length: 4\r\n\r\n<b/>"
        answer = say(house, one * 5 + last)
        assert answer.count(b"HTTP/1.1 200 OK") == 6
        assert answer.rstrip().endswith(b"}")

    def test_request_in_single_bytes(self, house: House) -> None:
        whole = POST + b"Connection: close\r\nContent-Length: 4\r\n\r\n<a/>"
        answer = say(house, *(bytes([byte]) for byte in whole))
        assert status(answer) == 200

    def test_largest_body_that_is_taken(self, serve: Callable[..., House]) -> None:
        house = serve(limits=Limits(body_bytes=200_000))
        body = b"<a>" + b"x" * (200_000 - 7) + b"</a>"
        assert house.client().ask(body=body).status == 200
        assert house.client().ask(body=body + b" ").code == "body-too-large"


class TestAnswers:
    @pytest.mark.parametrize("path", ["/app/big", "/app/stream"])
    def test_big(self, house: House, path: str) -> None:
        assert house.client().ask(path).body == BIG

    def test_failing_application(self, house: House) -> None:
        reply = house.client().ask("/app/fail")
        assert (reply.status, reply.code) == (500, "internal-error")
        assert b"secret" not in reply.body
        assert house.client().ask().status == 200

    def test_application_that_fails_half_way_is_seen_to(self, house: House) -> None:
        with pytest.raises(Exception, match="IncompleteRead"):
            house.client().ask("/app/die")
        assert house.client().ask().status == 200

    def test_head(self, house: House) -> None:
        with contextlib.closing(house.client().connection()) as connection:
            for _ in range(2):
                reply = ask(connection, "/raw", None, method="HEAD")
                assert (reply.status, reply.body) == (200, b"")
                assert int(reply.fields["Content-Length"]) > 0

    def test_says_little_about_itself(self, house: House) -> None:
        fields = house.client().ask().fields
        assert fields["Server"] == "pathservice"
        assert fields["X-Content-Type-Options"] == "nosniff"
        assert fields["Cache-Control"] == "no-store"


def test_requests_library(house: House) -> None:
    with requests.Session() as session:
        session.trust_env = False  # a CA bundle in the environment is not ours
        session.verify, session.cert = str(house.pki.ca), (str(house.pki.user_cert), str(house.pki.user_key))
        url = f"https://localhost:{house.listener.port}"
        assert session.get(f"{url}/health", timeout=60).json() == {"status": "ok"}
        reply = session.post(f"{url}/app", "<a/>", headers={"Content-Type": "text/xml"}, timeout=60)
        assert reply.json()["subject"] == DEMO_USER_SUBJECT


@pytest.fixture(scope="module")
def fuzzed(serve_for_module: Callable[..., House]) -> House:
    return serve_for_module()


METHODS = [b"POST", b"GET", b"HEAD", b"PUT", b"", b"\xff"]
TARGETS = [b"/app", b"/raw", b"/app?wsdl", b"/health", b"/", b"*", b"/%00", b"/\xff"]
FIELDS = [
    b"Host: x",
    b"Content-Type: text/xml",
    b"Content-Type: text/xml; charset=utf-16",
    b"Content-Length: 0",
    b"Content-Length: 4",
    b"Content-Length: 9",
    b"Transfer-Encoding: chunked",
    b"Connection: close",
    b"Expect: 100-continue",
    b"X",
    b" folded",
]
BODIES = [b"", b"<a/>", b"<a>", b"<!DOCTYPE a><a/>", b"4\r\n<a/>\r\n0\r\n\r\n", b"\r\n", b"\0\xff"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(METHODS),
    target=st.sampled_from(TARGETS),
    version=st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"x"]),
    fields=st.lists(st.sampled_from(FIELDS), max_size=5),
    body=st.one_of(st.sampled_from(BODIES), st.binary(max_size=50)),
    break_at=st.integers(0, 200),
)
def test_no_request_hangs_or_is_an_internal_error(
    fuzzed: House,
    method: bytes,
    target: bytes,
    version: bytes,
    fields: list[bytes],
    body: bytes,
    break_at: int,
) -> None:
    head = b"\r\n".join([b" ".join([method, target, version]), *fields])
    whole = head + b"\r\n\r\n" + body
    answer = say(fuzzed, whole[:break_at], whole[break_at:], end=True)
    assert b"HTTP/1.1 5" not in answer.replace(b"HTTP/1.1 501", b"").replace(b"HTTP/1.1 505", b"")
    assert b"internal-error" not in answer


XML: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(
        ["", "text", "&amp;", "&unknown;", "<![CDATA[<]]>", "<!-- -->", "<?pi?>", "\u0660", "\x01"]
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"<a b='c'>{''.join(parts)}</a>"),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=XML,
    prefix=st.sampled_from(
        ["", "\ufeff", "<?xml version='1.0'?>", "<!DOCTYPE a>", "<?xml version='1.0' encoding='utf-16'?>"]
    ),
    codec=st.sampled_from(["utf-8", "utf-16", "utf-16-le", "latin-1"]),
    charset=st.sampled_from(
        ["", "; charset=utf-8", "; charset=utf-16", "; charset=utf-7", "; charset=iso-8859-1"]
    ),
)
def test_no_body_is_an_internal_error(
    fuzzed: House, text: str, prefix: str, codec: str, charset: str
) -> None:
    body = (prefix + text).encode(codec, "replace")
    reply = fuzzed.client().ask(body=body, fields={"Content-Type": f"text/xml{charset}"})
    assert reply.status < 500
    if prefix.startswith("<!DOCTYPE"):
        assert reply.status in {400, 415}
