"""Bodies end where they say they do."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathservice.listener.body import BadChunk, ChunkedBody, LengthBody


def test_length_body_leaves_the_next_request_alone() -> None:
    source = io.BytesIO(b"12345GET /")
    body = LengthBody(source, 5)
    assert (body.read(3), body.exhausted) == (b"123", False)
    assert (body.read(99), body.exhausted) == (b"45", True)
    assert body.read(1) == b""
    assert source.read() == b"GET /"


def test_truncated_body_is_not_exhausted() -> None:
    body = LengthBody(io.BytesIO(b"12"), 5)
    assert body.read(5) == b"12"
    assert not body.exhausted


def test_chunks_extensions_and_trailers_are_consumed() -> None:
    source = io.BytesIO(b"3\r\nabc\r\nA;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /")
    body = ChunkedBody(source)
    assert body.read(2) == b"ab"
    assert body.read(100) == b"c0123456789"
    assert body.exhausted
    assert body.read(1) == b""
    assert source.read() == b"GET /"


def test_reading_less_does_not_decode_more() -> None:
    source = io.BytesIO(b"5\r\nabcde\r\n" + b"ffffffff\r\n")
    body = ChunkedBody(source)
    assert body.read(5) == b"abcde"
    assert source.read() == b"ffffffff\r\n"


@pytest.mark.parametrize(
    "coded",
    [
        b"",
        b"\r\n",
        b"x\r\n",
        b"-1\r\na\r\n",
        b"0x1\r\na\r\n",
        b"1_0\r\na\r\n",
        b"123456789\r\na",
        b"3\r\nab",
        b"3\r\nabcd\r\n",
        b"3\nabc\r\n",
        b"0\r\n",
        b"0\r\nendless",
        b"0\r\n" + b"a: b\r\n" * 50,
        b"1;" + b"x" * 2000 + b"\r\na\r\n",
    ],
)
def test_malformed_coding_is_refused(coded: bytes) -> None:
    with pytest.raises(BadChunk):
        ChunkedBody(io.BytesIO(coded)).read(1000)


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8), st.integers(1, 64))
def test_chunks_join_to_what_was_cut(pieces: list[bytes], step: int) -> None:
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    body = ChunkedBody(io.BytesIO(coded))
    data = b""
    while piece := body.read(step):
        data += piece
    assert data == b"".join(pieces)
    assert body.exhausted


@given(st.binary(max_size=200))
def test_any_bytes_end(coded: bytes) -> None:
    body = ChunkedBody(io.BytesIO(coded))
    try:
        body.read(10_000)
    except BadChunk:
        return
    assert body.exhausted
