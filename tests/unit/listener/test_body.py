"""Bodies end where they say they do, however they arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathservice.listener.body import Body, ChunkedBody, LengthBody
from pathservice.listener.errors import Refused


def feed(body: Body, sent: bytes, step: int) -> bytes:
    """Have `sent` arrive `step` bytes at a time; answer what was left over."""
    arrived = bytearray()
    for at in range(0, len(sent), step):
        arrived += sent[at : at + step]
        body.take(arrived)
    return bytes(arrived)


@pytest.mark.parametrize("step", [1, 3, 100])
def test_length_body_leaves_the_next_request_alone(step: int) -> None:
    body = LengthBody(5)
    assert feed(body, b"12345GET /", step) == b"GET /"
    assert (body.whole, len(body)) == (True, 5)
    assert (body.read(3), body.read(99), body.read(1)) == (b"123", b"45", b"")


def test_body_that_goes_on_is_not_whole() -> None:
    body = LengthBody(5)
    assert feed(body, b"12", 1) == b""
    assert (body.whole, len(body)) == (False, 2)


def test_body_of_no_length_is_whole_at_once() -> None:
    assert LengthBody(0).whole


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_chunks_extensions_and_trailers_are_consumed(step: int) -> None:
    body = ChunkedBody(100)
    sent = b"3\r\nabc\r\nA;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /"
    assert feed(body, sent, step) == b"GET /"
    assert body.whole
    assert body.read() == b"abc0123456789"


@pytest.mark.parametrize(
    "coded", [b"", b"3", b"3\r", b"3\r\n", b"3\r\nab", b"3\r\nabc", b"3\r\nabc\r", b"0\r\n", b"0\r\nendless"]
)
def test_coding_that_goes_on_is_waited_for(coded: bytes) -> None:
    body = ChunkedBody(1000)
    feed(body, coded, 1)
    assert not body.whole


@pytest.mark.parametrize(
    "coded",
    [
        b"\r\n",
        b"x\r\n",
        b"-1\r\na\r\n",
        b"0x1\r\na\r\n",
        b"1_0\r\na\r\n",
        b"123456789\r\na",
        b"3\r\nabcd\r\n",
        b"3\nabc\r\n",
        b"0\r\n" + b"a: b\r\n" * 50,
        b"1;" + b"x" * 2000 + b"\r\na\r\n",
        b"x" * 2000,
    ],
)
def test_malformed_coding_is_refused(coded: bytes) -> None:
    with pytest.raises(Refused) as caught:
        feed(ChunkedBody(1000), coded, 5000)
    assert (caught.value.status, caught.value.code) == (400, "bad-chunk")


@pytest.mark.parametrize("coded", [b"3e9\r\n", b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\n", b"ffffffff\r\n"])
def test_what_is_announced_beyond_the_limit_is_refused_unread(coded: bytes) -> None:
    with pytest.raises(Refused) as caught:
        feed(ChunkedBody(1000), coded, 1)
    assert (caught.value.status, caught.value.code) == (413, "body-too-large")


def test_coding_is_bounded_as_the_body_is() -> None:
    with pytest.raises(Refused) as caught:
        feed(ChunkedBody(100_000), (b"1;" + b"x" * 500 + b"\r\nx\r\n") * 1000, 5000)
    assert caught.value.code == "bad-chunk"


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8), st.integers(1, 64))
def test_chunks_join_to_what_was_cut(pieces: list[bytes], step: int) -> None:
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    body = ChunkedBody(1000)
    assert feed(body, coded + b"next", step) == b"next"
    assert body.whole
    assert body.read() == b"".join(pieces)


@given(st.binary(max_size=200), st.integers(1, 64))
def test_any_bytes_end(coded: bytes, step: int) -> None:
    body = ChunkedBody(10_000)
    try:
        left = feed(body, coded, step)
    except Refused:
        return
    assert body.whole or len(left) < 1024
