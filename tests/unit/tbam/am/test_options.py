"""The struct of options: what is known is of its type, what is not is nobody's business."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbam.am.options import Options, RspecVersion, read_moment, read_options
from tbam.am.wire import Value
from tbam.errors import BadArgs, BadVersion

NOON = datetime(2026, 2, 20, 12, 0, tzinfo=UTC)
GENI_3: Value = {"type": "GENI", "version": "3"}


def test_nothing_chosen() -> None:
    assert read_options({}) == Options()


def test_everything_chosen() -> None:
    assert read_options(
        {
            "geni_rspec_version": GENI_3,
            "geni_available": True,
            "geni_compressed": True,
            "geni_best_effort": 1,
            "geni_extend_alap": False,
            "geni_start_time": "2026-02-20T12:00:00Z",
            "geni_end_time": NOON,
            "geni_users": [{"urn": "urn:publicid:IDN+a+user+b", "keys": ["ssh-rsa AAAA"]}],
        }
    ) == Options(
        rspec_version=RspecVersion("GENI", "3"),
        available=True,
        compressed=True,
        best_effort=True,
        start_time=NOON,
        end_time=NOON,
        users=("urn:publicid:IDN+a+user+b",),
    )


def test_what_is_not_known_is_ignored() -> None:
    given: Any = {"call_id": 7, "geni_frobnicate": None, "geni_speaking_for": "urn:x"}
    assert read_options(given) == Options()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("geni_rspec_version", "GENI 3"),
        ("geni_rspec_version", {"type": "GENI"}),
        ("geni_rspec_version", {"version": "3"}),
        ("geni_rspec_version", {"type": "GENI", "version": True}),
        ("geni_rspec_version", {"type": None, "version": "3"}),
        ("geni_available", "true"),
        ("geni_compressed", None),
        ("geni_best_effort", 2),
        ("geni_extend_alap", []),
        ("geni_start_time", 1234567890),
        ("geni_start_time", True),
        ("geni_end_time", "tomorrow"),
        ("geni_end_time", b"2026-02-20T12:00:00Z"),
        ("geni_users", "alice"),
        ("geni_users", ["alice"]),
        ("geni_users", [{"urn": "a"}]),
        ("geni_users", [{"urn": "a", "keys": [1]}]),
        ("geni_users", [{"urn": 1, "keys": []}]),
    ],
)
def test_what_is_of_another_type_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(BadArgs) as caught:
        read_options({name: value})
    assert caught.value.field == name
    assert name in str(caught.value)


@pytest.mark.parametrize("given_options", [None, [], "options", 1])
def test_options_are_a_struct(given_options: Any) -> None:
    with pytest.raises(BadArgs, match="options must be a struct"):
        read_options(given_options)


class TestRspecVersion:
    @pytest.mark.parametrize(
        "told", [GENI_3, {"type": "geni", "version": 3}, {"type": "Geni", "version": "3"}]
    )
    def test_ours(self, told: Any) -> None:
        read_options({"geni_rspec_version": told}).require_rspec_version()

    @pytest.mark.parametrize(
        "told",
        [
            {"type": "ProtoGENI", "version": "2"},
            {"type": "GENI", "version": "2"},
            {"type": "", "version": ""},
        ],
    )
    def test_others(self, told: Any) -> None:
        with pytest.raises(BadVersion, match="GENI"):
            read_options({"geni_rspec_version": told}).require_rspec_version()

    def test_none(self) -> None:
        with pytest.raises(BadArgs, match="missing"):
            Options().require_rspec_version()


class TestMoments:
    @pytest.mark.parametrize(
        "text",
        [
            "2026-02-20T12:00:00Z",
            "2026-02-20t12:00:00z",
            "2026-02-20T12:00:00",
            "2026-02-20 12:00:00",
            " 2026-02-20T12:00:00+00:00 ",
            "2026-02-20 12:00:00+00:00",
            "2026-02-20T13:00:00+01:00",
            "2026-02-20T13:00:00+0100",
            "2026-02-20T12:00:00.0Z",
            "2026-02-20T12:00:00.000000000Z",
        ],
    )
    def test_rfc_3339_without_a_zone_is_utc(self, text: str) -> None:
        assert read_moment("geni_end_time", text) == NOON

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "2026-02-20",
            "20/02/2026 12:00:00",
            "2026-02-30T12:00:00Z",
            "2026-02-20T25:00:00Z",
            "2026-02-20T12:00:60Z",
            "2026-W08-5T12:00:00Z",
            "0001-01-01T00:00:00+23:00",
            "0999-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "2026-02-20T12:00:00 Europe/Rome",
            "\u0662026-02-20T12:00:00Z",
        ],
    )
    def test_what_is_no_time(self, text: str) -> None:
        with pytest.raises(BadArgs, match="geni_end_time"):
            read_moment("geni_end_time", text)

    @given(st.integers(0, 2**32))
    def test_every_instant(self, seconds: int) -> None:
        instant = datetime.fromtimestamp(seconds, UTC)
        assert read_moment("t", instant.isoformat()) == instant

    @given(st.text(max_size=30))
    def test_any_text_is_a_time_or_refused(self, text: str) -> None:
        with contextlib.suppress(BadArgs):
            assert read_moment("t", text).utcoffset() is not None
