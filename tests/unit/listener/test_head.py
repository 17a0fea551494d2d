"""Heads that two programs could read differently are refused."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathservice.listener.head import BadHead, read_fields


def code(head: bytes) -> str:
    with pytest.raises(BadHead) as caught:
        read_fields(io.BytesIO(head))
    return caught.value.code


def test_names_are_title_cased_and_values_stripped() -> None:
    assert read_fields(io.BytesIO(b"host: a \r\nSOAPAction:\r\nx:1\r\nX: 2\r\n\r\nrest")) == {
        b"Host": b"a",
        b"Soapaction": b"",
        b"X": b"1, 2",
    }


def test_underscore_cannot_pass_for_a_hyphen() -> None:
    fields = read_fields(io.BytesIO(b"Content_Length: 5\r\nX_Y: z\r\n\r\n"))
    assert fields == {}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"A: 1\n\r\n", "malformed-field"),
        (b"A: 1\r\n", "malformed-field"),  # the client ended
        (b"A: 1\r\n folded\r\n\r\n", "malformed-field"),
        (b"A : 1\r\n\r\n", "malformed-field"),
        (b" A: 1\r\n\r\n", "malformed-field"),
        (b"A\r\n\r\n", "malformed-field"),
        (b": 1\r\n\r\n", "malformed-field"),
        (b"A: \0\r\n\r\n", "malformed-field"),
        (b"A\xff: 1\r\n\r\n", "malformed-field"),
        (b"A:1\r\n" * 100 + b"\r\n", "too-many-fields"),
        (b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n", "repeated-field"),
        (b"Host: a\r\nhost: b\r\n\r\n", "repeated-field"),
        (b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "bad-content-length"),
        *(
            (b"Content-Length: " + length + b"\r\n\r\n", "bad-content-length")
            for length in (b"", b"x", b"-1", b"+1", b"1_0", b"1.0", b"0x10", b"1, 1", b"9" * 40, b"1 2")
        ),
    ],
)
def test_refused(head: bytes, expected: str) -> None:
    assert code(head) == expected


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(head: bytes) -> None:
    with contextlib.suppress(BadHead):
        read_fields(io.BytesIO(head))
