"""GENI's URNs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbam.errors import GeniCode
from tbam.urn import BadUrn, Urn, is_urn, parse_urn


def test_parts_are_kept_as_written() -> None:
    urn = parse_urn("URN:publicid:IDN+Example.net:lab+Slice+My-Slice")
    assert (urn.authority, urn.type, urn.name) == ("Example.net:lab", "Slice", "My-Slice")
    assert str(urn) == "urn:publicid:IDN+Example.net:lab+Slice+My-Slice"
    assert urn.canonical == "urn:publicid:IDN+example.net:lab+slice+My-Slice"


def test_case_counts_in_the_name_alone() -> None:
    one = parse_urn("urn:publicid:IDN+example.net+slice+One")
    assert one == parse_urn("urn:PUBLICID:idn+EXAMPLE.net+SLICE+One")
    assert hash(one) == hash(parse_urn("urn:publicid:IDN+EXAMPLE.NET+slice+One"))
    assert one != parse_urn("urn:publicid:IDN+example.net+slice+one")
    assert one != "urn:publicid:IDN+example.net+slice+One"


@pytest.mark.parametrize("name", ["one", "2c93-4a3:127.0.0.1%3A8000", "a+b", "x" * 200])
def test_names_in_the_wild(name: str) -> None:
    assert parse_urn(f"urn:publicid:IDN+geni:gpo:gcf+sliver+{name}").name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one",
        "urn:uuid:5bc3bef7-3849-4131-b473-5633b3053471",
        "urn:publicid:IDN+example.net+slice",
        "urn:publicid:IDN+example.net+slice+",
        "urn:publicid:IDN++slice+one",
        "urn:publicid:IDN+example.net:+slice+one",
        "urn:publicid:IDN+example.net+sl ice+one",
        "urn:publicid:IDN+example.net+slice+one two",
        "urn:publicid:IDN+example.net+slice+one\n",
        "urn:publicid:IDN+ex\u00e4mple.net+slice+one",
        "urn:publicid:IDN+example.net+slice+one;<reboot>",
        " urn:publicid:IDN+example.net+slice+one",
        "urn:publicid:IDN+example.net+slice+" + "x" * 255,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadUrn) as caught:
        parse_urn(text)
    assert caught.value.code == GeniCode.BADARGS


def test_kind_is_asked_for() -> None:
    with pytest.raises(
        BadUrn, match=r"names a user; a slice is wanted: urn:publicid:IDN\+authority\+slice\+name"
    ):
        parse_urn("urn:publicid:IDN+example.net+user+alice", kind="slice")


@pytest.mark.parametrize(
    ("authority", "other", "has"),
    [
        ("urn:publicid:IDN+example.net+authority+sa", "urn:publicid:IDN+example.net+slice+one", True),
        ("urn:publicid:IDN+Example.NET+authority+sa", "urn:publicid:IDN+example.net:lab+slice+one", True),
        ("urn:publicid:IDN+example.net:lab+authority+sa", "urn:publicid:IDN+example.net+slice+one", False),
        ("urn:publicid:IDN+example.net+authority+sa", "urn:publicid:IDN+example.net.evil+slice+one", False),
        ("urn:publicid:IDN+example.net+authority+sa", "urn:publicid:IDN+other.net+slice+one", False),
        ("urn:publicid:IDN+example.net+user+alice", "urn:publicid:IDN+example.net+slice+one", False),
    ],
)
def test_an_authority_is_over_its_own_and_what_is_below(authority: str, other: str, has: bool) -> None:
    assert parse_urn(authority).has_authority_over(parse_urn(other)) is has


@given(st.text(max_size=80))
def test_any_text_is_a_urn_or_refused(text: str) -> None:
    try:
        urn = parse_urn(f"urn:publicid:IDN+{text}")
    except BadUrn:
        return
    assert parse_urn(str(urn)) == urn == parse_urn(urn.canonical)
    assert is_urn(str(urn))


def test_parts_are_checked_where_they_are_put_together() -> None:
    with pytest.raises(BadUrn, match="'a b' cannot be the name"):
        Urn("example.net", "slice", "a b")
