"""Messages come whole out of whatever pieces the network makes of them, be their text UTF-8 or not."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netconfig.transport import framing
from netconfig.transport.framing import END, UNREADABLE, FramingError, Messages

octets = st.binary(max_size=40)
by_their_end = octets.filter(lambda one: END not in one + END[:-1])


def chunked(message: bytes, cuts: Sequence[int]) -> bytes:
    ends = sorted({*(cut for cut in cuts if 0 < cut < len(message)), len(message)})
    pieces = [message[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return b"".join(b"\n#%d\n%s" % (len(piece), piece) for piece in pieces if piece) + b"\n##\n"


def fed(sent: bytes, cuts: Sequence[int], *, is_chunked: bool) -> list[str]:
    messages = Messages()
    ends = [*sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    return [
        message
        for start, end in zip([0, *ends], ends, strict=False)
        for message in messages.feed(sent[start:end], is_chunked=is_chunked)
    ]


def read(message: bytes) -> str:
    return message.decode("utf-8", "replace").strip()


@given(st.lists(by_their_end, max_size=4), st.lists(st.integers(0, 200), max_size=9))
def test_messages_that_end_with_a_word(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(one + END for one in sent)
    assert fed(stream, cuts, is_chunked=False) == [read(one) for one in sent]


@given(
    st.lists(octets, max_size=4),
    st.lists(st.integers(1, 39), max_size=4),
    st.lists(st.integers(0, 300), max_size=9),
)
def test_messages_in_chunks(sent: list[bytes], chunks: list[int], cuts: list[int]) -> None:
    stream = b"".join(chunked(one, chunks) for one in sent)
    assert fed(stream, cuts, is_chunked=True) == [read(one) for one in sent]


def test_octet_that_is_no_utf_8_is_marked_and_what_is_around_it_stays() -> None:
    latin = "<a>Gäste ]]> Ž</a>".encode("iso-8859-15")
    assert fed(latin + END, [], is_chunked=False) == [f"<a>G{UNREADABLE}ste ]]> {UNREADABLE}</a>"]
    whole = "<a>Gäste</a>".encode()
    # A character may be cut by two chunks, or by what comes at once.
    for at in range(len(whole)):
        assert fed(chunked(whole, [at]), range(40), is_chunked=True) == ["<a>Gäste</a>"]


@pytest.mark.parametrize(
    "stream",
    [
        b"Guten Tag, hier spricht der Router, bitte warten Sie noch einen Augenblick",
        b"\n#5\nhello" + b"<rpc-reply/>" * 9,
        b"\n#0\n" + b"x" * 99,
        b"\n#9999999999\n",
    ],
)
def test_what_is_in_no_framing_is_an_error(stream: bytes) -> None:
    with pytest.raises(FramingError):
        fed(stream, [], is_chunked=True)


@pytest.mark.parametrize("is_chunked", [False, True])
def test_there_is_an_end_to_what_is_kept(is_chunked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "LONGEST", 100)
    stream = b"\n#60\n" + b"x" * 60 if is_chunked else b"x" * 60
    messages = Messages()
    assert not list(messages.feed(stream, is_chunked=is_chunked))
    with pytest.raises(FramingError, match="more than 100 octets"):
        list(messages.feed(stream, is_chunked=is_chunked))
