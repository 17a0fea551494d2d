"""Messages are found in a stream however it is cut."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ofgw.proxy.errors import NotOpenFlow
from ofgw.proxy.framing import Framing

HELLO, FEATURES_REPLY = 0, 6


def message(kind: int, body: bytes = b"", *, version: int = 4, xid: int = 1) -> bytes:
    return struct.pack("!BBHI", version, kind, 8 + len(body), xid) + body


MESSAGES = st.builds(
    message,
    st.integers(0, 35),
    st.one_of(st.binary(max_size=40), st.just(bytes(65535 - 8))),
    version=st.integers(1, 6),
    xid=st.integers(0, 2**32 - 1),
)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream in pieces, cut at those places; none is empty, as none is that is read from a socket."""
    ends = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    return [stream[first:last] for first, last in pairwise(ends)]


@given(st.lists(MESSAGES, max_size=8), st.lists(st.integers(0, 2**20), max_size=30))
def test_however_a_stream_is_cut_it_is_the_same_messages(sent: list[bytes], places: list[int]) -> None:
    seen: list[bytes] = []
    framing = Framing(seen.append, frozenset({HELLO, FEATURES_REPLY}))
    wholes = [framing.feed(piece) for piece in cut(b"".join(sent), places)]
    assert b"".join(wholes) == b"".join(sent)
    assert (framing.messages, framing.octets) == (len(sent), sum(map(len, sent)))
    assert seen == [one for one in sent if one[1] in {HELLO, FEATURES_REPLY}]


@given(st.lists(MESSAGES, min_size=1, max_size=4), st.lists(st.integers(0, 2**20), max_size=30))
def test_what_comes_out_ends_with_a_message_each_time(sent: list[bytes], places: list[int]) -> None:
    ends = {0}
    for one in sent:
        ends.add(max(ends) + len(one))
    framing, out = Framing(lambda _message: None, frozenset()), 0
    for piece in cut(b"".join(sent), places):
        out += len(framing.feed(piece))
        assert out in ends
        assert framing.octets == out


@given(st.lists(MESSAGES, max_size=3), st.integers(0, 2**20), st.lists(st.integers(0, 2**20), max_size=9))
def test_a_message_that_is_not_all_there_is_kept_back(
    sent: list[bytes], short: int, places: list[int]
) -> None:
    whole, last = b"".join(sent), message(10, bytes(30))
    framing = Framing(lambda _message: None, frozenset())
    part = last[: short % len(last)]
    assert b"".join(framing.feed(piece) for piece in cut(whole + part, places)) == whole
    assert framing.messages == len(sent)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"\x00\x00\x00\x08\x00\x00\x00\x00", "version 0;"),
        (b"\x07\x00\x00\x08\x00\x00\x00\x00", "version 7;"),
        (b"GET / HTTP/1.1\r\n", "version 71;"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", "version 22;"),
        (b"\x04\x00\x00\x07\x00\x00\x00\x00", "it has 7 bytes;"),
        (b"\x04\x00\x00\x00\x00\x00\x00\x00", "it has 0 bytes;"),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 8, 100])
def test_what_is_no_openflow_is_told_from_its_header(header: bytes, words: str, piece: int) -> None:
    stream = message(HELLO) + header
    framing = Framing(lambda _message: None, frozenset())

    def feed() -> None:
        for at in range(0, len(stream), piece):
            framing.feed(stream[at : at + piece])

    with pytest.raises(NotOpenFlow, match=words):
        feed()


def test_what_is_noticed_can_change_with_a_message() -> None:
    seen: list[int] = []

    def notice(one: bytes) -> None:
        seen.append(one[1])
        framing.noticed = frozenset({FEATURES_REPLY})

    framing = Framing(notice, frozenset({HELLO}))
    framing.feed(message(FEATURES_REPLY) + message(HELLO) + message(FEATURES_REPLY) + message(HELLO))
    assert seen == [HELLO, FEATURES_REPLY]


def test_whole_messages_are_passed_on_as_they_came() -> None:
    data = message(HELLO) + message(10, bytes(100))
    assert Framing(lambda _message: None, frozenset()).feed(data) is data


def test_a_long_message_in_single_bytes_costs_in_proportion() -> None:
    walks = 0

    class Counting(Framing):
        def _walk(self, data: bytes) -> int:
            nonlocal walks
            walks += 1
            return super()._walk(data)

    framing = Counting(lambda _message: None, frozenset())
    long = message(10, bytes(65535 - 8))
    assert b"".join(framing.feed(long[at : at + 1]) for at in range(len(long))) == long
    # When its header is there, and when it is.
    assert walks == 2
