"""ost2's arguments: dCache's one string, quotes and all, and what people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdastation.ost2.arguments import Wanted, read_arguments
from lambdastation.ost2.trouble import Trouble

DCACHE = "'--srcSite Caltech --dstSite Fermilab --travelTime 600 '"
FIELDS = {"srcSite": "Caltech", "dstSite": "Fermilab", "travelTime": "600"}


@pytest.mark.parametrize(
    "arguments",
    [
        [DCACHE],
        [DCACHE.strip("'")],
        DCACHE.strip("'").split(),
        DCACHE.split(),
        ["--srcSite=Caltech", "--dstSite=Fermilab", "--travelTime=600"],
    ],
    ids=["dCache's", "one string without quotes", "ordinary", "split by a wrapper", "with ="],
)
def test_all_ways_to_write_them_mean_the_same(arguments: list[str]) -> None:
    assert read_arguments(arguments) == Wanted(FIELDS)


def test_every_option_becomes_its_element() -> None:
    words = (
        "--srcSite A --srcClient B --dstSite C --dstClient D --boardTime 20260131235959 --travelTime 0600 "
        "--localPath E --remotePath F --srcIP 10.0.0.0/8,192.0.2.1 --dstIP 10.1.0.0/16, 10.2.0.0/16 "
        "--statusWait 5 --verbose"
    )
    assert read_arguments([f"'{words} '"]) == Wanted(
        {
            "srcSite": "A",
            "srcClient": "B",
            "dstSite": "C",
            "dstClient": "D",
            "boardTime": "2026-01-31T23:59:59Z",
            "travelTime": "600",
            "localPath": "E",
            "remotePath": "F",
            "srcIP": "10.0.0.0/8,192.0.2.1",
            "dstIP": "10.1.0.0/16,10.2.0.0/16",
        },
        wait_seconds=5,
        verbose=True,
    )


@pytest.mark.parametrize(
    ("words", "seconds"), [("--statusWait", 60), ("--statusWait 0", 0), ("--statusWait 99999", 600)]
)
def test_waiting_is_bounded(words: str, seconds: int) -> None:
    assert read_arguments(words.split()).wait_seconds == seconds


@pytest.mark.parametrize("arguments", [[], [""], ["''"], ["' '"]])
def test_no_option_is_nothing_asked(arguments: list[str]) -> None:
    assert read_arguments(arguments) == Wanted({})


@pytest.mark.parametrize(
    "arguments",
    [
        ["--colour", "red"],
        ["Caltech"],
        ["-h"],
        ["--srcSite"],
        ["--srcSite", ""],
        ["--srcSite", "A", "B"],
        ["--srcSite", "A", "--srcSite", "B"],
        ["--verbose", "yes"],
        ["--travelTime", "ten"],
        ["--travelTime", "-1"],
        ["--travelTime", "1e3"],
        ["--travelTime", "٦٠٠"],
        ["--boardTime", "20260230000000"],
        ["--boardTime", "2026013123595"],
        ["--boardTime", "2026-01-31T00:00:00"],
        ["--statusWait", "-5"],
        ["--srcSite", "A\nB"],
        ["--srcSite", "A\0"],
        ["--srcIP", "1," * 9000],
        ["'--srcSite A"],
        ["--srcSite A'"],
        ["'"],
    ],
)
def test_what_is_not_understood_is_said(arguments: list[str]) -> None:
    with pytest.raises(Trouble) as trouble:
        read_arguments(arguments)
    assert trouble.value.code == "usage"


@given(st.lists(st.text(max_size=40), max_size=6) | st.text(max_size=80).map(lambda text: [text]))
def test_whatever_it_is_called_with_is_read_or_said(arguments: list[str]) -> None:
    try:
        wanted = read_arguments(arguments)
    except Trouble:
        return
    assert all(value.isprintable() for value in wanted.fields.values())
