"""What each call takes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tbam.am.arguments import PARAMETERS, Arguments, read_arguments
from tbam.errors import BadArgs

SLICE = "urn:publicid:IDN+example.net+slice+one"
SLIVER = "urn:publicid:IDN+example.net:tbam+sliver+7"
GOOD: dict[str, Any] = {
    "slice_urn": SLICE,
    "urns": [SLICE],
    "credentials": [],
    "rspec": "<rspec/>",
    "action": "geni_start",
    "expiration_time": "2026-02-20T12:00:00Z",
    "options": {},
}
CASES = [(method, name) for method, names in PARAMETERS.items() for name in names]


def parameters(method: str, **changes: Any) -> tuple[Any, ...]:
    return tuple({**GOOD, **changes}[name] for name in PARAMETERS[method])


def test_there_are_ten() -> None:
    assert len(PARAMETERS) == 10


@pytest.mark.parametrize("method", PARAMETERS)
def test_each_takes_what_it_says(method: str) -> None:
    read = read_arguments(method, parameters(method))
    assert read.options == {}
    if "expiration_time" in PARAMETERS[method]:
        assert read.expiration_time == datetime(2026, 2, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("method", PARAMETERS)
def test_one_too_many_or_too_few_is_told_with_what_there_is(method: str) -> None:
    good = parameters(method)
    for wrong in ((*good, {}), good[:-1]):
        if method == "GetVersion" and not wrong:
            continue
        with pytest.raises(BadArgs, match=f"{method} takes {len(good)}"):
            read_arguments(method, wrong)


def test_the_options_of_get_version_may_be_left_out() -> None:
    assert read_arguments("GetVersion", ()) == Arguments()


@pytest.mark.parametrize(("method", "name"), CASES)
@pytest.mark.parametrize("value", [None, 7, True, b"bytes"])
def test_what_is_of_another_kind_is_refused_by_name(method: str, name: str, value: Any) -> None:
    with pytest.raises(BadArgs) as caught:
        read_arguments(method, parameters(method, **{name: value}))
    assert caught.value.field == name
    assert name in str(caught.value)


class TestUrns:
    def read(self, urns: Any) -> Arguments:
        return read_arguments("Status", parameters("Status", urns=urns))

    def test_one_slice(self) -> None:
        assert self.read([SLICE]).names_slivers is False

    def test_slivers(self) -> None:
        read = self.read([SLIVER, SLIVER.replace("+7", "+8")])
        assert (read.names_slivers, len(read.urns)) == (True, 2)

    @pytest.mark.parametrize(
        "urns",
        [
            [],
            SLICE,
            [SLICE, SLICE],
            [SLICE, SLIVER],
            [SLIVER, 7],
            [SLICE.replace("slice", "user")],
            ["one"],
            [""],
            ["urn:publicid:IDN+example.net+slice+" + "x" * 300],
            [SLICE + "\n"],
            [SLIVER] * 101,
        ],
    )
    def test_anything_else(self, urns: Any) -> None:
        with pytest.raises(BadArgs) as caught:
            self.read(urns)
        assert caught.value.field == "urns"
        assert len(str(caught.value)) < 300

    @pytest.mark.parametrize("urn", [SLIVER, "one", "", "; reboot"])
    def test_a_slice_is_a_slice(self, urn: str) -> None:
        with pytest.raises(BadArgs, match="slice_urn"):
            read_arguments("Shutdown", parameters("Shutdown", slice_urn=urn))
