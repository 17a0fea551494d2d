"""The API's argument, in every shape clients send it."""

import xmlrpc.client
from typing import Any

import pytest

from tbam.credentials import CredentialInvalid, TrustedRoots
from tbam.credentials.presented import LONGEST, MOST, presented
from tbam.errors import BadArgs, MissingArgs, TbamError
from tests.unit.tbam.credentials.federation import ask, good


def struct(value: object = "<x/>", kind: object = "geni_sfa", version: object = "3") -> dict[str, object]:
    return {"geni_type": kind, "geni_version": version, "geni_value": value}


@pytest.mark.parametrize("version", ["2", "3", 2, 3])
@pytest.mark.parametrize("kind", ["geni_sfa", "GENI_SFA"])
def test_versions_and_case(version: object, kind: str) -> None:
    assert presented([struct(kind=kind, version=version)]) == ["<x/>"]


@pytest.mark.parametrize(
    "value", ["<x/>", b"<x/>", bytearray(b"<x/>"), xmlrpc.client.Binary(b"<x/>"), b"\xef\xbb\xbf<x/>"]
)
def test_values_are_text_or_base64_in_a_struct_or_bare(value: object) -> None:
    assert presented([struct(value)]) == ["<x/>"]
    assert presented([value]) == ["<x/>"]


def test_through_xmlrpc_as_geni_lib_sends_them(trust: TrustedRoots) -> None:
    """geni-lib reads the file as bytes, omni as text."""
    body = xmlrpc.client.dumps(([struct(good().encode()), struct(good())],), "Allocate")
    arguments, _ = xmlrpc.client.loads(body)
    credentials: Any = arguments[0]
    assert isinstance(credentials[0]["geni_value"], xmlrpc.client.Binary)
    assert presented(credentials) == [good()]
    assert ask(trust, credentials[0]).owner.name == "alice"


def test_what_we_do_not_know_is_passed_over() -> None:
    unknown = [
        struct(kind="geni_abac", version="1"),
        struct(version="1"),
        struct(version="4"),
        struct(5, kind="x"),
    ]
    assert presented([*unknown, struct("<y/>")]) == ["<y/>"]
    with pytest.raises(CredentialInvalid, match="none of the credentials is of geni_type geni_sfa"):
        presented(unknown)


@pytest.mark.parametrize("nothing", [None, []])
def test_none_at_all(nothing: Any) -> None:
    with pytest.raises(MissingArgs, match="at least one credential") as caught:
        presented(nothing)
    assert (caught.value.code, caught.value.field) == (18, "credentials")


@pytest.mark.parametrize(
    "wrong",
    [
        "<x/>",
        {"geni_type": "geni_sfa"},
        7,
        [7],
        [None],
        [[]],
        [{}],
        [{"geni_type": "geni_sfa", "geni_version": "3"}],
        [struct(kind=None)],
        [struct(version=None)],
        [struct(version=True)],
        [struct(version=3.0)],
        [struct(7)],
        [struct(None)],
        [struct("<x/>")] * (MOST + 1),
    ],
)
def test_another_shape_is_the_callers_mistake(wrong: object) -> None:
    with pytest.raises(BadArgs) as caught:
        presented(wrong)
    assert (caught.value.code, caught.value.field) == (1, "credentials")


@pytest.mark.parametrize("value", ["<x>" + "a" * (10 << 20), b"a" * (LONGEST + 1)])
def test_large_ones_are_not_looked_at(value: object) -> None:
    with pytest.raises(CredentialInvalid, match=f"may have {LONGEST} bytes"):
        presented([struct(value)])


def test_base64_has_to_be_utf8() -> None:
    with pytest.raises(CredentialInvalid, match="UTF-8"):
        presented([struct(b"<x>\xff</x>")])


def test_codes_are_the_apis() -> None:
    assert issubclass(CredentialInvalid, TbamError)
    assert CredentialInvalid.code == 20
