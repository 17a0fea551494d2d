"""Whatever a credential is made into, it is refused with one of our errors, or still says what it said."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbam.credentials import TrustedRoots
from tbam.errors import TbamError
from tests.unit.tbam.credentials.federation import DAY, NOW, Party, alice, ask, bob, credential, good

_PIECES = (
    *("<", ">", "&", "'", "/", "true", "*", "embed", "ref1", "&lt;", "&#0;", "\x00", "\ud800", "\u202e"),
    *(
        "<!-- -->",
        "<![CDATA[x]]>",
        "<!DOCTYPE x>",
        "<credential>",
        "</credential>",
        "<parent>",
        "<signatures/>",
    ),
    *(' xml:id="ref0"', ' Id="ref0"', ' xmlns="urn:x"', "-----BEGIN CERTIFICATE-----", "A" * 5000),
)


def delegated() -> str:
    return credential(signer=alice(), owner=bob(), parent=good(), expires=NOW + DAY)


def survives(trust: TrustedRoots, text: object, client: Party) -> None:
    try:
        grant = ask(trust, text, client=client)
    except TbamError:
        return
    assert grant.owner.name == ("bob" if client is bob() else "alice")
    assert (grant.target.name, len(grant.operations)) == ("one", 5)


@pytest.mark.parametrize(("make", "client"), [(good, alice), (delegated, bob)])
class TestMutated:
    @settings(max_examples=150)
    @given(data=st.data())
    def test_text(
        self, trust: TrustedRoots, make: Callable[[], str], client: Callable[[], Party], data: st.DataObject
    ) -> None:
        text = make()
        for _ in range(data.draw(st.integers(1, 3))):
            start = data.draw(st.integers(0, len(text)))
            end = min(len(text), start + data.draw(st.sampled_from([0, 0, 1, 5, 200])))
            text = text[:start] + data.draw(st.sampled_from(_PIECES) | st.text(max_size=6)) + text[end:]
        survives(trust, text, client())

    @settings(max_examples=100)
    @given(data=st.data())
    def test_bytes(
        self, trust: TrustedRoots, make: Callable[[], str], client: Callable[[], Party], data: st.DataObject
    ) -> None:
        raw = bytearray(make().encode())
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        survives(trust, bytes(raw), client())


_LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
_KEYS = st.sampled_from(["geni_type", "geni_version", "geni_value"])


@given(st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner)))
def test_any_argument(trust: TrustedRoots, argument: object) -> None:
    with pytest.raises(TbamError):
        ask(trust, argument)
